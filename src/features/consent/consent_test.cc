// Statements of one region, on a real data database with a real vault beside it.
#include "features/consent/consent.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "features/consent/store.h"
#include "features/consent/testing/place.h"

namespace handschlag::consent {
namespace {

using gate::ConsentState;
using gate::Strength;
using identity::Key;
using identity::KeyKind;

class ConsentTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    place_.open(GetParam(), "eu");
    anna_ = place_.person("42");
  }

  Statement said(Act act, int minute, IdentityId who) const {
    Statement out;
    out.identity = who;
    out.act = act;
    out.channel = Channel::email;
    out.address = email("anna@example.org");
    out.occurred_at = kStart + std::chrono::minutes{minute};
    out.received_at = out.occurred_at;
    out.keep_until = out.occurred_at + std::chrono::days{1'000};
    out.notice = {"newsletter", 3, "abc"};
    out.proof = {"de", "Ja, ich möchte den Rundbrief.", "Formular auf /rundbrief", ""};
    return out;
  }

  Result<StatementId> record(Statement statement) {
    return place_.write([&](db::Transaction& tx) { return place_.consents->record(tx, statement); });
  }

  Result<IdentityId> release(Time now) {
    return place_.write([&](db::Transaction& tx) { return place_.consents->release(tx, now, IdentityId{}, 100); });
  }

  Standing standing(std::vector<IdentityId> who, const Key* address, Channel channel = Channel::email) {
    auto out = place_.write([&](db::Transaction& tx) {
      return place_.consents->standing(
          tx, {who, Purpose::DirectMarketing, channel, address, kStart + std::chrono::days{1}});
    });
    EXPECT_TRUE(out) << out.error().detail;
    return *out;
  }

  std::vector<Statement> history(std::vector<IdentityId> who) {
    auto out = place_.write([&](db::Transaction& tx) { return place_.consents->history(tx, who); });
    EXPECT_TRUE(out) << out.error().detail;
    return *out;
  }

  Place place_;
  IdentityId anna_;
  const Key address_ = email("anna@example.org");
};

TEST_P(ConsentTest, StatementIsKeptWithItsProof) {
  auto id = record(said(Act::given, 1, anna_));
  ASSERT_TRUE(id) << id.error().detail;
  EXPECT_EQ(standing({anna_}, &address_).state, ConsentState::given);
  auto all = history({anna_});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].id, *id);
  EXPECT_EQ(all[0].address, address_);
  EXPECT_EQ(all[0].proof.declaration, "Ja, ich möchte den Rundbrief.");
  EXPECT_EQ(all[0].notice.version, 3);
}

TEST_P(ConsentTest, NewestOfOneAddressHoldsAcrossIdentities) {
  const IdentityId bert = place_.person("bert");
  ASSERT_TRUE(record(said(Act::given, 1, anna_)));
  ASSERT_TRUE(record(said(Act::withdrawn, 2, bert)));
  EXPECT_EQ(standing({anna_}, &address_).state, ConsentState::refused) << "whoever said it, for that address";
  EXPECT_TRUE(standing({anna_}, &address_).by_another);
  const Key other = email("anna@elsewhere.example");
  EXPECT_EQ(standing({anna_}, &other).state, ConsentState::unknown);
  auto all = place_.write([&](db::Transaction& tx) {
    return place_.consents->standings(tx, std::vector{anna_}, kStart + std::chrono::days{1});
  });
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(all->front().state, ConsentState::refused);
}

TEST_P(ConsentTest, UnusableStatementsAreRefused) {
  Statement homeless = said(Act::given, 1, anna_);
  homeless.address.reset();
  EXPECT_EQ(record(homeless).error().code, "statement_invalid");
  homeless.act = Act::withdrawn;
  EXPECT_TRUE(record(homeless)) << "a no needs no address";
  Statement wrong = said(Act::given, 1, anna_);
  wrong.address = Key{KeyKind::phone, "@self", "+4930123456"};
  EXPECT_EQ(record(wrong).error().code, "statement_invalid");
  Statement nobody = said(Act::given, 1, IdentityId{999});
  EXPECT_EQ(record(nobody).error().code, "customer_unknown");
  Statement long_winded = said(Act::given, 1, anna_);
  long_winded.proof.declaration.assign(Consents::kMaxDeclaration + 1, 'x');
  EXPECT_EQ(record(long_winded).error().code, "statement_invalid");
}

