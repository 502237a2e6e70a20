// Who is limited to a unit, against the whole program: nothing that another unit's sources brought reaches them, by
// whichever way they ask.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <future>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "app/app.h"
#include "platform/db/testing/testing.h"

namespace handschlag::app {
namespace {

using customers::Viewer;
using events::EventType;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr gate::DeclaredPurpose kOrders{gate::Purpose::CustomerOrderManagement, gate::Basis::contract};
constexpr gate::DeclaredPurpose kCare{gate::Purpose::CustomerCare, gate::Basis::contract};
constexpr gate::DeclaredPurpose kOffers{gate::Purpose::DirectMarketing, gate::Basis::legitimate_interest};

// A company with a branch, the region around it, a branch elsewhere and a head office, each with a source. These share
// the namespace of their ids, so one person may come to all of them.
class Branches {
 protected:
  Branches() {
    crypto::initialize();
    settings_ = *load_settings(folder_.path() / "data", "");
    settings_.server.port = 0;
    settings_.log_level = log::Level::error;
    EXPECT_TRUE(App::initialize(settings_));
    app_ = *App::open(settings_, clock_);
    notices::Assessment offers{.number = 0,
                               .purpose = kOffers.purpose,
                               .interest = "i",
                               .necessity = "n",
                               .balancing = "b",
                               .assessed_by = "Ada",
                               .decided = law::day_of(clock_.now()),
                               .expires = law::day_of(clock_.now()) + std::chrono::days{365},
                               .recorded_at = {},
                               .recorded_by = {},
                               .revoked_at = {},
                               .revoked_by = {},
                               .revoked_for = {}};
    EXPECT_TRUE(app_->notices().assess({"staff:1", ""}, offers));
    munich_ = add_source("munich", "south/munich", {kOrders, kCare});
    south_ = add_source("south", "south", {kOrders, kCare});
    hamburg_ = add_source("hamburg", "north/hamburg", {kOrders, kCare});
    head_ = add_source("head", "", {kOrders, kCare});
  }

  sources::SourcePointer add_source(const std::string& id, const std::string& unit,
                                    std::vector<gate::DeclaredPurpose> purposes) {
    sources::Source source;
    source.id = source.touchpoint = id;
    source.name_space = "company";
    source.unit = unit;
    source.trust = sources::Trust::server;
    source.country = "DE";
    source.purposes = std::move(purposes);
    auto added = app_->sources().add(source);
    EXPECT_TRUE(added) << added.error().detail;
    return added->source;
  }

  void send(const sources::SourcePointer& source, std::vector<events::Intake> batch) {
    const std::size_t count = batch.size();
    std::promise<Result<events::Outcome>> done;
    app_->events().submit(source, std::move(batch),
                          [&](Result<events::Outcome> result) { done.set_value(std::move(result)); });
    auto outcome = done.get_future().get();
    ASSERT_TRUE(outcome) << outcome.error().detail;
    ASSERT_EQ(outcome->stored, count);
  }

  events::Intake event(EventType type, const std::string& user) {
    events::Intake intake;
    intake.type = type;
    intake.user_id = user;
    intake.message_id = "m" + std::to_string(++messages_);
    intake.original = intake.occurred = intake.received = clock_.now();
    return intake;
  }
  events::Intake order(const std::string& user, const std::string& number, const char* total = "10") {
    auto out = event(EventType::track, user);
    out.name = "Order Completed";
    out.properties = json::Value{{"order_id", number}, {"total", total}, {"currency", "EUR"}};
    return out;
  }

  static Viewer viewer(const std::string& unit, const std::string& role = "agent") {
    Viewer out;
    out.role = role;
    out.principal = "token:1";
    out.operation = "getCustomer";
    out.unit = unit;
    return out;
  }
  std::string handle(const std::string& user, const std::string& unit = "") {
    auto found = app_->customers().find_by_key(viewer(unit), "user_id:" + user);
    EXPECT_TRUE(found && found->size() == 1);
    return found && !found->empty() ? found->front().handle : "";
  }

