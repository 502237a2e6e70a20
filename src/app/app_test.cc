#include "app/app.h"

#include <gtest/gtest.h>

#include <fstream>
#include <future>

#include "app/commands.h"
#include "app/control.h"
#include "app/doctor.h"
#include "platform/db/testing/testing.h"

namespace handschlag::app {
namespace {

class Recorder final : public Console {
 public:
  void out(std::string_view text) override { output += text; }
  void err(std::string_view text) override { errors += text; }
  bool cancelled() override { return stop; }
  json::Value value() const { return json::parse(output).value_or(json::Value()); }
  std::string output;
  std::string errors;
  bool stop = false;
};

class AppTest : public testing::Test {
 protected:
  void SetUp() override {
    crypto::initialize();
    settings_ = *load_settings(folder_.path() / "data", "");
    settings_.server.port = 0;
    settings_.log_level = log::Level::error;
    ASSERT_TRUE(App::initialize(settings_));
    app_ = *App::open(settings_, clock_);
  }

  Recorder run(std::vector<std::string> words) {
    words.insert(words.end(), {"--format", "json"});
    Recorder console;
    code_ = run_command(parse_command_line(words).line, *app_, console);
    return console;
  }

  sources::SourcePointer add_source(const std::string& id, std::vector<gate::DeclaredPurpose> purposes,
                                    sources::Trust trust = sources::Trust::server) {
    sources::Source source;
    source.id = id;
    source.touchpoint = id;
    source.trust = trust;
    source.country = "DE";
    source.purposes = std::move(purposes);
    return app_->sources().add(source)->source;
  }

  events::Outcome send(const sources::SourcePointer& source, std::vector<events::Intake> batch) {
    std::promise<Result<events::Outcome>> done;
    app_->events().submit(source, std::move(batch),
                          [&](Result<events::Outcome> result) { done.set_value(std::move(result)); });
    return *done.get_future().get();
  }

  events::Intake event(events::EventType type, const std::string& user, const std::string& message) {
    events::Intake intake;
    intake.type = type;
    intake.name = type == events::EventType::track ? "Order Completed" : "";
    intake.user_id = user;
    intake.message_id = message;
    intake.original = intake.occurred = intake.received = clock_.now();
    return intake;
  }

  static customers::Viewer viewer(const std::string& role) {
    customers::Viewer out;
    out.role = role;
    out.principal = "token:1";
    out.operation = "getCustomer";
    return out;
  }

