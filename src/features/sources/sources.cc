#include "features/sources/sources.h"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <unordered_map>

#include "embedded/migrations.h"
#include "features/sources/codec.h"
#include "features/sources/store.h"
#include "platform/crypto/crypto.h"
#include "platform/log/log.h"

namespace handschlag::sources {
namespace {

constexpr std::string_view kKeyPrefix = "hsw_";
constexpr std::size_t kKeyBits = 192;
constexpr std::size_t kBuckets = 100'000;  // more sources than this share none, and some start afresh now and then
constexpr std::size_t kKeyBytes = 4 + 32;  // the prefix and 192 bits in base64url

std::unexpected<Error> unknown(std::string_view id) {
  return fail(ErrorKind::not_found, "source_unknown", fmt::format("There is no source '{}'; list the sources.", id));
}

// All sources as they were at one revision; never changed once it is shared.
struct Registry {
  struct Key {
    SourcePointer source;
    std::optional<Time> valid_until;
  };
  std::int64_t revision = 0;
  std::vector<SourcePointer> sources;         // by number
  std::unordered_map<std::string, Key> keys;  // by digest

  explicit Registry(store::Everything all) : revision(all.revision) {
    std::unordered_map<std::int64_t, SourcePointer> by_number;
    for (Source& source : all.sources) {
      sources.push_back(std::make_shared<const Source>(std::move(source)));
      by_number.emplace(sources.back()->number.value, sources.back());
    }
    for (store::Key& key : all.keys) {
      auto source = by_number.find(key.number.value);
      if (source != by_number.end()) keys.emplace(std::move(key.digest), Key{source->second, key.valid_until});
    }
  }

  SourcePointer find(std::string_view id) const {
    for (const SourcePointer& source : sources) {
      if (source->id == id) return source;
    }
    return nullptr;
  }
  SourcePointer find(Id<Source> number) const {
    for (const SourcePointer& source : sources) {
      if (source->number == number) return source;
    }
    return nullptr;
  }
};

using RegistryPointer = std::shared_ptr<const Registry>;

class SourcesService final : public Sources {
 public:
  SourcesService(db::Database& control, const Clock& clock) : control_(control), clock_(clock) {}

  Result<void> reload();

  Result<Added> add(Source source, const Companion& companion) override;
  std::vector<SourcePointer> list() const override { return current()->sources; }
  SourcePointer find(std::string_view id) const override { return current()->find(id); }
  SourcePointer find(Id<Source> number) const override;
  SourcePointer by_write_key(std::string_view write_key) const override;
  Result<Added> rotate_key(std::string_view id, std::chrono::seconds overlap, const Companion& companion) override;
  Result<SourcePointer> set_enabled(std::string_view id, bool enabled, const Companion& companion) override;
  Result<SourcePointer> set_plan(std::string_view id, Plan plan, const Companion& companion) override;
  Result<SourcePointer> set_consent_categories(std::string_view id, ConsentCategories categories,
                                               const Companion& companion) override;
  Result<SourcePointer> set_quota(std::string_view id, http::Rate quota, const Companion& companion) override;
  Result<SourcePointer> set_unit(std::string_view id, std::string_view unit, const Companion& companion) override;
  Result<void> admit(const Source& source) override;
  void charge(const Source& source, std::size_t events) override;
  void set_usual_quota(http::Rate quota) override {
    std::lock_guard lock(mutex_);
    usual_quota_ = quota;
  }

 private:
  using Change = std::function<Result<void>(db::Transaction&)>;
  using Edit = std::function<void(Source&)>;

  http::Rate quota_of(const Source& source) const;
  RegistryPointer installed() const;
  RegistryPointer current() const;
  void refresh() const;
  void install(RegistryPointer registry) const;
  Result<void> change(const Change& body);
  Result<SourcePointer> edit(std::string_view id, const Edit& edit, const Companion& companion);