  db::testing::TemporaryFolder folder_;
  ManualClock clock_{from_millis(1'795'000'000'000)};
  Settings settings_;
  std::unique_ptr<App> app_;
  sources::SourcePointer munich_;
  sources::SourcePointer south_;
  sources::SourcePointer hamburg_;
  sources::SourcePointer head_;
  int messages_ = 0;
};

class UnitsTest : public testing::Test, protected Branches {
 protected:
  events::Intake named(const std::string& user, const std::string& name, const std::string& email) {
    auto out = event(EventType::identify, user);
    out.traits = json::Value{{"name", name}, {"email", email}};
    out.keys = {{identity::KeyKind::email, email}};
    return out;
  }

  std::vector<std::string> senders(const Viewer& who, const std::string& of) {
    std::vector<std::string> out;
    const auto page = *app_->customers().timeline(who, of, {});
    for (const auto& item : page.items) {
      out.push_back(app_->sources().find(Id<sources::Source>{item.source})->id);
    }
    return out;
  }
  // One person at all four, of whom each knows another name, address and order.
  std::string anna_everywhere() {
    for (const auto& source : {hamburg_, munich_, south_, head_}) {
      send(source,
           {named("42", source->id + "name", "anna@" + source->id + ".example"), order("42", "order-" + source->id)});
    }
    return handle("42");
  }
};

TEST_F(UnitsTest, OfAPersonOfTwoBranchesEachSeesItsOwn) {
  const std::string anna = anna_everywhere();
  auto page = app_->customers().page(viewer("south/munich"), anna);
  ASSERT_TRUE(page) << page.error().detail;
  EXPECT_EQ(page->handle, anna);
  EXPECT_EQ(page->sums.orders, 1);
  EXPECT_EQ(page->sums.all.events, 2);
  EXPECT_EQ(page->sums.money.at("EUR").ordered, 10'000'000);
  ASSERT_THAT(page->sums.sources, SizeIs(1));
  EXPECT_EQ(page->sums.sources.begin()->first, munich_->number.value);
  ASSERT_THAT(page->sums.traits.at("name"), SizeIs(1));
  EXPECT_EQ(page->sums.traits.at("name").begin()->second.value, "munichname");
  ASSERT_THAT(page->customer.identities, SizeIs(1));
  const auto& identity = page->customer.identities.front();
  EXPECT_EQ(identity.source, munich_->number.value) << "hamburg, which made it, is not told";
  std::vector<std::string> keys;
  for (const auto& key : identity.keys) {
    keys.push_back(key.value);
    EXPECT_EQ(key.source, munich_->number.value);
  }
  EXPECT_THAT(keys, UnorderedElementsAre("42", "anna@munich.example"));
  EXPECT_THAT(senders(viewer("south/munich"), anna), ElementsAre("munich", "munich"));
  EXPECT_EQ(app_->customers().page(viewer("south"), anna)->sums.orders, 2) << "a region sees its branches";
  EXPECT_EQ(app_->customers().page(viewer(""), anna)->sums.orders, 4);
}

TEST_F(UnitsTest, ASharedCustomerHasACountryLikeOnesOwn) {
  sources::Source swiss = *hamburg_;
  swiss.id = swiss.touchpoint = "zurich";
  swiss.country = "CH";
  send(app_->sources().add(swiss)->source, {order("shared", "Z-1"), order("moved", "Z-2")});
  auto moved = event(EventType::identify, "moved");
  moved.traits = json::Value{{"address", {{"country", "at"}}}};
  send(munich_, {order("own", "M-1"), order("shared", "M-2"), moved});
  for (const auto& [user, country] : {std::pair{"own", "DE"}, {"shared", "DE"}, {"moved", "AT"}}) {
    SCOPED_TRACE(user);
    auto found = *app_->customers().find_by_key(viewer("south/munich"), std::string("user_id:") + user);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found.front().country, country) << "none, or another's, would tell that others know them";
    auto page = *app_->customers().page(viewer("south/munich"), found.front().handle);
    EXPECT_EQ(page.customer.identities.front().country, country);
  }
}

TEST_F(UnitsTest, WhatOthersToldLeadsNobodyHere) {
  const std::string anna = anna_everywhere();
  auto& customers = app_->customers();
  for (const char* other : {"hamburg", "south", "head"}) {
    SCOPED_TRACE(other);
    EXPECT_THAT(*customers.find_by_name(viewer("south/munich"), std::string(other) + "name"), IsEmpty());
    EXPECT_THAT(*customers.find_by_order(viewer("south/munich"), std::string("order-") + other), IsEmpty());
    EXPECT_THAT(*customers.find_by_key(viewer("south/munich"), std::string("email:anna@") + other + ".example"),
                IsEmpty());
    EXPECT_THAT(*customers.find_by_name(viewer(""), std::string(other) + "name"), SizeIs(1));
  }
  for (auto& found : {customers.find_by_name(viewer("south/munich"), "munichname"),
                      customers.find_by_order(viewer("south/munich"), "order-munich"),
                      customers.find_by_key(viewer("south/munich"), "email:anna@munich.example"),
                      customers.find_by_key(viewer("south/munich"), "user_id:42")}) {
    ASSERT_THAT(*found, SizeIs(1));
    EXPECT_EQ(found->front().handle, anna);
    EXPECT_EQ(found->front().name, "munichname");
  }
  customers::TimelineFilter filter;
  filter.touchpoint = "hamburg";
  EXPECT_EQ(customers.timeline(viewer("south/munich"), anna, filter).error().code, "touchpoint_unknown");
}

TEST_F(UnitsTest, WhoIsElsewhereIsNobodyToEveryQuestion) {
  send(hamburg_, {named("7", "Hanna Hansen", "hanna@example.org"), order("7", "H-1")});
  send(munich_, {order("1", "M-1")});
  const std::string hidden = handle("7");
  const std::string own = handle("1");
  const std::string nobody = "eu-zzzz";
  auto& customers = app_->customers();
  const Viewer munich = viewer("south/munich", "supervisor");
  Viewer other_purpose = munich;
  other_purpose.purpose = gate::Purpose::DirectMarketing;
  const gate::PurposeSet care = {gate::Purpose::CustomerCare};
  using Leave = customers::Customers::Leave;
  // Whatever is asked about whom is hidden is answered as about nobody, word for word.
  std::vector<std::function<std::optional<Error>(const std::string&)>> questions;
  auto ask = [&](auto call) {
    questions.push_back([call](const std::string& handle) -> std::optional<Error> {
      auto answer = call(handle);
      return answer ? std::nullopt : std::optional(answer.error());
    });
  };
  ask([&](const std::string& at) { return customers.page(munich, at); });
  ask([&](const std::string& at) { return customers.page(other_purpose, at); });
  ask([&](const std::string& at) { return customers.timeline(munich, at, {}); });
  ask([&](const std::string& at) { return customers.timeline(other_purpose, at, {}); });
  ask([&](const std::string& at) { return customers.uses(munich, at, "", 10); });
  ask([&](const std::string& at) { return customers.where(munich, at); });
  ask([&](const std::string& at) { return customers.link(munich, own, at, gate::Basis::contract, care); });
  ask([&](const std::string& at) { return customers.link(munich, at, own, gate::Basis::contract, care); });
  ask([&](const std::string& at) { return customers.link(munich, at, at, gate::Basis::contract, care); });
  ask([&](const std::string& at) { return customers.unlink(munich, own, at); });
  ask([&](const std::string& at) { return customers.unlink(munich, at, own); });
  ask([&](const std::string& at) { return customers.change_leave(munich, at, care, Leave::withdraw); });
  ask([&](const std::string& at) { return customers.change_leave(munich, at, care, Leave::regrant); });
  for (std::size_t i = 0; i < questions.size(); ++i) {
    SCOPED_TRACE(i);
    auto about_hidden = questions[i](hidden);
    auto about_nobody = questions[i](nobody);
    ASSERT_TRUE(about_hidden && about_nobody);
    EXPECT_EQ(about_hidden->kind, ErrorKind::not_found);
    EXPECT_EQ(about_hidden->code, about_nobody->code);
    EXPECT_EQ(about_hidden->detail, about_nobody->detail);
    EXPECT_TRUE(about_hidden->fields.empty());
  }
  for (const char* key : {"user_id:7", "email:hanna@example.org"}) {
    EXPECT_THAT(*customers.find_by_key(munich, key), IsEmpty());
  }
  EXPECT_THAT(*customers.find_by_name(munich, "Hansen"), IsEmpty());
  EXPECT_THAT(*customers.find_by_order(munich, "H-1"), IsEmpty());
  EXPECT_EQ(customers.count_by_country("hamburg", "south/munich").error().code, "source_unknown");
  const auto uses = customers.uses(viewer("", "data_protection_officer"), hidden, "", 100)->items;
  for (const auto& use : uses) EXPECT_NE(use.entry.role, "supervisor") << "nothing was shown, nothing is written";
}

TEST_F(UnitsTest, LinksReachOnlyWhomOneSees) {
  send(hamburg_, {order("first", "H-0")});
  send(munich_, {order("a", "M-1"), order("b", "M-2"), order("c", "M-3")});
  const std::string first = handle("first");
  const std::string a = handle("a");
  const std::string b = handle("b");
  const std::string c = handle("c");
  auto& customers = app_->customers();
  const gate::PurposeSet care = {gate::Purpose::CustomerCare};
  const Viewer all = viewer("", "supervisor");
  ASSERT_TRUE(customers.link(all, first, a, gate::Basis::contract, care));
  ASSERT_TRUE(customers.link(all, first, b, gate::Basis::contract, care));
  ASSERT_TRUE(customers.link(all, b, c, gate::Basis::contract, care));
  EXPECT_EQ(customers.page(all, a)->handle, first) << "the oldest gives the handle";
  EXPECT_THAT(customers.page(all, a)->customer.identities, SizeIs(4));

  const Viewer munich = viewer("south/munich", "supervisor");
  auto alone = *customers.page(munich, a);
  EXPECT_EQ(alone.handle, a);
  EXPECT_THAT(alone.customer.identities, SizeIs(1)) << "whoever a hidden one joins is not joined";
  EXPECT_THAT(alone.customer.links, IsEmpty());
  auto two = *customers.page(munich, c);
  EXPECT_EQ(two.handle, b);
  EXPECT_THAT(two.customer.identities, SizeIs(2));
  ASSERT_THAT(two.customer.links, SizeIs(1));
  EXPECT_EQ(two.customer.links.front().origin, "staff");
  EXPECT_EQ(customers.page(munich, first).error().code, "customer_unknown") << "the handle of the whole leads nowhere";
  EXPECT_THAT(*customers.find_by_key(munich, "user_id:a"), SizeIs(1));
  EXPECT_EQ(customers.find_by_key(munich, "user_id:c")->front().handle, b);
  // What they see they may take apart, and join.
  EXPECT_TRUE(customers.unlink(munich, b, c));
  EXPECT_THAT(customers.page(munich, c)->customer.identities, SizeIs(1));
  EXPECT_TRUE(customers.link(munich, a, c, gate::Basis::contract, care));
  EXPECT_THAT(customers.page(munich, c)->customer.identities, SizeIs(2));
}

TEST_F(UnitsTest, AnotherSourceIsNotNamedAsTheOriginOfALink) {
  send(munich_, {order("a", "M-1"), order("b", "M-2")});
  auto same = named("a", "Anna", "both@example.org");
  auto again = named("b", "Anna", "both@example.org");
  send(hamburg_, {same, again});
  auto page = *app_->customers().page(viewer("south/munich"), handle("a"));
  ASSERT_THAT(page.customer.links, SizeIs(1)) << "that two of theirs are one person is about theirs";
  EXPECT_EQ(page.customer.links.front().origin, "");
  for (const auto& identity : page.customer.identities) EXPECT_THAT(identity.keys, SizeIs(1)) << "the address is not";
  EXPECT_THAT(page.sums.traits, IsEmpty());
}

TEST_F(UnitsTest, AKeyThatTwoBranchesToldIsSeenByBoth) {
  send(hamburg_, {named("42", "Anna", "anna@example.org")});
  send(munich_, {named("42", "Anna", "Anna@Example.org")});
  for (const char* unit : {"south/munich", "north/hamburg"}) {
    auto found = *app_->customers().find_by_key(viewer(unit), "email:anna@example.org");
    ASSERT_THAT(found, SizeIs(1)) << unit;
    EXPECT_EQ(found.front().match, identity::Standing::confirmed);
  }
}

TEST_F(UnitsTest, ACursorOfOneSightIsNoneOfAnother) {
  const std::string anna = anna_everywhere();
  customers::TimelineFilter filter;
  filter.limit = 1;
  filter.cursor = *app_->customers().timeline(viewer(""), anna, filter)->next;
  EXPECT_EQ(app_->customers().timeline(viewer("south"), anna, filter).error().code, "cursor_invalid");
  EXPECT_TRUE(app_->customers().timeline(viewer(""), anna, filter));
  filter.cursor.clear();
  filter.cursor = *app_->customers().timeline(viewer("south"), anna, filter)->next;
  EXPECT_EQ(app_->customers().timeline(viewer("south/munich"), anna, filter).error().code, "cursor_invalid");
  auto rest = *app_->customers().timeline(viewer("south"), anna, filter);
  EXPECT_THAT(rest.items, SizeIs(1));
}

TEST_F(UnitsTest, PurposesCountByWhatIsSeen) {
  auto offers = add_source("offers", "south/munich", {kOffers});
  send(hamburg_, {named("9", "Nora", "nora@example.org")});
  send(offers, {event(EventType::page, "9")});
  const std::string nora = handle("9");
  // To Munich's agents: there is Nora, but nothing of her was stored for care here, whatever Hamburg has.
  EXPECT_EQ(app_->customers().page(viewer("south/munich"), nora).error().code, "use_denied");
  EXPECT_EQ(app_->customers().timeline(viewer("south/munich"), nora, {}).error().code, "use_denied");
  EXPECT_THAT(*app_->customers().find_by_key(viewer("south/munich"), "user_id:9"), IsEmpty());
  auto page = app_->customers().page(viewer("south/munich", "marketer"), nora);
  ASSERT_TRUE(page) << page.error().detail;
  EXPECT_EQ(page->sums.all.events, 1);
}

TEST_F(UnitsTest, ThoseOfOthersDoNotCrowdOutOnesOwn) {
  std::vector<events::Intake> many;
  for (int i = 0; i < 1'100; ++i) {
    const std::string user = "h" + std::to_string(i);
    many.push_back(named(user, "Anton Berger", user + "@example.org"));
  }
  send(hamburg_, std::move(many));
  send(munich_, {named("own", "Berta Berger", "berta@example.org")});
  auto found = *app_->customers().find_by_name(viewer("south/munich"), "Berger");
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found.front().name, "Berta Berger");
}