  db::testing::TemporaryFolder folder_;
  ManualClock clock_{from_millis(1'795'000'000'000)};
  Settings settings_;
  std::unique_ptr<App> app_;
  int code_ = -1;
};

constexpr gate::DeclaredPurpose kOrders{gate::Purpose::CustomerOrderManagement, gate::Basis::contract};
constexpr gate::DeclaredPurpose kCare{gate::Purpose::CustomerCare, gate::Basis::contract};

TEST_F(AppTest, SecondProcessOnTheFolderIsRefused) {
  auto second = App::open(settings_, clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "folder_in_use");
}

TEST_F(AppTest, UnknownFolderSaysHowToMakeIt) {
  auto other = *load_settings(folder_.path() / "nowhere", "");
  auto opened = App::open(other, clock_);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find("handschlag init"), std::string::npos);
}

TEST_F(AppTest, EveryOperationOfTheDescriptionHasAHandler) {
  auto served = app_->serve();
  ASSERT_TRUE(served) << served.error().detail;
  EXPECT_GT(app_->server()->port(), 0);
}

TEST_F(AppTest, KeysAndTokensArePrintedOnceAndWork) {
  auto source = run({"source", "add", "--id", "shop", "--touchpoint", "shop", "--purpose", "CustomerCare"}).value();
  ASSERT_EQ(code_, 0);
  EXPECT_EQ(app_->sources().by_write_key(source["write_key"].get<std::string>())->id, "shop");
  auto token = run({"token", "add", "--role", "agent", "--name", "desk"}).value();
  ASSERT_EQ(code_, 0);
  EXPECT_EQ(app_->staff().authenticate(token["token"].get<std::string>())->role, "agent");
  EXPECT_EQ(run({"token", "list"}).output.find(token["token"].get<std::string>()), std::string::npos);
  EXPECT_EQ(run({"source", "list"}).output.find(source["write_key"].get<std::string>()), std::string::npos);
  run({"token", "revoke", "--id", std::to_string(token["id"].get<int>())});
  EXPECT_FALSE(app_->staff().authenticate(token["token"].get<std::string>()));
}

TEST_F(AppTest, WrongWordsGetAnAnswerThatHelps) {
  auto unknown_purpose = run({"source", "add", "--id", "a", "--touchpoint", "a", "--purpose", "Fun"});
  EXPECT_EQ(code_, 1);
  EXPECT_NE(unknown_purpose.errors.find("CustomerOrderManagement"), std::string::npos);
  auto unknown_role = run({"token", "add", "--role", "king", "--name", "x"});
  EXPECT_EQ(code_, 1);
  EXPECT_NE(unknown_role.errors.find("data_protection_officer"), std::string::npos);
  run({"source", "rotate", "--id", "nobody"});
  EXPECT_EQ(code_, 1);
}

TEST_F(AppTest, CommandsRunBesideAServerThroughItsSocket) {
  auto commands = ControlSocket::listen(*app_);
  ASSERT_TRUE(commands);
  Recorder console;
  auto code = run_remotely(settings_.regions.data_folder,
                           {{"token", "add", "--role", "agent", "--name", "x", "--format", "json"}, "/", ""}, console);
  ASSERT_EQ(code, 0) << console.errors;
  EXPECT_TRUE(app_->staff().authenticate(console.value()["token"].get<std::string>()));
  commands->reset();
  EXPECT_FALSE(run_remotely(settings_.regions.data_folder, {{"token", "list"}, "/", ""}, console));
}

TEST_F(AppTest, DoctorFindsAFreshInstallationGood) {
  for (const Finding& finding : examine(*app_)) EXPECT_TRUE(finding.good) << finding.part << ": " << finding.detail;
}

TEST_F(AppTest, OneCustomerOutOfTwoSources) {
  auto shop = add_source("shop", {kOrders});
  auto hotline = add_source("hotline", {kCare});
  auto order = event(events::EventType::track, "42", "m1");
  order.keys = {{identity::KeyKind::email, "anna@example.org"}};
  order.properties = json::Value{{"revenue", "12.50"}, {"currency", "EUR"}};
  auto call = event(events::EventType::track, "K-7", "m2");
  call.name = "Call Answered";
  call.keys = {{identity::KeyKind::email, "Anna@Example.org"}};
  EXPECT_EQ(send(shop, {order}).stored, 1u);
  EXPECT_EQ(send(hotline, {call}).stored, 1u);

  auto found = *app_->customers().find_by_key(viewer("agent"), "email:anna@example.org");
  ASSERT_EQ(found.size(), 1u);
  auto page = *app_->customers().page(viewer("agent"), found[0].handle);
  EXPECT_EQ(page.customer.identities.size(), 2u);
  EXPECT_EQ(page.sums.orders, 1);
  EXPECT_EQ(page.sums.all.events, 2);
  EXPECT_EQ(app_->customers().timeline(viewer("agent"), found[0].handle, {})->items.size(), 2u);
}

TEST_F(AppTest, UnlinkTakesACustomerApartAndLinkJoinsIt) {
  auto shop = add_source("shop", {kOrders, kCare});
  ASSERT_EQ(send(shop, {event(events::EventType::track, "1", "m1"), event(events::EventType::track, "2", "m2")}).stored,
            2u);
  auto a = (*app_->customers().find_by_key(viewer("agent"), "user_id:1"))[0].handle;
  auto b = (*app_->customers().find_by_key(viewer("agent"), "user_id:2"))[0].handle;
  auto size = [&](const std::string& handle) {
    return app_->customers().page(viewer("agent"), handle)->customer.identities.size();
  };
  auto linked = app_->customers().link(viewer("agent"), a, b, gate::Basis::contract, {gate::Purpose::CustomerCare});
  ASSERT_TRUE(linked) << linked.error().detail;
  EXPECT_EQ(size(a), 2u);
  EXPECT_EQ(app_->customers().page(viewer("agent"), b)->handle, a) << "the handle is the oldest identity's";
  ASSERT_TRUE(app_->customers().unlink(viewer("agent"), b, a));
  EXPECT_EQ(size(a), 1u);
  EXPECT_EQ(app_->customers().page(viewer("agent"), b)->handle, b);
}

TEST_F(AppTest, LooksAreInTheLedgerAndRefusedOnesToo) {
  auto shop = add_source("shop", {kOrders});
  send(shop, {event(events::EventType::track, "1", "m1")});
  auto handle = (*app_->customers().find_by_key(viewer("agent"), "user_id:1"))[0].handle;
  ASSERT_TRUE(app_->customers().page(viewer("agent"), handle));
  auto denied = app_->customers().page(viewer("operator"), handle);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, "use_denied");
  auto uses = app_->customers().uses(viewer("data_protection_officer"), handle, "", 10)->items;
  ASSERT_EQ(uses.size(), 4u) << "the search, the page, the refusal, and this very look";
  EXPECT_EQ(uses[0].entry.role, "data_protection_officer");
  EXPECT_EQ(uses[1].entry.role, "operator");
  EXPECT_EQ(uses[1].entry.decision, gate::Decision::deny);
  EXPECT_EQ(uses[2].entry.role, "agent");
}

