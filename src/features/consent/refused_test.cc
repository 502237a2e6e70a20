// What people refuse as such, across links and addresses, against a model.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "features/consent/testing/place.h"

namespace handschlag::consent {
namespace {

using gate::PurposeSet;

constexpr PurposeSet kMarketing = {Purpose::DirectMarketing};
constexpr PurposeSet kAnalytics = {Purpose::ServiceUsageAnalytics};
constexpr IdentityId kNobody{};

class RefusedTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    place_.open(GetParam(), "eu");
    anna_ = place_.person("anna");
    phone_ = place_.person("phone");
  }

  StatementId say(Act act, IdentityId who, int minute, const char* address = nullptr,
                  Purpose purpose = Purpose::DirectMarketing, Channel channel = Channel::none) {
    Statement said;
    said.identity = who;
    said.act = act;
    said.purpose = purpose;
    said.channel = channel;
    if (address != nullptr) said.address = email(address);
    said.occurred_at = kStart + std::chrono::minutes{minute};
    said.received_at = kStart + std::chrono::days{10};
    said.keep_until = kStart + std::chrono::days{1'000};
    auto id = place_.write([&](db::Transaction& tx) { return place_.consents->record(tx, said); });
    EXPECT_TRUE(id) << id.error().detail;
    return id.value_or(StatementId{});
  }
  void link(IdentityId a, IdentityId b, PurposeSet purposes) {
    EXPECT_TRUE(place_.write([&](db::Transaction& tx) {
      return place_.identities->link(tx, a, b, gate::Basis::consent, purposes, "staff", kStart);
    }));
  }
  template <class Body>
  void change(Body body) {
    EXPECT_TRUE(place_.write([&](db::Transaction& tx) { return body(*place_.identities, tx); }));
  }
  // A source says that somebody has an address.
  IdentityId meet(std::string name, const char* address, identity::Standing standing = identity::Standing::claimed) {
    identity::Sighting seen;
    seen.own = {identity::KeyKind::user_id, "shop", std::move(name)};
    seen.attributes.push_back(email(address));
    seen.standing = standing;
    seen.purposes = kMarketing;
    seen.source = 1;
    seen.origin = "shop";
    seen.at = kStart;
    const identity::Sighting* one = &seen;
    auto ids = place_.write([&](db::Transaction& tx) { return place_.identities->record(tx, {&one, 1}); });
    EXPECT_TRUE(ids);
    return ids->front();
  }
  PurposeSet refused(IdentityId who) {
    auto out = place_.write([&](db::Transaction& tx) { return place_.consents->refused(tx, {&who, 1}); });
    EXPECT_TRUE(out);
    return out->front();
  }

  Place place_;
  IdentityId anna_;
  IdentityId phone_;
};

TEST_P(RefusedTest, ANoToTheUseHoldsUntilItIsTakenBack) {
  EXPECT_EQ(refused(anna_), PurposeSet{});
  say(Act::withdrawn, anna_, 10);
  EXPECT_EQ(refused(anna_), kMarketing);
  say(Act::given, anna_, 5);
  EXPECT_EQ(refused(anna_), kMarketing) << "a yes that was said before and arrives later";
  say(Act::given, anna_, 11);
  EXPECT_EQ(refused(anna_), PurposeSet{});
  EXPECT_EQ(refused(phone_), PurposeSet{});
}

TEST_P(RefusedTest, ANoToOneChannelEndsNoStoring) {
  say(Act::withdrawn, anna_, 10, "anna@example.org", Purpose::DirectMarketing, Channel::email);
  EXPECT_EQ(refused(anna_), PurposeSet{});
}

TEST_P(RefusedTest, AnObjectionToAdvertisingEndsWhatNeedsAProfile) {
  say(Act::objected, anna_, 10);
  EXPECT_TRUE(refused(anna_).has(Purpose::PersonalisedAdvertising));
  EXPECT_FALSE(refused(anna_).has(Purpose::CustomerCare));
}

TEST_P(RefusedTest, ItFollowsTheLinkThatHoldsForThePurpose) {
  say(Act::withdrawn, anna_, 10);
  link(anna_, phone_, kAnalytics);
  EXPECT_EQ(refused(phone_), PurposeSet{}) << "for this purpose they are two";
  link(anna_, phone_, kMarketing);
  EXPECT_EQ(refused(phone_), kMarketing);
  change([&](auto& people, auto& tx) { return people.withdraw(tx, phone_, kMarketing, kStart); });
  EXPECT_EQ(refused(phone_), PurposeSet{});
  change([&](auto& people, auto& tx) { return people.regrant(tx, phone_, kMarketing, kStart); });
  EXPECT_EQ(refused(phone_), kMarketing);
  change([&](auto& people, auto& tx) { return people.unlink(tx, anna_, phone_, kStart); });
  EXPECT_EQ(refused(phone_), PurposeSet{});
  EXPECT_EQ(refused(anna_), kMarketing);
}

TEST_P(RefusedTest, AnAddressThatWasToBeLeftAloneStaysSoForWhoeverComesWithIt) {
  say(Act::objected, kNobody, 10, "stranger@example.org");
  EXPECT_TRUE(refused(meet("later", "stranger@example.org")).has(Purpose::DirectMarketing));
  EXPECT_EQ(refused(meet("other", "other@example.org")), PurposeSet{});
  const IdentityId own = meet("own", "own@example.org");
  say(Act::objected, kNobody, 11, "own@example.org");
  EXPECT_TRUE(refused(own).has(Purpose::DirectMarketing)) << "who was known by it before";
}

TEST_P(RefusedTest, OfWhoIsErasedNothingStays) {
  say(Act::withdrawn, anna_, 10);
  ManualClock clock{kStart};
  auto subject = create_subject_data(clock);
  EXPECT_TRUE(place_.write([&](db::Transaction& tx) { return subject->hide(tx, anna_, subjects::Removal::erased); }));
  EXPECT_EQ(refused(anna_), PurposeSet{});
}

TEST_P(RefusedTest, OfManyAtOnceEachHasTheirOwn) {
  std::vector<IdentityId> people;
  for (int i = 0; i < 230; ++i) people.push_back(place_.person(fmt::format("many{}", i)));
  say(Act::withdrawn, people[3], 10);
  say(Act::withdrawn, people[100], 10, nullptr, Purpose::ServiceUsageAnalytics);
  say(Act::withdrawn, people[229], 10);
  auto all = place_.write([&](db::Transaction& tx) { return place_.consents->refused(tx, people); });
  ASSERT_TRUE(all);
  for (std::size_t i = 0; i < people.size(); ++i) {
    EXPECT_EQ((*all)[i], i == 3 || i == 229 ? kMarketing : i == 100 ? kAnalytics : PurposeSet{}) << i;
  }
}

struct Spoken {
  Act act;
  Purpose purpose;
  std::string address;
  IdentityId who;
  int minute;
};

// All of it in plain maps.
struct Model {
  std::vector<Spoken> spoken;
  std::map<std::pair<std::int64_t, std::int64_t>, PurposeSet> links;  // that hold
  std::map<std::int64_t, PurposeSet> withdrawn;
  std::map<std::int64_t, std::set<std::string>> addresses;