TEST_F(UnitsTest, ThoseOfOthersWithTheSameKeyDoNotCrowdOutOnesOwn) {
  std::vector<events::Intake> many;
  for (int i = 0; i < 1'100; ++i) many.push_back(named("h" + std::to_string(i), "Anton", "office@example.org"));
  send(hamburg_, std::move(many));
  send(munich_, {named("own", "Berta", "office@example.org"), named("also-own", "Carla", "office@example.org")});
  auto found = *app_->customers().find_by_key(viewer("south/munich"), "email:office@example.org");
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found.front().name, "Berta");
  EXPECT_EQ(found.front().match, identity::Standing::confirmed);
}

TEST_F(UnitsTest, WhoIsHiddenIsFoldedOnceNotAtEachQuestion) {
  std::vector<events::Intake> orders;
  for (int i = 0; i < 120; ++i) orders.push_back(order("big", "H-" + std::to_string(i)));
  send(hamburg_, std::move(orders));
  const std::string hidden = handle("big");
  auto saved = [this] {
    send(munich_, {order("own", "M-" + std::to_string(messages_))});  // behind what waits for the writer
    std::int64_t count = 0;
    EXPECT_TRUE(app_->events().cells()[0].region->data().read([&](db::Transaction& tx) {
      return tx.query("SELECT count(*) FROM customers_profile", {},
                      [&](const db::Row& row) { count = row.integer(0); });
    }));
    return count;
  };
  ASSERT_EQ(saved(), 0);
  EXPECT_EQ(app_->customers().page(viewer("south/munich"), hidden).error().code, "customer_unknown");
  EXPECT_EQ(saved(), 1) << "to fold all of it each time would take longer than to know nobody";
}

