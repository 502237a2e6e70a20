// The SQL of approvals. Every function joins the caller's transaction.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "features/approvals/approvals.h"

namespace handschlag::approvals::store {

// `state` is pending also where it is over.
struct Row {
  Request request;
  std::string mark;    // of Action::look when it was asked for
  bool begun = false;  // to be carried out
};

// Gives it its id; serialises those who ask.
Result<std::int64_t> next_id(db::Transaction& tx);
Result<void> insert(db::Transaction& tx, const Request& request, std::string_view mark);
Result<std::optional<Row>> find(db::Transaction& tx, std::int64_t id);
// Those that nobody decided and that are not over at `now`.
Result<std::vector<Request>> open(db::Transaction& tx, Time now);
// Newest first, before `before`; `state` as at `now`.
Result<std::vector<Request>> list(db::Transaction& tx, std::optional<State> state, Time now, std::int64_t before,
                                  std::size_t limit);
// Whether it was still pending.
Result<bool> decide(db::Transaction& tx, const Request& request);
Result<void> begin(db::Transaction& tx, std::int64_t id);
// Whether it was approved and not finished yet.
Result<bool> finish(db::Transaction& tx, std::int64_t id, State state, std::string_view outcome);

}  // namespace handschlag::approvals::store
