// What needs more than a yes on the wire: an explicit consent, or a guardian's, that is on record.
#include <gmock/gmock.h>

#include "features/events/testing/house.h"
#include "features/events/wire.h"

namespace handschlag::events {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr PurposeSet kOffers = {Purpose::PersonalisedAdvertising};

class RecordTest : public EventsTest {
 protected:
  void SetUp() override {
    EventsTest::SetUp();
    if (IsSkipped()) return;
    add("watch", {{Purpose::PersonalisedAdvertising, Basis::consent}},
        [](auto& source) { source.data_categories = gate::special; });
    add("clinic", {{Purpose::CustomerCare, Basis::contract}},
        [](auto& source) { source.data_categories = gate::special; });
    add("toys", {{Purpose::PersonalisedAdvertising, Basis::consent}}, [](auto& source) { source.for_children = true; });
  }
  void say(const std::function<void(consent::Statement&)>& change, std::string_view who = "u1") {
    consent::Statement said;
    said.identity = find("eu", std::string(who));
    said.purpose = Purpose::PersonalisedAdvertising;
    said.occurred_at = said.received_at = kNow - std::chrono::days{2} + std::chrono::minutes{++minute_};
    change(said);
    ASSERT_TRUE(cell("eu").region->writer().run([&](db::Transaction& tx) -> Result<void> {
      TRY(cell("eu").consents->record(tx, said));
      return {};
    }));
  }
  static Intake agreed(std::string message, std::string who = "u1", PurposeSet purposes = kOffers) {
    Intake out = event(std::move(message), kNow, std::move(who));
    out.consented = purposes;
    return out;
  }
  bool counted(std::string_view source, std::string_view reason) {
    auto counts = *events_->refusals();
    return std::any_of(counts.begin(), counts.end(),
                       [&](const RefusalCount& count) { return count.source == source && count.reason == reason; });
  }

