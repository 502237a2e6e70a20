// For tests: fresh databases on SQLite and on a real PostgreSQL.
//
//   class StoreTest : public db::testing::DatabaseTest {};
//   TEST_P(StoreTest, KeepsWhatItWasGiven) { ... database() ... }
//   INSTANTIATE_TEST_SUITE_P(Backends, StoreTest, ValuesIn(db::testing::all_backends()), db::testing::backend_name);
//
// PostgreSQL: HANDSCHLAG_TEST_POSTGRES (a postgresql:// address) names a running server; without it a server is
// started, once for each test program, by testing/with_postgres. Where PostgreSQL is not installed, its tests skip and
// say so.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "platform/db/db.h"

namespace handschlag::db::testing {

enum class Backend { sqlite, postgresql };

std::vector<Backend> all_backends();

// Name the instances of a test, and its parameter in messages.
void PrintTo(Backend backend, std::ostream* out);  // GoogleTest looks for this name
std::string backend_name(const ::testing::TestParamInfo<Backend>& info);

// A folder that lives as long as the object, for this user only.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A fresh, empty database: a file in a temporary folder, or a schema of its own in PostgreSQL; gone with the object.
class TestDatabase {
 public:
  // Nothing where the backend is not installed. Throws where it is and yet does not open.
  static std::unique_ptr<TestDatabase> open(Backend backend);
  ~TestDatabase();

  Database& operator*() { return *database_; }
  Database* operator->() { return database_.get(); }
  const Options& options() const { return options_; }
  // Opens the same database a second time, as another node or a restarted process would.
  std::unique_ptr<Database> open_again() const;
  // Closes the database and opens it again.
  void reopen();

 private:
  TestDatabase() = default;

  TemporaryFolder folder_;
  Options options_;
  std::unique_ptr<Database> database_;
};

// Opens a database for each test. A SetUp of a derived class begins with
// `DatabaseTest::SetUp(); if (IsSkipped()) return;`.
class DatabaseTest : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override;
  Database& database() { return **test_database_; }
  TestDatabase& test_database() { return *test_database_; }

 private:
  std::unique_ptr<TestDatabase> test_database_;
};

}  // namespace handschlag::db::testing
