#include "features/reach/reach.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "features/consent/consent.h"
#include "features/reach/store.h"

namespace handschlag::reach {
namespace {

constexpr std::string_view kJob = "reach_count";
constexpr std::string_view kEffectJob = "reach_effect";
constexpr std::int64_t kWindow = 50;  // people in one snapshot of the database
constexpr std::chrono::milliseconds kPause{2};
constexpr std::chrono::seconds kStint{5};  // then other jobs have their turn

using Counts = std::map<store::Cell, std::int64_t>;
using store::Sort;

// What is asked of each person: what holds now, or also what would hold under another law.
struct Trial {
  std::shared_ptr<const law::RuleSet> law;  // nullptr: no trial
  std::optional<Time> law_at = {};
};

bool is_person(std::span<const identity::Identity* const> members) {
  return std::any_of(members.begin(), members.end(), [](const identity::Identity* one) {
    return one->kind != identity::KeyKind::anonymous_id && one->kind != identity::KeyKind::device_id;
  });
}

struct Address {
  const identity::Identity* whose;
  identity::Key key;
};

// Who is counted: all people, or those whom the sources of a unit made known, with what these said.
struct View {
  std::string unit;
  std::set<std::int64_t> sources;
  bool sees(std::int64_t source) const { return unit.empty() || sources.contains(source); }
};

// Where a channel reaches somebody: addresses that were not only claimed. Without a kind of address: the person.
std::vector<Address> addresses_of(std::span<const identity::Identity* const> members, const View& view,
                                  gate::Channel channel) {
  std::vector<Address> out;
  const auto kind = consent::address_kind(channel);
  if (!kind) return {{members.front(), {}}};
  for (const identity::Identity* one : members) {
    for (const identity::HeldKey& key : one->keys) {
      if (key.kind != *kind || key.standing == identity::Standing::claimed || !view.sees(key.source)) continue;
      // What an older version took for an address and this one does not reaches nobody.
      auto address = identity::make_key(*kind, key.value, {"", sources::kOwnController, one->country});
      if (address) out.push_back({one, *std::move(address)});
    }
  }
  return out;
}

// The units of live sources and those above them, with the sources of each; first the whole.
std::vector<View> views_of(const sources::Sources& sources) {
  std::set<std::string> units = {""};
  for (const auto& source : sources.list()) {
    if (source->mode == sources::Mode::test) continue;
    for (std::string unit = source->unit; units.insert(unit).second;) {
      const std::size_t end = unit.rfind('/');
      unit.resize(end == std::string::npos ? 0 : end);
    }
  }
  std::vector<View> out;
  for (const std::string& unit : units) out.push_back({unit, sources::numbers_within(sources, unit)});
  return out;
}

class ReachImpl final : public Reach {
 public:
  explicit ReachImpl(Parts parts) : parts_(std::move(parts)) {}

  Result<void> begin() override {
    for (const Place& place : parts_.places) {
      TRY(place.region->writer().run([](db::Transaction& tx) { return store::begin(tx); }));
    }
    TRY(parts_.control->write([&](db::Transaction& tx) -> Result<void> {
      for (const Place& place : parts_.places) TRY(enqueue(tx, kJob, place.region->id()));
      return {};
    }));
    if (runner_ != nullptr) runner_->wake();
    return {};
  }

  Result<void> try_law(std::shared_ptr<const law::RuleSet> law, law::Day day) override {
    const Time now = parts_.clock->now();
    const law::Day today = law::day_of(now);
    if (day < today) {
      return fail(ErrorKind::invalid, "fields_invalid", "Whom a law keeps is counted for today or a day to come.",
                  {{"/day", "must not be over"}});
    }
    const Time law_at = day == today ? now : Time{day} + std::chrono::hours{12};
    for (const Place& place : parts_.places) {
      TRY(place.region->writer().run([&](db::Transaction& tx) { return store::begin_effect(tx, *law, law_at); }));
    }
    TRY(parts_.control->write([&](db::Transaction& tx) -> Result<void> {
      for (const Place& place : parts_.places) TRY(enqueue(tx, kEffectJob, place.region->id()));
      return {};
    }));
    if (runner_ != nullptr) runner_->wake();
    return {};
  }