TEST_F(UnitsTest, AProfileThatWasSavedIsSeenTheSame) {
  std::vector<events::Intake> here;
  std::vector<events::Intake> there;
  for (int i = 0; i < 120; ++i) {
    here.push_back(order("42", "M-" + std::to_string(i), "1"));
    there.push_back(order("42", "H-" + std::to_string(i), "2"));
  }
  send(hamburg_, std::move(there));
  send(munich_, std::move(here));
  const std::string anna = handle("42");
  for (int look = 0; look < 3; ++look) {
    for (const char* unit : {"", "south/munich", "north"}) {
      auto page = *app_->customers().page(viewer(unit), anna);
      EXPECT_EQ(page.sums.orders, std::string_view(unit).empty() ? 240 : 120);
    }
    // Saved by the writer, behind what was asked of it before.
    send(munich_, {named("other" + std::to_string(look), "Otto", "otto@example.org")});
  }
  EXPECT_THAT(*app_->customers().find_by_order(viewer("south"), "M-3"), SizeIs(1));
  EXPECT_THAT(*app_->customers().find_by_order(viewer("south"), "H-3"), IsEmpty());
}

TEST_F(UnitsTest, AnotherUnitOfASourceHoldsAtOnceAndForWhatWas) {
  const std::string anna = anna_everywhere();
  ASSERT_TRUE(app_->sources().set_unit("hamburg", "south/munich"));
  EXPECT_EQ(app_->customers().page(viewer("south/munich"), anna)->sums.orders, 2);
  ASSERT_TRUE(app_->sources().set_unit("hamburg", ""));
  ASSERT_TRUE(app_->sources().set_unit("munich", "south/munichwest"));
  EXPECT_EQ(app_->customers().page(viewer("south/munich"), anna).error().code, "customer_unknown")
      << "a name that begins the same is another";
  auto wrong = app_->sources().set_unit("munich", "South");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().fields.front().pointer, "/unit");
}

