// Moving customers with the whole program: killed at every step, and backups of before, of after and of the middle.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <set>
#include <thread>

#include "app/app.h"
#include "app/upkeep.h"
#include "platform/db/testing/testing.h"

namespace handschlag::app {
namespace {

namespace fs = std::filesystem;

constexpr int kEvents = 110;  // more than a page of a copy
constexpr int kMostSteps = 20;
constexpr const char* kFolderVariable = "HANDSCHLAG_MOVING_TEST";

class Silent final : public backup::Progress {
 public:
  void report(const std::string&, std::string_view, std::uint64_t, std::uint64_t) override {}
  bool cancelled() override { return false; }
};

customers::Viewer officer() {
  customers::Viewer out;
  out.role = "data_protection_officer";
  out.principal = "token:1";
  out.operation = "moveCustomer";
  return out;
}

// A house of three regions with a shop, anna, who lives in Germany, and bert beside her.
class MovingAppTest : public testing::Test {
 protected:
  void SetUp() override {
    crypto::initialize();
    const char* folder = std::getenv(kFolderVariable);  // NOLINT(concurrency-mt-unsafe): set before threads
    if (folder == nullptr) folder_.emplace();
    settings_ = *load_settings(folder_ ? folder_->path() / "data" : fs::path(folder), "");
    settings_.server.port = 0;
    settings_.log_level = log::Level::error;
    if (!folder_) return;  // the one that is killed works on what its parent made
    ASSERT_TRUE(App::initialize(settings_));
    open();
    sources::Source source;
    source.id = source.touchpoint = "shop";
    source.trust = sources::Trust::server;
    source.country = "DE";
    source.purposes = {{gate::Purpose::CustomerOrderManagement, gate::Basis::contract}};
    ASSERT_TRUE(app_->sources().add(source));
    ASSERT_EQ(send("anna", 0, kEvents).stored, static_cast<std::size_t>(kEvents));
    ASSERT_EQ(send("bert", 0, 3).stored, 3U);
    before_ = handles("anna").at(0);
  }

  void open() {
    auto app = App::open(settings_, clock_);
    ASSERT_TRUE(app) << app.error().detail;
    app_ = *std::move(app);
  }

  events::Outcome send(const std::string& user, int from, int count) {
    std::vector<events::Intake> batch;
    for (int number = from; number < from + count; ++number) {
      events::Intake intake;
      intake.name = "Order Completed";
      intake.user_id = user;
      intake.message_id = user + "-" + std::to_string(number);
      intake.original = intake.occurred = intake.received = clock_.now();
      intake.properties = json::Value{{"total", 1}, {"currency", "EUR"}};
      batch.push_back(std::move(intake));
    }
    std::promise<Result<events::Outcome>> done;
    app_->events().submit(app_->sources().find("shop"), std::move(batch),
                          [&](Result<events::Outcome> result) { done.set_value(std::move(result)); });
    auto outcome = done.get_future().get();
    EXPECT_TRUE(outcome) << outcome.error().detail;
    return outcome ? *outcome : events::Outcome{};
  }

  std::vector<std::string> handles(const std::string& user) {
    std::vector<std::string> out;
    auto found = app_->customers().find_by_key(officer(), "user_id:" + user);
    EXPECT_TRUE(found) << found.error().detail;
    for (const auto& one : *found) out.push_back(one.handle);
    return out;
  }

  std::vector<std::string> messages(const std::string& handle) {
    std::vector<std::string> out;
    customers::TimelineFilter filter;
    filter.limit = 1'000;
    auto timeline = app_->customers().timeline(officer(), handle, filter);
    EXPECT_TRUE(timeline) << timeline.error().detail;
    if (!timeline) return out;
    for (const auto& event : timeline->items) out.push_back(event.body.value("message_id", ""));
    return out;
  }

  // Anna is one customer, in one region, and has each of her first `count` events once.
  void expect_whole(int count) {
    const auto found = handles("anna");
    ASSERT_EQ(found.size(), 1U);
    for (const std::string& handle : {found[0], before_}) {
      const auto seen = messages(handle);
      EXPECT_EQ(seen.size(), static_cast<std::size_t>(count)) << handle;
      EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), static_cast<std::size_t>(count)) << handle;
    }
    EXPECT_EQ(handles("bert").size(), 1U);
    EXPECT_EQ(send("anna", 0, count).duplicates, static_cast<std::size_t>(count)) << "retries";
  }

  Id<moves::Move> ask(const std::string& handle, const std::string& region = "us", const std::string& country = "US") {
    auto move = app_->moves().request(officer(), handle, {region, country, gate::Purpose::RightsFulfilment});
    EXPECT_TRUE(move) << move.error().detail;
    return move ? move->id : Id<moves::Move>{};
  }

  // Does what is left of the newest move; `at` is called at every step, with its number.
  Result<void> carry_out(const std::function<void(int)>& at = {}) {
    auto all = app_->moves().list("", 1);
    if (!all) return std::unexpected(all.error());
    int step = 0;
    return app_->moves().carry_out(all->items.at(0).id, [&] {
      if (at) at(++step);
      return false;
    });
  }

  bool back_up(const fs::path& to) {
    Silent silent;
    auto report = app_->back_up(to, std::chrono::days{1}, silent);
    if (!report) {
      EXPECT_EQ(report.error().code, "upkeep_running") << report.error().detail;
    }
    return report.has_value();
  }

  // Puts a backup where the data was. Its keys and the lists of erasures are where they always were.
  void restore_here(const fs::path& from) {
    app_.reset();
    fs::remove_all(settings_.regions.data_folder);
    Silent silent;
    auto restored = restore(settings_, {from, {}, {}}, clock_, silent);
    ASSERT_TRUE(restored) << restored.error().detail;
    open();
  }