  int minute_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Backends, RecordTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(RecordTest, SpecialCategoriesAreKeptOnlyWithAnExplicitConsentOnRecord) {
  submit("app", {event("m0")});
  EXPECT_EQ(submit("watch", {agreed("m1")}).refused, 1U);
  EXPECT_TRUE(counted("watch", "not_explicit"));
  say([](auto& said) { said.explicit_consent = false; });
  EXPECT_EQ(submit("watch", {agreed("m2")}).refused, 1U);
  say([](auto& said) {
    said.explicit_consent = true;
    said.strength = gate::Strength::claimed;
  });
  EXPECT_EQ(submit("watch", {agreed("m3")}).refused, 1U) << "anybody could have claimed it";
  say([](auto& said) { said.explicit_consent = true; });
  EXPECT_EQ(submit("watch", {agreed("m4")}).stored, 1U);
  EXPECT_EQ(submit("watch", {agreed("m5", "u1", {})}).refused, 1U) << "the wire says nothing of a consent";
  say([](auto& said) { said.explicit_consent = false; });
  EXPECT_EQ(submit("watch", {agreed("m6")}).stored, 1U) << "a yes that says less ends none that said more";
  say([](auto& said) { said.act = consent::Act::withdrawn; });
  EXPECT_EQ(submit("watch", {agreed("m7")}).refused, 1U);
  EXPECT_THAT(messages("eu"), UnorderedElementsAre("m0", "m4", "m6"));
}

TEST_P(RecordTest, NobodyBecomesKnownByWhatIsRefused) {
  EXPECT_EQ(submit("watch", {agreed("m1", "stranger")}).refused, 1U);
  const std::vector<identity::Key> keys = {
      *identity::make_key(identity::KeyKind::user_id, "stranger", {"all", "", ""})};
  ASSERT_TRUE(cell("eu").region->writer().run([&](db::Transaction& tx) -> Result<void> {
    EXPECT_FALSE(TRY(cell("eu").identities->knows(tx, keys))[0].id);
    return {};
  }));
}

TEST_P(RecordTest, AContractIsNoLeaveForSpecialCategories) {
  submit("app", {event("m0")});
  EXPECT_EQ(submit("clinic", {event("m1")}).refused, 1U);
  say([](auto& said) {
    said.purpose = Purpose::CustomerCare;
    said.explicit_consent = true;
  });
  EXPECT_EQ(submit("clinic", {event("m2")}).stored, 1U);
}

TEST_P(RecordTest, OnePersonsLeaveIsNobodyElses) {
  submit("app", {event("m0"), event("n0", kNow, "u2")});
  say([](auto& said) { said.explicit_consent = true; });
  const Outcome outcome = submit("watch", {agreed("m1"), agreed("n1", "u2")});
  EXPECT_EQ(outcome.stored, 1U);
  EXPECT_EQ(outcome.refused, 1U);
  EXPECT_THAT(messages(timeline("eu", {}, "u2")), ElementsAre("n0"));
}

TEST_P(RecordTest, AnAgeThatCanNotBeReadMayBeAChilds) {
  submit("app", {event("m0")});
  int number = 0;
  const auto stored = [&](json::Value traits) {
    Intake out = agreed("t" + std::to_string(++number));
    out.type = EventType::identify;
    out.traits = std::move(traits);
    return submit("ads", {out}).stored == 1;
  };
  EXPECT_TRUE(stored({{"name", "Kim"}}));
  EXPECT_TRUE(stored({{"birthday", "1990-05-05"}}));
  EXPECT_TRUE(stored({{"birthday", "05.05.1990"}, {"age", 30}}));
  for (const json::Value& traits : std::vector<json::Value>{{{"age", 9}},
                                                            {{"birthday", "2018-05-05T00:00:00Z"}},
                                                            {{"birthday", "2030-01-01"}, {"age", 9}},
                                                            {{"birthday", "1990-05-05"}, {"age", 9}},
                                                            {{"birthday", "05.05.2018"}},
                                                            {{"birthday", 1'525'478'400'000}},
                                                            {{"birthday", "2030-01-01"}},
                                                            {{"age", "+9"}},
                                                            {{"age", -3}}}) {
    EXPECT_FALSE(stored(traits)) << json::dump(traits);
  }
}

// At 14 one may agree in the United Kingdom, and in Germany not.
TEST_P(RecordTest, AnEventCanNotMoveAChildToWhereTheLawIsLooser) {
  add("world", {{Purpose::PersonalisedAdvertising, Basis::consent}}, [](auto& source) { source.country = ""; });
  submit("app", {event("m0")});
  int number = 0;
  const auto stored = [&](const std::string& source, const std::string& who, const std::string& country, int age) {
    Intake out = agreed("t" + std::to_string(++number), who);
    out.type = EventType::identify;
    out.traits = json::Value{{"age", age}};
    out.country = country;
    return submit(source, {out}).stored == 1;
  };
  EXPECT_TRUE(stored("world", "brit", "GB", 14));
  EXPECT_TRUE(stored("world", "brit", "", 18));
  EXPECT_FALSE(stored("world", "u1", "GB", 14)) << "they are known to live in Germany";
  EXPECT_TRUE(stored("world", "u1", "GB", 16));
  EXPECT_FALSE(stored("world", "brit", "DE", 14)) << "nor the other way round";
  EXPECT_FALSE(stored("ads", "another", "GB", 14)) << "a German source";
  say([](auto& said) { said.guardian = true; });
  EXPECT_TRUE(stored("world", "u1", "GB", 14));
}

TEST_P(RecordTest, AnAgeCountsWhereverItIsSaid) {
  submit("app", {event("m0")});
  int number = 0;
  const auto stored = [&](json::Value traits, json::Value context) {
    const json::Value item = {{"type", "identify"},
                              {"userId", "u1"},
                              {"messageId", "a" + std::to_string(++number)},
                              {"traits", std::move(traits)},
                              {"context", {{"traits", std::move(context)}}}};
    auto out = wire::decode_event(json::Tree(item), std::nullopt, *sources_->find("ads"), kNow);
    EXPECT_TRUE(out);
    out->consented = kOffers;
    return submit("ads", {*out}).stored == 1;
  };
  EXPECT_TRUE(stored({{"age", 30}}, {{"age", 30}}));
  EXPECT_TRUE(stored({{"name", "Kim"}}, {{"age", 30}}));
  EXPECT_FALSE(stored({{"name", "Kim"}}, {{"age", 9}}));
  EXPECT_FALSE(stored({{"age", 30}}, {{"age", 9}}));
  EXPECT_FALSE(stored({{"age", 9}}, {{"age", 30}}));
  EXPECT_FALSE(stored({{"age", 30}}, {{"birthday", "2018-05-05"}}));
  EXPECT_FALSE(stored({{"age", 30}}, {{"age", "nine"}}));
  EXPECT_FALSE(stored({{"age", "nine"}}, {{"age", 30}}));
}

TEST_P(RecordTest, AGuardianSpeaksForAChild) {
  submit("app", {event("m0")});
  say([](auto&) {});
  EXPECT_EQ(submit("toys", {agreed("m1")}).refused, 1U);
  EXPECT_TRUE(counted("toys", "guardian_missing"));
  say([](auto& said) { said.guardian = true; });
  EXPECT_EQ(submit("toys", {agreed("m2")}).stored, 1U);
  EXPECT_EQ(submit("ads", {agreed("m3")}).stored, 1U) << "where nothing says that it is for children";
}

}  // namespace
}  // namespace handschlag::events