TEST_P(ConsentTest, SayingItInTheFutureIsSayingItNow) {
  Statement ahead = said(Act::given, 60 * 24 * 365, anna_);
  ahead.received_at = kStart;
  ASSERT_TRUE(record(ahead));
  EXPECT_EQ(history({anna_})[0].occurred_at, kStart);
}

TEST_P(ConsentTest, OfTheErasedTheProofStaysAsLongAsItMustAndTheAddressIsLeftAlone) {
  ASSERT_TRUE(record(said(Act::requested, 1, anna_)));
  ASSERT_TRUE(record(said(Act::given, 2, anna_)));
  ASSERT_TRUE(record(said(Act::withdrawn, 3, anna_)));
  ManualClock clock(kStart + std::chrono::days{1});
  auto slice = create_subject_data(clock);
  auto people = identity::create_subject_data();
  ASSERT_TRUE((*place_.data)->write([&](db::Transaction& tx) -> Result<void> {
    TRY(slice->hide(tx, anna_, subjects::Removal::erased));
    TRY(people->hide(tx, anna_, subjects::Removal::erased));
    while (TRY(slice->erase(tx, anna_, clock.now(), 1, subjects::Removal::erased)) > 0) {
    }
    return {};
  }));
  EXPECT_TRUE(history({anna_}).empty());
  const IdentityId again = place_.person("43");
  EXPECT_EQ(standing({again}, &address_).state, ConsentState::refused);
  auto held = place_.write([&](db::Transaction& tx) { return store::count(tx, anna_); });
  EXPECT_EQ(*held, 2) << "the yes with its proof, the no without";
  EXPECT_TRUE(place_.vault->get(anna_, vault::RetentionClass::consent_proof));
  ASSERT_TRUE(release(clock.now()));
  EXPECT_TRUE(place_.vault->get(anna_, vault::RetentionClass::consent_proof)) << "it must be kept still";
  clock.advance(std::chrono::days{1'001});
  ASSERT_TRUE(release(clock.now()));
  EXPECT_FALSE(place_.vault->get(anna_, vault::RetentionClass::consent_proof));
  EXPECT_EQ(standing({again}, &address_).state, ConsentState::refused) << "left alone for good";
}

TEST_P(ConsentTest, NoOfSomebodyWhoIsGoneCountsForTheAddress) {
  ASSERT_TRUE(record(said(Act::withdrawn, 1, IdentityId{999})));
  EXPECT_EQ(standing({anna_}, &address_).state, ConsentState::refused);
  auto no = place_.write([&](db::Transaction& tx) {
    return place_.consents->said_no(tx, address_, Purpose::DirectMarketing, Channel::email);
  });
  EXPECT_TRUE(*no);
}

TEST_P(ConsentTest, StatementsMoveAlongOnceAndInOrder) {
  Place uk;
  uk.open(GetParam(), "uk");
  const IdentityId there = uk.person("42");
  ASSERT_TRUE(record(said(Act::requested, 1, anna_)));
  Statement confirmed = said(Act::given, 2, anna_);
  confirmed.follows = history({anna_})[0].id;
  ASSERT_TRUE(record(confirmed));
  const auto copy = [&] {
    return place_.write([&](db::Transaction& from_tx) {
      return uk.write(
          [&](db::Transaction& tx) { return uk.consents->take_over(from_tx, *place_.consents, anna_, tx, there); });
    });
  };
  EXPECT_EQ(*copy(), 2);
  ASSERT_TRUE(record(said(Act::withdrawn, 3, anna_)));
  EXPECT_EQ(*copy(), 3);
  auto all = uk.write([&](db::Transaction& tx) { return uk.consents->history(tx, std::vector{there}); });
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ((*all)[0].act, Act::withdrawn);
  EXPECT_EQ((*all)[1].follows, (*all)[2].id);
  EXPECT_EQ((*all)[1].proof.declaration, "Ja, ich möchte den Rundbrief.");
}

TEST_P(ConsentTest, WhoHasMovedIsToBeLookedForAnew) {
  ASSERT_TRUE((*place_.data)->write([&](db::Transaction& tx) -> Result<void> {
    TRY(subjects::leave(tx, {anna_, "uk", IdentityId{7}, subjects::Going::leaving}));
    return {};
  }));
  EXPECT_TRUE(record(said(Act::given, 1, anna_)));
  ASSERT_TRUE((*place_.data)->write([&](db::Transaction& tx) { return subjects::depart(tx, std::vector{anna_}); }));
  EXPECT_EQ(record(said(Act::withdrawn, 2, anna_)).error().code, "customer_moved");
}

TEST_P(ConsentTest, OfTheErasedWithoutAProofToKeepTheKeyGoesToo) {
  Statement brief = said(Act::given, 1, anna_);
  brief.keep_until = brief.occurred_at;
  ASSERT_TRUE(record(brief));
  ASSERT_TRUE(record(said(Act::withdrawn, 2, anna_)));
  ManualClock clock(kStart + std::chrono::days{1});
  auto slice = create_subject_data(clock);
  ASSERT_TRUE((*place_.data)->write([&](db::Transaction& tx) -> Result<void> {
    TRY(slice->hide(tx, anna_, subjects::Removal::erased));
    while (TRY(slice->erase(tx, anna_, clock.now(), 1, subjects::Removal::erased)) > 0) {
    }
    return {};
  }));
  EXPECT_TRUE(place_.vault->get(anna_, vault::RetentionClass::consent_proof));
  ASSERT_TRUE(release(clock.now()));
  EXPECT_FALSE(place_.vault->get(anna_, vault::RetentionClass::consent_proof)) << "a backup must not be readable";
}

TEST_P(ConsentTest, AddressIsFoundWhileDigestsAreRotatedAndAfterwards) {
  ASSERT_TRUE(record(said(Act::given, 1, anna_)));
  const IdentityId bert = place_.person("bert");
  auto holder = create_digest_holder();
  db::Writer writer(**place_.data, 100);
  identity::DigestRotation rotation(*place_.identities, **place_.data, writer, {holder.get()},
                                    [](db::Transaction&) -> Result<void> { return {}; });
  ASSERT_TRUE(rotation.begin());
  EXPECT_EQ(standing({anna_}, &address_).state, ConsentState::given);
  ASSERT_TRUE(record(said(Act::withdrawn, 2, bert)));
  EXPECT_EQ(standing({anna_}, &address_).state, ConsentState::refused) << "one under each digest";
  auto finished = rotation.finish([] { return false; });
  ASSERT_TRUE(finished) << finished.error().detail;
  EXPECT_EQ(standing({anna_}, &address_).state, ConsentState::refused);
  EXPECT_EQ(standing({anna_}, &address_).by_another, true);
  EXPECT_EQ(history({anna_})[0].address, address_);
}

TEST_P(ConsentTest, WhatEverybodySaidIsSearchedInPages) {
  const IdentityId bert = place_.person("bert");
  std::vector<StatementId> ids;
  for (int i = 0; i < 7; ++i) {
    Statement one = said(i % 2 == 0 ? Act::given : Act::withdrawn, i, i < 3 ? anna_ : bert);
    one.notice.version = i < 5 ? 3 : 4;
    one.way = i == 6 ? Way::phone : Way::form;
    ids.push_back(*record(one));
  }
  auto find = [&](const Wanted& wanted) {
    std::vector<StatementId> out;
    for (StatementId before;;) {
      const auto page =
          place_.write([&](db::Transaction& tx) { return place_.consents->matching(tx, wanted, before, 2); });
      EXPECT_TRUE(page) << page.error().detail;
      EXPECT_LE(page->statements.size(), 2U);
      for (const Statement& one : page->statements) {
        EXPECT_FALSE(one.readable || one.address || !one.proof.declaration.empty());
        out.push_back(one.id);
      }
      if (!page->more) return out;
      before = page->through;
    }
  };
  const std::vector<StatementId> newest_first(ids.rbegin(), ids.rend());
  EXPECT_EQ(find({}), newest_first);
  EXPECT_EQ(find({.act = Act::withdrawn}), (std::vector{ids[5], ids[3], ids[1]}));
  EXPECT_EQ(find({.way = Way::phone}), (std::vector{ids[6]}));
  EXPECT_EQ(find({.notice = "newsletter", .version = 4}), (std::vector{ids[6], ids[5]}));
  EXPECT_EQ(find({.from = kStart + std::chrono::minutes{1}, .to = kStart + std::chrono::minutes{3}}),
            (std::vector{ids[2], ids[1]}));
  EXPECT_THAT(find({.purpose = Purpose::SatisfactionSurvey}), testing::IsEmpty());
  EXPECT_THAT(find({.channel = Channel::phone}), testing::IsEmpty());
}

TEST_P(ConsentTest, TwoAtOnceGetNumbersOfTheirOwn) {
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int each = 0; each < 10; ++each) {
        if (!record(said(Act::given, 10 * i + each, anna_))) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(history({anna_}).size(), 40u);
}

INSTANTIATE_TEST_SUITE_P(Backends, ConsentTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

}  // namespace
}  // namespace handschlag::consent
