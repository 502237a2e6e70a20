#include "features/consent/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "embedded/migrations.h"

namespace handschlag::consent {

std::span<const db::Migration> migrations() {
  return embedded::consent_migrations;
}

namespace store {
namespace {

// Flags. Stored; never renumber.
constexpr std::int64_t kExplicit = 1;
constexpr std::int64_t kQuietHours = 2;
constexpr std::int64_t kRecipientNamed = 4;
constexpr std::int64_t kGuardian = 8;

#define CONSENT_COLUMNS                                                                                           \
  "id, identity, act, purpose, channel, way, strength, flags, occurred_at, received_at, expires_at, keep_until, " \
  "follows, notice, notice_version, notice_hash, address, held_since, sealed"

std::int64_t flags_of(const Statement& statement) {
  return (statement.explicit_consent ? kExplicit : 0) | (statement.quiet_hours ? kQuietHours : 0) |
         (statement.recipient_named ? kRecipientNamed : 0) | (statement.guardian ? kGuardian : 0);
}

Row read_row(const db::Row& row) {
  Row out;
  Statement& statement = out.statement;
  statement.id = {row.integer(0)};
  statement.identity = {row.integer(1)};
  statement.act = static_cast<Act>(row.integer(2));
  statement.purpose = static_cast<Purpose>(row.integer(3));
  statement.channel = static_cast<Channel>(row.integer(4));
  statement.way = static_cast<Way>(row.integer(5));
  statement.strength = static_cast<gate::Strength>(row.integer(6));
  const std::int64_t flags = row.integer(7);
  statement.explicit_consent = (flags & kExplicit) != 0;
  statement.quiet_hours = (flags & kQuietHours) != 0;
  statement.recipient_named = (flags & kRecipientNamed) != 0;
  statement.guardian = (flags & kGuardian) != 0;
  statement.occurred_at = from_millis(row.integer(8));
  statement.received_at = from_millis(row.integer(9));
  if (row.integer(10) != 0) statement.expires_at = from_millis(row.integer(10));
  statement.keep_until = from_millis(row.integer(11));
  statement.follows = {row.integer(12)};
  statement.notice = {std::string(row.text(13)), row.integer(14), std::string(row.text(15))};
  if (!row.is_null(16)) out.digest = std::string(row.blob(16));
  out.held = row.integer(17) != 0;
  if (!row.is_null(18)) out.sealed = std::string(row.blob(18));
  return out;
}

}  // namespace

Result<std::int64_t> allocate(db::Transaction& tx) {
  std::int64_t last = 0;
  TRY(tx.query("UPDATE consent_head SET last_id = last_id + 1 WHERE one = 1 RETURNING last_id", {},
               [&](const db::Row& row) { last = row.integer(0); }));
  return last;
}

Result<void> lock(db::Transaction& tx) {
  TRY(tx.execute("UPDATE consent_head SET last_id = last_id WHERE one = 1", {}));
  return {};
}

Result<void> insert(db::Transaction& tx, const Row& row, std::size_t layers) {
  const Statement& said = row.statement;
  const db::Param digest = row.digest ? db::Param(db::BlobView{*row.digest}) : db::Param();
  const db::Param sealed = row.sealed ? db::Param(db::BlobView{*row.sealed}) : db::Param();
  TRY(tx.execute("INSERT INTO consent_statement (" CONSENT_COLUMNS
                 ", layers) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
                 "$19, $20)",
                 {said.id.value,
                  said.identity.value,
                  static_cast<std::int64_t>(said.act),
                  static_cast<std::int64_t>(said.purpose),
                  static_cast<std::int64_t>(said.channel),
                  static_cast<std::int64_t>(said.way),
                  static_cast<std::int64_t>(said.strength),
                  flags_of(said),
                  to_millis(said.occurred_at),
                  to_millis(said.received_at),
                  said.expires_at ? to_millis(*said.expires_at) : 0,
                  to_millis(said.keep_until),
                  said.follows.value,
                  std::string_view(said.notice.id),
                  said.notice.version,
                  std::string_view(said.notice.hash),
                  digest,
                  row.held ? to_millis(said.received_at) : 0,
                  sealed,
                  static_cast<std::int64_t>(layers)}));
  return {};
}

Result<std::vector<Row>> of_identities(db::Transaction& tx, std::span<const IdentityId> identities) {
  std::vector<Row> out;
  db::Batch batch(1);
  for (IdentityId identity : identities) batch.add({identity.value});
  TRY(tx.query_batch("SELECT " CONSENT_COLUMNS
                     " FROM consent_statement WHERE identity = $1 AND held_since = 0 ORDER BY id",
                     batch, [&](std::size_t, const db::Row& row) { out.push_back(read_row(row)); }));
  return out;
}

Result<std::vector<Row>> of_address(db::Transaction& tx, std::string_view digest,
                                    const std::optional<std::string>& former) {
  std::vector<Row> out;
  const std::string_view other = former ? std::string_view(*former) : digest;
  TRY(tx.query("SELECT " CONSENT_COLUMNS " FROM consent_statement WHERE address IN ($1, $2) ORDER BY id",
               {db::BlobView{digest}, db::BlobView{other}}, [&](const db::Row& row) { out.push_back(read_row(row)); }));
  return out;
}

Result<std::optional<Row>> find(db::Transaction& tx, StatementId id) {
  std::optional<Row> out;
  TRY(tx.query("SELECT " CONSENT_COLUMNS " FROM consent_statement WHERE id = $1", {id.value},
               [&](const db::Row& row) { out = read_row(row); }));
  return out;
}

Result<std::int64_t> count(db::Transaction& tx, IdentityId identity) {
  std::int64_t out = 0;
  TRY(tx.query("SELECT count(*) FROM consent_statement WHERE identity = $1", {identity.value},
               [&](const db::Row& row) { out = row.integer(0); }));
  return out;
}

Result<std::int64_t> last_id(db::Transaction& tx) {
  std::int64_t out = 0;
  TRY(tx.query("SELECT last_id FROM consent_head WHERE one = 1", {},
               [&](const db::Row& row) { out = row.integer(0); }));
  return out;
}

Result<std::vector<Row>> matching(db::Transaction& tx, const Wanted& wanted, StatementId first, StatementId end,
                                  std::size_t limit) {
  constexpr std::int64_t kAny = -1;
  auto number = [](const auto& wish) { return wish ? static_cast<std::int64_t>(*wish) : kAny; };
  std::vector<Row> out;
  TRY(tx.query(
      "SELECT " CONSENT_COLUMNS
      " FROM consent_statement WHERE id >= $1 AND id < $2 AND identity > 0 AND held_since = 0 "
      "AND ($3 = -1 OR act = $3) AND ($4 = -1 OR purpose = $4) AND ($5 = -1 OR channel = $5) "
      "AND ($6 = -1 OR way = $6) AND ($7 = '' OR notice = $7) AND ($8 = 0 OR notice_version = $8) "
      "AND occurred_at >= $9 AND occurred_at < $10 ORDER BY id DESC LIMIT $11",
      {first.value, end.value, number(wanted.act), number(wanted.purpose), number(wanted.channel), number(wanted.way),
       std::string_view(wanted.notice), wanted.version,
       wanted.from ? to_millis(*wanted.from) : std::numeric_limits<std::int64_t>::min(),
       wanted.to ? to_millis(*wanted.to) : std::numeric_limits<std::int64_t>::max(), static_cast<std::int64_t>(limit)},
      [&](const db::Row& row) { out.push_back(read_row(row)); }));
  return out;
}

namespace {

Result<void> unconcern(db::Transaction& tx, IdentityId identity) {
  TRY(tx.execute("DELETE FROM consent_concerned WHERE identity = $1", {identity.value}));
  return {};
}

}  // namespace

Result<void> hold(db::Transaction& tx, IdentityId identity, Time now) {
  TRY(set_refused(tx, identity, {}));
  TRY(unconcern(tx, identity));
  const auto held =
      TRY(tx.execute("UPDATE consent_statement SET held_since = $1 WHERE identity = $2 AND held_since = 0",
                     {to_millis(now), identity.value}));
  if (held > 0) {
    TRY(tx.execute("INSERT INTO consent_held (identity) VALUES ($1) ON CONFLICT (identity) DO NOTHING",
                   {identity.value}));
  }
  TRY(tx.execute("UPDATE consent_statement SET sealed = NULL WHERE identity = $1 AND act NOT IN ($2, $3)",
                 {identity.value, static_cast<std::int64_t>(Act::given), static_cast<std::int64_t>(Act::renewed)}));
  return {};
}

Result<std::int64_t> remove_free(db::Transaction& tx, IdentityId identity, Time now, std::int64_t limit) {
  return tx.execute(
      "DELETE FROM consent_statement WHERE id IN (SELECT id FROM consent_statement WHERE identity = $1 "
      "AND ((act IN ($2, $3) AND keep_until <= $4) OR act = $5 OR (act NOT IN ($2, $3) AND address IS NULL)) "
      "ORDER BY id LIMIT $6)",
      {identity.value, static_cast<std::int64_t>(Act::given), static_cast<std::int64_t>(Act::renewed), to_millis(now),
       static_cast<std::int64_t>(Act::requested), limit});
}

Result<std::int64_t> remove_all(db::Transaction& tx, IdentityId identity, std::int64_t limit) {
  TRY(set_refused(tx, identity, {}));
  TRY(unconcern(tx, identity));
  return tx.execute(
      "DELETE FROM consent_statement WHERE id IN (SELECT id FROM consent_statement WHERE identity = $1 "
      "ORDER BY id LIMIT $2)",
      {identity.value, limit});
}

// For each event that comes in. Many are asked for at once, since beginning a query costs more than a look; of a few
// each for itself, since most of the places would be empty.
Result<std::vector<gate::PurposeSet>> refused(db::Transaction& tx, std::span<const IdentityId> identities) {
  constexpr std::size_t kAtOnce = 100;
  constexpr std::size_t kFew = 10;
  static const std::string kQuery = [] {
    std::string out = "SELECT identity, purpose FROM consent_refused WHERE identity IN (";
    for (std::size_t i = 1; i <= kAtOnce; ++i) out += fmt::format("{}${}", i > 1 ? ", " : "", i);
    return out + ")";
  }();
  std::vector<gate::PurposeSet> out(identities.size());
  if (identities.size() <= kFew) {
    db::Batch batch(1);
    for (IdentityId identity : identities) batch.add({identity.value});
    TRY(tx.query_batch(
        "SELECT purpose FROM consent_refused WHERE identity = $1", batch,
        [&](std::size_t place, const db::Row& row) { out[place].add(static_cast<Purpose>(row.integer(0))); }));
    return out;
  }
  std::unordered_map<std::int64_t, gate::PurposeSet> found;
  for (std::size_t from = 0; from < identities.size(); from += kAtOnce) {
    std::vector<db::Param> those;
    those.reserve(kAtOnce);
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      those.emplace_back(identities[std::min(from + i, identities.size() - 1)].value);
    }
    TRY(tx.query(kQuery, those,
                 [&](const db::Row& row) { found[row.integer(0)].add(static_cast<Purpose>(row.integer(1))); }));
  }
  for (std::size_t i = 0; i < identities.size(); ++i) {
    if (auto it = found.find(identities[i].value); it != found.end()) out[i] = it->second;
  }
  return out;
}

Result<void> set_refused(db::Transaction& tx, IdentityId identity, gate::PurposeSet purposes) {
  TRY(tx.execute("DELETE FROM consent_refused WHERE identity = $1", {identity.value}));
  db::Batch batch(2);
  for (const gate::PurposeInfo& info : gate::purposes()) {
    if (purposes.has(info.purpose)) batch.add({identity.value, static_cast<std::int64_t>(info.purpose)});
  }
  TRY(tx.execute_batch("INSERT INTO consent_refused (identity, purpose) VALUES ($1, $2)", batch));
  return {};
}

Result<std::vector<std::vector<StatementId>>> refusing(db::Transaction& tx, std::span<const std::string> digests) {
  std::vector<std::vector<StatementId>> out(digests.size());
  std::vector<bool> refused(digests.size());
  db::Batch batch(1);
  for (const std::string& digest : digests) batch.add({db::BlobView{digest}});
  TRY(tx.query_batch("SELECT id, act FROM consent_statement WHERE address = $1 AND channel = 0 ORDER BY id", batch,
                     [&](std::size_t place, const db::Row& row) {
                       out[place].push_back({row.integer(0)});
                       refused[place] = refused[place] || is_no(static_cast<Act>(row.integer(1)));
                     }));
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!refused[i]) out[i].clear();
  }
  return out;
}

