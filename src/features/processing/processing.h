// The register of processing (GDPR Art. 30), made from what is so: what was said of each purpose, the sources with
// their bases and plans, the webhooks that get data, and what was observed. Where these differ, it says so: drift.
//
// compile() is pure. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "features/events/events.h"
#include "features/notices/notices.h"
#include "features/sources/sources.h"
#include "features/webhooks/webhooks.h"
#include "platform/base/clock.h"
#include "platform/http/router.h"
#include "platform/json/json.h"

namespace handschlag::processing {

// What differs between what was said and what is so.
enum class Drift : std::uint8_t {
  entry_missing,        // it is used, and nothing was said of it
  entry_unused,         // something was said of it, and no source or webhook uses it
  recipient_unnamed,    // a webhook gets data, and the entry does not name who that is
  interest_unassessed,  // a source rests on a legitimate interest, and no assessment holds
  notice_missing,       // a source rests on consent, and nothing is published to agree to
};
std::string_view name_of(Drift drift);

struct Input {
  std::vector<notices::EntryPointer> entries;
  std::vector<notices::NoticePointer> in_force;
  std::vector<notices::AssessmentPointer> assessments;
  std::vector<sources::SourcePointer> sources;
  std::vector<webhooks::Endpoint> webhooks;
  std::vector<events::Total> totals;
  std::vector<events::RefusalCount> refusals;
  Time now{};
};

// A source that uses a purpose.
struct Use {
  sources::SourcePointer source;
  gate::Basis basis = gate::Basis::consent;
  std::int64_t events = 0;   // stored of this source, for whatever purpose
  std::int64_t refused = 0;  // for this purpose, as far as it is remembered
};

struct Recipient {
  std::string webhook;  // its id
  std::string host;
  bool named = false;  // whether the entry names it
};

// All that is done for one purpose.
struct Activity {
  gate::Purpose purpose = gate::Purpose::CustomerOrderManagement;
  notices::EntryPointer entry;  // nullptr: nothing was said
  std::vector<Use> uses;
  std::vector<Recipient> recipients;
  std::vector<notices::NoticePointer> notices;  // in force
  notices::AssessmentPointer assessment;        // the one that holds longest; nullptr: none
  std::vector<Drift> drift;
};

// Purposes of which nothing was said and that nobody uses are left out, and so is what is for testing.
std::vector<Activity> compile(const Input& input);

json::Value to_json(const std::vector<Activity>& activities, Time now);
// RFC 4180, with a line of headings. `language` is "de" or "en" (the default for all else). No cell begins with what a
// spreadsheet takes for a formula.
std::string to_csv(const std::vector<Activity>& activities, std::string_view language);

// Everything must outlive the router.
void bind_routes(http::Router& router, const notices::Notices& notices, const sources::Sources& sources,
                 webhooks::Webhooks& webhooks, events::Events& events, const Clock& clock);

}  // namespace handschlag::processing