TEST_F(UnitsTest, UsesAreThoseByTheirOwn) {
  const std::string anna = anna_everywhere();
  ASSERT_TRUE(app_->customers().page(viewer("north/hamburg"), anna));
  ASSERT_TRUE(app_->customers().page(viewer("south/munich"), anna));
  ASSERT_TRUE(app_->customers().page(viewer("south"), anna));
  std::vector<std::string> units;
  std::string cursor;
  for (;;) {
    auto page = *app_->customers().uses(viewer("south", "supervisor"), anna, cursor, 2);
    for (const auto& use : page.items) units.push_back(use.entry.unit + " " + use.entry.role);
    if (!page.next) break;
    cursor = *page.next;
  }
  EXPECT_THAT(units, ElementsAre("south supervisor", "south agent", "south/munich agent"));
  EXPECT_GT(app_->customers().uses(viewer("", "supervisor"), anna, "", 50)->items.size(), 5U);
}

TEST_F(UnitsTest, RefusedLinksAreThoseBetweenOnesOwn) {
  // An address of more than ten joins nobody further.
  auto& customers = app_->customers();
  for (int i = 0; i < 12; ++i) send(hamburg_, {named("h" + std::to_string(i), "N", "branch@example.org")});
  send(munich_, {named("m", "M", "branch@example.org")});
  EXPECT_THAT(*customers.refused_links(viewer("", "supervisor")), testing::Not(IsEmpty()));
  EXPECT_THAT(*customers.refused_links(viewer("north", "supervisor")), testing::Not(IsEmpty()));
  EXPECT_THAT(*customers.refused_links(viewer("south", "supervisor")), IsEmpty()) << "one end is hidden";
}

