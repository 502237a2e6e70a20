#include <libpq-fe.h>

#include <fmt/format.h>

#include <array>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "platform/db/testing/postgres_server.h"
#include "platform/db/testing/testing.h"

namespace handschlag::db {
namespace {

constexpr Migration kTable{"t", 1, "0001_t", "CREATE TABLE t (id INTEGER PRIMARY KEY, amount INTEGER)"};

class Postgres : public ::testing::Test {
 protected:
  void SetUp() override {
    test_database_ = testing::TestDatabase::open(testing::Backend::postgresql);
    if (!test_database_) GTEST_SKIP() << "PostgreSQL is not installed.";
    ASSERT_TRUE(database().migrate(std::span(&kTable, 1)).has_value());
  }

  Database& database() { return **test_database_; }
  testing::TestDatabase& test_database() { return *test_database_; }

  static Result<std::int64_t> backend_of(Transaction& tx) {
    std::int64_t backend = 0;
    TRY(tx.query("SELECT pg_backend_pid()", {}, [&](const Row& row) { backend = row.integer(0); }));
    return backend;
  }

  // Ends a connection from the outside and waits until it is gone.
  void terminate(std::int64_t backend) {
    auto other = test_database().open_again();
    auto done = other->read([&](Transaction& tx) {
      return tx.query("SELECT pg_terminate_backend(CAST($1 AS INTEGER), 10000)", {backend}, [](const Row&) {});
    });
    ASSERT_TRUE(done.has_value()) << done.error().detail;
  }

  static Result<void> insert(Transaction& tx, std::int64_t id) {
    TRY(tx.execute("INSERT INTO t (id, amount) VALUES ($1, 0)", {id}));
    return {};
  }

  std::int64_t count() {
    std::int64_t found = -1;
    auto read = database().read([&](Transaction& tx) {
      return tx.query("SELECT count(*) FROM t", {}, [&](const Row& row) { found = row.integer(0); });
    });
    EXPECT_TRUE(read.has_value());
    return found;
  }

 private:
  std::unique_ptr<testing::TestDatabase> test_database_;
};

TEST_F(Postgres, AConnectionLostBetweenTransactionsIsReplacedUnnoticed) {
  std::int64_t backend = 0;
  auto body = [&](Transaction& tx) -> Result<void> {
    backend = TRY(backend_of(tx));
    return {};
  };
  ASSERT_TRUE(database().write(body).has_value());
  terminate(backend);
  const std::int64_t before = backend;
  auto after = database().write(body);
  EXPECT_TRUE(after.has_value());
  EXPECT_NE(backend, before);

  ASSERT_TRUE(database().read(body).has_value());
  terminate(backend);
  EXPECT_TRUE(database().read(body).has_value());
}

TEST_F(Postgres, AConnectionLostWithinATransactionIsUnavailableAndTheNextWorks) {
  auto lost = database().write([&](Transaction& tx) -> Result<void> {
    TRY(insert(tx, 1));
    terminate(TRY(backend_of(tx)));
    return insert(tx, 2);
  });
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(database().write([](Transaction& tx) { return insert(tx, 3); }).has_value());
  EXPECT_EQ(count(), 1);
}

TEST_F(Postgres, AConnectionLostBeforeABatchOrTheCommitIsUnavailable) {
  Batch batch(1);
  for (std::int64_t id = 0; id < 2000; ++id) batch.add({id});
  auto in_batch = database().write([&](Transaction& tx) -> Result<void> {
    terminate(TRY(backend_of(tx)));
    TRY(tx.execute_batch("INSERT INTO t (id) VALUES ($1)", batch));
    return {};
  });
  ASSERT_FALSE(in_batch.has_value());
  EXPECT_EQ(in_batch.error().kind, ErrorKind::unavailable);
  auto at_commit = database().write([&](Transaction& tx) -> Result<void> {
    TRY(tx.execute_batch("INSERT INTO t (id) VALUES ($1)", batch));
    terminate(TRY(backend_of(tx)));
    return {};
  });
  ASSERT_FALSE(at_commit.has_value());
  EXPECT_EQ(at_commit.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(count(), 0);
  EXPECT_TRUE(database().write([](Transaction& tx) { return insert(tx, 1); }).has_value());
}

TEST_F(Postgres, TheBodyRunsAgainWhenTheServerAsksForIt) {
  int runs = 0;
  auto done = database().write([&](Transaction& tx) -> Result<void> {
    TRY(insert(tx, 1));
    if (++runs < 3) TRY(tx.execute("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$", {}));
    return {};
  });
  EXPECT_TRUE(done.has_value());
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(count(), 1);
}

TEST_F(Postgres, AnEndlessWishToRunAgainEndsAsUnavailable) {
  int runs = 0;
  auto done = database().write([&](Transaction& tx) -> Result<void> {
    ++runs;
    TRY(tx.execute("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40P01'; END $$", {}));
    return {};
  });
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
  EXPECT_GT(runs, 1);
  EXPECT_LT(runs, 20);
}

TEST_F(Postgres, OfTwoNodesInADeadlockBothGetThrough) {
  ASSERT_TRUE(database()
                  .write([](Transaction& tx) -> Result<void> {
                    TRY(insert(tx, 1));
                    return insert(tx, 2);
                  })
                  .has_value());
  auto other = test_database().open_again();
  std::array<std::promise<void>, 2> holds;
  std::array<std::shared_future<void>, 2> held{holds[0].get_future().share(), holds[1].get_future().share()};
  auto update_both = [&](Database& node, std::size_t me) {
    const std::int64_t first = me == 0 ? 1 : 2;
    int runs = 0;
    return node.write([&, first](Transaction& tx) -> Result<void> {
      TRY(tx.execute("UPDATE t SET amount = amount + 1 WHERE id = $1", {first}));
      if (++runs == 1) holds[me].set_value();
      held[1 - me].wait();
      TRY(tx.execute("UPDATE t SET amount = amount + 1 WHERE id = $1", {3 - first}));
      return {};
    });
  };
  auto one = std::async(std::launch::async, [&] { return update_both(database(), 0); });
  auto two = std::async(std::launch::async, [&] { return update_both(*other, 1); });
  EXPECT_TRUE(one.get().has_value());
  EXPECT_TRUE(two.get().has_value());
}

TEST_F(Postgres, ErrorsDoNotQuoteValues) {
  auto refused = database().read(
      [](Transaction& tx) { return tx.query("SELECT CAST($1 AS BIGINT)", {"secret-value"}, [](const Row&) {}); });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::internal);
  EXPECT_EQ(refused.error().detail.find("secret-value"), std::string::npos);
}

TEST_F(Postgres, ASchemaNameThatIsNoPlainWordIsRefused) {
  for (const char* name : {"Upper", "a b", "a\"b", "pg_catalog", "1st"}) {
    auto opened = Database::open({.location = test_database().options().location, .schema = name});
    ASSERT_FALSE(opened.has_value()) << name;
    EXPECT_EQ(opened.error().code, "schema_name");
  }
}

TEST_F(Postgres, SchemasDoNotSeeEachOther) {
  auto other = testing::TestDatabase::open(testing::Backend::postgresql);
  ASSERT_TRUE((*other)->migrate(std::span(&kTable, 1)).has_value());
  ASSERT_TRUE(database().write([](Transaction& tx) { return insert(tx, 1); }).has_value());
  EXPECT_TRUE((*other)->write([](Transaction& tx) { return insert(tx, 1); }).has_value());
}

TEST_F(Postgres, NodesThatOpenAFreshSchemaAtOnceAllSucceed) {
  Options options = test_database().options();
  options.schema += "_fresh";
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      auto opened = Database::open(options);
      EXPECT_TRUE(opened.has_value()) << opened.error().detail;
    });
  }
  for (auto& thread : threads) thread.join();
  auto dropped = database().write([&](Transaction& tx) -> Result<void> {
    TRY(tx.execute(fmt::format("DROP SCHEMA {}", options.schema), {}));
    return {};
  });
  EXPECT_TRUE(dropped.has_value());
}

