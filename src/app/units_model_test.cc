// Random histories beside a model: to who is limited, a customer is what the events of visible sources and the links
// between visible people make of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <random>
#include <set>

#include "app/app.h"
#include "platform/db/testing/testing.h"

namespace handschlag::app {
namespace {

using customers::Viewer;
using events::EventType;
using testing::SizeIs;

constexpr gate::DeclaredPurpose kOrders{gate::Purpose::CustomerOrderManagement, gate::Basis::contract};
constexpr gate::DeclaredPurpose kCare{gate::Purpose::CustomerCare, gate::Basis::contract};

class UnitsModelTest : public testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    crypto::initialize();
    settings_ = *load_settings(folder_.path() / "data", "");
    settings_.server.port = 0;
    settings_.log_level = log::Level::error;
    ASSERT_TRUE(App::initialize(settings_));
    app_ = *App::open(settings_, clock_);
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

  db::testing::TemporaryFolder folder_;
  ManualClock clock_{from_millis(1'795'000'000'000)};
  Settings settings_;
  std::unique_ptr<App> app_;
  sources::SourcePointer munich_;
  sources::SourcePointer south_;
  sources::SourcePointer hamburg_;
  sources::SourcePointer head_;
  int messages_ = 0;
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