  std::optional<db::testing::TemporaryFolder> folder_;
  ManualClock clock_{from_millis(1'795'000'000'000)};
  Settings settings_;
  std::unique_ptr<App> app_;
  std::string before_;  // anna's first handle
};

// The number of the step before which the program is killed.
class KilledMoveDeathTest : public MovingAppTest, public testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // a program of its own
    MovingAppTest::SetUp();
  }
};

INSTANTIATE_TEST_SUITE_P(Steps, KilledMoveDeathTest, testing::Range(1, kMostSteps));

TEST_P(KilledMoveDeathTest, Kill9LeavesEachEventOnceAndTheMoveGoesOn) {
  if (app_) {
    ask(before_);
    app_.reset();
  }
  setenv(kFolderVariable, settings_.regions.data_folder.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): none runs
  EXPECT_EXIT(
      {
        open();
        (void)carry_out([](int step) {
          if (step == GetParam()) raise(SIGKILL);
        });
        std::_Exit(0);  // there are fewer steps
      },
      [](int status) { return WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0; }, "");
  unsetenv(kFolderVariable);  // NOLINT(concurrency-mt-unsafe): as above
  open();
  expect_whole(kEvents);
  EXPECT_EQ(send("anna", kEvents, 5).stored, 5U);
  expect_whole(kEvents + 5);
  auto done = carry_out();
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(handles("anna"), std::vector<std::string>{"us-1"});
  expect_whole(kEvents + 5);
}

TEST_F(MovingAppTest, WhoMovedIsInOneRegionWhicheverBackupIsRestored) {
  ASSERT_TRUE(back_up(folder_->path() / "before"));
  ask(before_);
  ASSERT_TRUE(carry_out());
  ASSERT_TRUE(back_up(folder_->path() / "after"));
  EXPECT_EQ(send("anna", kEvents, 1).stored, 1U);

  restore_here(folder_->path() / "before");
  expect_whole(kEvents);
  EXPECT_EQ(handles("anna"), std::vector{before_}) << "as of then, in the old region";
  EXPECT_EQ(send("anna", kEvents, 1).stored, 1U);
  ask(before_);
  ASSERT_TRUE(carry_out());
  expect_whole(kEvents + 1);
  EXPECT_TRUE(handles("anna").at(0).starts_with("us-"));

  restore_here(folder_->path() / "after");
  expect_whole(kEvents);
  EXPECT_EQ(handles("anna"), std::vector<std::string>{"us-1"});
  EXPECT_EQ(send("anna", kEvents, 1).stored, 1U);
  expect_whole(kEvents + 1);
}

TEST_F(MovingAppTest, WhoMovedAndWasErasedStaysErasedInBothRegionsWhicheverBackupIsRestored) {
  ASSERT_TRUE(back_up(folder_->path() / "before"));
  ask(before_);
  int step = 0;
  std::set<fs::path> backups = {folder_->path() / "before"};
  ASSERT_TRUE(carry_out([&](int) {
    fs::path to = folder_->path() / ("step" + std::to_string(++step));
    std::thread other([&] {  // as an operator would
      if (step % 4 == 0 && back_up(to)) backups.insert(to);
    });
    other.join();
  }));
  ASSERT_TRUE(back_up(folder_->path() / "after"));
  backups.insert(folder_->path() / "after");
  ASSERT_GT(backups.size(), 3U);
  const std::string now = handles("anna").at(0);
  const IdentityId target{1};
  ASSERT_EQ(now, "us-1");
  ASSERT_TRUE(app_->subjects().erase_now("us", {&target, 1}));

  int later = kEvents;
  auto expect_erased = [&] {
    EXPECT_TRUE(handles("anna").empty());
    for (const std::string& handle : {before_, now}) {
      EXPECT_FALSE(app_->customers().page(officer(), handle)) << handle;
    }
    EXPECT_EQ(send("anna", 0, kEvents).stored, 0U) << "a retry";
    EXPECT_EQ(send("anna", ++later, 1).refused, 1U) << "what comes later";
    EXPECT_EQ(messages(handles("bert").at(0)).size(), 3U);
  };
  expect_erased();
  for (const fs::path& backup : backups) {
    SCOPED_TRACE(backup.filename().string());
    restore_here(backup);
    expect_erased();
    auto moves = app_->moves().list("", 1);
    if (!moves->items.empty()) {
      ASSERT_TRUE(carry_out());
    }
    expect_erased();
  }
}

TEST_F(MovingAppTest, ABackupOfTheMiddleOfAMoveIsWholeAndTheMoveGoesOn) {
  ask(before_);
  std::vector<fs::path> backups;
  int refused = 0;
  ASSERT_TRUE(carry_out([&](int step) {
    EXPECT_LT(step, kMostSteps) << "which is how many are tried with a kill";
    const fs::path to = folder_->path() / ("step" + std::to_string(step));
    std::thread other([&] {
      if (back_up(to)) {
        backups.push_back(to);
      } else {
        ++refused;  // in the moment of the change
      }
    });
    other.join();
  }));
  EXPECT_GT(refused, 0);
  ASSERT_GT(backups.size(), 8U);
  for (const fs::path& backup : backups) {
    SCOPED_TRACE(backup.filename().string());
    restore_here(backup);
    expect_whole(kEvents);
    EXPECT_EQ(send("anna", kEvents, 5).stored, 5U);
    ASSERT_TRUE(carry_out());
    expect_whole(kEvents + 5);
    EXPECT_TRUE(handles("anna").at(0).starts_with("us-"));
  }
}

}  // namespace
}  // namespace handschlag::app
