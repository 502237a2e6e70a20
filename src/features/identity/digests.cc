// The rotation of the digest key.
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "features/identity/digest_store.h"
#include "features/identity/identity.h"
#include "features/identity/recorder.h"
#include "platform/db/pace.h"
#include "platform/jobs/jobs.h"

namespace handschlag::identity {
namespace {

// Between two steps that changed something, for those who wait for the writer.
constexpr std::chrono::milliseconds kPause{5};

std::unexpected<Error> running() {
  return fail(ErrorKind::conflict, "rotation_running",
              "The digest key of this region is being rotated already; wait until that is done.");
}

Result<void> check_may_begin(const std::vector<store::DigestLayer>& layers) {
  if (!layers.back().settled) return running();
  if (layers.size() < Digester::kMostLayers) return {};
  return fail(
      ErrorKind::conflict, "digest_rotated_too_often",
      fmt::format("The digest key of this region was rotated {} times. Each time makes look-ups a little slower "
                  "for good, so this is the end of it.",
                  layers.size() - 1));
}

// Brings keys up that lie in the way of the rotation.
class KeyDigests final : public DigestHolder {
 public:
  explicit KeyDigests(vault::Vault& vault) : vault_(vault) {}

  Result<Step> lift(db::Transaction& tx, const Digester& digester, std::int64_t first, std::int64_t limit) override {
    auto layers = static_cast<std::int64_t>(digester.layers());
    Step step{first + limit, 0};
    auto rows = TRY(store::rows_below(tx, layers, first, step.next, limit));
    step.rows = static_cast<std::int64_t>(rows.size());
    if (step.rows == limit) step.next = rows.back().identity;  // which may have more
    TRY(lift_rows(tx, vault_, digester, rows));
    return step;
  }

 private:
  vault::Vault& vault_;
};

}  // namespace

Result<void> lift_rows(db::Transaction& tx, vault::Vault& vault, const Digester& digester,
                       std::span<const store::KeyRow> rows) {
  if (rows.empty()) return {};
  std::vector<IdentityId> ids;
  ids.reserve(rows.size());
  for (const store::KeyRow& row : rows) ids.push_back({row.identity});
  auto keys = TRY(vault.find(ids, vault::RetentionClass::ordinary));
  std::vector<store::LiftedKey> lifted;
  lifted.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    store::LiftedKey row{rows[i].digest, rows[i].identity, digester.lift(rows[i].digest), rows[i].sealed};
    if (keys[i] && !row.sealed.empty()) {  // of somebody erased nothing can be opened, and nothing needs to be
      std::string value = TRY(crypto::open(*keys[i], row.sealed, key_context(ids[i], row.former)));
      row.sealed = crypto::seal(*keys[i], value, key_context(ids[i], row.digest));
    }
    lifted.push_back(std::move(row));
  }
  return store::lift_keys(tx, lifted, static_cast<std::int64_t>(digester.layers()));
}

Result<std::shared_ptr<const Digester>> Identities::digester(db::Transaction& tx) {
  auto layers = TRY(store::digest_layers(tx));
  std::string names;
  std::size_t settled = 0;
  for (const store::DigestLayer& layer : layers) {
    names += layer.secret + (layer.settled ? "|" : "?");
    if (layer.settled) ++settled;
  }
  {
    std::lock_guard lock(digester_mutex_);
    if (digester_ && digester_names_ == names) return digester_;
  }
  std::vector<crypto::Key> keys;
  for (const store::DigestLayer& layer : layers) {
    auto key = TRY(vault_.find_secret(layer.secret));
    if (!key) {
      return fail(ErrorKind::unavailable, "digest_key_missing",
                  "The vault of this region lacks a key of its look-ups: it is older than the data. Restore both from "
                  "the same backup.");
    }
    keys.push_back(*key);
  }
  auto digester = std::make_shared<const Digester>(std::move(keys), settled);
  std::lock_guard lock(digester_mutex_);
  digester_ = digester;
  digester_names_ = std::move(names);
  return digester;
}

DigestRotation::DigestRotation(Identities& identities, db::Database& data, db::Writer& writer,
                               std::vector<DigestHolder*> holders, db::Writer::Body hold_order)
    : identities_(identities),
      data_(data),
      writer_(writer),
      holders_(std::move(holders)),
      hold_order_(std::move(hold_order)),
      keys_(std::make_unique<KeyDigests>(identities.vault())) {
  holders_.push_back(keys_.get());
}

Result<void> DigestRotation::begin() {
  TRY(data_.read([](db::Transaction& tx) -> Result<void> { return check_may_begin(TRY(store::digest_layers(tx))); }));
  // In the vault, durably, before anything is stored under it. A name of its own each time: a key of an attempt that
  // came to nothing, or of data that a backup took the place of, is never used again.
  std::string name = "digest:" + crypto::to_hex(crypto::random_bytes(8));
  TRY(identities_.vault().secret(name));
  return writer_.run([&](db::Transaction& tx) -> Result<void> {
    TRY(hold_order_(tx));
    auto layers = TRY(store::digest_layers(tx));
    TRY(check_may_begin(layers));
    return store::add_digest_layer(tx, static_cast<std::int64_t>(layers.size()) + 1, name);
  });
}

Result<bool> DigestRotation::running() {
  bool running = false;
  TRY(data_.read([&](db::Transaction& tx) -> Result<void> {
    running = !TRY(store::digest_layers(tx)).back().settled;
    return {};
  }));
  return running;
}

Result<void> DigestRotation::finish(const std::function<bool()>& should_stop) {
  std::size_t layers = 0;
  bool settled = true;
  TRY(data_.read([&](db::Transaction& tx) -> Result<void> {
    auto all = TRY(store::digest_layers(tx));
    layers = all.size();
    settled = all.back().settled;
    return {};
  }));
  if (settled) return {};
  // Since the rotation began nothing is written under the former digests, so a pass that finds nothing is the last one.
  for (DigestHolder* holder : holders_) {
    while (TRY(pass(*holder, layers, should_stop)) > 0) {
    }
  }
  return writer_.run(
      [&](db::Transaction& tx) { return store::settle_digest_layer(tx, static_cast<std::int64_t>(layers)); });
}

// Answers how many rows were brought up.
Result<std::int64_t> DigestRotation::pass(DigestHolder& holder, std::size_t layers,
                                          const std::function<bool()>& should_stop) {
  std::int64_t last = 0;
  TRY(data_.read([&](db::Transaction& tx) -> Result<void> {
    last = TRY(last_id(tx));
    return {};
  }));
  std::int64_t rows = 0;
  db::Pace pace;
  // From 0 on: under that number stands what was said for an address that nobody is known by.
  for (std::int64_t first = 0; first <= last;) {
    if (should_stop()) return jobs::Lease::interrupted();
    DigestHolder::Step step;
    std::chrono::steady_clock::duration took{};
    TRY(writer_.run([&](db::Transaction& tx) -> Result<void> {
      step = {last + 1, 0};
      auto began = std::chrono::steady_clock::now();
      auto digester = TRY(identities_.digester(tx));
      // Another runner may have finished it, and somebody begun the next one.
      if (!digester->rotating() || digester->layers() != layers) return {};
      step = TRY(holder.lift(tx, *digester, first, pace.limit()));
      took = std::chrono::steady_clock::now() - began;
      return {};
    }));
    pace.took(took);
    first = step.next;
    rows += step.rows;
    if (step.rows > 0) std::this_thread::sleep_for(kPause);
  }
  return rows;
}

}  // namespace handschlag::identity
