#include <sqlite3.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "platform/db/testing/testing.h"

namespace handschlag::db {
namespace {

unsigned permissions(const std::string& path) {
  struct stat info{};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777u;
}

TEST(Sqlite, NewFilesAreForTheirOwnerOnly) {
  testing::TemporaryFolder folder;
  const std::string path = folder.path() / "new.db";
  auto database = Database::open({.location = path, .schema = ""});
  ASSERT_TRUE(database.has_value());
  ASSERT_TRUE((*database)->migrate({}).has_value());
  EXPECT_EQ(permissions(path), 0600u);
  EXPECT_EQ(permissions(path + "-wal"), 0600u);
}

TEST(Sqlite, AFileThatIsNoDatabaseIsRefusedAndLeftAlone) {
  testing::TemporaryFolder folder;
  const std::string path = folder.path() / "letter.txt";
  const std::string letter(5000, 'x');
  std::ofstream(path) << letter;
  auto database = Database::open({.location = path, .schema = ""});
  ASSERT_FALSE(database.has_value());
  EXPECT_EQ(database.error().code, "not_a_database");
  EXPECT_NE(database.error().detail.find(path), std::string::npos) << "names the file";
  std::ifstream file(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), letter);
}

TEST(Sqlite, AMissingFolderIsSaid) {
  auto database = Database::open({.location = "/nonexistent/folder/x.db", .schema = ""});
  ASSERT_FALSE(database.has_value());
  EXPECT_EQ(database.error().code, "database_cannot_open");
}

TEST(Sqlite, DamageThatIsMetIsToldUntilTheNextStart) {
  auto database = testing::TestDatabase::open(testing::Backend::sqlite);
  constexpr Migration kTable{"t", 1, "0001_t", "CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB)"};
  ASSERT_TRUE((*database)->migrate(std::span(&kTable, 1)).has_value());
  ASSERT_TRUE((*database)
                  ->write([](Transaction& tx) -> Result<void> {
                    for (std::int64_t i = 0; i < 500; ++i) {
                      TRY(tx.execute("INSERT INTO t (id, data) VALUES ($1, $2)", {i, std::string(400, 'x')}));
                    }
                    return {};
                  })
                  .has_value());
  ASSERT_TRUE((*database)->checkpoint().has_value());
  EXPECT_TRUE((*database)->ping().has_value());
  {
    std::fstream file(database->options().location, std::ios::in | std::ios::out | std::ios::binary);
    const std::string garbage(200, '\x7f');
    for (int page = 6; page < 30; ++page) {
      file.seekp(page * 4096);
      file.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
    }
  }
  auto read = (*database)->read(
      [](Transaction& tx) { return tx.query("SELECT sum(length(data)) FROM t", {}, [](const Row&) {}); });
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, "database_corrupt");
  auto answer = (*database)->ping();
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, "database_corrupt");
}

TEST(Sqlite, CheckpointEmptiesTheWal) {
  auto database = testing::TestDatabase::open(testing::Backend::sqlite);
  ASSERT_TRUE((*database)->migrate({}).has_value());
  const std::string wal = database->options().location + "-wal";
  EXPECT_GT(std::filesystem::file_size(wal), 0u);
  ASSERT_TRUE((*database)->checkpoint().has_value());
  EXPECT_EQ(std::filesystem::file_size(wal), 0u);
}

TEST(Sqlite, TheWalStaysBoundedWhileReadersOverlap) {
  auto database = testing::TestDatabase::open(testing::Backend::sqlite);
  constexpr Migration kTable{"t", 1, "0001_t", "CREATE TABLE t (data BLOB)"};
  ASSERT_TRUE((*database)->migrate(std::span(&kTable, 1)).has_value());
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        auto read = (*database)->read([](Transaction& tx) -> Result<void> {
          TRY(tx.query("SELECT count(*) FROM sqlite_schema", {}, [](const Row&) {}));
          std::this_thread::sleep_for(std::chrono::milliseconds(5));  // holds its snapshot, as a page of a list would
          return {};
        });
        EXPECT_TRUE(read.has_value());
      }
    });
  }
  const std::string blob(1'000'000, 'x');
  for (int i = 0; i < 100; ++i) {
    auto done = (*database)->write([&](Transaction& tx) -> Result<void> {
      TRY(tx.execute("INSERT INTO t (data) VALUES ($1)", {BlobView{blob}}));
      return {};
    });
    ASSERT_TRUE(done.has_value());
  }
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_LT(std::filesystem::file_size(database->options().location + "-wal"), 150'000'000u);
}

