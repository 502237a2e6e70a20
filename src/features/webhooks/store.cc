#include "features/webhooks/store.h"

#include <algorithm>

#include "embedded/migrations.h"

namespace handschlag::webhooks {

std::span<const db::Migration> migrations() {
  return embedded::webhooks_migrations;
}

namespace store {
namespace {

std::optional<Time> time_or_nothing(const db::Row& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(from_millis(row.integer(column)));
}

std::string filter_text(const feed::Filter& filter) {
  json::Value types = json::Value::array();
  for (events::EventType type : filter.types) types.push_back(events::name_of(type));
  return json::dump({{"sources", filter.sources},
                     {"types", std::move(types)},
                     {"names", filter.names},
                     {"mode", sources::name_of(filter.mode)}});
}

Result<feed::Filter> read_filter(std::string_view region, std::string_view text) {
  const json::Value value = TRY(json::parse(text));
  feed::Filter out{std::string(region), value["sources"], {}, value["names"]};
  out.mode = sources::find_mode(value.value("mode", "live")).value_or(out.mode);
  for (const json::Value& name : value["types"]) {
    if (auto type = events::find_type(name.get<std::string>())) out.types.push_back(*type);
  }
  return out;
}

Result<Status> read_status(const db::Row& row) {
  Status out;
  Endpoint& endpoint = out.endpoint;
  endpoint.id = row.text(0);
  endpoint.url = row.text(1);
  endpoint.description = row.text(2);
  endpoint.filter = TRY(read_filter(row.text(3), row.text(6)));
  const auto purpose = gate::find_purpose(row.text(4));
  if (!purpose) return fail(ErrorKind::internal, "webhook_damaged", "A stored webhook names a purpose that is none.");
  endpoint.purpose = *purpose;
  endpoint.payload = feed::find_payload(row.text(5)).value_or(feed::Payload::slim);
  endpoint.order = find_order(row.text(7)).value_or(Order::strict);
  endpoint.concurrency = row.integer(8);
  endpoint.rate = row.integer(9);
  endpoint.enabled = row.integer(10) != 0;
  out.disabled_reason = row.text(11);
  out.version = row.integer(12);
  out.created_at = from_millis(row.integer(13));
  out.changed_at = from_millis(row.integer(14));
  out.position = row.integer(15);
  out.failing_since = time_or_nothing(row, 16);
  out.last_success_at = time_or_nothing(row, 17);
  out.waiting = row.integer(18);
  out.dead = row.integer(19);
  return out;
}

constexpr std::string_view kList =
    "SELECT e.id, e.url, e.description, e.region, e.purpose, e.payload, e.filter, e.delivery_order, e.concurrency, "
    "e.rate, e.enabled, e.disabled_reason, e.version, e.created_at, e.changed_at, p.position, p.failing_since, "
    "p.last_success_at, "
    "(SELECT count(*) FROM webhooks_pending w WHERE w.endpoint = e.id AND w.state = 'waiting'), "
    "(SELECT count(*) FROM webhooks_pending w WHERE w.endpoint = e.id AND w.state = 'dead') "
    "FROM webhooks_endpoint e JOIN webhooks_position p ON p.endpoint = e.id WHERE e.id = $1 OR $1 = '' ORDER BY e.id";

Result<std::vector<Status>> select(db::Transaction& tx, std::string_view id) {
  std::vector<Status> out;
  std::optional<Error> error;
  TRY(tx.query(kList, {id}, [&](const db::Row& row) {
    auto status = read_status(row);
    if (status) out.push_back(*std::move(status));
    if (!status) error = status.error();
  }));
  if (error) return std::unexpected(*error);
  return out;
}

Result<std::vector<std::string>> names(db::Transaction& tx, std::string_view sql, db::Params params) {
  std::vector<std::string> out;
  TRY(tx.query(sql, params, [&](const db::Row& row) { out.emplace_back(row.text(0)); }));
  return out;
}

}  // namespace

Result<void> insert(db::Transaction& tx, const Status& status, std::int64_t generation) {
  const Endpoint& endpoint = status.endpoint;
  const std::string filter = filter_text(endpoint.filter);
  TRY(tx.execute(
      "INSERT INTO webhooks_endpoint (id, url, description, region, purpose, payload, filter, "
      "delivery_order, concurrency, rate, enabled, disabled_reason, version, created_at, changed_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $13)",
      {endpoint.id, endpoint.url, endpoint.description, endpoint.filter.region, gate::info(endpoint.purpose).name,
       feed::name_of(endpoint.payload), filter, name_of(endpoint.order), endpoint.concurrency, endpoint.rate,
       std::int64_t{endpoint.enabled}, status.disabled_reason, to_millis(status.created_at)}));
  TRY(
      tx.execute("INSERT INTO webhooks_position (endpoint, position, generation, last_attempt, blocked_until) "
                 "VALUES ($1, $2, $3, 0, 0)",
                 {endpoint.id, status.position, generation}));
  return {};
}

Result<std::vector<Status>> list(db::Transaction& tx) {
  return select(tx, "");
}

Result<std::optional<Status>> find(db::Transaction& tx, std::string_view id) {
  std::optional<Status> out;
  if (id.empty()) return out;
  auto found = TRY(select(tx, id));
  if (!found.empty()) out = std::move(found.front());
  return out;
}

Result<void> update(db::Transaction& tx, const Status& status) {
  const Endpoint& endpoint = status.endpoint;
  const std::string filter = filter_text(endpoint.filter);
  TRY(
      tx.execute("UPDATE webhooks_endpoint SET url = $2, description = $3, payload = $4, filter = $5, "
                 "delivery_order = $6, concurrency = $7, rate = $8, enabled = $9, disabled_reason = $10, "
                 "version = version + 1, changed_at = $11 WHERE id = $1",
                 {endpoint.id, endpoint.url, endpoint.description, feed::name_of(endpoint.payload), filter,
                  name_of(endpoint.order), endpoint.concurrency, endpoint.rate, std::int64_t{endpoint.enabled},
                  status.disabled_reason, to_millis(status.changed_at)}));
  // Whoever mends an endpoint has its five days anew.
  TRY(tx.execute("UPDATE webhooks_position SET failing_since = NULL, blocked_until = 0 WHERE endpoint = $1",
                 {endpoint.id}));
  return {};
}

Result<std::int64_t> disable_all(db::Transaction& tx, std::string_view reason, Time now) {
  return tx.execute(
      "UPDATE webhooks_endpoint SET enabled = 0, disabled_reason = $1, version = version + 1, "
      "changed_at = $2 WHERE enabled = 1",
      {reason, to_millis(now)});
}

Result<void> remove(db::Transaction& tx, std::string_view id) {
  TRY(tx.execute("DELETE FROM webhooks_position WHERE endpoint = $1", {id}));
  TRY(tx.execute("DELETE FROM webhooks_secret WHERE endpoint = $1", {id}));
  TRY(tx.execute("DELETE FROM webhooks_pending WHERE endpoint = $1", {id}));
  TRY(tx.execute("DELETE FROM webhooks_attempt WHERE endpoint = $1", {id}));
  TRY(tx.execute("DELETE FROM webhooks_endpoint WHERE id = $1", {id}));
  return {};
}

Result<std::optional<Progress>> progress(db::Transaction& tx, std::string_view id) {
  std::optional<Progress> out;
  TRY(tx.query(
      "SELECT position, generation, "
      "(SELECT count(*) FROM webhooks_pending WHERE endpoint = $1 AND state = 'waiting'), "
      "(SELECT count(*) FROM webhooks_pending WHERE endpoint = $1 AND state = 'waiting' AND by_hand = 0) "
      "FROM webhooks_position WHERE endpoint = $1",
      {id},
      [&](const db::Row& row) { out = Progress{row.integer(0), row.integer(1), row.integer(2), row.integer(3)}; }));
  return out;
}

Result<void> move(db::Transaction& tx, std::string_view id, std::int64_t position, std::int64_t generation) {
  TRY(tx.execute("UPDATE webhooks_position SET position = $2, generation = $3 WHERE endpoint = $1",
                 {id, position, generation}));
  return {};
}

Result<std::vector<std::string>> behind(db::Transaction& tx, std::string_view region, std::int64_t last, Time now) {
  const db::Param params[] = {region, last, to_millis(now)};
  return names(tx,
               "SELECT e.id FROM webhooks_endpoint e JOIN webhooks_position p ON p.endpoint = e.id "
               "WHERE e.enabled = 1 AND e.region = $1 AND p.position < $2 AND p.blocked_until <= $3 ORDER BY e.id",
               params);
}

Result<std::vector<std::string>> regions(db::Transaction& tx) {
  return names(tx, "SELECT DISTINCT region FROM webhooks_endpoint WHERE enabled = 1", {});
}

Result<std::vector<std::string>> overdue(db::Transaction& tx, Time now) {
  const db::Param params[] = {to_millis(now)};
  return names(tx,
               "SELECT e.id FROM webhooks_endpoint e WHERE e.enabled = 1 AND EXISTS (SELECT 1 FROM webhooks_pending w "
               "WHERE w.endpoint = e.id AND w.state = 'waiting' AND w.next_at <= $1) ORDER BY e.id",
               params);
}

Result<void> insert_secret(db::Transaction& tx, std::string_view id, const Secret& secret, std::int64_t next_number) {
  TRY(tx.execute("INSERT INTO webhooks_secret (endpoint, number, sealed) VALUES ($1, $2, $3)",
                 {id, next_number, db::BlobView{secret.sealed}}));
  return {};
}

Result<std::vector<Secret>> secrets(db::Transaction& tx, std::string_view id, Time now) {
  std::vector<Secret> out;
  TRY(tx.query(
      "SELECT number, sealed FROM webhooks_secret WHERE endpoint = $1 "
      "AND (valid_until IS NULL OR valid_until > $2) ORDER BY number DESC",
      {id, to_millis(now)}, [&](const db::Row& row) { out.push_back({row.integer(0), std::string(row.blob(1))}); }));
  return out;
}

Result<std::int64_t> end_secrets(db::Transaction& tx, std::string_view id, Time until, Time now) {
  std::int64_t last = 0;
  TRY(tx.query("SELECT coalesce(max(number), 0) FROM webhooks_secret WHERE endpoint = $1", {id},
               [&](const db::Row& row) { last = row.integer(0); }));
  TRY(
      tx.execute("UPDATE webhooks_secret SET valid_until = $2 WHERE endpoint = $1 "
                 "AND (valid_until IS NULL OR valid_until > $2)",
                 {id, to_millis(until)}));
  TRY(tx.execute("DELETE FROM webhooks_secret WHERE endpoint = $1 AND valid_until <= $2", {id, to_millis(now)}));
  return last + 1;
}

Result<std::vector<Pending>> due(db::Transaction& tx, std::string_view id, Time now, std::size_t limit) {
  std::vector<Pending> out;
  TRY(
      tx.query("SELECT seq, attempts, next_at, by_hand FROM webhooks_pending WHERE endpoint = $1 "
               "AND state = 'waiting' AND next_at <= $2 ORDER BY next_at, seq LIMIT $3",
               {id, to_millis(now), static_cast<std::int64_t>(limit)}, [&](const db::Row& row) {
                 out.push_back({row.integer(0), row.integer(1), from_millis(row.integer(2)), row.integer(3) != 0});
               }));
  return out;
}

Result<std::optional<Time>> next_due(db::Transaction& tx, std::string_view id) {
  std::optional<Time> out;
  TRY(tx.query("SELECT min(next_at) FROM webhooks_pending WHERE endpoint = $1 AND state = 'waiting'", {id},
               [&](const db::Row& row) { out = time_or_nothing(row, 0); }));
  return out;
}

Result<void> hasten(db::Transaction& tx, std::string_view id, Time now) {
  TRY(tx.execute("UPDATE webhooks_pending SET next_at = $2 WHERE endpoint = $1 AND state = 'waiting' AND next_at > $2",
                 {id, to_millis(now)}));
  return {};
}

Result<Saved> save(db::Transaction& tx, std::string_view id, std::int64_t generation, std::int64_t position,
                   std::span<const Outcome> outcomes, Time now) {
  const bool delivered =
      std::any_of(outcomes.begin(), outcomes.end(), [](const Outcome& o) { return o.attempt.outcome == "delivered"; });
  const bool failed = std::any_of(outcomes.begin(), outcomes.end(), [](const Outcome& o) {
    return o.attempt.outcome == "failed" || o.attempt.outcome == "dead";
  });
  Saved out;
  std::int64_t number = 0;
  // First of all, so that an endpoint that was removed gets no rows any more.
  TRY(
      tx.query("UPDATE webhooks_position SET last_attempt = last_attempt + $2, "
               "position = CASE WHEN generation = $3 THEN $4 ELSE position END, "
               "failing_since = CASE WHEN $5 = 1 THEN NULL WHEN $6 = 1 THEN coalesce(failing_since, $7) "
               "ELSE failing_since END, "
               "last_success_at = CASE WHEN $5 = 1 THEN $7 ELSE last_success_at END "
               "WHERE endpoint = $1 RETURNING last_attempt, failing_since",
               {id, static_cast<std::int64_t>(outcomes.size()), generation, position, std::int64_t{delivered},
                std::int64_t{failed}, to_millis(now)},
               [&](const db::Row& row) {
                 out.exists = true;
                 number = row.integer(0) - static_cast<std::int64_t>(outcomes.size());
                 out.failing_since = time_or_nothing(row, 1);
               }));
  if (!out.exists || outcomes.empty()) return out;
  db::Batch log(9);
  db::Batch over(2);
  db::Batch pending(7);
  for (const Outcome& outcome : outcomes) {
    const Attempt& attempt = outcome.attempt;
    log.add({id, ++number, attempt.seq, to_millis(attempt.at), attempt.attempt, attempt.outcome, attempt.status,
             attempt.duration.count(), attempt.error});
    if (attempt.seq == 0) continue;
    if (attempt.outcome == "delivered" || attempt.outcome == "withdrawn") {
      over.add({id, attempt.seq});
    } else {
      pending.add({id, attempt.seq, std::string_view(outcome.next_at ? "waiting" : "dead"), attempt.attempt,
                   to_millis(outcome.next_at.value_or(now)), std::int64_t{outcome.by_hand}, attempt.error});
    }
  }
  TRY(tx.execute_batch(
      "INSERT INTO webhooks_attempt (endpoint, number, seq, at, attempt, outcome, status, duration_ms, "
      "error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      log));
  TRY(tx.execute_batch("DELETE FROM webhooks_pending WHERE endpoint = $1 AND seq = $2", over));
  TRY(tx.execute_batch(
      "INSERT INTO webhooks_pending (endpoint, seq, state, attempts, next_at, by_hand, last_error) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (endpoint, seq) DO UPDATE SET state = excluded.state, "
      "attempts = excluded.attempts, next_at = excluded.next_at, last_error = excluded.last_error",
      pending));
  return out;
}

Result<void> log_test(db::Transaction& tx, std::string_view id, const Attempt& attempt) {
  std::int64_t number = 0;
  TRY(tx.query(
      "UPDATE webhooks_position SET last_attempt = last_attempt + 1 WHERE endpoint = $1 RETURNING last_attempt", {id},
      [&](const db::Row& row) { number = row.integer(0); }));
  if (number == 0) return {};
  TRY(tx.execute(
      "INSERT INTO webhooks_attempt (endpoint, number, seq, at, attempt, outcome, status, duration_ms, error) "
      "VALUES ($1, $2, 0, $3, 1, $4, $5, $6, $7)",
      {id, number, to_millis(attempt.at), attempt.outcome, attempt.status, attempt.duration.count(), attempt.error}));
  return {};
}

Result<void> set_blocked_until(db::Transaction& tx, std::string_view id, std::optional<Time> until) {
  TRY(tx.execute("UPDATE webhooks_position SET blocked_until = $2 WHERE endpoint = $1",
                 {id, until ? to_millis(*until) : std::int64_t{0}}));
  return {};
}

Result<std::vector<Attempt>> attempts(db::Transaction& tx, std::string_view id, std::string_view outcome,
                                      std::int64_t before, std::size_t limit) {
  std::vector<Attempt> out;
  TRY(
      tx.query("SELECT number, seq, at, attempt, outcome, status, duration_ms, error FROM webhooks_attempt "
               "WHERE endpoint = $1 AND number < $2 AND ($3 = '' OR outcome = $3) ORDER BY number DESC LIMIT $4",
               {id, before, outcome, static_cast<std::int64_t>(limit)}, [&](const db::Row& row) {
                 out.push_back({row.integer(0), row.integer(1), from_millis(row.integer(2)), row.integer(3),
                                std::string(row.text(4)), row.integer(5), std::chrono::milliseconds{row.integer(6)},
                                std::string(row.text(7))});
               }));
  return out;
}

Result<std::vector<DeadLetter>> dead_letters(db::Transaction& tx, std::string_view id, std::int64_t after,
                                             std::size_t limit) {
  std::vector<DeadLetter> out;
  TRY(
      tx.query("SELECT seq, attempts, next_at, last_error FROM webhooks_pending WHERE endpoint = $1 "
               "AND state = 'dead' AND seq > $2 ORDER BY seq LIMIT $3",
               {id, after, static_cast<std::int64_t>(limit)}, [&](const db::Row& row) {
                 out.push_back({row.integer(0), row.integer(1), from_millis(row.integer(2)), std::string(row.text(3))});
               }));
  return out;
}

Result<std::int64_t> revive(db::Transaction& tx, std::string_view id, std::span<const std::int64_t> seqs, Time now) {
  if (seqs.empty()) {
    return tx.execute(
        "UPDATE webhooks_pending SET state = 'waiting', attempts = 0, next_at = $2, by_hand = 1 "
        "WHERE endpoint = $1 AND state = 'dead'",
        {id, to_millis(now)});
  }
  db::Batch batch(3);
  for (std::int64_t seq : seqs) batch.add({id, to_millis(now), seq});
  return tx.execute_batch(
      "UPDATE webhooks_pending SET state = 'waiting', attempts = 0, next_at = $2, by_hand = 1 "
      "WHERE endpoint = $1 AND state = 'dead' AND seq = $3",
      batch);
}

Result<std::int64_t> purge(db::Transaction& tx, Time log_before, Time dead_before, std::int64_t limit) {
  std::vector<std::pair<std::string, std::int64_t>> old;
  TRY(tx.query("SELECT endpoint, number FROM webhooks_attempt WHERE at < $1 ORDER BY at LIMIT $2",
               {to_millis(log_before), limit},
               [&](const db::Row& row) { old.emplace_back(row.text(0), row.integer(1)); }));
  db::Batch batch(2);
  for (const auto& [endpoint, number] : old) batch.add({endpoint, number});
  TRY(tx.execute_batch("DELETE FROM webhooks_attempt WHERE endpoint = $1 AND number = $2", batch));
  TRY(tx.execute("DELETE FROM webhooks_pending WHERE state = 'dead' AND next_at < $1", {to_millis(dead_before)}));
  return static_cast<std::int64_t>(old.size());
}

}  // namespace store
}  // namespace handschlag::webhooks
