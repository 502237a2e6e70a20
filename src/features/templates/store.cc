#include "features/templates/store.h"

#include "embedded/migrations.h"
#include "features/templates/codec.h"

namespace handschlag::templates {

std::span<const db::Migration> migrations() {
  return embedded::templates_migrations;
}

namespace store {
namespace {

Template read(const db::Row& row) {
  Template one;
  one.id = row.text(0);
  one.version = row.integer(1);
  one.purpose = gate::find_purpose(row.text(2)).value_or(gate::Purpose::DirectMarketing);
  one.parameters = parameters_from_text(row.text(3));
  one.texts = texts_from_text(row.text(4));
  one.published_at = from_millis(row.integer(5));
  one.published_by = row.text(6);
  return one;
}

}  // namespace

Result<void> insert(db::Transaction& tx, const Template& one) {
  const std::string parameters = to_text(one.parameters);
  const std::string texts = to_text(one.texts);
  TRY(
      tx.execute("INSERT INTO templates_template (id, version, purpose, parameters, texts, published_at, published_by) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                 {one.id, one.version, gate::info(one.purpose).name, parameters, texts, to_millis(one.published_at),
                  one.published_by}));
  return {};
}

Result<std::optional<Template>> find(db::Transaction& tx, std::string_view id, std::int64_t version) {
  std::optional<Template> out;
  TRY(
      tx.query("SELECT id, version, purpose, parameters, texts, published_at, published_by FROM templates_template "
               "WHERE id = $1 AND (version = $2 OR $2 = 0) ORDER BY version DESC LIMIT 1",
               {id, version}, [&](const db::Row& row) { out = read(row); }));
  return out;
}

Result<std::vector<Template>> newest(db::Transaction& tx) {
  std::vector<Template> out;
  TRY(
      tx.query("SELECT id, version, purpose, parameters, texts, published_at, published_by FROM templates_template "
               "ORDER BY id, version DESC",
               {}, [&](const db::Row& row) {
                 if (out.empty() || out.back().id != row.text(0)) out.push_back(read(row));
               }));
  return out;
}

}  // namespace store
}  // namespace handschlag::templates