  const Spoken* newest(Purpose purpose, const std::function<bool(const Spoken&)>& counts) const {
    const Spoken* out = nullptr;
    for (const Spoken& each : spoken) {
      if (each.purpose == purpose && counts(each) && (out == nullptr || each.minute > out->minute)) out = &each;
    }
    return out;
  }

  bool refuses_alone(IdentityId who, Purpose purpose) const {
    std::set<std::string> places;
    for (const Spoken& each : spoken) {
      if (each.who == who && each.purpose == purpose && !each.address.empty()) places.insert(each.address);
    }
    if (places.empty()) places.insert("");
    for (const std::string& place : places) {
      const Spoken* last = newest(purpose, [&](const Spoken& each) {
        return each.who == who && (each.address == place || each.address.empty());
      });
      if (last != nullptr && is_no(last->act)) return true;
    }
    if (!addresses.contains(who.value)) return false;
    for (const std::string& held : addresses.at(who.value)) {
      const Spoken* last = newest(purpose, [&](const Spoken& each) {
        if (each.who == who) return each.address == held || each.address.empty();
        return each.address == held && is_no(each.act);  // of another a mere yes is none
      });
      if (last != nullptr && last->who != who) return true;
    }
    return false;
  }

  bool refuses(IdentityId who, Purpose purpose) const {
    std::set<std::int64_t> seen = {who.value};
    for (bool grown = true; grown;) {
      grown = false;
      for (const auto& [ends, purposes] : links) {
        const auto gone = [&](std::int64_t end) { return withdrawn.contains(end) && withdrawn.at(end).has(purpose); };
        if (!purposes.has(purpose) || gone(ends.first) || gone(ends.second)) continue;
        if (seen.contains(ends.first) != seen.contains(ends.second)) {
          seen.insert(ends.first);
          seen.insert(ends.second);
          grown = true;
        }
      }
    }
    return std::any_of(seen.begin(), seen.end(), [&](std::int64_t each) { return refuses_alone({each}, purpose); });
  }