TEST_F(Postgres, ADatabaseThatSortsTextByLanguageIsRefused) {
  PGconn* connection = PQconnectdb(test_database().options().location.c_str());
  const std::string name = test_database().options().schema + "_icu";
  auto run = [&](const std::string& sql) {
    PGresult* result = PQexec(connection, sql.c_str());
    const bool worked = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return worked;
  };
  const bool made = run(fmt::format(
      "CREATE DATABASE {} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de' LOCALE 'C' ENCODING 'UTF8'", name));
  std::string address = test_database().options().location;
  const std::size_t at = address.find("/postgres?");
  if (made && at != std::string::npos) {
    address.replace(at + 1, std::string("postgres").size(), name);
    auto opened = Database::open({.location = address, .schema = "s"});
    EXPECT_EQ(opened.has_value() ? "" : opened.error().code, "database_collation");
  }
  run(fmt::format("DROP DATABASE IF EXISTS {}", name));
  PQfinish(connection);
  if (!made || at == std::string::npos) GTEST_SKIP() << "This server has no ICU, or another database name.";
}

TEST_F(Postgres, AServerThatIsNotThereIsUnavailable) {
  auto opened = Database::open({.location = "postgresql:///postgres?host=/nonexistent", .schema = ""});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::unavailable);
}

TEST_F(Postgres, ALockThatIsNotReleasedIsUnavailableAfterAWhile) {
  ASSERT_TRUE(database().write([](Transaction& tx) { return insert(tx, 1); }).has_value());
  auto other = test_database().open_again();
  auto holding = database().write([&](Transaction& tx) -> Result<void> {
    TRY(tx.execute("UPDATE t SET amount = 1", {}));
    auto waiting = other->write([](Transaction& second) -> Result<void> {
      TRY(second.query("SELECT set_config('lock_timeout', '20ms', true)", {}, [](const Row&) {}));
      TRY(second.execute("UPDATE t SET amount = 2", {}));
      return {};
    });
    EXPECT_FALSE(waiting.has_value());
    EXPECT_EQ(waiting.error().kind, ErrorKind::unavailable);
    return {};
  });
  EXPECT_TRUE(holding.has_value());
}

}  // namespace
}  // namespace handschlag::db
