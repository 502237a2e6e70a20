#include "features/rulebook/store.h"

#include "embedded/migrations.h"
#include "features/law/document.h"

namespace handschlag::rulebook {

std::span<const db::Migration> migrations() {
  return embedded::rulebook_migrations;
}

namespace store {

Result<std::int64_t> revision(db::Transaction& tx) {
  std::int64_t out = 0;
  TRY(tx.query("SELECT revision FROM rulebook_head WHERE one = 1", {},
               [&](const db::Row& row) { out = row.integer(0); }));
  return out;
}

Result<void> raise_revision(db::Transaction& tx) {
  TRY(tx.execute("UPDATE rulebook_head SET revision = revision + 1 WHERE one = 1", {}));
  return {};
}

Result<void> keep(db::Transaction& tx, const law::RuleSet& set, Time now) {
  TRY(
      tx.execute("INSERT INTO rulebook_set (number, hash, since, body) VALUES ($1, $2, $3, $4) ON CONFLICT (number) DO "
                 "NOTHING",
                 {static_cast<std::int64_t>(set.number()), set.hash(), to_millis(now), set.text()}));
  return {};
}

Result<std::vector<Kept>> kept(db::Transaction& tx) {
  std::vector<Kept> out;
  TRY(tx.query("SELECT number, hash, since FROM rulebook_set ORDER BY since DESC, number", {}, [&](const db::Row& row) {
    out.push_back({static_cast<std::uint64_t>(row.integer(0)), std::string(row.text(1)), from_millis(row.integer(2))});
  }));
  return out;
}

Result<std::optional<std::string>> body(db::Transaction& tx, std::uint64_t number) {
  std::optional<std::string> out;
  TRY(tx.query("SELECT body FROM rulebook_set WHERE number = $1", {static_cast<std::int64_t>(number)},
               [&](const db::Row& row) { out = row.text(0); }));
  return out;
}

Result<std::vector<StoredConfirmation>> confirmations(db::Transaction& tx) {
  std::vector<StoredConfirmation> out;
  TRY(
      tx.query("SELECT rule, fingerprint, counsel, day, source, recorded_at, recorded_by FROM rulebook_confirmation "
               "ORDER BY rule",
               {}, [&](const db::Row& row) {
                 StoredConfirmation each;
                 each.fingerprint = row.text(1);
                 each.confirmation = {std::string(row.text(0)), std::string(row.text(2)),    std::string(row.text(3)),
                                      std::string(row.text(4)), from_millis(row.integer(5)), std::string(row.text(6))};
                 out.push_back(std::move(each));
               }));
  return out;
}

Result<void> put(db::Transaction& tx, const StoredConfirmation& each) {
  const Confirmation& confirmation = each.confirmation;
  TRY(tx.execute("DELETE FROM rulebook_confirmation WHERE rule = $1", {confirmation.rule}));
  TRY(tx.execute(
      "INSERT INTO rulebook_confirmation (rule, fingerprint, counsel, day, source, recorded_at, recorded_by) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {confirmation.rule, each.fingerprint, confirmation.counsel, confirmation.day, confirmation.source,
       to_millis(confirmation.recorded_at), confirmation.recorded_by}));
  return {};
}

Result<bool> remove_confirmation(db::Transaction& tx, std::string_view rule) {
  return TRY(tx.execute("DELETE FROM rulebook_confirmation WHERE rule = $1", {rule})) > 0;
}

Result<std::vector<OwnRule>> own_rules(db::Transaction& tx) {
  std::vector<OwnRule> out;
  std::optional<Error> damaged;
  TRY(tx.query(
      "SELECT id, jurisdiction, body, recorded_at, recorded_by, ended_at, ended_by FROM rulebook_own_rule ORDER "
      "BY id",
      {}, [&](const db::Row& row) {
        auto body = json::parse(row.text(2));
        OwnRule each;
        if (body) {
          json::Reader reader(*body);
          each.rule = law::read_rule(reader, std::string(row.text(1)));
          if (auto fine = reader.finish(); !fine) body = std::unexpected(fine.error());
        }
        if (!body) damaged = body.error();
        each.recorded_at = from_millis(row.integer(3));
        each.recorded_by = row.text(4);
        if (!row.is_null(5)) each.ended_at = from_millis(row.integer(5));
        each.ended_by = row.text(6);
        out.push_back(std::move(each));
      }));
  // A rule that tightens must not fall away because it can't be read.
  if (damaged) return fail(ErrorKind::internal, "own_rule_damaged", "A stored rule can't be read: " + damaged->detail);
  return out;
}

Result<bool> insert(db::Transaction& tx, const OwnRule& each) {
  return TRY(tx.execute("INSERT INTO rulebook_own_rule (id, jurisdiction, body, recorded_at, recorded_by, ended_by) "
                        "VALUES ($1, $2, $3, $4, $5, '') ON CONFLICT (id) DO NOTHING",
                        {each.rule.id, each.rule.jurisdiction, json::dump(law::to_json(each.rule)),
                         to_millis(each.recorded_at), each.recorded_by})) > 0;
}

Result<bool> end(db::Transaction& tx, std::string_view id, Time now, std::string_view by) {
  return TRY(tx.execute("UPDATE rulebook_own_rule SET ended_at = $2, ended_by = $3 WHERE id = $1 AND ended_at IS NULL",
                        {id, to_millis(now), by})) > 0;
}

}  // namespace store
}  // namespace handschlag::rulebook
