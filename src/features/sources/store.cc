#include "features/sources/store.h"

#include <fmt/format.h>

#include "features/sources/codec.h"
#include "platform/json/json.h"

namespace handschlag::sources::store {
namespace {

// The newest key is the one in use.
constexpr std::string_view kSelectSource =
    "SELECT number, id, name, touchpoint, name_space, controller, country, trust, mode, enabled, purposes, "
    "consent_categories, plan, cors_origins, created_at, events_per_second, event_burst, "
    "(SELECT max(key.created_at) FROM sources_key key WHERE key.number = sources_source.number), unit, for_children, "
    "data_categories FROM sources_source";

// The plan's column keeps the name that the API had at first, so that an older binary reads it too.
std::string stored(const Plan& plan) {
  json::Value value = to_json(plan);
  value["unlinkedProperties"] = std::move(value["unlinked_properties"]);
  value.erase("unlinked_properties");
  return json::dump(value);
}

Result<Plan> plan_of(std::string_view text) {
  json::Value value = TRY(json::parse(text));
  if (value.is_object() && value.contains("unlinkedProperties")) {
    value["unlinked_properties"] = std::move(value["unlinkedProperties"]);
    value.erase("unlinkedProperties");
  }
  return decode_plan(value, "/plan");
}

Result<Source> source_of(const db::Row& row) {
  Source source{.number = {row.integer(0)},
                .id = std::string(row.text(1)),
                .name = std::string(row.text(2)),
                .touchpoint = std::string(row.text(3)),
                .name_space = std::string(row.text(4)),
                .controller = std::string(row.text(5)),
                .country = std::string(row.text(6)),
                .trust = find_trust(row.text(7)).value_or(Trust::public_),
                .mode = find_mode(row.text(8)).value_or(Mode::test),
                .enabled = row.integer(9) != 0};
  source.purposes = TRY(decode_purposes(TRY(json::parse(row.text(10))), "/purposes"));
  source.consent_categories = TRY(decode_consent_categories(TRY(json::parse(row.text(11))), "/consentCategories"));
  source.plan = TRY(plan_of(row.text(12)));
  source.cors_origins = TRY(decode_origins(TRY(json::parse(row.text(13))), "/corsOrigins"));
  source.created_at = from_millis(row.integer(14));
  source.quota = {.per_second = row.integer(15), .burst = row.integer(16)};
  source.key_created_at = from_millis(row.integer(17));
  source.unit = row.text(18);
  source.for_children = row.integer(19) != 0;
  source.data_categories = static_cast<std::uint32_t>(row.integer(20));
  return source;
}

std::unexpected<Error> damaged(const Error& error) {
  return fail(ErrorKind::internal, "source_damaged", "A stored source can't be read: " + error.detail);
}

}  // namespace

Result<std::int64_t> revision(db::Transaction& transaction) {
  std::int64_t revision = 0;
  TRY(transaction.query("SELECT revision FROM sources_head WHERE id = 1", {},
                        [&](const db::Row& row) { revision = row.integer(0); }));
  return revision;
}

Result<void> raise_revision(db::Transaction& transaction) {
  TRY(transaction.execute("UPDATE sources_head SET revision = revision + 1 WHERE id = 1", {}));
  return {};
}

Result<Everything> load(db::Transaction& transaction) {
  Everything all{.revision = TRY(revision(transaction)), .sources = {}, .keys = {}};
  std::optional<Error> error;
  TRY(transaction.query(fmt::format("{} ORDER BY number", kSelectSource), {}, [&](const db::Row& row) {
    auto source = source_of(row);
    if (source) all.sources.push_back(*std::move(source));
    if (!source) error = source.error();
  }));
  if (error) return damaged(*error);
  TRY(transaction.query("SELECT digest, number, valid_until FROM sources_key", {}, [&](const db::Row& row) {
    Key key{.digest = std::string(row.blob(0)), .number = {row.integer(1)}, .valid_until = {}};
    if (!row.is_null(2)) key.valid_until = from_millis(row.integer(2));
    all.keys.push_back(std::move(key));
  }));
  return all;
}

Result<void> insert_source(db::Transaction& transaction, Source& source) {
  TRY(transaction.query("UPDATE sources_head SET last_number = last_number + 1 WHERE id = 1 RETURNING last_number", {},
                        [&](const db::Row& row) { source.number = {row.integer(0)}; }));
  const std::string purposes = json::dump(to_json(source.purposes));
  const std::string categories = json::dump(to_json(source.consent_categories));
  const std::string plan = stored(source.plan);
  const std::string origins = json::dump(json::Value(source.cors_origins));
  TRY(transaction.execute(
      "INSERT INTO sources_source (number, id, name, touchpoint, name_space, controller, country, trust, mode, "
      "enabled, purposes, consent_categories, plan, cors_origins, created_at, events_per_second, event_burst, "
      "unit, for_children, data_categories) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, "
      "$16, $17, $18, $19, $20)",
      {source.number.value,
       source.id,
       source.name,
       source.touchpoint,
       source.name_space,
       source.controller,
       source.country,
       name_of(source.trust),
       name_of(source.mode),
       std::int64_t{source.enabled},
       purposes,
       categories,
       plan,
       origins,
       to_millis(source.created_at),
       source.quota.per_second,
       source.quota.burst,
       source.unit,
       std::int64_t{source.for_children},
       std::int64_t{source.data_categories}}));
  return {};
}

Result<std::optional<Source>> find_source(db::Transaction& transaction, std::string_view id) {
  std::optional<Result<Source>> found;
  TRY(transaction.query(fmt::format("{} WHERE id = $1", kSelectSource), {id},
                        [&](const db::Row& row) { found = source_of(row); }));
  if (!found) return std::optional<Source>{};
  if (!*found) return damaged(found->error());
  return std::optional<Source>(**std::move(found));
}

Result<void> update_source(db::Transaction& transaction, const Source& source) {
  const std::string categories = json::dump(to_json(source.consent_categories));
  const std::string plan = stored(source.plan);
  TRY(transaction.execute(
      "UPDATE sources_source SET enabled = $2, consent_categories = $3, plan = $4, events_per_second = $5, "
      "event_burst = $6, unit = $7 WHERE number = $1",
      {source.number.value, std::int64_t{source.enabled}, categories, plan, source.quota.per_second, source.quota.burst,
       source.unit}));
  return {};
}

Result<void> insert_key(db::Transaction& transaction, Id<Source> number, std::string_view digest, Time created_at) {
  TRY(transaction.execute("INSERT INTO sources_key (digest, number, created_at) VALUES ($1, $2, $3)",
                          {db::BlobView{digest}, number.value, to_millis(created_at)}));
  return {};
}

Result<void> end_keys(db::Transaction& transaction, Id<Source> number, Time valid_until, Time now) {
  TRY(transaction.execute("DELETE FROM sources_key WHERE number = $1 AND valid_until <= $2",
                          {number.value, to_millis(now)}));
  TRY(transaction.execute(
      "UPDATE sources_key SET valid_until = $2 WHERE number = $1 AND (valid_until IS NULL OR valid_until > $2)",
      {number.value, to_millis(valid_until)}));
  return {};
}

}  // namespace handschlag::sources::store