TEST_F(AppTest, UsesAreReadPageByPageWhileOthersComeIn) {
  auto shop = add_source("shop", {kOrders});
  send(shop, {event(events::EventType::track, "1", "m1")});
  auto handle = (*app_->customers().find_by_key(viewer("agent"), "user_id:1"))[0].handle;
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(app_->customers().page(viewer("agent"), handle));
  const auto officer = viewer("data_protection_officer");
  std::vector<std::int64_t> seen;
  std::string cursor;
  for (;;) {
    auto page = app_->customers().uses(officer, handle, cursor, 3);  // each look adds an entry beyond the first page
    ASSERT_TRUE(page) << page.error().detail;
    for (const auto& record : page->items) seen.push_back(record.seq);
    if (!page->next) break;
    cursor = *page->next;
  }
  EXPECT_EQ(seen.size(), 8u) << "the search, six pages, and the first of these looks";
  EXPECT_TRUE(std::ranges::is_sorted(seen, std::ranges::greater{}));
  EXPECT_EQ(app_->customers().uses(viewer("supervisor"), handle, cursor, 3).error().code, "cursor_invalid")
      << "another's list";
}

TEST_F(AppTest, OneDamagedEventHidesNothingElse) {
  auto shop = add_source("shop", {kOrders});
  send(shop, {event(events::EventType::track, "1", "m1"), event(events::EventType::track, "1", "m2"),
              event(events::EventType::track, "1", "m3")});
  const auto agent = viewer("agent");
  const auto handle = (*app_->customers().find_by_key(agent, "user_id:1"))[0].handle;
  ASSERT_TRUE(app_->regions().all().front()->data().write([](db::Transaction& tx) -> Result<void> {
    TRY(tx.execute("UPDATE events_event SET sealed = $1 WHERE seq = 2", {db::BlobView{"no longer"}}));
    return {};
  }));
  customers::TimelineFilter filter;
  filter.limit = 2;
  auto timeline = app_->customers().timeline(agent, handle, filter);
  ASSERT_TRUE(timeline) << timeline.error().detail;
  filter.cursor = timeline->next.value_or("");
  auto rest = app_->customers().timeline(agent, handle, filter);
  ASSERT_TRUE(rest) << rest.error().detail;
  std::vector<bool> damaged;
  for (const auto* page : {&*timeline, &*rest}) {
    for (const events::Event& one : page->items) damaged.push_back(one.damaged);
  }
  EXPECT_EQ(damaged, (std::vector<bool>{false, true, false}));
  auto page = app_->customers().page(agent, handle);
  ASSERT_TRUE(page) << page.error().detail;
  EXPECT_EQ(page->sums.all.events, 2);
}