  db::Database& control_;
  const Clock& clock_;
  // What is kept in memory is a cache: reading may renew it.
  mutable std::mutex mutex_;
  mutable RegistryPointer registry_;
  mutable std::atomic<std::int64_t> checked_at_millis_{0};
  http::Rate usual_quota_;
  http::Buckets buckets_{kBuckets};
};

RegistryPointer SourcesService::installed() const {
  std::lock_guard lock(mutex_);
  return registry_;
}

// A registry that was read before another was installed must not take its place.
void SourcesService::install(RegistryPointer registry) const {
  std::lock_guard lock(mutex_);
  if (!registry_ || registry_->revision <= registry->revision) registry_ = std::move(registry);
}

Result<void> SourcesService::reload() {
  RegistryPointer loaded;
  TRY(control_.read([&](db::Transaction& transaction) -> Result<void> {
    loaded = std::make_shared<const Registry>(TRY(store::load(transaction)));
    return {};
  }));
  install(std::move(loaded));
  checked_at_millis_ = to_millis(clock_.now());
  return {};
}

// Whoever comes first after kRefreshEvery looks whether another node has changed something; the others go on with what
// there is. A clock that was set back counts as time gone by.
RegistryPointer SourcesService::current() const {
  const std::int64_t now = to_millis(clock_.now());
  std::int64_t checked_at = checked_at_millis_.load(std::memory_order_relaxed);
  const bool due = now < checked_at || now - checked_at >= std::chrono::milliseconds(kRefreshEvery).count();
  if (due && checked_at_millis_.compare_exchange_strong(checked_at, now)) refresh();
  return installed();
}

void SourcesService::refresh() const {
  const std::int64_t known = installed()->revision;
  RegistryPointer loaded;
  auto read = control_.read([&](db::Transaction& transaction) -> Result<void> {
    if (TRY(store::revision(transaction)) == known) return {};
    loaded = std::make_shared<const Registry>(TRY(store::load(transaction)));
    return {};
  });
  if (!read) log::warning("sources not refreshed", {{"code", std::string_view(read.error().code)}});
  if (loaded) install(std::move(loaded));
}

// One change: everything is read again inside its transaction, so that what is installed is what was committed.
Result<void> SourcesService::change(const Change& body) {
  RegistryPointer changed;
  TRY(control_.write([&](db::Transaction& transaction) -> Result<void> {
    TRY(store::raise_revision(transaction));
    TRY(body(transaction));
    changed = std::make_shared<const Registry>(TRY(store::load(transaction)));
    return {};
  }));
  install(std::move(changed));
  return {};
}

std::string new_key() {
  return std::string(kKeyPrefix) + crypto::random_token(kKeyBits);
}

Result<Sources::Added> SourcesService::add(Source source, const Companion& companion) {
  if (source.name.empty()) source.name = source.id;
  if (source.name_space.empty()) source.name_space = source.id;
  if (source.controller.empty()) source.controller = kOwnController;
  if (auto errors = errors_in(source); !errors.empty()) return invalid_fields(std::move(errors));
  source.created_at = clock_.now();
  source.key_created_at = source.created_at;
  const std::string key = new_key();
  auto added = change([&](db::Transaction& transaction) -> Result<void> {
    TRY(store::insert_source(transaction, source));
    TRY(store::insert_key(transaction, source.number, crypto::digest(key), source.created_at));
    return companion ? companion(transaction, source) : Result<void>{};
  });
  if (!added && added.error().code == "unique") {
    return fail(ErrorKind::conflict, "source_exists",
                fmt::format("There is a source '{}' already; choose another id, or rotate its key.", source.id));
  }
  TRY(added);
  return Added{find(source.number), key};
}

SourcePointer SourcesService::find(Id<Source> number) const {
  if (SourcePointer source = current()->find(number)) return source;
  // Numbers stand with what is stored: one that is not known here was added by another node a moment ago.
  refresh();
  return installed()->find(number);
}

SourcePointer SourcesService::by_write_key(std::string_view write_key) const {
  if (write_key.size() != kKeyBytes || !write_key.starts_with(kKeyPrefix)) return nullptr;
  const RegistryPointer registry = current();
  // Digests of random keys: how far a comparison got tells nothing about another key.
  auto found = registry->keys.find(crypto::digest(write_key));
  if (found == registry->keys.end()) return nullptr;
  const auto& [source, valid_until] = found->second;
  return valid_until && *valid_until <= clock_.now() ? nullptr : source;
}

Result<Sources::Added> SourcesService::rotate_key(std::string_view id, std::chrono::seconds overlap,
                                                  const Companion& companion) {
  const std::string key = new_key();
  const Time now = clock_.now();
  TRY(change([&](db::Transaction& transaction) -> Result<void> {
    auto source = TRY(store::find_source(transaction, id));
    if (!source) return unknown(id);
    TRY(store::end_keys(transaction, source->number, now + overlap, now));
    TRY(store::insert_key(transaction, source->number, crypto::digest(key), now));
    return companion ? companion(transaction, *source) : Result<void>{};
  }));
  return Added{find(id), key};
}

Result<SourcePointer> SourcesService::edit(std::string_view id, const Edit& edit, const Companion& companion) {
  TRY(change([&](db::Transaction& transaction) -> Result<void> {
    auto source = TRY(store::find_source(transaction, id));
    if (!source) return unknown(id);
    if (companion) TRY(companion(transaction, *source));
    edit(*source);
    return store::update_source(transaction, *source);
  }));
  return find(id);
}

Result<SourcePointer> SourcesService::set_enabled(std::string_view id, bool enabled, const Companion& companion) {
  return edit(id, [enabled](Source& source) { source.enabled = enabled; }, companion);
}

Result<SourcePointer> SourcesService::set_plan(std::string_view id, Plan plan, const Companion& companion) {
  TRY(decode_plan(to_json(plan), ""));  // a plan that came past parse_plan() keeps to its limits too
  return edit(id, [&plan](Source& source) { source.plan = plan; }, companion);
}

Result<SourcePointer> SourcesService::set_consent_categories(std::string_view id, ConsentCategories categories,
                                                             const Companion& companion) {
  TRY(decode_consent_categories(to_json(categories), ""));
  return edit(id, [&categories](Source& source) { source.consent_categories = categories; }, companion);
}

Result<SourcePointer> SourcesService::set_quota(std::string_view id, http::Rate quota, const Companion& companion) {
  if (auto errors = errors_in(quota, ""); !errors.empty()) return invalid_fields(std::move(errors));
  return edit(id, [quota](Source& source) { source.quota = quota; }, companion);
}

Result<SourcePointer> SourcesService::set_unit(std::string_view id, std::string_view unit, const Companion& companion) {
  if (!staff::is_unit(unit)) return invalid_fields({{"/unit", std::string(staff::unit_form())}});
  return edit(id, [unit](Source& source) { source.unit = unit; }, companion);
}

http::Rate SourcesService::quota_of(const Source& source) const {
  if (source.quota.per_second > 0) return source.quota;
  std::lock_guard lock(mutex_);
  return usual_quota_;
}

Result<void> SourcesService::admit(const Source& source) {
  const auto wait = buckets_.take(source.id, quota_of(source), 0, std::chrono::steady_clock::now());
  if (!wait) return {};
  return http::over_rate("source_over_quota", "This source has sent more than its quota; send the rest later.", *wait);
}

void SourcesService::charge(const Source& source, std::size_t events) {
  buckets_.charge(source.id, quota_of(source), static_cast<std::int64_t>(events), std::chrono::steady_clock::now());
}

}  // namespace

gate::PurposeSet Source::purpose_set() const {
  gate::PurposeSet set;
  for (const gate::DeclaredPurpose& declared : purposes) set.add(declared.purpose);
  return set;
}

std::set<std::int64_t> numbers_within(const Sources& sources, std::string_view unit) {
  std::set<std::int64_t> out;
  for (const SourcePointer& source : sources.list()) {
    if (staff::is_within(source->unit, unit)) out.insert(source->number.value);
  }
  return out;
}

SourcePointer find_within(const Sources& sources, std::string_view unit, std::string_view id) {
  SourcePointer source = sources.find(id);
  return source && staff::is_within(source->unit, unit) ? source : nullptr;
}

std::string_view name_of(Trust trust) {
  return trust == Trust::server ? "server" : "public";
}

std::optional<Trust> find_trust(std::string_view name) {
  if (name == "server") return Trust::server;
  return name == "public" ? std::optional(Trust::public_) : std::nullopt;
}

std::string Source::id_space() const {
  return mode == Mode::live ? name_space : "test:" + name_space;
}

std::string Source::address_space() const {
  return mode == Mode::live ? controller : "test:" + controller;
}

std::string_view name_of(Mode mode) {
  return mode == Mode::live ? "live" : "test";
}

std::optional<Mode> find_mode(std::string_view name) {
  if (name == "live") return Mode::live;
  return name == "test" ? std::optional(Mode::test) : std::nullopt;
}

Result<Plan> parse_plan(const std::string& json_text) {
  return decode_plan(TRY(json::parse(json_text)), "");
}

std::span<const db::Migration> migrations() {
  return embedded::sources_migrations;
}

Result<std::unique_ptr<Sources>> Sources::open(db::Database& control, const Clock& clock) {
  auto sources = std::make_unique<SourcesService>(control, clock);
  TRY(sources->reload());
  return sources;
}

}  // namespace handschlag::sources