TEST(Sqlite, ALockHeldByAnotherProcessIsUnavailable) {
  auto database = testing::TestDatabase::open(testing::Backend::sqlite);
  ASSERT_TRUE((*database)->migrate({}).has_value());
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(database->options().location.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  auto done = (*database)->write([](Transaction&) -> Result<void> { return {}; });
  sqlite3_close(other);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
}

TEST(Sqlite, AFullDiskIsUnavailableAndHealsByItself) {
  auto database = testing::TestDatabase::open(testing::Backend::sqlite);
  constexpr Migration kTable{"t", 1, "0001_t", "CREATE TABLE t (data BLOB)"};
  ASSERT_TRUE((*database)->migrate(std::span(&kTable, 1)).has_value());
  const std::string blob(1'000'000, 'x');
  auto write = [&] {
    return (*database)->write([&](Transaction& tx) -> Result<void> {
      TRY(tx.query("PRAGMA max_page_count=100", {}, [](const Row&) {}));  // SQLITE_FULL beyond it
      TRY(tx.execute("INSERT INTO t (data) VALUES ($1)", {BlobView{blob}}));
      return {};
    });
  };
  auto full = write();
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(full.error().code, "disk_full");
  auto after = (*database)->write([&](Transaction& tx) -> Result<void> {
    TRY(tx.execute("INSERT INTO t (data) VALUES ($1)", {BlobView{"small"}}));
    return {};
  });
  EXPECT_TRUE(after.has_value());
}

TEST(Sqlite, SecureDeleteOverwritesWhatWasDeleted) {
  testing::TemporaryFolder folder;
  const std::string path = folder.path() / "vault.db";
  auto database = Database::open({.location = path, .schema = "", .readers = 1, .secure_delete = true});
  ASSERT_TRUE(database.has_value());
  auto run = [&](std::string_view sql) {
    auto done = (*database)->write([&](Transaction& tx) -> Result<void> {
      TRY(tx.execute(sql, {}));
      return {};
    });
    ASSERT_TRUE(done.has_value()) << done.error().detail;
    ASSERT_TRUE((*database)->checkpoint().has_value());
  };
  auto holds_canary = [&] {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    return bytes.find("canary-in-a-coal-mine") != std::string::npos;
  };
  run("CREATE TABLE t (data TEXT)");
  run("INSERT INTO t (data) VALUES ('canary-in-a-coal-mine')");
  ASSERT_TRUE(holds_canary());
  run("DELETE FROM t");
  EXPECT_FALSE(holds_canary());
}

TEST(Sqlite, AWriteThatFoundNoRoomIsToldThoughSmallOnesFindSome) {
  auto database = testing::TestDatabase::open(testing::Backend::sqlite);
  constexpr Migration kTable{"t", 1, "0001_t", "CREATE TABLE t (data TEXT)"};
  ASSERT_TRUE((*database)->migrate(std::span(&kTable, 1)).has_value());
  auto write = [&](std::size_t bytes) {
    return (*database)->write([&](Transaction& tx) -> Result<void> {
      TRY(tx.query("PRAGMA max_page_count = 50", {}, [](const Row&) {}));
      TRY(tx.execute("INSERT INTO t (data) VALUES ($1)", {std::string(bytes, 'x')}));
      return {};
    });
  };
  auto large = write(std::size_t{1} << 20);
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().code, "disk_full");
  EXPECT_TRUE(write(10).has_value());
  auto told = (*database)->ping();
  ASSERT_FALSE(told.has_value());
  EXPECT_EQ(told.error().code, "disk_full");
  EXPECT_TRUE((*database)->ping().has_value()) << "none has failed since";
}

}  // namespace
}  // namespace handschlag::db