TEST_F(AppTest, WhatWasStoredForOnePurposeIsNotSeenForAnother) {
  auto shop = add_source("shop", {kOrders});
  send(shop, {event(events::EventType::track, "1", "m1")});
  auto handle = (*app_->customers().find_by_key(viewer("agent"), "user_id:1"))[0].handle;
  auto marketer = viewer("marketer");
  EXPECT_TRUE(app_->customers().find_by_key(marketer, "user_id:1")->empty());
  EXPECT_EQ(app_->customers().timeline(marketer, handle, {}).error().code, "use_denied");
  EXPECT_EQ(app_->customers().page(marketer, handle).error().code, "use_denied");
  auto asking = viewer("agent");
  asking.purpose = gate::Purpose::DirectMarketing;
  EXPECT_EQ(app_->customers().page(asking, handle).error().code, "use_denied");
}

TEST_F(AppTest, ViewerOfOneRegionSeesNoOther) {
  auto shop = add_source("shop", {kOrders});
  auto american = event(events::EventType::track, "1", "m1");
  american.country = "US";
  send(shop, {american});
  auto handle = (*app_->customers().find_by_key(viewer("agent"), "user_id:1"))[0].handle;
  EXPECT_TRUE(handle.starts_with("us-"));
  auto european = viewer("agent");
  european.region = "eu";
  EXPECT_TRUE(app_->customers().find_by_key(european, "user_id:1")->empty());
  EXPECT_EQ(app_->customers().page(european, handle).error().code, "customer_unknown");
}

TEST_F(AppTest, TimelinePagesAreCompleteAndInOrder) {
  auto shop = add_source("shop", {kOrders});
  for (int i = 0; i < 25; ++i) {
    auto late = event(events::EventType::track, "1", "m" + std::to_string(i));
    late.occurred = clock_.now() - std::chrono::hours{(i * 7) % 25};  // not in the order of arrival
    send(shop, {late});
  }
  auto handle = (*app_->customers().find_by_key(viewer("agent"), "user_id:1"))[0].handle;
  customers::TimelineFilter filter;
  filter.limit = 10;
  std::vector<Time> seen;
  do {
    auto page = *app_->customers().timeline(viewer("agent"), handle, filter);
    for (const auto& item : page.items) seen.push_back(item.occurred_at);
    filter.cursor = page.next.value_or("");
  } while (!filter.cursor.empty());
  EXPECT_EQ(seen.size(), 25u);
  EXPECT_TRUE(std::is_sorted(seen.rbegin(), seen.rend()));
  filter.cursor = "nonsense";
  EXPECT_EQ(app_->customers().timeline(viewer("agent"), handle, filter).error().code, "cursor_invalid");
}

TEST_F(AppTest, ProfilesFoldedBeforeAndAfterSavingAreTheSame) {
  auto shop = add_source("shop", {kOrders});
  auto order = [&](int i) {
    auto intake = event(events::EventType::track, "1", "m" + std::to_string(i));
    intake.properties = json::Value{{"revenue", "1.5"}, {"currency", "EUR"}};
    return intake;
  };
  for (int i = 0; i < 120; ++i) send(shop, {order(i)});
  auto handle = (*app_->customers().find_by_key(viewer("agent"), "user_id:1"))[0].handle;
  EXPECT_EQ(app_->customers().page(viewer("agent"), handle)->sums.orders, 120);
  send(shop, {order(120)});  // also lets the saving of the profile finish: the writer keeps the order
  auto page = *app_->customers().page(viewer("agent"), handle);
  EXPECT_EQ(page.sums.orders, 121);
  EXPECT_EQ(page.sums.money["EUR"].ordered, 181'500'000);
}

TEST_F(AppTest, EverythingIsThereAfterReopening) {
  auto shop = add_source("shop", {kOrders});
  send(shop, {event(events::EventType::track, "1", "m1")});
  app_.reset();
  app_ = *App::open(settings_, clock_);
  auto found = *app_->customers().find_by_key(viewer("agent"), "user_id:1");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(send(app_->sources().find("shop"), {event(events::EventType::track, "1", "m1")}).duplicates, 1u);
}

TEST_F(AppTest, AnotherRegionsKeyOpensNothing) {
  app_.reset();
  std::filesystem::copy_file(settings_.regions.key_folder / "us.key", settings_.regions.key_folder / "eu.key",
                             std::filesystem::copy_options::overwrite_existing);
  auto opened = App::open(settings_, clock_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "region_key_wrong");
}

}  // namespace
}  // namespace handschlag::app
