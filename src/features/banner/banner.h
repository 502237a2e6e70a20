// What a page asks its visitors before it uses anything: made, whenever it is asked for, of the consent categories of a
// source, of what is said of their purposes and of the notices in force. Nothing is kept, and nobody's data is in it.
// Thread-safe.
#pragma once

#include <string_view>
#include <vector>

#include "features/banner/answers.h"
#include "features/law/law.h"
#include "features/notices/notices.h"
#include "features/sources/sources.h"
#include "platform/base/clock.h"
#include "platform/http/router.h"
#include "platform/json/json.h"

namespace handschlag::banner {

struct Input {
  const sources::Source* source = nullptr;
  std::vector<notices::EntryPointer> entries;
  std::vector<notices::NoticePointer> in_force;
  const law::RuleSet* law = nullptr;
  Time now{};
};

// As the API has it. `language` as browsers say it ("de-AT"); what is neither German nor English is English.
json::Value compose(const Input& input, std::string_view language);

void bind_routes(http::Router& router, const sources::Sources& sources, const notices::Notices& notices,
                 const law::InForce& law, const Clock& clock);

}  // namespace handschlag::banner
