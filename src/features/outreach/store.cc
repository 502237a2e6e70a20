#include "features/outreach/store.h"

#include <fmt/format.h>

#include <array>

#include "embedded/migrations.h"
#include "features/outreach/trace.h"

namespace handschlag::outreach {

std::span<const db::Migration> migrations() {
  return embedded::outreach_migrations;
}

namespace store {
namespace {

std::int64_t number(State state) {
  return static_cast<std::int64_t>(state);
}

Row read(const db::Row& row, std::string_view region) {
  Row out;
  Message& message = out.message;
  message.region = region;
  message.id = row.integer(0);
  message.identity = {row.integer(1)};
  out.address = row.blob(2);
  message.purpose = static_cast<gate::Purpose>(row.integer(3));
  message.channel = static_cast<gate::Channel>(row.integer(4));
  out.kind = static_cast<Kind>(row.integer(5));
  message.template_id = row.text(6);
  message.version = row.integer(7);
  message.language = row.text(8);
  message.reason = row.text(9);
  message.requested_by = row.text(10);
  message.state = static_cast<State>(row.integer(11));
  out.told = row.integer(12) != 0;
  message.created_at = from_millis(row.integer(13));
  message.due_at = from_millis(row.integer(14));
  message.expires_at = from_millis(row.integer(15));
  message.attempts = row.integer(16);
  message.rule_set = static_cast<std::uint64_t>(row.integer(17));
  out.token = row.text(18);
  message.trace = steps_from_text(row.text(19));
  out.sealed_address = row.blob(20);
  out.sealed_content = row.blob(21);
  out.country = row.text(22);
  return out;
}

db::Param blob_or_null(std::string_view bytes) {
  return bytes.empty() ? db::Param(std::monostate{}) : db::Param(db::BlobView{bytes});
}

#define HANDSCHLAG_OUTREACH_COLUMNS                                                                           \
  "id, identity, address, purpose, channel, kind, template, version, language, reason, requested_by, state, " \
  "told, created_at, due_at, expires_at, attempts, rule_set, token, trace, sealed_address, sealed_content, country "

}  // namespace

Result<std::int64_t> next_id(db::Transaction& tx) {
  std::int64_t id = 0;
  TRY(tx.query("UPDATE outreach_head SET last_id = last_id + 1 WHERE one = 1 RETURNING last_id", {},
               [&](const db::Row& row) { id = row.integer(0); }));
  return id;
}

Result<void> insert(db::Transaction& tx, const Row& row) {
  const Message& one = row.message;
  const std::string trace = to_text(one.trace);
  TRY(tx.execute(
      "INSERT INTO outreach_message (id, identity, address, purpose, channel, kind, template, version, language, "
      "reason, requested_by, state, told, created_at, due_at, expires_at, claimed_until, attempts, rule_set, token, "
      "trace, sealed_address, sealed_content, country) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, "
      "$14, "
      "$15, $16, 0, 0, $17, $18, $19, $20, $21, $22)",
      {one.id,
       one.identity.value,
       db::BlobView{row.address},
       static_cast<std::int64_t>(one.purpose),
       static_cast<std::int64_t>(one.channel),
       static_cast<std::int64_t>(row.kind),
       one.template_id,
       one.version,
       one.language,
       one.reason,
       one.requested_by,
       number(one.state),
       std::int64_t{row.told ? 1 : 0},
       to_millis(one.created_at),
       to_millis(one.due_at),
       to_millis(one.expires_at),
       static_cast<std::int64_t>(one.rule_set),
       row.token,
       trace,
       blob_or_null(row.sealed_address),
       blob_or_null(row.sealed_content),
       row.country}));
  return {};
}

Result<std::int64_t> count_around(db::Transaction& tx, Kind kind, IdentityId identity, std::string_view address,
                                  Time at, std::chrono::seconds within) {
  const std::int64_t from = to_millis(at - within);
  const std::int64_t to = to_millis(at + within);
  std::int64_t count = 0;
  auto take = [&](const db::Row& row) { count += row.integer(0); };
  // Waiting, sending, sent, bounced.
  TRY(tx.query(
      "SELECT count(*) FROM outreach_message WHERE address = $1 AND due_at > $2 AND due_at < $3 AND kind = $4 AND "
      "state IN (1, 2, 3, 7)",
      {db::BlobView{address}, from, to, static_cast<std::int64_t>(kind)}, take));
  if (identity.value == 0) return count;
  TRY(tx.query(
      "SELECT count(*) FROM outreach_message WHERE identity = $1 AND due_at > $2 AND due_at < $3 AND kind = $4 AND "
      "state IN (1, 2, 3, 7) AND address <> $5",
      {identity.value, from, to, static_cast<std::int64_t>(kind), db::BlobView{address}}, take));
  return count;
}

Result<bool> say_once(db::Transaction& tx, std::string_view digest, IdentityId identity, std::int64_t message) {
  return TRY(tx.execute("INSERT INTO outreach_once (digest, identity, message) VALUES ($1, $2, $3) "
                        "ON CONFLICT (digest) DO NOTHING",
                        {db::BlobView{digest}, identity.value, message})) > 0;
}

Result<void> may_say_again(db::Transaction& tx, std::int64_t message) {
  TRY(tx.execute("DELETE FROM outreach_once WHERE message = $1", {message}));
  return {};
}

Result<bool> is_unreachable(db::Transaction& tx, std::string_view address, Time said_at) {
  bool found = false;
  TRY(tx.query("SELECT at FROM outreach_unreachable WHERE address = $1 AND at >= $2",
               {db::BlobView{address}, to_millis(said_at)}, [&](const db::Row&) { found = true; }));
  return found;
}

Result<void> set_unreachable(db::Transaction& tx, std::string_view address, Time at, std::string_view status) {
  TRY(
      tx.execute("INSERT INTO outreach_unreachable (address, at, status) VALUES ($1, $2, $3) "
                 "ON CONFLICT (address) DO UPDATE SET at = excluded.at, status = excluded.status",
                 {db::BlobView{address}, to_millis(at), status}));
  return {};
}

Result<void> set_reachable(db::Transaction& tx, std::string_view address) {
  TRY(tx.execute("DELETE FROM outreach_unreachable WHERE address = $1", {db::BlobView{address}}));
  return {};
}

Result<std::int64_t> bounced_in_a_row(db::Transaction& tx, std::string_view address, gate::Channel channel,
                                      std::int64_t limit) {
  std::int64_t count = 0;
  bool arrived = false;
  TRY(
      tx.query("SELECT state FROM outreach_message WHERE address = $1 AND channel = $2 AND state IN (3, 7) "
               "ORDER BY created_at DESC, id DESC LIMIT $3",
               {db::BlobView{address}, static_cast<std::int64_t>(channel), limit}, [&](const db::Row& row) {
                 arrived = arrived || row.integer(0) != number(State::bounced);
                 if (!arrived) ++count;
               }));
  return count;
}

Result<std::optional<Row>> find(db::Transaction& tx, std::string_view region, std::int64_t id) {
  std::optional<Row> out;
  TRY(tx.query("SELECT " HANDSCHLAG_OUTREACH_COLUMNS "FROM outreach_message WHERE id = $1", {id},
               [&](const db::Row& row) { out = read(row, region); }));
  return out;
}

Result<std::vector<Message>> list(db::Transaction& tx, std::string_view region, const Filter& filter,
                                  std::int64_t before, std::int64_t limit) {
  std::vector<Message> out;
  const std::int64_t state = filter.state ? number(*filter.state) : 0;
  TRY(tx.query("SELECT " HANDSCHLAG_OUTREACH_COLUMNS
               "FROM outreach_message WHERE (id < $1 OR $1 = 0) AND (state = $2 OR $2 = 0) AND "
               "((CAST($3 AS BIGINT) >> CAST(purpose AS INTEGER)) & 1) = 1 AND (identity = $4 OR $4 = 0) "
               "AND (requested_by = $5 OR $5 = '') ORDER BY id DESC LIMIT $6",
               {before, state, filter.purposes.bits(), filter.identity.value, filter.requested_by, limit},
               [&](const db::Row& row) { out.push_back(read(row, region).message); }));
  return out;
}

Result<bool> has_due(db::Transaction& tx, Time now) {
  bool found = false;
  TRY(
      tx.query("SELECT id FROM outreach_message WHERE (state = 1 AND due_at <= $1) OR (state = 2 AND claimed_until <= "
               "$1) OR told = 0 LIMIT 1",
               {to_millis(now)}, [&](const db::Row&) { found = true; }));
  return found;
}

Result<std::optional<Row>> claim(db::Transaction& tx, std::string_view region, std::span<const gate::Channel> channels,
                                 Time now, Time until) {
  static_assert(std::size(kCarried) == 2);  // as many places are in the query
  std::int64_t id = 0;
  TRY(tx.query(
      "SELECT id FROM outreach_message WHERE ((state = 1 AND due_at <= $1) OR (state = 2 AND claimed_until "
      "<= $1)) AND channel IN ($2, $3) ORDER BY due_at, id LIMIT 1",
      {to_millis(now), static_cast<std::int64_t>(channels.front()), static_cast<std::int64_t>(channels.back())},
      [&](const db::Row& row) { id = row.integer(0); }));
  if (id == 0) return std::optional<Row>();
  std::optional<Row> out;
  // Another node may have been quicker.
  TRY(tx.query(
      "UPDATE outreach_message SET state = 2, claimed_until = $1, attempts = attempts + 1 WHERE id = $2 AND "
      "((state = 1 AND due_at <= $3) OR (state = 2 AND claimed_until <= $3)) RETURNING " HANDSCHLAG_OUTREACH_COLUMNS,
      {to_millis(until), id, to_millis(now)}, [&](const db::Row& row) { out = read(row, region); }));
  return out;
}

Result<bool> settle(db::Transaction& tx, const Row& row, std::int64_t attempt) {
  const Message& one = row.message;
  const std::string trace = to_text(one.trace);
  return TRY(tx.execute("UPDATE outreach_message SET state = $1, due_at = $2, trace = $3, told = $4, rule_set = $5, "
                        "sealed_address = $6, sealed_content = $7 WHERE id = $8 AND state = 2 AND attempts = $9",
                        {number(one.state), to_millis(one.due_at), trace, std::int64_t{row.told ? 1 : 0},
                         static_cast<std::int64_t>(one.rule_set), blob_or_null(row.sealed_address),
                         blob_or_null(row.sealed_content), one.id, attempt})) > 0;
}

Result<bool> change(db::Transaction& tx, const Row& row, State from) {
  const Message& one = row.message;
  const std::string trace = to_text(one.trace);
  return TRY(tx.execute("UPDATE outreach_message SET state = $1, due_at = $2, expires_at = $3, trace = $4, "
                        "sealed_content = $5 WHERE id = $6 AND state = $7",
                        {number(one.state), to_millis(one.due_at), to_millis(one.expires_at), trace,
                         blob_or_null(row.sealed_content), one.id, number(from)})) > 0;
}

Result<std::vector<Row>> untold(db::Transaction& tx, std::string_view region, std::int64_t limit) {
  std::vector<Row> out;
  TRY(tx.query("SELECT " HANDSCHLAG_OUTREACH_COLUMNS "FROM outreach_message WHERE told = 0 ORDER BY id LIMIT $1",
               {limit}, [&](const db::Row& row) { out.push_back(read(row, region)); }));
  return out;
}

Result<void> set_told(db::Transaction& tx, std::int64_t id) {
  TRY(tx.execute("UPDATE outreach_message SET told = 1 WHERE id = $1", {id}));
  return {};
}

Result<std::vector<Count>> counts(db::Transaction& tx) {
  std::vector<Count> out;
  for (State state : {State::waiting, State::dead}) {
    TRY(tx.query("SELECT count(*) FROM outreach_message WHERE state = $1", {number(state)},
                 [&](const db::Row& row) { out.push_back({state, row.integer(0)}); }));
  }
  return out;
}

Result<std::int64_t> erase(db::Transaction& tx, IdentityId identity, std::int64_t limit) {
  std::int64_t removed = TRY(tx.execute(
      "DELETE FROM outreach_message WHERE id IN (SELECT id FROM outreach_message WHERE identity = $1 LIMIT $2)",
      {identity.value, limit}));
  if (removed >= limit) return removed;
  removed += TRY(tx.execute(
      "DELETE FROM outreach_once WHERE digest IN (SELECT digest FROM outreach_once WHERE identity = $1 LIMIT $2)",
      {identity.value, limit - removed}));
  return removed;
}

Result<void> drop_pending(db::Transaction& tx, IdentityId identity) {
  TRY(
      tx.execute("UPDATE outreach_message SET state = 6, told = 1, sealed_address = NULL, sealed_content = NULL "
                 "WHERE identity = $1 AND state IN (1, 2, 5)",
                 {identity.value}));
  return {};
}

Result<std::int64_t> cancel_all(db::Transaction& tx, Time now) {
  std::vector<Row> rows;
  TRY(tx.query("SELECT " HANDSCHLAG_OUTREACH_COLUMNS "FROM outreach_message WHERE state IN (1, 2) ORDER BY id", {},
               [&](const db::Row& row) { rows.push_back(read(row, "")); }));
  for (Row& row : rows) {
    const State from = row.message.state;
    row.message.state = State::cancelled;
    row.message.trace.push_back({now, "cancelled", {"restored"}});
    TRY(change(tx, row, from));
  }
  return static_cast<std::int64_t>(rows.size());
}

Result<std::int64_t> purge(db::Transaction& tx, Time ended_before, Time strangers_before, std::int64_t limit) {
  const auto removed = TRY(tx.execute(
      "DELETE FROM outreach_message WHERE id IN (SELECT id FROM outreach_message WHERE told = 1 AND state > 2 "
      "AND (created_at < $1 OR (identity = 0 AND created_at < $2)) LIMIT $3)",
      {to_millis(ended_before), to_millis(strangers_before), limit}));
  TRY(
      tx.execute("DELETE FROM outreach_once WHERE digest IN (SELECT digest FROM outreach_once WHERE NOT EXISTS "
                 "(SELECT id FROM outreach_message WHERE id = outreach_once.message) LIMIT $1)",
                 {limit}));
  return removed;
}

}  // namespace store
}  // namespace handschlag::outreach
