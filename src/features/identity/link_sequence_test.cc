// Random sequences of statements about who is one person, beside a model that says whom they join.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>

#include "features/identity/identity.h"
#include "platform/db/testing/testing.h"

namespace handschlag::identity {
namespace {

using gate::Purpose;
using gate::PurposeSet;

// What links there are and whom they join, without any database.
class LinkModel {
 public:
  explicit LinkModel(std::size_t people) : people_(people) {}

  void see(std::size_t a, std::size_t b, Standing standing, PurposeSet purposes) {
    auto [it, fresh] = links_.try_emplace(std::minmax(a, b), Entry{standing, purposes});
    Entry& entry = it->second;
    if (fresh || entry.standing == Standing::ended) return;
    if (entry.standing == standing) {
      entry.purposes = entry.purposes | purposes;
    } else if (standing == Standing::confirmed) {
      entry = {standing, purposes};
    }
  }
  void link(std::size_t a, std::size_t b, PurposeSet purposes) {
    Entry& entry = links_[std::minmax(a, b)];
    if (entry.standing == Standing::confirmed) purposes = purposes | entry.purposes;
    entry = {Standing::confirmed, purposes};
  }
  bool unlink(std::size_t a, std::size_t b) {
    auto it = links_.find(std::minmax(a, b));
    if (it == links_.end()) return false;
    it->second.standing = Standing::ended;
    return true;
  }
  // Who is one person with `start` for one purpose.
  std::set<std::size_t> component(std::size_t start, Purpose purpose) const {
    std::vector<std::size_t> group(people_);
    for (std::size_t i = 0; i < people_; ++i) group[i] = i;
    for (const auto& [ends, entry] : links_) {
      if (entry.standing != Standing::confirmed || !entry.purposes.has(purpose)) continue;
      std::replace(group.begin(), group.end(), std::size_t{group[ends.first]}, std::size_t{group[ends.second]});
    }
    std::set<std::size_t> out;
    for (std::size_t i = 0; i < people_; ++i) {
      if (group[i] == group[start]) out.insert(i);
    }
    return out;
  }

 private:
  struct Entry {
    Standing standing = Standing::claimed;
    PurposeSet purposes;
  };
  std::size_t people_;
  std::map<std::pair<std::size_t, std::size_t>, Entry> links_;
};

class LinkSequence : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    vault_database_ = db::testing::TestDatabase::open(GetParam());
    ASSERT_TRUE(database().migrate(subjects::migrations()));
    ASSERT_TRUE(database().migrate(migrations()));
    ASSERT_TRUE((*vault_database_)->migrate(vault::migrations()));
    vault_ = *vault::Vault::open(**vault_database_, "eu", crypto::Key::random());
    identities_ = std::make_unique<Identities>(*vault_, Limits{});
  }

  // One sighting of person `a` together with person `b`.
  IdentityId see(std::size_t a, std::size_t b, Standing standing, PurposeSet purposes) {
    Sighting sighting;
    sighting.own = {KeyKind::user_id, "shop", std::to_string(a)};
    sighting.together = {{KeyKind::user_id, "shop", std::to_string(b)}};
    sighting.standing = standing;
    sighting.purposes = purposes;
    IdentityId id;
    EXPECT_TRUE(database().write([&](db::Transaction& tx) -> Result<void> {
      const Sighting* pointer = &sighting;
      id = TRY(identities_->record(tx, {&pointer, 1})).front();
      return {};
    }));
    return id;
  }
  Result<void> link(IdentityId a, IdentityId b, PurposeSet purposes) {
    return database().write([&](db::Transaction& tx) {
      return identities_->link(tx, a, b, gate::Basis::contract, purposes, "staff", Time{});
    });
  }
  Result<void> unlink(IdentityId a, IdentityId b) {
    return database().write([&](db::Transaction& tx) { return identities_->unlink(tx, a, b, Time{}); });
  }
  std::vector<Reached> reach(IdentityId start, PurposeSet purposes) {
    std::vector<Reached> out;
    EXPECT_TRUE(database().read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(identities_->reach(tx, start, purposes));
      return {};
    }));
    return out;
  }

  std::unique_ptr<db::testing::TestDatabase> vault_database_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<Identities> identities_;
};

INSTANTIATE_TEST_SUITE_P(Backends, LinkSequence, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(LinkSequence, AnySequenceOfStatementsJoinsAsTheModelDoes) {
  constexpr std::size_t kPeople = 10;
  constexpr std::array kPurposes = {Purpose::CustomerOrderManagement, Purpose::CustomerCare, Purpose::DirectMarketing};
  std::mt19937 random(20'261'121);  // NOLINT(bugprone-random-generator-seed): the same every time
  auto below = [&](std::size_t end) { return static_cast<std::size_t>(random()) % end; };
  LinkModel model(kPeople);
  std::vector<IdentityId> ids;
  for (std::size_t i = 0; i < kPeople; ++i) ids.push_back(see(i, i, Standing::confirmed, {kPurposes[0]}));
  for (int step = 0; step < 300; ++step) {
    std::size_t a = below(kPeople);
    std::size_t b = (a + 1 + below(kPeople - 1)) % kPeople;
    PurposeSet purposes = {kPurposes[below(kPurposes.size())]};
    switch (below(5)) {
      case 0:
        ASSERT_TRUE(link(ids[a], ids[b], purposes));
        model.link(a, b, purposes);
        break;
      case 1:
      case 2:
        ASSERT_EQ(unlink(ids[a], ids[b]).has_value(), model.unlink(a, b));
        break;
      default: {
        Standing standing = below(3) == 0 ? Standing::claimed : Standing::confirmed;
        see(a, b, standing, purposes);
        model.see(a, b, standing, purposes);
      }
    }
    std::size_t start = below(kPeople);
    for (Purpose purpose : kPurposes) {
      std::set<std::size_t> joined;
      for (const Reached& entry : reach(ids[start], {purpose})) {
        joined.insert(static_cast<std::size_t>(entry.id.value - ids[0].value));
      }
      ASSERT_EQ(joined, model.component(start, purpose)) << "step " << step << ", " << gate::info(purpose).name;
    }
  }
}

}  // namespace
}  // namespace handschlag::identity