  PurposeSet all(IdentityId who) const {
    PurposeSet out;
    for (const gate::PurposeInfo& info : gate::purposes()) {
      if (refuses(who, info.purpose)) out.add(info.purpose);
    }
    return out;
  }
};

TEST_P(RefusedTest, AfterAnySequenceItIsWhatTheModelSays) {
  constexpr int kSteps = 250;
  std::mt19937 random(20'261'123);
  auto below = [&](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random); };
  const std::vector<Purpose> purposes = {Purpose::CustomerRelationshipManagement, Purpose::ServiceUsageAnalytics};
  const std::vector<PurposeSet> sets = {{purposes[0]}, {purposes[1]}, {purposes[0], purposes[1]}};
  const std::vector<std::string> homes = {"a@example.org", "b@example.org"};
  std::vector<IdentityId> people;
  for (int i = 0; i < 5; ++i) people.push_back(place_.person(fmt::format("p{}", i)));
  std::vector<int> minutes(kSteps);
  std::iota(minutes.begin(), minutes.end(), 1);
  std::shuffle(minutes.begin(), minutes.end(), random);  // what is recorded later was not said later
  Model model;
  for (int step = 0; step < kSteps; ++step) {
    const std::size_t one = below(people.size());
    const std::size_t two = (one + 1 + below(people.size() - 1)) % people.size();
    const IdentityId a = people[std::min(one, two)];
    const IdentityId b = people[std::max(one, two)];
    const std::pair ends{a.value, b.value};
    switch (below(8)) {
      case 0:
      case 1:
      case 2: {
        const bool nobody = below(4) == 0;
        const bool yes = !nobody && below(2) == 0;
        const std::string address = nobody || below(2) == 0 ? homes[below(2)] : "";
        const int minute = minutes[static_cast<std::size_t>(step)];
        const Spoken said{yes ? Act::given : Act::refused, purposes[below(2)], address, nobody ? kNobody : a, minute};
        say(said.act, said.who, minute, address.empty() ? nullptr : address.c_str(), said.purpose);
        model.spoken.push_back(said);
        break;
      }
      case 3:
      case 4: {
        const PurposeSet wanted = sets[below(3)];
        if (!((model.withdrawn[a.value] | model.withdrawn[b.value]) & wanted).empty()) break;
        link(a, b, wanted);
        model.links[ends] = model.links[ends] | wanted;
        break;
      }
      case 5:
        if (!model.links.contains(ends)) break;
        change([&](auto& all, auto& tx) { return all.unlink(tx, a, b, kStart); });
        model.links.erase(ends);
        break;
      case 6: {
        const PurposeSet which = sets[below(3)];
        PurposeSet& gone = model.withdrawn[a.value];
        if (below(2) == 0) {
          change([&](auto& all, auto& tx) { return all.withdraw(tx, a, which, kStart); });
          gone = gone | which;
        } else {
          change([&](auto& all, auto& tx) { return all.regrant(tx, a, which, kStart); });
          gone = PurposeSet::from_bits(gone.bits() & ~which.bits());
        }
        break;
      }
      case 7: {
        const std::string& address = homes[below(2)];
        meet(fmt::format("p{}", one), address.c_str());
        model.addresses[people[one].value].insert(address);
        break;
      }
    }
    for (IdentityId each : people) {
      ASSERT_EQ(refused(each), model.all(each)) << "step " << step << ", of " << each.value;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, RefusedTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

}  // namespace
}  // namespace handschlag::consent
