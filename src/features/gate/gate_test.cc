#include "features/gate/gate.h"

#include <gtest/gtest.h>

#include <set>

namespace handschlag::gate {
namespace {

// Under the law as it is shipped, for people of no country that is known, unless a test says otherwise.
Ruling rule(const Question& question) {
  return gate::rule(question, *law::built_in());
}

Question store_for(Purpose purpose, Basis basis, ConsentState consent) {
  Question question;
  question.purpose = purpose;
  question.basis = basis;
  question.consent = consent;
  return question;
}

struct StoreCase {
  Purpose purpose;
  Basis basis;
  ConsentState consent;
  Decision expected;
  Rule because;
};

class GateStore : public testing::TestWithParam<StoreCase> {};

TEST_P(GateStore, FollowsTheTable) {
  const StoreCase& c = GetParam();
  Ruling ruling = rule(store_for(c.purpose, c.basis, c.consent));
  EXPECT_EQ(ruling.decision, c.expected);
  EXPECT_EQ(ruling.rules[0], c.because);
}

constexpr Purpose kOrder = Purpose::CustomerOrderManagement;
constexpr Purpose kAnalytics = Purpose::ServiceUsageAnalytics;
constexpr Purpose kMarketing = Purpose::DirectMarketing;

INSTANTIATE_TEST_SUITE_P(
    Table, GateStore,
    testing::Values(
        StoreCase{kOrder, Basis::contract, ConsentState::unknown, Decision::allow, Rule::contract_suffices},
        StoreCase{kOrder, Basis::contract, ConsentState::refused, Decision::allow, Rule::contract_suffices},
        StoreCase{kOrder, Basis::legal_obligation, ConsentState::unknown, Decision::allow, Rule::law_suffices},
        StoreCase{kOrder, Basis::consent, ConsentState::unknown, Decision::deny, Rule::consent_missing},
        StoreCase{kAnalytics, Basis::consent, ConsentState::given, Decision::allow, Rule::consent_given},
        StoreCase{kAnalytics, Basis::consent, ConsentState::unknown, Decision::allow_unlinked, Rule::consent_missing},
        StoreCase{kAnalytics, Basis::consent, ConsentState::refused, Decision::allow_unlinked, Rule::consent_refused},
        StoreCase{kMarketing, Basis::consent, ConsentState::given, Decision::allow, Rule::consent_given},
        StoreCase{kMarketing, Basis::consent, ConsentState::unknown, Decision::deny, Rule::consent_missing},
        StoreCase{kMarketing, Basis::consent, ConsentState::refused, Decision::deny, Rule::consent_refused},
        StoreCase{kMarketing, Basis::legitimate_interest, ConsentState::refused, Decision::deny, Rule::consent_refused},
        StoreCase{kMarketing, Basis::legitimate_interest, ConsentState::unknown, Decision::deny,
                  Rule::interest_unassessed}));

TEST(GateStoreRule, InterestCarriesOnlyWhereItWasWeighedAndNobodyObjected) {
  Question question = store_for(kMarketing, Basis::legitimate_interest, ConsentState::unknown);
  question.interest_weighed = true;
  EXPECT_EQ(rule(question).decision, Decision::allow);
  EXPECT_EQ(rule(question).rules[0], Rule::interest_suffices);
  question.consent = ConsentState::refused;
  EXPECT_EQ(rule(question).decision, Decision::deny);
  question.basis = Basis::consent;
  question.consent = ConsentState::unknown;
  EXPECT_EQ(rule(question).decision, Decision::deny) << "an assessment is no consent";
  question.basis = Basis::legitimate_interest;
  question.interest_weighed = false;
  const auto found = remedies(question, *law::built_in());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].name, "assess");
}

TEST(GateStoreRule, NobodyInTheDataMeansUnlinkedForEveryPurpose) {
  for (const PurposeInfo& entry : purposes()) {
    Question question = store_for(entry.purpose, entry.default_basis, ConsentState::unknown);
    question.person_known = false;
    EXPECT_EQ(rule(question).decision, Decision::allow_unlinked) << entry.name;
  }
}

TEST(GateStoreRule, PrivacyControlBeatsConsentForAdvertising) {
  Question question = store_for(Purpose::PersonalisedAdvertising, Basis::consent, ConsentState::given);
  EXPECT_EQ(rule(question).decision, Decision::allow);
  question.global_privacy_control = true;
  EXPECT_EQ(rule(question).decision, Decision::deny);
  EXPECT_EQ(rule(question).rules[0], Rule::global_privacy_control);
}

TEST(GateView, NeedsRoleAndStoredPurpose) {
  Question question;
  question.use = Use::view;
  question.purpose = kOrder;
  question.basis = Basis::contract;
  question.stored_for = {kOrder};
  question.role = "agent";
  EXPECT_TRUE(rule(question).allowed());
  EXPECT_TRUE(rule(question).duties & write_ledger);

  question.role = "operator";
  EXPECT_EQ(rule(question).rules[0], Rule::role_without_purpose);
  question.role = "made-up";
  EXPECT_FALSE(rule(question).allowed());

  question.role = "agent";
  question.stored_for = {kAnalytics};
  EXPECT_EQ(rule(question).rules[0], Rule::stored_for_other_purpose);
}

