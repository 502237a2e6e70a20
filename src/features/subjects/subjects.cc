#include "features/subjects/subjects.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>

#include "platform/db/pace.h"

namespace handschlag::subjects {
namespace {

constexpr std::string_view kEraseJob = "subjects_erase";
constexpr std::string_view kSettleJob = "subjects_settle";
constexpr std::size_t kSettleStep = 256;  // erasures: then the job notes how far it has come
constexpr std::chrono::hours kReviveEvery{1};

std::string payload_of(std::string_view region, IdentityId identity) {
  return fmt::format("{} {}", region, identity.value);
}

class SubjectsImpl final : public Subjects {
 public:
  SubjectsImpl(std::vector<Place> places, std::vector<SubjectData*> slices, db::Database& control, const Clock& clock)
      : places_(std::move(places)), slices_(std::move(slices)), control_(control), clock_(clock) {}

  Result<void> erase(std::string_view region, std::span<const IdentityId> identities) override {
    Place& place = *TRY(place_of(region));
    // First the wish: whatever happens from here on, the job carries it through.
    TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
      for (IdentityId identity : identities) {
        std::string payload = payload_of(region, identity);
        TRY(jobs::enqueue(tx, {.kind = kEraseJob, .payload = payload, .unique_key = payload}));
      }
      return {};
    }));
    TRY(make_unreadable(place, identities));
    if (jobs::Runner* runner = runner_.load()) runner->wake();
    return {};
  }

  Result<void> erase_now(std::string_view region, std::span<const IdentityId> identities,
                         const std::function<bool()>& should_stop) override {
    TRY(erase(region, identities));
    Place& place = *TRY(place_of(region));
    for (const Spot& spot : TRY(make_unreadable(place, identities))) {
      TRY(remove_rows(*spot.place, spot.identity, Removal::erased, should_stop));
    }
    return {};
  }

  Result<bool> vanish(db::Transaction& tx, IdentityId identity, std::int64_t limit) override {
    for (SubjectData* slice : slices_) {
      for (std::int64_t removed = 1; removed > 0; limit -= removed) {
        if (limit <= 0) return false;
        removed = TRY(slice->forget(tx, identity, limit));
      }
    }
    return true;
  }

  Result<void> settle() override {
    for (Place& place : places_) {
      std::optional<std::int64_t> from = place.vault->unsettled_erasures();
      if (!from) continue;
      std::string payload = fmt::format("{} {}", place.region->id(), *from);
      TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
        TRY(jobs::enqueue(tx, {.kind = kSettleJob, .payload = payload, .unique_key = payload}));
        return {};
      }));
      std::int64_t position = *from;
      while (true) {
        auto identities = TRY(place.vault->erased(position, kSettleStep));
        if (identities.empty()) break;
        TRY(hide(place, identities));
        TRY(keep_out_at_origin(place, identities));
      }
      TRY(place.vault->settle_erasures());
    }
    return {};
  }

  Result<void> hide_moved(db::Transaction& tx, IdentityId identity) override {
    for (SubjectData* slice : slices_) TRY(slice->hide(tx, identity, Removal::moved));
    return {};
  }

  Result<void> remove_moved(std::string_view region, IdentityId identity,
                            const std::function<bool()>& should_stop) override {
    Place& place = *TRY(place_of(region));
    for (auto each : {vault::RetentionClass::ordinary, vault::RetentionClass::consent_proof}) {
      TRY(place.vault->discard({&identity, 1}, each));
    }
    TRY(place.region->writer().run([&](db::Transaction& tx) { return hide_moved(tx, identity); }));
    TRY(remove_rows(place, identity, Removal::moved, should_stop));
    return place.region->writer().run([&](db::Transaction& tx) { return clear(tx, identity); });
  }

  Result<void> remove_copied(std::string_view region, IdentityId identity,
                             const std::function<bool()>& should_stop) override {
    Place& place = *TRY(place_of(region));
    TRY(place.region->writer().run([&](db::Transaction& tx) { return set_copied(tx, identity, 0); }));
    return remove_rows(place, identity, Removal::moved, should_stop);
  }

  void bind_jobs(jobs::Runner& runner) override {
    runner_ = &runner;
    runner.on(std::string(kEraseJob), [this](jobs::Lease& lease) { return run(lease); });
    runner.on(std::string(kSettleJob), [this](jobs::Lease& lease) { return run_settling(lease); });
    // An erasure is never given up, however long a database was away.
    runner.every("subjects_revive", kReviveEvery, [this](jobs::Lease&) {
      return control_.write([](db::Transaction& tx) -> Result<void> {
        TRY(jobs::revive(tx, kEraseJob));
        TRY(jobs::revive(tx, kSettleJob));
        return {};
      });
    });
  }

 private:
  Result<Place*> place_of(std::string_view region) {
    auto it =
        std::find_if(places_.begin(), places_.end(), [&](const Place& place) { return place.region->id() == region; });
    if (it != places_.end()) return &*it;
    return fail(ErrorKind::not_found, "region_unknown", fmt::format("There is no region '{}'.", region));
  }

  // "REGION NUMBER".
  Result<std::pair<Place*, std::int64_t>> read_payload(const std::string& payload) {
    std::size_t space = payload.find(' ');
    std::int64_t number = 0;
    const char* end = payload.data() + payload.size();
    if (space == std::string::npos || std::from_chars(payload.data() + space + 1, end, number).ec != std::errc{}) {
      return fail(ErrorKind::internal, "job_malformed", "An erasure names no region and number.");
    }
    return std::pair{TRY(place_of(std::string_view(payload).substr(0, space))), number};
  }

  Result<void> run(jobs::Lease& lease) {
    auto [place, number] = TRY(read_payload(lease.job().payload));
    IdentityId identity{number};
    for (const Spot& spot : TRY(make_unreadable(*place, {&identity, 1}))) {
      TRY(remove_rows(*spot.place, spot.identity, Removal::erased, [&] { return lease.should_stop(); }));
    }
    return {};
  }

  // Some of the list, and a job for what follows.
  Result<void> run_settling(jobs::Lease& lease) {
    auto [place, position] = TRY(read_payload(lease.job().payload));
    auto identities = TRY(place->vault->erased(position, kSettleStep));
    if (identities.empty()) return {};
    TRY(hide(*place, identities));
    for (IdentityId identity : identities) {
      TRY(remove_rows(*place, identity, Removal::erased, [&] { return lease.should_stop(); }));
    }
    std::string next = fmt::format("{} {}", place->region->id(), position);
    return control_.write([&](db::Transaction& tx) -> Result<void> {
      TRY(lease.check(tx));
      TRY(jobs::enqueue(tx, {.kind = kSettleJob, .payload = next, .unique_key = next}));
      return lease.complete(tx);
    });
  }

  // An identity in a region, as which somebody was or is known.
  struct Spot {
    Place* place;
    IdentityId identity;
    friend bool operator==(const Spot&, const Spot&) = default;
  };

  // The keys first: from then on nothing can be read, whatever else takes its time. What is written between the two
  // steps lies in rows that remove_rows() finds. Answers where the rows are: also where the person moved to or came
  // from, for a restored backup must not bring them back there.
  Result<std::vector<Spot>> make_unreadable(Place& place, std::span<const IdentityId> identities) {
    std::vector<Spot> spots;
    for (IdentityId identity : identities) spots.push_back({&place, identity});
    std::vector<Spot> more = TRY(make_unreadable_here(place, identities));
    while (!more.empty()) {
      Spot spot = more.back();
      more.pop_back();
      if (std::find(spots.begin(), spots.end(), spot) != spots.end()) continue;
      spots.push_back(spot);
      auto found = TRY(make_unreadable_here(*spot.place, {&spot.identity, 1}));
      more.insert(more.end(), found.begin(), found.end());
    }
    return spots;
  }

  Result<void> hide(Place& place, std::span<const IdentityId> identities) {
    return place.region->writer().run([&](db::Transaction& tx) -> Result<void> {
      for (IdentityId identity : identities) {
        for (SubjectData* slice : slices_) TRY(slice->hide(tx, identity, Removal::erased));
      }
      return {};
    });
  }

  // Answers where else the same people are or were. That is read in the transaction that hides them: whoever would go
  // later finds them hidden.
  Result<std::vector<Spot>> make_unreadable_here(Place& place, std::span<const IdentityId> identities) {
    TRY(let_arrive(place, identities));
    TRY(place.vault->destroy(identities, vault::RetentionClass::ordinary));
    std::vector<Spot> elsewhere;
    TRY(place.region->writer().run([&](db::Transaction& tx) -> Result<void> {
      for (IdentityId identity : identities) {
        for (SubjectData* slice : slices_) TRY(slice->hide(tx, identity, Removal::erased));
      }
      elsewhere.clear();
      for (const Forward& each : TRY(forwards(tx, identities))) {
        elsewhere.push_back({TRY(place_of(each.region)), each.target});
      }
      for (const Arrival& each : TRY(arrivals(tx, identities))) {
        elsewhere.push_back({TRY(place_of(each.region)), each.origin});
      }
      return {};
    }));
    return elsewhere;
  }

  // Who has gone from elsewhere but was not seen here yet is made known first: what is still sent for them is refused
  // by the keyed digest that an erased identity leaves.
  Result<void> let_arrive(Place& place, std::span<const IdentityId> identities) {
    std::vector<Arrival> coming;
    TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
      coming = TRY(arrivals(tx, identities));
      return {};
    }));
    for (const Arrival& arrival : coming) {
      if (arrival.settled != 0 || !place.settle) continue;
      if (TRY(has_gone(*TRY(place_of(arrival.region)), arrival))) TRY(place.settle(arrival.identity));
    }
    return {};
  }

  // A backup may be of the moment when somebody had gone and was not seen here yet. If they were erased since, nothing
  // of what they took along can be opened any more; so where they came from keeps out what still arrives.
  Result<void> keep_out_at_origin(Place& place, std::span<const IdentityId> identities) {
    std::vector<Arrival> coming;
    TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
      coming = TRY(arrivals(tx, identities));
      return {};
    }));
    for (const Arrival& arrival : coming) {
      auto origin = place_of(arrival.region);
      if (arrival.settled != 0 || !origin || !TRY(has_gone(**origin, arrival))) continue;
      TRY((*origin)->vault->destroy({&arrival.origin, 1}, vault::RetentionClass::ordinary));
      TRY(hide(**origin, {&arrival.origin, 1}));
      TRY((*origin)->region->writer().run([&](db::Transaction& tx) { return drop(tx, arrival.origin); }));
    }
    return {};
  }

  static Result<bool> has_gone(Place& origin, const Arrival& arrival) {
    bool gone = false;
    TRY(origin.region->data().read([&](db::Transaction& tx) -> Result<void> {
      auto left = TRY(forward(tx, arrival.origin));
      gone = left && left->state != Going::leaving && left->target == arrival.identity;
      return {};
    }));
    return gone;
  }

  Result<void> remove_rows(Place& place, IdentityId identity, Removal why, const std::function<bool()>& should_stop) {
    db::Pace pace;
    for (SubjectData* slice : slices_) {
      std::int64_t removed = 1;
      while (removed > 0) {
        if (should_stop && should_stop()) return jobs::Lease::interrupted();
        auto began = std::chrono::steady_clock::now();
        TRY(place.region->writer().run([&](db::Transaction& tx) -> Result<void> {
          began = std::chrono::steady_clock::now();
          removed = TRY(slice->erase(tx, identity, clock_.now(), pace.limit(), why));
          return {};
        }));
        pace.took(std::chrono::steady_clock::now() - began);
      }
    }
    return {};
  }

  std::vector<Place> places_;
  std::vector<SubjectData*> slices_;
  db::Database& control_;
  const Clock& clock_;
  std::atomic<jobs::Runner*> runner_ = nullptr;
};

}  // namespace

std::unique_ptr<Subjects> Subjects::create(std::vector<Place> places, std::vector<SubjectData*> slices,
                                           db::Database& control, const Clock& clock) {
  return std::make_unique<SubjectsImpl>(std::move(places), std::move(slices), control, clock);
}

}  // namespace handschlag::subjects
