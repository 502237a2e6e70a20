// The SQL of templates: tables templates_* of the control database. Every function joins the caller's transaction.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "features/templates/templates.h"

namespace handschlag::templates::store {

// Errors: conflict "unique": somebody published that version meanwhile.
Result<void> insert(db::Transaction& tx, const Template& one);
// `version`: 0 for the newest.
Result<std::optional<Template>> find(db::Transaction& tx, std::string_view id, std::int64_t version);
Result<std::vector<Template>> newest(db::Transaction& tx);  // of each, by id

}  // namespace handschlag::templates::store
