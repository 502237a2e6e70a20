// Two regions of real databases, of Germany and of the United States, for tests of slices that keep something in them.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "features/regions/regions.h"
#include "platform/db/testing/testing.h"

namespace handschlag::regions::testing {

using Slices = std::initializer_list<std::span<const db::Migration>>;

inline std::vector<db::Migration> all_of(Slices slices) {
  std::vector<db::Migration> out;
  for (const auto slice : slices) out.insert(out.end(), slice.begin(), slice.end());
  return out;
}

class TwoRegions {
 public:
  TwoRegions() = default;
  TwoRegions(const TwoRegions&) = delete;
  ~TwoRegions() { close(); }

  // Under names of their own, since a PostgreSQL is shared by tests.
  void open(db::testing::Backend backend, db::testing::TestDatabase& database, const Schemas& schemas) {
    static int count = 0;
    const std::string unique = std::to_string(getpid()) + "n" + std::to_string(++count);
    ids_ = {"s" + unique, "t" + unique};
    Settings settings;
    settings.data_folder = folder_.path() / "data";
    settings.key_folder = folder_.path() / "keys";
    if (backend == db::testing::Backend::postgresql) {
      settings.postgres_url = database.options().location;
      shared_ = &database;
    }
    settings.regions = {{ids_[0], {"DE"}}, {ids_[1], {"US"}}};
    settings.home = ids_[0];
    ASSERT_TRUE(Regions::create_keys(settings));
    auto opened = Regions::open(settings, schemas);
    ASSERT_TRUE(opened) << opened.error().detail;
    regions_ = *std::move(opened);
  }

  // What uses them must be gone.
  void close() {
    if (!regions_) return;
    regions_->stop();
    regions_.reset();
    if (shared_ == nullptr) return;
    for (const std::string& id : ids_) {
      for (const char* name : {"data", "vault", "ledger"}) {
        const std::string sql = "DROP SCHEMA IF EXISTS handschlag_" + id + "_" + name + " CASCADE";
        EXPECT_TRUE((*shared_)->write([&](db::Transaction& tx) -> Result<void> {
          TRY(tx.execute(sql, {}));
          return {};
        }));
      }
    }
  }

  Regions* operator->() { return regions_.get(); }
  Regions* get() { return regions_.get(); }
  explicit operator bool() const { return regions_ != nullptr; }
  const std::vector<std::string>& ids() const { return ids_; }  // the home region first

 private:
  db::testing::TemporaryFolder folder_;
  std::vector<std::string> ids_;
  std::unique_ptr<Regions> regions_;
  db::testing::TestDatabase* shared_ = nullptr;
};

}  // namespace handschlag::regions::testing