Result<void> concern(db::Transaction& tx, IdentityId identity, StatementId statement) {
  TRY(
      tx.execute("INSERT INTO consent_concerned (identity, statement) VALUES ($1, $2) ON CONFLICT (identity, "
                 "statement) DO NOTHING",
                 {identity.value, statement.value}));
  return {};
}

Result<std::vector<Row>> concerning(db::Transaction& tx, IdentityId identity) {
  std::vector<Row> out;
  TRY(tx.query("SELECT " CONSENT_COLUMNS
               " FROM consent_statement WHERE id IN (SELECT statement FROM consent_concerned WHERE identity = $1) "
               "ORDER BY id",
               {identity.value}, [&](const db::Row& row) { out.push_back(read_row(row)); }));
  return out;
}

Result<std::vector<IdentityId>> held(db::Transaction& tx, IdentityId after, std::int64_t limit) {
  std::vector<IdentityId> out;
  TRY(tx.query("SELECT identity FROM consent_held WHERE identity > $1 ORDER BY identity LIMIT $2", {after.value, limit},
               [&](const db::Row& row) { out.push_back({row.integer(0)}); }));
  return out;
}

Result<void> let_go(db::Transaction& tx, IdentityId identity) {
  TRY(tx.execute("DELETE FROM consent_held WHERE identity = $1", {identity.value}));
  return {};
}

