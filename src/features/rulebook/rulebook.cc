#include "features/rulebook/rulebook.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>

#include "features/law/document.h"
#include "features/rulebook/store.h"
#include "platform/crypto/crypto.h"
#include "platform/log/log.h"

namespace handschlag::rulebook {
namespace {

constexpr std::chrono::seconds kRefreshEvery{1};
constexpr std::size_t kLongestText = 500;

using SetPointer = std::shared_ptr<const law::RuleSet>;

// What the rule said when counsel looked at it.
std::string fingerprint_of(const law::Rule& rule) {
  json::Value body = law::to_json(rule);
  body.erase("status");
  return crypto::to_hex(crypto::sha256(json::dump(body)));
}

std::optional<std::string> shipped_fingerprint(std::string_view id) {
  const law::Rule* rule = law::built_in()->find(id);
  return rule == nullptr ? std::nullopt : std::optional(fingerprint_of(*rule));
}

struct Book {
  std::int64_t revision = 0;
  SetPointer set;
};

Result<SetPointer> compile(std::span<const std::string> confirmed, std::vector<law::Rule> own) {
  if (confirmed.empty() && own.empty()) return law::built_in();
  return law::RuleSet::compile(TRY(law::shipped()), std::move(own), confirmed);
}

// Every norm of every country on a day that is another one, leaving out in what only the rules' numbers differ.
std::vector<Change> differences(const law::RuleSet& before, const law::RuleSet& after, law::Day day) {
  auto same = [](const law::Norm& a, const law::Norm& b) {
    auto ways = [](const law::Norm& norm) {
      std::vector<std::tuple<std::string_view, law::Needs, float>> out;
      for (std::size_t i = 0; i < norm.exceptions; ++i) {
        out.emplace_back(norm.ways[i].name, norm.ways[i].needs, norm.ways[i].since_sale_days);
      }
      return out;
    };
    return std::tie(a.requirement, a.needs, a.duties, a.years, a.term, a.extension, a.from_each_use, a.quiet_from,
                    a.quiet_until) == std::tie(b.requirement, b.needs, b.duties, b.years, b.term, b.extension,
                                               b.from_each_use, b.quiet_from, b.quiet_until) &&
           ways(a) == ways(b);
  };
  std::vector<Change> out;
  for (const law::Jurisdiction& each : after.jurisdictions()) {
    if (each.group) continue;
    for (std::size_t t = 0; t < law::kTopics; ++t) {
      const auto topic = static_cast<law::Topic>(t);
      for (std::size_t c = 0; c < law::kChannels; ++c) {
        const auto channel = static_cast<law::Channel>(c);
        if ((channel != law::Channel::none) != law::has_channels(topic)) continue;
        const law::Norm& old_norm = before.norm(each.code, topic, channel, day);
        const law::Norm& new_norm = after.norm(each.code, topic, channel, day);
        if (!same(old_norm, new_norm)) out.push_back({each.code, topic, channel, old_norm, new_norm});
      }
    }
  }
  return out;
}

class RulebookImpl final : public Rulebook {
 public:
  RulebookImpl(db::Database& control, staff::Staff& staff, const Clock& clock)
      : control_(control), staff_(staff), clock_(clock) {}