TEST(GateMove, IsToWhereThePersonLivesByWhoMayAskForThePersonsSakeOrTheLaws) {
  Question question;
  question.use = Use::move;
  question.purpose = Purpose::RightsFulfilment;
  question.basis = info(question.purpose).default_basis;
  question.role = "data_protection_officer";
  question.country = "CH";
  question.region = "eu";
  question.to_region = "ch";
  question.home = "ch";
  EXPECT_TRUE(rule(question).allowed());
  EXPECT_EQ(rule(question).rules[1], Rule::moves_home);
  EXPECT_TRUE(rule(question).duties & write_ledger);

  Question elsewhere = question;
  elsewhere.to_region = "us";
  EXPECT_EQ(rule(elsewhere).rules[0], Rule::not_their_home);
  EXPECT_FALSE(rule(elsewhere).allowed());
  Question nowhere = question;
  nowhere.country = "";
  EXPECT_FALSE(rule(nowhere).allowed());
  Question agent = question;
  agent.role = "agent";
  EXPECT_EQ(rule(agent).rules[0], Rule::role_without_purpose);
  Question to_sell = question;
  to_sell.purpose = Purpose::DirectMarketing;
  EXPECT_EQ(rule(to_sell).rules[0], Rule::purpose_undeclared);
  EXPECT_FALSE(rule(to_sell).allowed());
}

TEST(GateExport, NeedsAGrantToTheRecipientAndTheStoredPurpose) {
  Question question;
  question.use = Use::export_;
  question.purpose = kOrder;
  question.basis = Basis::contract;
  question.stored_for = {kOrder};
  question.role = "admin";
  EXPECT_EQ(rule(question).rules[0], Rule::recipient_without_purpose);
  EXPECT_FALSE(rule(question).allowed());

  question.granted = {kOrder};
  EXPECT_TRUE(rule(question).allowed());
  EXPECT_TRUE(rule(question).duties & write_ledger);

  question.stored_for = {kAnalytics};
  EXPECT_EQ(rule(question).rules[0], Rule::stored_for_other_purpose);

  question.stored_for = {kMarketing};
  question.granted = {kMarketing};
  question.purpose = kMarketing;
  question.basis = Basis::consent;
  EXPECT_FALSE(rule(question).allowed());
  question.consent = ConsentState::given;
  EXPECT_TRUE(rule(question).allowed());
  question.consent = ConsentState::refused;
  EXPECT_FALSE(rule(question).allowed());
}

TEST(GateReason, ReadsInBothLanguages) {
  Question question = store_for(kMarketing, Basis::consent, ConsentState::unknown);
  Ruling ruling = rule(question);
  EXPECT_EQ(reason(ruling, kMarketing, "en"),
            "Not allowed for the purpose “sending offers”: there is no record of the person's leave.");
  EXPECT_EQ(reason(ruling, kMarketing, "de"),
            "Nicht erlaubt für den Zweck „Angebote schicken“: es liegt keine Zustimmung vor.");
}

TEST(Purposes, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const PurposeInfo& entry : purposes()) {
    EXPECT_TRUE(names.insert(entry.name).second);
    EXPECT_EQ(find_purpose(entry.name), entry.purpose);
  }
  EXPECT_FALSE(find_purpose("customerordermanagement"));
}

TEST(Purposes, DeclarationTakesTheDefaultBasisOrTheGivenOne) {
  EXPECT_EQ(*parse_declared_purpose("CustomerOrderManagement"), (DeclaredPurpose{kOrder, Basis::contract}));
  EXPECT_EQ(*parse_declared_purpose("ServiceUsageAnalytics"), (DeclaredPurpose{kAnalytics, Basis::consent}));
  EXPECT_EQ(*parse_declared_purpose("CustomerCare:A6-1-f"),
            (DeclaredPurpose{Purpose::CustomerCare, Basis::legitimate_interest}));
  EXPECT_EQ(parse_declared_purpose("Nonsense").error().code, "purpose_unknown");
  EXPECT_EQ(parse_declared_purpose("CustomerCare:A6-1-x").error().code, "basis_unknown");
}

TEST(LinkPurposes, ServiceJoinsServiceButNotMarketing) {
  PurposeSet shop = {kOrder, kMarketing};
  PurposeSet hotline = {Purpose::CustomerCare};
  EXPECT_EQ(link_purposes(shop, hotline), (PurposeSet{kOrder, Purpose::CustomerCare}));
  EXPECT_TRUE(link_purposes({kMarketing}, hotline).empty());
  EXPECT_EQ(link_purposes({kMarketing}, shop), (PurposeSet{kMarketing}));
}

TEST(PurposeSet, KeepsWhatWasAdded) {
  PurposeSet set = {kOrder, kMarketing};
  EXPECT_TRUE(set.has(kOrder));
  EXPECT_FALSE(set.has(kAnalytics));
  EXPECT_EQ(PurposeSet::from_bits(set.bits()), set);
  EXPECT_EQ(set.names(), (std::vector<std::string>{"CustomerOrderManagement", "DirectMarketing"}));
}

}  // namespace
}  // namespace handschlag::gate