TEST_F(UnitsTest, WhoWasErasedIsNobody) {
  send(munich_, {order("42", "M-1")});
  const std::string anna = handle("42");
  auto place = *app_->customers().where(viewer(""), anna);
  ASSERT_TRUE(app_->subjects().erase(place.region, {&place.identity, 1}));
  EXPECT_EQ(app_->customers().page(viewer("south/munich"), anna).error().code, "customer_unknown");
  EXPECT_THAT(*app_->customers().find_by_key(viewer("south/munich"), "user_id:42"), IsEmpty());
}

TEST_F(UnitsTest, ABrokerSeesTheirOwn) {
  const std::string anna = anna_everywhere();
  EXPECT_EQ(app_->customers().page(viewer("south/munich", "broker"), anna)->sums.orders, 1);
}

// Random histories beside a model: to who is limited, a customer is what the events of visible sources and the links
// between visible people make of them.
class UnitsModelTest : public testing::TestWithParam<unsigned>, protected Branches {
 protected:
  static constexpr int kPeople = 7;
  static constexpr int kNames = 3;
  struct Sent {
    int person;
    std::string unit;
    std::string order;  // "" of one that says a name
    int name;
  };

  std::string user(int person) const { return "p" + std::to_string(person); }
  static std::string name(int number) { return std::string("Name") + static_cast<char>('a' + number); }

