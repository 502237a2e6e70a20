#include "features/identity/digest_store.h"

namespace handschlag::identity::store {
namespace {

KeyRow read_row(const db::Row& row) {
  KeyRow key;
  key.digest = row.blob(0);
  key.identity = row.integer(1);
  key.sealed = row.blob(2);
  return key;
}

}  // namespace

Result<std::vector<DigestLayer>> digest_layers(db::Transaction& tx) {
  std::vector<DigestLayer> out;
  TRY(tx.query("SELECT secret, settled FROM identity_digest ORDER BY layer", {},
               [&](const db::Row& row) { out.push_back({std::string(row.text(0)), row.integer(1) != 0}); }));
  return out;
}

Result<void> add_digest_layer(db::Transaction& tx, std::int64_t layer, std::string_view secret) {
  TRY(tx.execute("INSERT INTO identity_digest (layer, secret, settled) VALUES ($1, $2, 0)", {layer, secret}));
  return {};
}

Result<void> settle_digest_layer(db::Transaction& tx, std::int64_t layer) {
  TRY(tx.execute("UPDATE identity_digest SET settled = 1 WHERE layer = $1", {layer}));
  return {};
}

Result<std::vector<KeyRow>> rows_of(db::Transaction& tx, std::span<const std::string> digests) {
  std::vector<KeyRow> out;
  db::Batch batch(1);
  batch.reserve(digests.size());
  for (const std::string& digest : digests) batch.add({db::BlobView{digest}});
  TRY(tx.query_batch("SELECT digest, identity, sealed FROM identity_key WHERE digest = $1", batch,
                     [&](std::size_t, const db::Row& row) { out.push_back(read_row(row)); }));
  return out;
}

Result<std::vector<KeyRow>> rows_below(db::Transaction& tx, std::int64_t layers, std::int64_t first, std::int64_t end,
                                       std::int64_t limit) {
  std::vector<KeyRow> out;
  TRY(
      tx.query("SELECT digest, identity, sealed FROM identity_key "
               "WHERE identity >= $1 AND identity < $2 AND layers < $3 ORDER BY identity LIMIT $4",
               {first, end, layers, limit}, [&](const db::Row& row) { out.push_back(read_row(row)); }));
  return out;
}

Result<void> lift_keys(db::Transaction& tx, std::span<const LiftedKey> keys, std::int64_t layers) {
  db::Batch batch(5);
  batch.reserve(keys.size());
  for (const LiftedKey& key : keys) {
    batch.add({db::BlobView{key.digest}, db::BlobView{key.sealed}, layers, db::BlobView{key.former}, key.identity});
  }
  TRY(
      tx.execute_batch("UPDATE identity_key SET digest = $1, "
                       "sealed = CASE WHEN length(sealed) = 0 THEN sealed ELSE $2 END, layers = $3 "
                       "WHERE digest = $4 AND identity = $5",
                       batch));
  return {};
}

}  // namespace handschlag::identity::store
