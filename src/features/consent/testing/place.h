// A region's data database with a vault beside it, people in it, and what they say.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "features/consent/consent.h"
#include "platform/db/testing/testing.h"

namespace handschlag::consent {

inline constexpr Time kStart = Time{std::chrono::milliseconds{1'795'000'000'000}};

inline identity::Key email(std::string value) {
  return {identity::KeyKind::email, "@self", std::move(value)};
}

// One region's data with its vault.
struct Place {
  std::unique_ptr<db::testing::TestDatabase> data;
  std::unique_ptr<db::testing::TestDatabase> vault_database;
  crypto::Key region_key = crypto::Key::random();
  std::unique_ptr<vault::Vault> vault;
  std::unique_ptr<identity::Identities> identities;
  std::unique_ptr<Consents> consents;

  void open(db::testing::Backend backend, std::string_view region) {
    data = db::testing::TestDatabase::open(backend);
    vault_database = db::testing::TestDatabase::open(backend);
    ASSERT_TRUE((*data)->migrate(subjects::migrations()));
    ASSERT_TRUE((*data)->migrate(identity::migrations()));
    ASSERT_TRUE((*data)->migrate(migrations()));
    ASSERT_TRUE((*vault_database)->migrate(vault::migrations()));
    vault = *vault::Vault::open(**vault_database, region, region_key);
    identities = std::make_unique<identity::Identities>(*vault, identity::Limits{});
    consents = std::make_unique<Consents>(*vault, *identities);
  }

  template <class Body>
  auto write(Body body) {
    using Value = std::invoke_result_t<Body, db::Transaction&>;
    Value out = std::unexpected(Error{ErrorKind::internal, "not_run", "", {}});
    auto done = (*data)->write([&](db::Transaction& tx) -> Result<void> {
      out = body(tx);
      if (!out) return std::unexpected(out.error());
      return {};
    });
    if (!done && out) out = std::unexpected(done.error());
    return out;
  }

  IdentityId person(std::string name) {
    identity::Sighting seen;
    seen.own = {identity::KeyKind::user_id, "shop", std::move(name)};
    seen.standing = identity::Standing::confirmed;
    seen.purposes = {Purpose::CustomerOrderManagement};
    seen.source = 1;
    seen.origin = "shop";
    seen.country = "DE";
    seen.at = kStart;
    const identity::Sighting* one = &seen;
    auto ids = write([&](db::Transaction& tx) { return identities->record(tx, {&one, 1}); });
    EXPECT_TRUE(ids) << ids.error().detail;
    return ids->front();
  }
};

}  // namespace handschlag::consent