  Result<void> load() {
    Book book;
    TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
      book = TRY(read(tx));
      return store::keep(tx, *book.set, clock_.now());
    }));
    install(std::move(book));
    return {};
  }

  SetPointer current() const override {
    const std::int64_t now = to_millis(clock_.now());
    std::int64_t checked_at = checked_at_.load(std::memory_order_relaxed);
    const bool due = now < checked_at || now - checked_at >= std::chrono::milliseconds(kRefreshEvery).count();
    if (due && checked_at_.compare_exchange_strong(checked_at, now)) refresh();
    std::lock_guard lock(mutex_);
    return book_.set;
  }

  Result<SetPointer> find(std::uint64_t number) override {
    SetPointer set = current();
    if (set->number() == number) return set;
    {
      std::lock_guard lock(mutex_);
      if (former_ && former_->number() == number) return former_;
    }
    std::optional<std::string> body;
    TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
      body = TRY(store::body(tx, number));
      return {};
    }));
    if (!body) {
      return fail(ErrorKind::not_found, "rule_set_unknown",
                  "No such rule set was ever in force here; list them with GET /api/v1/law/rule-sets.");
    }
    set = TRY(law::read_rule_set(*body));
    std::lock_guard lock(mutex_);
    former_ = set;
    return set;
  }

  Result<std::vector<Kept>> kept() override {
    return reading<std::vector<Kept>>([](db::Transaction& tx) { return store::kept(tx); });
  }

  Result<std::vector<Confirmation>> confirmations() override {
    auto stored = TRY(
        reading<std::vector<store::StoredConfirmation>>([](db::Transaction& tx) { return store::confirmations(tx); }));
    std::vector<Confirmation> out;
    for (auto& each : stored) {
      each.confirmation.holds = shipped_fingerprint(each.confirmation.rule) == each.fingerprint;
      out.push_back(std::move(each.confirmation));
    }
    return out;
  }

  Result<void> confirm(const staff::Actor& actor, Confirmation confirmation) override {
    TRY(check(confirmation));
    store::StoredConfirmation stored;
    stored.fingerprint = *shipped_fingerprint(confirmation.rule);
    confirmation.recorded_at = clock_.now();
    confirmation.recorded_by = actor.principal;
    stored.confirmation = std::move(confirmation);
    return change(actor, "confirmRule", "rule:" + stored.confirmation.rule,
                  [&](db::Transaction& tx) { return store::put(tx, stored); });
  }

  Result<void> withdraw(const staff::Actor& actor, std::string_view rule) override {
    return change(
        actor, "withdrawConfirmation", fmt::format("rule:{}", rule), [&](db::Transaction& tx) -> Result<void> {
          if (TRY(store::remove_confirmation(tx, rule))) return {};
          return fail(ErrorKind::not_found, "confirmation_unknown", fmt::format("{} was not confirmed here.", rule));
        });
  }

  Result<std::vector<OwnRule>> own_rules() override {
    return reading<std::vector<OwnRule>>([](db::Transaction& tx) { return store::own_rules(tx); });
  }

  Result<void> add(const staff::Actor& actor, law::Rule rule) override {
    OwnRule own{std::move(rule), clock_.now(), actor.principal, std::nullopt, {}};
    const std::string id = own.rule.id;
    return change(actor, "addOwnRule", "rule:" + id, [&](db::Transaction& tx) -> Result<void> {
      if (TRY(store::insert(tx, own))) return {};
      return fail(ErrorKind::conflict, "own_rule_exists",
                  fmt::format("There is, or was, a rule {}; choose another id.", id));
    });
  }

  Result<void> end(const staff::Actor& actor, std::string_view id) override {
    return change(actor, "endOwnRule", fmt::format("rule:{}", id), [&](db::Transaction& tx) -> Result<void> {
      if (TRY(store::end(tx, id, clock_.now(), actor.principal))) return {};
      return fail(ErrorKind::not_found, "rule_unknown", fmt::format("No rule {} of your own is in force.", id));
    });
  }

  Result<SetPointer> would_be(const Draft& draft) override {
    if (draft.confirm.empty() && !draft.rule) return current();
    if (!draft.confirm.empty()) TRY(check_unverified(draft.confirm));
    Additions added = TRY(reading<Additions>([](db::Transaction& tx) { return additions(tx); }));
    if (!draft.confirm.empty()) added.first.push_back(draft.confirm);
    if (draft.rule) added.second.push_back(*draft.rule);
    return compile(added.first, std::move(added.second));
  }

  Result<std::vector<Change>> preview(const Draft& draft) override {
    const SetPointer before = current();
    const SetPointer after = TRY(would_be(draft));
    return differences(*before, *after, draft.day);
  }

 private:
  template <class Value, class Read>
  Result<Value> reading(Read read_value) {
    Value out;
    TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(read_value(tx));
      return {};
    }));
    return out;
  }

  static Result<void> check_unverified(std::string_view id) {
    const law::Rule* rule = law::built_in()->find(id);
    if (rule == nullptr) {
      return fail(ErrorKind::not_found, "rule_unknown", fmt::format("There is no rule {}; list them by country.", id));
    }
    if (rule->status == law::Status::unverified) return {};
    return fail(ErrorKind::conflict, "rule_not_unverified",
                fmt::format("{} is {} already and needs no confirmation.", id, name_of(rule->status)));
  }

  Result<void> check(const Confirmation& confirmation) const {
    TRY(check_unverified(confirmation.rule));
    std::vector<FieldError> errors;
    auto demand = [&](const char* pointer, const std::string& text) {
      if (text.empty() || text.size() > kLongestText) {
        errors.push_back({pointer, fmt::format("must have 1 to {} bytes", kLongestText)});
      }
    };
    demand("/counsel", confirmation.counsel);
    demand("/source", confirmation.source);
    auto day = law::parse_day(confirmation.day);
    if (!day) {
      errors.push_back({"/day", "must be a day such as 2026-11-22"});
    } else if (*day > law::day_of(clock_.now())) {
      errors.push_back({"/day", "must not be in the future"});
    }
    if (errors.empty()) return {};
    return fail(ErrorKind::invalid, "fields_invalid", "Say who confirmed the rule, when, and what it rests on.",
                std::move(errors));
  }

  Result<Book> read(db::Transaction& tx) const {
    Book book;
    book.revision = TRY(store::revision(tx));
    auto [confirmed, own] = TRY(additions(tx));
    book.set = TRY(compile(confirmed, std::move(own)));
    return book;
  }

  using Additions = std::pair<std::vector<std::string>, std::vector<law::Rule>>;

  static Result<Additions> additions(db::Transaction& tx) {
    Additions out;
    for (const auto& each : TRY(store::confirmations(tx))) {
      if (shipped_fingerprint(each.confirmation.rule) == each.fingerprint) out.first.push_back(each.confirmation.rule);
    }
    for (OwnRule& each : TRY(store::own_rules(tx))) {
      if (!each.ended_at) out.second.push_back(std::move(each.rule));
    }
    return out;
  }

  Result<void> change(const staff::Actor& actor, std::string operation, std::string target,
                      const std::function<Result<void>(db::Transaction&)>& body) {
    Book changed;
    TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
      TRY(store::raise_revision(tx));
      TRY(body(tx));
      changed = TRY(read(tx));
      TRY(store::keep(tx, *changed.set, clock_.now()));
      return staff_.record(tx, {actor.principal, std::move(operation), std::move(target), actor.trace_id});
    }));
    install(std::move(changed));
    return {};
  }

  // Whoever comes first after kRefreshEvery looks whether another node changed something.
  void refresh() const {
    std::int64_t known = 0;
    {
      std::lock_guard lock(mutex_);
      known = book_.revision;
    }
    Book fresh;
    std::optional<Additions> added;
    auto done = control_.read([&](db::Transaction& tx) -> Result<void> {
      fresh.revision = TRY(store::revision(tx));
      if (fresh.revision != known) added = TRY(additions(tx));
      return {};
    });
    // Compiled when the snapshot is gone.
    if (done && added) {
      auto set = compile(added->first, std::move(added->second));
      if (set) {
        fresh.set = std::move(*set);
        return install(std::move(fresh));
      }
      done = std::unexpected(set.error());
    }
    if (!done) log::warning("rulebook not refreshed", {{"code", std::string_view(done.error().code)}});
  }

  void install(Book book) const {
    std::lock_guard lock(mutex_);
    if (!book_.set || book_.revision <= book.revision) book_ = std::move(book);
    checked_at_ = to_millis(clock_.now());
  }

  db::Database& control_;
  staff::Staff& staff_;
  const Clock& clock_;
  // What is kept in memory is a cache: reading may renew it.
  mutable std::mutex mutex_;
  mutable Book book_;
  SetPointer former_;  // that was asked for last
  mutable std::atomic<std::int64_t> checked_at_{0};
};

}  // namespace

Result<std::unique_ptr<Rulebook>> Rulebook::open(db::Database& control, staff::Staff& staff, const Clock& clock) {
  auto book = std::make_unique<RulebookImpl>(control, staff, clock);
  TRY(book->load());
  return book;
}

}  // namespace handschlag::rulebook