  void act() {
    const sources::SourcePointer source = std::vector{munich_, south_, hamburg_, head_}[random_() % 4];
    const int person = static_cast<int>(random_() % kPeople);
    const int other = static_cast<int>(random_() % kPeople);
    const gate::PurposeSet care = {gate::Purpose::CustomerCare};
    const auto kind = random_() % 10;
    if (kind < 6) {
      Sent sent{person, source->unit, kind < 3 ? "o-" + std::to_string(sent_.size()) : "",
                static_cast<int>(random_() % kNames)};
      auto identify = event(EventType::identify, user(person));
      identify.traits = json::Value{{"name", name(sent.name)}};
      send(source, {sent.order.empty() ? identify : order(user(person), sent.order)});
      sent_.push_back(sent);
      if (!handles_.contains(person)) handles_[person] = handle_of(person);
    } else if (person != other && handles_.contains(person) && handles_.contains(other)) {
      const std::pair<int, int> ends = std::minmax(person, other);
      if (kind < 9) {
        ASSERT_TRUE(app_->customers().link(viewer("", "supervisor"), handles_[person], handles_[other],
                                           gate::Basis::contract, care));
        links_.insert(ends);
      } else if (app_->customers().unlink(viewer("", "supervisor"), handles_[person], handles_[other])) {
        links_.erase(ends);
      }
    }
  }

  // The handle of the identity itself, whoever it is joined with.
  std::string handle_of(int person) {
    std::string own;
    const auto page = app_->customers().page(viewer(""), handle(user(person)));
    for (const auto& identity : page->customer.identities) {
      for (const auto& key : identity.keys) {
        if (key.value == user(person)) own = customers::format_handle(page->region, identity.id);
      }
    }
    return own;
  }