Result<bool> holds_proof(db::Transaction& tx, IdentityId identity) {
  bool out = false;
  TRY(tx.query("SELECT 1 FROM consent_statement WHERE identity = $1 AND sealed IS NOT NULL LIMIT 1", {identity.value},
               [&](const db::Row&) { out = true; }));
  return out;
}

Result<std::vector<Lifted>> digests_below(db::Transaction& tx, std::size_t layers, std::int64_t first, std::int64_t end,
                                          std::int64_t limit) {
  std::vector<Lifted> out;
  TRY(tx.query(
      "SELECT id, identity, address FROM consent_statement WHERE identity >= $1 AND identity < $2 "
      "AND layers < $3 AND address IS NOT NULL ORDER BY identity, id LIMIT $4",
      {first, end, static_cast<std::int64_t>(layers), limit},
      [&](const db::Row& row) { out.push_back({{row.integer(0)}, {row.integer(1)}, std::string(row.blob(2))}); }));
  return out;
}

Result<void> lift(db::Transaction& tx, std::span<const Lifted> rows, std::size_t layers) {
  db::Batch batch(3);
  for (const Lifted& row : rows) {
    batch.add({db::BlobView{row.digest}, static_cast<std::int64_t>(layers), row.id.value});
  }
  TRY(tx.execute_batch("UPDATE consent_statement SET address = $1, layers = $2 WHERE id = $3 AND layers < $2", batch));
  return {};
}

}  // namespace store
}  // namespace handschlag::consent
