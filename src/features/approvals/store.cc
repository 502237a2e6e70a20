#include "features/approvals/store.h"

#include "embedded/migrations.h"

namespace handschlag::approvals {

std::span<const db::Migration> migrations() {
  return embedded::approvals_migrations;
}

namespace store {
namespace {

const std::string kSelect =
    "SELECT id, operation, target, person, reason, state, created_at, expires_at, decided_by, decided_at, "
    "decision_reason, outcome, mark, begun FROM approvals_request ";

// Of an operation that this program does not know, as a newer one may have written it: nothing. It is not for this one
// to decide or to do.
std::optional<Row> read(const db::Row& row) {
  auto operation = find_operation(row.text(1));
  if (!operation) return std::nullopt;
  Row out;
  Request& request = out.request;
  request.id = row.integer(0);
  request.operation = *operation;
  request.target = row.text(2);
  request.person = row.text(3);
  request.reason = row.text(4);
  request.state = find_state(row.text(5)).value_or(State::failed);
  request.created_at = from_millis(row.integer(6));
  request.expires_at = from_millis(row.integer(7));
  request.decided_by = row.text(8);
  if (!row.is_null(9)) request.decided_at = from_millis(row.integer(9));
  request.decision_reason = row.text(10);
  request.outcome = row.text(11);
  out.mark = row.text(12);
  out.begun = row.integer(13) != 0;
  return out;
}

}  // namespace

Result<std::int64_t> next_id(db::Transaction& tx) {
  std::int64_t id = 0;
  TRY(tx.query("UPDATE approvals_head SET last_id = last_id + 1 WHERE one = 1 RETURNING last_id", {},
               [&](const db::Row& row) { id = row.integer(0); }));
  return id;
}

Result<void> insert(db::Transaction& tx, const Request& request, std::string_view mark) {
  TRY(
      tx.execute("INSERT INTO approvals_request (id, operation, target, person, reason, state, created_at, expires_at, "
                 "decided_by, decision_reason, mark, begun, outcome) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '', $9, 0, '')",
                 {request.id, info(request.operation).name, request.target, request.person, request.reason,
                  name_of(request.state), to_millis(request.created_at), to_millis(request.expires_at), mark}));
  return {};
}

Result<std::optional<Row>> find(db::Transaction& tx, std::int64_t id) {
  static const std::string kSql = kSelect + "WHERE id = $1";
  std::optional<Row> out;
  TRY(tx.query(kSql, {id}, [&](const db::Row& row) { out = read(row); }));
  return out;
}

Result<std::vector<Request>> open(db::Transaction& tx, Time now) {
  static const std::string kSql = kSelect + "WHERE state = 'pending' AND expires_at > $1 ORDER BY id";
  std::vector<Request> out;
  TRY(tx.query(kSql, {to_millis(now)}, [&](const db::Row& row) {
    if (auto known = read(row)) out.push_back(std::move(known->request));
  }));
  return out;
}

Result<std::vector<Request>> list(db::Transaction& tx, std::optional<State> state, Time now, std::int64_t before,
                                  std::size_t limit) {
  static const std::string kAll = kSelect + "WHERE id < $1 ORDER BY id DESC LIMIT $2";
  static const std::string kOver =
      kSelect + "WHERE state = 'pending' AND expires_at <= $1 AND id < $2 ORDER BY id DESC LIMIT $3";
  static const std::string kOfState =
      kSelect + "WHERE state = $1 AND expires_at > $2 AND id < $3 ORDER BY id DESC LIMIT $4";
  std::vector<Request> out;
  auto keep = [&](const db::Row& row) {
    if (auto known = read(row)) out.push_back(std::move(known->request));
  };
  auto most = static_cast<std::int64_t>(limit);
  if (!state) {
    TRY(tx.query(kAll, {before, most}, keep));
  } else if (*state == State::expired) {
    TRY(tx.query(kOver, {to_millis(now), before, most}, keep));
  } else {
    // Of what is decided it does not matter when it would have been over.
    std::int64_t after = *state == State::pending ? to_millis(now) : 0;
    TRY(tx.query(kOfState, {name_of(*state), after, before, most}, keep));
  }
  return out;
}

Result<bool> decide(db::Transaction& tx, const Request& request) {
  auto changed =
      TRY(tx.execute("UPDATE approvals_request SET state = $1, decided_by = $2, decided_at = $3, decision_reason = $4 "
                     "WHERE id = $5 AND state = 'pending'",
                     {name_of(request.state), request.decided_by, to_millis(*request.decided_at),
                      request.decision_reason, request.id}));
  return changed == 1;
}

Result<void> begin(db::Transaction& tx, std::int64_t id) {
  TRY(tx.execute("UPDATE approvals_request SET begun = 1 WHERE id = $1", {id}));
  return {};
}

Result<bool> finish(db::Transaction& tx, std::int64_t id, State state, std::string_view outcome) {
  auto changed =
      TRY(tx.execute("UPDATE approvals_request SET state = $1, outcome = $2 WHERE id = $3 AND state = 'approved'",
                     {name_of(state), outcome, id}));
  return changed == 1;
}

}  // namespace store
}  // namespace handschlag::approvals
