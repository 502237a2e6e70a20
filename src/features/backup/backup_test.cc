#include "features/backup/backup.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "platform/db/testing/testing.h"

namespace handschlag::backup {
namespace {

constexpr db::Migration kSchema[] = {
    {"a", 1, "0001_a", "CREATE TABLE a_row (id INTEGER NOT NULL PRIMARY KEY, data BLOB NOT NULL);"}};
constexpr Time kNow{std::chrono::milliseconds{1'795'000'000'000}};

class Quiet final : public Progress {
 public:
  void report(const std::string&, std::string_view step, std::uint64_t, std::uint64_t) override {
    if (step == cancel_at) cancel = true;
  }
  bool cancelled() override { return cancel; }
  std::string cancel_at;
  bool cancel = false;
};

class BackupTest : public testing::TestWithParam<db::testing::Backend> {
 protected:
  void SetUp() override {
    crypto::initialize();
    for (auto* database : {&first_, &second_}) {
      *database = db::testing::TestDatabase::open(GetParam());
      if (!*database) GTEST_SKIP() << "this database is not on this machine";
      ASSERT_TRUE((**database)->migrate(kSchema));
      ASSERT_TRUE((**database)->write([&](db::Transaction& tx) -> Result<void> {
        std::string data(1'000, 'A');
        db::Batch batch(2);
        for (std::int64_t id = 0; id < 1'500; ++id) batch.add({id, db::BlobView{data}});
        TRY(tx.execute_batch("INSERT INTO a_row (id, data) VALUES ($1, $2)", batch));
        return {};
      }));
    }
    job_.to = folder_.path() / "backup";
    job_.key_ring = folder_.path() / "keys";
    job_.scratch = folder_.path() / "scratch";
    job_.program = "1.2.3";
    job_.storage = "sqlite";
    job_.parts = {{"eu-data", &**first_, 0}, {"control", &**second_, 0}};
    job_.secrets = []() -> Result<std::map<std::string, std::string>> {
      return std::map<std::string, std::string>{{"eu", "key of eu"}};
    };
  }

  Result<Opened> open() { return backup::open(job_.to, job_.key_ring, {}, clock_); }
  std::string error_of_check() {
    auto opened = open();
    if (!opened) return opened.error().code;
    auto checked = check(*opened, progress_);
    return checked ? "" : checked.error().code;
  }
  static std::string contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void overwrite(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }

  db::testing::TemporaryFolder folder_;
  std::unique_ptr<db::testing::TestDatabase> first_;
  std::unique_ptr<db::testing::TestDatabase> second_;
  Job job_;
  ManualClock clock_{kNow};
  Quiet progress_;
};

TEST_P(BackupTest, WhatIsRestoredIsWhatWasThere) {
  auto report = create(job_, clock_, progress_);
  ASSERT_TRUE(report) << report.error().detail;
  auto opened = *open();
  EXPECT_EQ(opened.secrets.at("eu"), "key of eu");
  EXPECT_EQ(opened.manifest.program, "1.2.3");
  EXPECT_EQ(opened.manifest.expires_at, kNow + std::chrono::days{35});
  ASSERT_EQ(opened.manifest.parts.size(), 2U);
  EXPECT_EQ(opened.manifest.parts[0].schema.size(), 1U);
  EXPECT_TRUE(check(opened, progress_));
  db::Options to = first_->options();
  GetParam() == db::testing::Backend::sqlite ? to.location = folder_.path() / "restored.db" : to.schema += "_restored";
  auto restored = restore_part(opened, opened.manifest.parts[0], to, kSchema, progress_);
  ASSERT_TRUE(restored) << restored.error().detail;
  std::int64_t rows = 0;
  auto database = *db::Database::open(to);
  ASSERT_TRUE(database->read([&](db::Transaction& tx) {
    return tx.query("SELECT count(*) FROM a_row", {}, [&](const db::Row& row) { rows = row.integer(0); });
  }));
  EXPECT_EQ(rows, 1'500);
}

TEST_P(BackupTest, NothingIsReadableAndOnlyTheOwnerMayLook) {
  ASSERT_TRUE(create(job_, clock_, progress_));
  for (const auto& entry : std::filesystem::directory_iterator(job_.to)) {
    struct stat info{};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 077U, 0U);
    std::string text = contents(entry.path());
    EXPECT_EQ(text.find("AAAAAAAAAAAA"), std::string::npos);
    EXPECT_EQ(text.find("a_row"), std::string::npos);
    EXPECT_EQ(text.find("key of eu"), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(job_.scratch));
  EXPECT_FALSE(std::filesystem::exists(job_.to.string() + ".partial"));
}

TEST_P(BackupTest, AnyDamageIsNoticedAndTheFileNamed) {
  ASSERT_TRUE(create(job_, clock_, progress_));
  auto path = job_.to / "control.sealed";
  std::string whole = contents(path);
  for (std::size_t length :
       {std::size_t{0}, std::size_t{5}, std::size_t{20}, std::size_t{40}, whole.size() / 2, whole.size() - 1}) {
    overwrite(path, whole.substr(0, length));
    EXPECT_EQ(error_of_check(), "backup_damaged") << length;
  }
  for (std::size_t place : {std::size_t{0}, std::size_t{12}, std::size_t{50}, whole.size() / 2, whole.size() - 1}) {
    std::string changed = whole;
    changed[place] = static_cast<char>(changed[place] ^ 1);
    overwrite(path, changed);
    EXPECT_EQ(error_of_check(), "backup_damaged") << place;
  }
  overwrite(path, whole + "x");
  EXPECT_EQ(error_of_check(), "backup_damaged");
  overwrite(path, contents(job_.to / "eu-data.sealed"));
  EXPECT_EQ(error_of_check(), "backup_damaged") << "a good file in another's place";
  std::filesystem::remove(path);
  EXPECT_EQ(error_of_check(), "file_unreadable");
  overwrite(path, whole);
  EXPECT_EQ(error_of_check(), "");
}

TEST_P(BackupTest, AChangedManifestIsNoticed) {
  ASSERT_TRUE(create(job_, clock_, progress_));
  auto path = job_.to / "manifest.json";
  std::string text = contents(path);
  std::string changed = text;
  changed.replace(changed.find("1.2.3"), 5, "1.2.4");
  overwrite(path, changed);
  EXPECT_EQ(open().error().code, "backup_key_wrong");
  overwrite(path, text.substr(0, text.size() / 2));
  EXPECT_EQ(open().error().code, "manifest_damaged");
  std::filesystem::remove(path);
  EXPECT_EQ(open().error().code, "backup_unknown");
}

TEST_P(BackupTest, AnotherKeyDoesNotOpenIt) {
  ASSERT_TRUE(create(job_, clock_, progress_));
  auto first = keys(job_.key_ring)->front();
  Job other = job_;
  other.to = folder_.path() / "other";
  ASSERT_TRUE(create(other, clock_, progress_));
  std::string wrong;
  auto both = *keys(job_.key_ring);
  for (const KeyInfo& key : both) {
    if (key.id != first.id) wrong = key.id;
  }
  EXPECT_EQ(backup::open(job_.to, {}, job_.key_ring / (wrong + ".key"), clock_).error().code, "backup_key_wrong");
  EXPECT_TRUE(backup::open(job_.to, {}, job_.key_ring / (first.id + ".key"), clock_));
  EXPECT_EQ(backup::open(job_.to, folder_.path(), {}, clock_).error().code, "backup_key_missing");
}

TEST_P(BackupTest, AnExpiredKeyIsDestroyedAndNobodyReadsItsBackup) {
  job_.key_life = std::chrono::days{7};
  ASSERT_TRUE(create(job_, clock_, progress_));
  std::string id = keys(job_.key_ring)->front().id;
  clock_.advance(std::chrono::days{7} - std::chrono::milliseconds{1});
  EXPECT_EQ(*prune(job_.key_ring, clock_), 0U);
  EXPECT_TRUE(open());
  clock_.advance(std::chrono::milliseconds{1});
  EXPECT_EQ(open().error().code, "backup_expired") << "even before anybody destroyed the key";
  EXPECT_EQ(*prune(job_.key_ring, clock_), 1U);
  EXPECT_FALSE(std::filesystem::exists(job_.key_ring / (id + ".key")));
  clock_.set(kNow);
  EXPECT_EQ(open().error().code, "backup_key_missing") << "a clock that is set back brings nothing back";
}

TEST_P(BackupTest, AKeyLivesFor35DaysAtMost) {
  job_.key_life = std::chrono::days{36};
  EXPECT_EQ(create(job_, clock_, progress_).error().code, "key_life");
}

TEST_P(BackupTest, WhatIsThereIsNotOverwritten) {
  std::filesystem::create_directories(job_.to);
  ASSERT_TRUE(create(job_, clock_, progress_)) << "an empty folder is as good as none";
  EXPECT_EQ(create(job_, clock_, progress_).error().code, "target_exists");
  EXPECT_EQ(keys(job_.key_ring)->size(), 1U);
}

TEST_P(BackupTest, ACancelledBackupLeavesNothing) {
  for (const char* step : {"copied", "checked"}) {
    progress_.cancel = false;
    progress_.cancel_at = step;
    auto cancelled = create(job_, clock_, progress_);
    ASSERT_FALSE(cancelled);
    EXPECT_EQ(cancelled.error().code, "backup_cancelled");
    EXPECT_FALSE(std::filesystem::exists(job_.to));
    EXPECT_FALSE(std::filesystem::exists(job_.to.string() + ".partial"));
    EXPECT_TRUE(keys(job_.key_ring)->empty());
  }
}

TEST_P(BackupTest, AFullDiskAndAForbiddenFolderAreToldApart) {
  Job forbidden = job_;
  overwrite(folder_.path() / "file", "");
  forbidden.to = folder_.path() / "file" / "backup";
  EXPECT_EQ(create(forbidden, clock_, progress_).error().code, "target_not_writable");
  Job large = job_;
  large.parts[0].expected_bytes = std::uintmax_t{1} << 60;
  EXPECT_EQ(create(large, clock_, progress_).error().code, "target_full");
}

INSTANTIATE_TEST_SUITE_P(Backends, BackupTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

}  // namespace
}  // namespace handschlag::backup