  bool sees(const std::string& unit, int person) const {
    return std::any_of(sent_.begin(), sent_.end(),
                       [&](const Sent& sent) { return sent.person == person && staff::is_within(sent.unit, unit); });
  }

  std::set<int> reached(const std::string& unit, int start) const {
    std::set<int> out = {start};
    for (bool grew = true; grew;) {
      grew = false;
      for (const auto& [a, b] : links_) {
        if (!sees(unit, a) || !sees(unit, b) || out.contains(a) == out.contains(b)) continue;
        out.insert({a, b});
        grew = true;
      }
    }
    return out;
  }

  void check(const std::string& unit) {
    for (const auto& [person, at] : handles_) {
      SCOPED_TRACE(unit + " " + user(person));
      auto page = app_->customers().page(viewer(unit), at);
      auto timeline =
          app_->customers().timeline(viewer(unit), at, {.touchpoint = "", .type = {}, .cursor = "", .limit = 200});
      if (!sees(unit, person)) {
        ASSERT_FALSE(page);
        EXPECT_EQ(page.error().code, "customer_unknown");
        EXPECT_EQ(timeline.error().code, "customer_unknown");
        continue;
      }
      ASSERT_TRUE(page) << page.error().detail;
      std::set<std::string> members;
      std::int64_t events = 0;
      std::int64_t orders = 0;
      const auto people = reached(unit, person);
      for (int member : people) members.insert(handles_.at(member));
      for (const Sent& sent : sent_) {
        if (!people.contains(sent.person) || !staff::is_within(sent.unit, unit)) continue;
        ++events;
        orders += sent.order.empty() ? 0 : 1;
      }
      std::set<std::string> shown;
      for (const auto& identity : page->customer.identities) {
        shown.insert(customers::format_handle(page->region, identity.id));
      }
      EXPECT_EQ(shown, members);
      EXPECT_EQ(page->sums.all.events, events);
      EXPECT_EQ(page->sums.orders, orders);
      EXPECT_THAT(timeline->items, SizeIs(static_cast<std::size_t>(events)));
      for (const auto& link : page->customer.links) {
        EXPECT_TRUE(members.contains(customers::format_handle(page->region, link.a)) &&
                    members.contains(customers::format_handle(page->region, link.b)));
      }
    }
    for (const Sent& sent : sent_) {
      if (sent.order.empty()) continue;
      EXPECT_EQ(app_->customers().find_by_order(viewer(unit), sent.order)->size(),
                staff::is_within(sent.unit, unit) ? 1U : 0U)
          << unit << " " << sent.order;
    }
    for (int number = 0; number < kNames; ++number) {
      std::set<std::set<int>> expected;
      for (const Sent& sent : sent_) {
        if (!sent.order.empty() || sent.name != number || !staff::is_within(sent.unit, unit)) continue;
        expected.insert(reached(unit, sent.person));
      }
      EXPECT_EQ(app_->customers().find_by_name(viewer(unit), name(number))->size(), expected.size()) << unit;
    }
  }

  std::mt19937 random_{GetParam()};
  std::vector<Sent> sent_;
  std::set<std::pair<int, int>> links_;
  std::map<int, std::string> handles_;
};

TEST_P(UnitsModelTest, ASightIsWhatItsSourcesMadeOfPeople) {
  for (int round = 0; round < 4; ++round) {
    for (int step = 0; step < 15; ++step) ASSERT_NO_FATAL_FAILURE(act());
    for (const char* unit : {"", "south", "south/munich", "north", "north/hamburg", "east"}) check(unit);
  }
}

INSTANTIATE_TEST_SUITE_P(Histories, UnitsModelTest, testing::Range(1U, 5U));

}  // namespace
}  // namespace handschlag::app