  Result<Effect> effect() override {
    Effect out;
    std::map<std::pair<gate::Purpose, gate::Channel>, std::vector<Count>> counts;
    for (const Place& place : parts_.places) {
      TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
        const store::Run run = TRY(store::run(tx, Sort::effect));
        out.rule_set = run.rule_set;
        out.law_at = run.law_at;
        out.counting = out.counting || run.working != 0;
        out.people += run.people;
        out.counted_at = std::max(out.counted_at, run.counted_at);
        for (gate::Purpose purpose : kPurposes) {
          for (store::Counted& each : TRY(store::counted(tx, run.shown, "", purpose))) {
            counts[{purpose, each.channel}].push_back(std::move(each.count));
          }
        }
        return {};
      }));
    }
    if (out.counting) return out;
    for (gate::Purpose purpose : kPurposes) {
      Effect::OfPurpose& one = out.purposes.emplace_back(purpose);
      for (gate::Channel channel : kChannels) one.channels.push_back({channel, shown(counts[{purpose, channel}])});
    }
    return out;
  }

  Result<Figure> figure(gate::Purpose purpose, std::string_view unit) override {
    Figure out;
    bool all = true;
    std::map<gate::Channel, std::vector<Count>> counts;
    for (const Place& place : parts_.places) {
      TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
        const store::Run run = TRY(store::run(tx, Sort::everyday));
        out.counting = out.counting || run.working != 0;
        all = all && run.shown != 0;
        if (run.shown == 0) return {};
        out.counted_at = std::min(out.counted_at.value_or(run.counted_at), run.counted_at);
        for (store::Counted& each : TRY(store::counted(tx, run.shown, unit, purpose))) {
          counts[each.channel].push_back(std::move(each.count));
        }
        return {};
      }));
    }
    if (!all) out.counted_at.reset();
    for (gate::Channel channel : kChannels) {
      out.channels.push_back({channel, all ? shown(counts[channel]) : std::vector<Group>{}});
    }
    return out;
  }

  Result<bool> count_on(std::string_view region, const std::function<bool()>& should_stop) override {
    return go_on(Sort::everyday, region, should_stop);
  }

  Result<bool> try_on(std::string_view region, const std::function<bool()>& should_stop) override {
    return go_on(Sort::effect, region, should_stop);
  }

  void bind_jobs(jobs::Runner& runner) override {
    runner_ = &runner;
    runner.every("reach_daily", std::chrono::hours{24}, [this](jobs::Lease&) { return begin(); });
    for (const auto& [kind, sort] : {std::pair{kJob, Sort::everyday}, std::pair{kEffectJob, Sort::effect}}) {
      runner.on(std::string(kind), [this, kind, sort](jobs::Lease& lease) -> Result<void> {
        const std::string& region = lease.job().payload;
        if (TRY(go_on(sort, region, [&lease] { return lease.should_stop(); }))) return {};
        if (lease.should_stop()) return jobs::Lease::interrupted();
        return parts_.control->write([&](db::Transaction& tx) { return enqueue(tx, kind, region); });
      });
    }
  }

 private:
  static Result<void> enqueue(db::Transaction& tx, std::string_view kind, std::string_view region) {
    TRY(jobs::enqueue(tx,
                      {.kind = std::string(kind), .payload = std::string(region), .unique_key = std::string(region)}));
    return {};
  }

  Result<bool> go_on(Sort sort, std::string_view region, const std::function<bool()>& should_stop) {
    const auto found = std::find_if(parts_.places.begin(), parts_.places.end(),
                                    [&](const Place& place) { return place.region->id() == region; });
    if (found == parts_.places.end()) return true;
    store::Run run;
    std::string text;
    TRY(found->region->data().read([&](db::Transaction& tx) -> Result<void> {
      run = TRY(store::run(tx, sort));
      if (sort == Sort::effect) text = TRY(store::law_tried(tx));
      return {};
    }));
    if (run.working == 0) return true;
    Trial trial;
    if (sort == Sort::effect) trial = {TRY(law::read_rule_set(text)), run.law_at};
    Stint stint{run.last};
    bool more = true;
    const auto ends = std::chrono::steady_clock::now() + kStint;
    while (more && !should_stop() && std::chrono::steady_clock::now() < ends) {
      more = TRY(count_some(*found, trial, stint));
      std::this_thread::sleep_for(kPause);
    }
    TRY(found->region->writer().run([&](db::Transaction& tx) -> Result<void> {
      const bool ours = TRY(store::add(tx, run, stint.through, stint.counts, stint.people));
      return ours && !more ? store::finish(tx, run, parts_.clock->now()) : Result<void>();
    }));
    return !more;
  }

  // Of purposes that no source names nothing needs to be asked.
  std::pair<std::vector<std::int64_t>, gate::PurposeSet> live() const {
    std::pair<std::vector<std::int64_t>, gate::PurposeSet> out;
    for (const auto& source : parts_.sources->list()) {
      if (source->mode == sources::Mode::test) continue;
      out.first.push_back(source->number.value);
      out.second = out.second | source->purpose_set();
    }
    return out;
  }

  struct Stint {
    IdentityId through;
    Counts counts = {};
    std::int64_t people = 0;
  };

  // True while there are more.
  Result<bool> count_some(const Place& place, const Trial& trial, Stint& stint) {
    const auto [numbers, purposes] = live();
    const std::vector<View> views = trial.law ? std::vector<View>{{}} : views_of(*parts_.sources);
    Counts fresh;
    identity::MadeBySources made;
    TRY(place.region->data().read([&, some = purposes](db::Transaction& tx) -> Result<void> {
      fresh.clear();
      made = TRY(identity::of_sources(tx, numbers, stint.through, kWindow));
      for (IdentityId id : made.identities) {
        for (gate::Purpose purpose : kPurposes) {
          if (some.has(purpose)) TRY(count_one(tx, place, id, purpose, views, trial, fresh));
        }
      }
      return {};
    }));
    for (const auto& [cell, people] : fresh) stint.counts[cell] += people;
    stint.through = made.through;
    stint.people += static_cast<std::int64_t>(made.identities.size());
    return made.more;
  }

  // Somebody counts once in each view: as the oldest identity that it has of them.
  Result<void> count_one(db::Transaction& tx, const Place& place, IdentityId id, gate::Purpose purpose,
                         std::span<const View> views, const Trial& trial, Counts& counts) {
    const auto seen = place.identities->customer(tx, id, {purpose});
    if (!seen && seen.error().kind == ErrorKind::not_found) return {};
    if (!seen) return std::unexpected(seen.error());
    for (const View& view : views) {
      std::vector<const identity::Identity*> members;
      for (const identity::Identity& one : seen->identities) {
        if (view.sees(one.source)) members.push_back(&one);
      }
      if (members.empty() || members.front()->id != id || !is_person(members)) continue;
      for (gate::Channel channel : kChannels) {
        Outcome outcome = TRY(judge(tx, place, members, view, purpose, channel, {}));
        if (trial.law) {
          const Outcome after = TRY(judge(tx, place, members, view, purpose, channel, trial));
          outcome.reason = difference(outcome.reason.empty(), after.reason.empty());
        }
        ++counts[{view.unit, purpose, channel, outcome.country, outcome.reason}];
      }
    }
    return {};
  }

  static std::string_view difference(bool before, bool after) {
    if (before) return after ? std::string_view() : kLost;
    return after ? kGained : kNeither;
  }

  struct Outcome {
    std::string country;
    std::string reason;  // "" for nothing
  };
  Result<Outcome> judge(db::Transaction& tx, const Place& place, std::span<const identity::Identity* const> members,
                        const View& view, gate::Purpose purpose, gate::Channel channel, const Trial& trial) {
    const bool stored = std::any_of(members.begin(), members.end(),
                                    [&](const identity::Identity* one) { return one->stored_for.has(purpose); });
    Outcome out{members.front()->country,
                std::string(stored ? kNoAddress : gate::name_of(gate::Rule::stored_for_other_purpose))};
    bool first = true;
    for (const Address& address : addresses_of(members, view, channel)) {
      std::string obstacle = TRY(parts_.outreach->obstacle(
          tx, {place.region->id(), address.whose->id, address.key, purpose, channel, trial.law, trial.law_at}));
      if (!first && !obstacle.empty()) continue;
      out = {address.whose->country, std::move(obstacle)};
      first = false;
      if (out.reason.empty()) break;
    }
    return out;
  }

  const Parts parts_;
  jobs::Runner* runner_ = nullptr;
};

}  // namespace

std::unique_ptr<Reach> Reach::create(Parts parts) {
  return std::make_unique<ReachImpl>(std::move(parts));
}

}  // namespace handschlag::reach
