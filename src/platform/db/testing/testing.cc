#include "platform/db/testing/testing.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "platform/db/testing/postgres_server.h"

namespace handschlag::db::testing {
namespace {

std::unique_ptr<Database> must_open(const Options& options) {
  auto database = Database::open(options);
  if (!database.has_value()) throw std::runtime_error(database.error().code + ": " + database.error().detail);
  return std::move(*database);
}

void drop_schema(const Options& options) {
  PGconn* connection = PQconnectdb(options.location.c_str());
  PQsetNoticeProcessor(connection, [](void*, const char*) {}, nullptr);
  PQclear(PQexec(connection, fmt::format("DROP SCHEMA IF EXISTS {} CASCADE", options.schema).c_str()));
  PQfinish(connection);
}

std::string fresh_schema() {
  static std::atomic<int> count{0};
  return fmt::format("test_{}_{}", getpid(), ++count);
}

}  // namespace

std::vector<Backend> all_backends() {
  return {Backend::sqlite, Backend::postgresql};
}

void PrintTo(Backend backend, std::ostream* out) {
  *out << (backend == Backend::sqlite ? "sqlite" : "postgresql");
}

std::string backend_name(const ::testing::TestParamInfo<Backend>& info) {
  return ::testing::PrintToString(info.param);
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = std::filesystem::temp_directory_path() / "handschlag-test-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::unique_ptr<TestDatabase> TestDatabase::open(Backend backend) {
  std::unique_ptr<TestDatabase> result(new TestDatabase());
  if (backend == Backend::sqlite) {
    result->options_.location = result->folder_.path() / "test.db";
  } else {
    auto address = postgres_address();
    if (!address.has_value()) return nullptr;
    result->options_.location = *address;
    result->options_.schema = fresh_schema();
    drop_schema(result->options_);  // a process with the same number may have crashed here before
  }
  result->database_ = must_open(result->options_);
  return result;
}

TestDatabase::~TestDatabase() {
  database_.reset();
  if (!options_.schema.empty()) drop_schema(options_);
}

std::unique_ptr<Database> TestDatabase::open_again() const {
  return must_open(options_);
}

void TestDatabase::reopen() {
  database_.reset();
  database_ = must_open(options_);
}

void DatabaseTest::SetUp() {
  test_database_ = TestDatabase::open(GetParam());
  if (!test_database_) GTEST_SKIP() << "PostgreSQL is not installed (apt: postgresql); not tested on it.";
}

}  // namespace handschlag::db::testing
