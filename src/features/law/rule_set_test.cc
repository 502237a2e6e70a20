#include <gtest/gtest.h>

#include <fmt/format.h>

#include <random>

#include "features/law/law.h"

namespace handschlag::law {
namespace {

using std::chrono::days;

Day day(std::string_view text) {
  return *parse_day(text);
}

Rule rule(std::string id, Topic topic, Requirement requirement, Status status = Status::secondary) {
  Rule out;
  out.id = std::move(id);
  out.topic = topic;
  out.channels = {has_channels(topic) ? Channel::email : Channel::none};
  out.from = day("2000-01-01");
  out.requirement = requirement;
  out.status = status;
  out.source = "a law";
  out.german = "Ein Satz.";
  out.english = "A sentence.";
  return out;
}

Jurisdiction place(std::string code, std::string within, std::vector<Rule> rules) {
  Jurisdiction out{code, std::move(within), code == "EU", code, code, std::move(rules)};
  for (Rule& each : out.rules) each.jurisdiction = code;
  return out;
}

// States every topic on every channel, as strictly as can be.
Jurisdiction elsewhere() {
  std::vector<Rule> rules;
  for (std::size_t t = 0; t < kTopics; ++t) {
    const auto topic = static_cast<Topic>(t);
    if (topic == Topic::retention || topic == Topic::fine) continue;
    Rule each = rule(fmt::format("elsewhere.{}", name_of(topic)), topic, Requirement::forbidden);
    if (!is_permission(topic)) each.requirement = Requirement::free;
    if (has_channels(topic)) {
      each.channels.clear();
      for (std::size_t c = 1; c < kChannels; ++c) each.channels.push_back(static_cast<Channel>(c));
    }
    if (has_term(topic)) each.term = {1, Term::Unit::days};
    if (topic == Topic::age_of_consent) each.years = 18;
    if (topic == Topic::quiet_hours) each.quiet_from = 20 * 60, each.quiet_until = 8 * 60;
    rules.push_back(std::move(each));
  }
  return place("*", "", std::move(rules));
}

std::shared_ptr<const RuleSet> compiled(std::vector<Jurisdiction> jurisdictions, std::vector<Rule> own = {},
                                        std::vector<std::string> confirmed = {}) {
  jurisdictions.push_back(elsewhere());
  auto set = RuleSet::compile(std::move(jurisdictions), std::move(own), confirmed);
  EXPECT_TRUE(set) << set.error().detail;
  return *set;
}

std::string faults_of(std::vector<Jurisdiction> jurisdictions) {
  jurisdictions.push_back(elsewhere());
  auto set = RuleSet::compile(std::move(jurisdictions));
  return set ? "" : set.error().detail;
}

Rule clauses_of_gb() {
  Rule out = rule("gb.clauses", Topic::transfer, Requirement::free);
  out.needs = safeguards;
  return out;
}

const Norm& mail(const RuleSet& set, std::string_view country, std::string_view when = "2026-01-01") {
  return set.norm(country, Topic::advertising, Channel::email, day(when));
}

TEST(RuleSet, TakesTheCountrysOwnRuleThenItsGroupsThenThatForEverywhereElse) {
  auto set = compiled({place("EU", "", {rule("eu.mail", Topic::advertising, Requirement::opt_in)}),
                       place("DE", "EU", {rule("de.mail", Topic::advertising, Requirement::opt_out)}),
                       place("FR", "EU", {rule("fr.survey", Topic::survey, Requirement::opt_in)})});
  EXPECT_EQ(mail(*set, "DE").requirement, Requirement::opt_out);
  EXPECT_EQ(set->rule(mail(*set, "DE").rules[0]).id, "de.mail");
  EXPECT_EQ(set->rule(mail(*set, "FR").rules[0]).id, "eu.mail");
  for (std::string_view unknown : {"", "BR", "XX", "de", "D", "EU", "DEU", "D\xc3\xa4", "DE\n"}) {
    EXPECT_EQ(mail(*set, unknown).requirement, Requirement::forbidden) << unknown;
  }
}

TEST(RuleSet, ChangesOnTheDayOnWhichTheLawDoes) {
  Rule before = rule("fr.phone_before", Topic::advertising, Requirement::opt_out);
  before.until = day("2026-08-10");
  Rule after = rule("fr.phone", Topic::advertising, Requirement::opt_in);
  after.from = day("2026-08-11");
  auto set = compiled({place("FR", "", {before, after})});
  EXPECT_EQ(mail(*set, "FR", "2026-08-10").requirement, Requirement::opt_out);
  EXPECT_EQ(mail(*set, "FR", "2026-08-11").requirement, Requirement::opt_in);
  EXPECT_EQ(mail(*set, "FR", "1999-12-31").requirement, Requirement::forbidden);
}

TEST(RuleSet, UnverifiedRulesTightenAndNeverLoosen) {
  const Rule firm = rule("gb.mail", Topic::advertising, Requirement::opt_in);
  auto loose =
      compiled({place("GB", "", {firm, rule("gb.mail_u", Topic::advertising, Requirement::free, Status::unverified)})});
  EXPECT_EQ(mail(*loose, "GB").requirement, Requirement::opt_in);
  auto strict = compiled(
      {place("GB", "", {firm, rule("gb.mail_u", Topic::advertising, Requirement::forbidden, Status::unverified)})});
  EXPECT_EQ(mail(*strict, "GB").requirement, Requirement::forbidden);
  EXPECT_EQ(strict->rule(mail(*strict, "GB").rules[0]).id, "gb.mail_u");
  auto alone =
      compiled({place("GB", "", {rule("gb.mail_u", Topic::advertising, Requirement::opt_out, Status::unverified)})});
  EXPECT_EQ(mail(*alone, "GB").requirement, Requirement::forbidden);
}

TEST(RuleSet, CounselMakesAnUnverifiedRuleFirm) {
  const Rule unsure = rule("gb.mail", Topic::advertising, Requirement::opt_out, Status::unverified);
  auto set = compiled({place("GB", "", {unsure})}, {}, {"gb.mail"});
  EXPECT_EQ(mail(*set, "GB").requirement, Requirement::opt_out);
  EXPECT_EQ(set->find("gb.mail")->status, Status::confirmed);
  EXPECT_NE(set->hash(), compiled({place("GB", "", {unsure})})->hash());
}

TEST(RuleSet, OwnRulesTightenEverywhereTheyAreFor) {
  Rule own = rule("own.no_mail", Topic::advertising, Requirement::forbidden);
  own.jurisdiction = "EU";
  Rule lax = rule("own.lax", Topic::advertising, Requirement::free);
  lax.jurisdiction = "US";
  auto set =
      compiled({place("EU", "", {}), place("DE", "EU", {rule("de.mail", Topic::advertising, Requirement::opt_in)}),
                place("US", "", {rule("us.mail", Topic::advertising, Requirement::opt_out)})},
               {own, lax});
  EXPECT_EQ(mail(*set, "DE").requirement, Requirement::forbidden);
  EXPECT_EQ(mail(*set, "US").requirement, Requirement::opt_out);
}

TEST(RuleSet, ExceptionsSurviveOnlyWhereBothHaveThem) {
  Rule firm = rule("it.mail", Topic::advertising, Requirement::opt_in);
  firm.exceptions = {{"existing_customer", address_from_sale, {24, Term::Unit::months}},
                     {"relationship", business_relationship, {}}};
  Rule unsure = rule("it.mail_u", Topic::advertising, Requirement::opt_in, Status::unverified);
  unsure.exceptions = {{"existing_customer", own_similar_goods, {1, Term::Unit::years}}};
  auto set = compiled({place("IT", "", {firm, unsure})});
  const Norm& norm = mail(*set, "IT");
  ASSERT_EQ(norm.exceptions, 1);
  EXPECT_EQ(norm.ways[0].name, "existing_customer");
  EXPECT_EQ(norm.ways[0].needs, address_from_sale | own_similar_goods);
  EXPECT_EQ(norm.ways[0].since_sale_days, 365.0F);
}

TEST(RuleSet, WhoeverMayLiveInCaliforniaHasCaliforniasRules) {
  auto set = compiled({place("US", "", {rule("us.mail", Topic::advertising, Requirement::opt_out)}),
                       place("US-CA", "US",
                             {rule("us_ca.mail", Topic::advertising, Requirement::opt_in),
                              rule("us_ca.linking", Topic::linking, Requirement::opt_out)})});
  EXPECT_EQ(mail(*set, "US").requirement, Requirement::opt_in);
  EXPECT_EQ(mail(*set, "US-CA").requirement, Requirement::opt_in);
  EXPECT_EQ(mail(*set, "US-TX").requirement, Requirement::opt_out);
  const Day today = day("2026-01-01");
  EXPECT_EQ(set->norm("US-CA", Topic::linking, Channel::none, today).requirement, Requirement::opt_out);
  EXPECT_EQ(set->norm("US", Topic::linking, Channel::none, today).requirement, Requirement::forbidden);
}

TEST(RuleSet, TransfersAreDatedAndNamed) {
  Rule shield = rule("eu.privacy_shield", Topic::transfer, Requirement::free);
  shield.from = day("2016-07-12");
  shield.until = day("2020-07-15");
  shield.to = {"US"};
  Rule framework = rule("eu.data_privacy_framework", Topic::transfer, Requirement::free);
  framework.from = day("2023-07-10");
  framework.to = {"US"};
  Rule clauses = rule("eu.clauses", Topic::transfer, Requirement::free);
  clauses.needs = safeguards;
  auto set = compiled({place("EU", "", {shield, framework, clauses}), place("DE", "EU", {}), place("FR", "EU", {})});
  auto needs = [&](std::string_view to, std::string_view when) { return set->transfer("DE", to, day(when)).needs; };
  EXPECT_EQ(needs("US", "2020-07-15"), nothing_more);
  EXPECT_EQ(needs("US", "2020-07-16"), safeguards);
  EXPECT_EQ(needs("US", "2023-07-09"), safeguards);
  EXPECT_EQ(needs("US", "2023-07-10"), nothing_more);
  EXPECT_EQ(needs("IN", "2026-01-01"), safeguards);
  EXPECT_EQ(needs("FR", "2026-01-01"), nothing_more);
  EXPECT_EQ(set->transfer("DE", "", day("2026-01-01")).requirement, Requirement::forbidden);
  EXPECT_EQ(set->transfer("XX", "DE", day("2026-01-01")).requirement, Requirement::forbidden);
}

TEST(RuleSet, OwnRulesTightenTransfersToAPlaceItsCountryAndItsGroup) {
  Rule clauses = rule("eu.clauses", Topic::transfer, Requirement::free);
  clauses.needs = safeguards;
  auto own = [](std::string id, std::string from, std::vector<std::string> to, Requirement requirement) {
    Rule out = rule("own." + id, Topic::transfer, requirement);
    out.jurisdiction = std::move(from);
    out.to = std::move(to);
    return out;
  };
  auto demanded = [&](std::vector<Rule> rules, std::string_view from, std::string_view to) {
    const std::vector<Jurisdiction> law = {place("EU", "", {clauses}), place("DE", "EU", {}), place("FR", "EU", {}),
                                           place("GB", "", {clauses_of_gb()})};
    return compiled(law, std::move(rules))->transfer(from, to, day("2026-01-01")).requirement;
  };
  // A later rule that names a country undoes nothing of one that names its group.
  const Rule no_eu = own("a", "GB", {"EU"}, Requirement::forbidden);
  const Rule one = own("b", "GB", {"FR"}, Requirement::free);
  EXPECT_EQ(demanded({no_eu}, "GB", "FR"), Requirement::forbidden);
  EXPECT_EQ(demanded({no_eu, one}, "GB", "FR"), Requirement::forbidden);
  // Nor is the own group out of reach.
  EXPECT_EQ(demanded({}, "DE", "FR"), Requirement::free);
  EXPECT_EQ(demanded({own("a", "DE", {}, Requirement::forbidden)}, "DE", "FR"), Requirement::forbidden);
  EXPECT_EQ(demanded({own("a", "DE", {"FR"}, Requirement::forbidden)}, "DE", "FR"), Requirement::forbidden);
  EXPECT_EQ(demanded({own("a", "DE", {"EU"}, Requirement::forbidden)}, "DE", "FR"), Requirement::forbidden);
  EXPECT_EQ(demanded({own("a", "DE", {"FR"}, Requirement::forbidden)}, "DE", "DE"), Requirement::free);
  // A part is in its country, and what is no country is nowhere.
  const Rule no_us = own("a", "DE", {"US"}, Requirement::forbidden);
  for (std::string_view to : {"US", "US-CA", "us", "USA", "US-", "??", "\n\n"}) {
    EXPECT_EQ(demanded({no_us}, "DE", to), Requirement::forbidden) << to;
  }
}

TEST(RuleSet, APartThatIsMisspeltIsNoWayAroundTheRulesOfTheParts) {
  auto set = compiled({place("US", "", {rule("us.mail", Topic::advertising, Requirement::opt_out)}),
                       place("US-CA", "US", {rule("us_ca.mail", Topic::advertising, Requirement::opt_in)})});
  for (std::string_view code : {"US-ca", "US-", "US-C A", "US-CALIF", "us-CA", "USA"}) {
    EXPECT_EQ(mail(*set, code).requirement, Requirement::forbidden) << code;
  }
}

TEST(RuleSet, QuietTimesCoverBoth) {
  Rule firm = rule("kr.quiet", Topic::quiet_hours, Requirement::opt_in);
  firm.quiet_from = 21 * 60, firm.quiet_until = 8 * 60;
  Rule own = rule("own.quiet", Topic::quiet_hours, Requirement::forbidden);
  own.jurisdiction = "KR";
  own.quiet_from = 19 * 60, own.quiet_until = 7 * 60;
  auto set = compiled({place("KR", "", {firm})}, {own});
  const Norm& norm = set->norm("KR", Topic::quiet_hours, Channel::email, day("2026-01-01"));
  EXPECT_EQ(norm.quiet_from, 19 * 60);
  EXPECT_EQ(norm.quiet_until, 8 * 60);
  EXPECT_EQ(norm.requirement, Requirement::forbidden);
}

TEST(RuleSet, WhatIsFreeKeepsNoTimeQuietUntilARuleOfOurOwnDoes) {
  Rule firm = rule("de.quiet", Topic::quiet_hours, Requirement::free);
  firm.quiet_from = 21 * 60, firm.quiet_until = 8 * 60;
  Rule own = rule("own.quiet", Topic::quiet_hours, Requirement::forbidden);
  own.jurisdiction = "DE";
  own.quiet_from = 22 * 60, own.quiet_until = 6 * 60;
  const auto quiet = [](const RuleSet& set) {
    const Norm& norm = set.norm("DE", Topic::quiet_hours, Channel::email, day("2026-01-01"));
    return std::pair{norm.quiet_from, norm.quiet_until};
  };
  EXPECT_EQ(quiet(*compiled({place("DE", "", {firm})})), (std::pair<std::int16_t, std::int16_t>{0, 0}));
  EXPECT_EQ(quiet(*compiled({place("DE", "", {firm})}, {own})),
            (std::pair<std::int16_t, std::int16_t>{22 * 60, 6 * 60}));
}

TEST(RuleSet, SaysWhatIsFaulty) {
  Rule first = rule("de.mail", Topic::advertising, Requirement::opt_in);
  Rule second = rule("de.mail2", Topic::advertising, Requirement::opt_in);
  EXPECT_EQ(faults_of({place("DE", "", {first, second})}),
            "DE advertising by email: de.mail and de.mail2 both hold on 2000-01-01.");
  first.until = day("2009-12-31");
  second.from = day("2010-01-02");
  EXPECT_EQ(faults_of({place("DE", "", {first, second})}),
            "DE advertising by email: nothing holds between de.mail and de.mail2.");
  EXPECT_EQ(faults_of({place("DE", "EU", {})}), "DE is within EU, which has no file.");
  EXPECT_EQ(faults_of({place("DE", "", {}), place("DE", "", {})}), "There are two files for DE.");
  EXPECT_EQ(faults_of({place("DE", "", {rule("fr.mail", Topic::advertising, Requirement::opt_in)})}),
            "The id fr.mail must begin with de. as all of DE.");
  EXPECT_NE(RuleSet::compile({}).error().detail.find("no file for everywhere else"), std::string::npos);
  Jurisdiction lacking = elsewhere();
  lacking.rules.pop_back();
  EXPECT_NE(RuleSet::compile({lacking}).error().detail.find("is not stated for today"), std::string::npos);
}

TEST(RuleSet, IsTheSameWhenReadAgain) {
  auto set =
      compiled({place("GB", "", {rule("gb.mail", Topic::advertising, Requirement::opt_out, Status::unverified)})}, {},
               {"gb.mail"});
  auto again = read_rule_set(set->text());
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ((*again)->hash(), set->hash());
  EXPECT_EQ((*again)->number(), set->number());
  EXPECT_EQ(mail(**again, "GB").requirement, Requirement::opt_out);
  EXPECT_FALSE(read_rule_set("{}"));
  EXPECT_FALSE(read_rule_set("nonsense"));
}

// How strict a norm is in each of its respects; a larger figure is stricter.
std::vector<double> strictness(const Norm& norm, Topic topic) {
  std::vector<double> out = {static_cast<double>(norm.requirement), static_cast<double>(norm.years)};
  const double term = norm.term.days();
  const bool shorter = topic == Topic::request_deadline || topic == Topic::objection_deadline ||
                       topic == Topic::breach_notice || topic == Topic::consent_life;
  out.push_back(norm.term.count == 0 ? -1e9 : shorter ? -term : term);
  return out;
}

bool permits_more(const Norm& a, const Norm& b, Topic topic) {
  const auto mine = strictness(a, topic);
  const auto theirs = strictness(b, topic);
  for (std::size_t i = 0; i < mine.size(); ++i) {
    if (mine[i] < theirs[i]) return true;
  }
  if (a.requirement == b.requirement && (a.needs & b.needs) != b.needs) return true;
  if ((a.duties & b.duties) != b.duties) return true;
  if (a.requirement != b.requirement) return false;
  for (std::size_t i = 0; i < a.exceptions; ++i) {  // each of a's ways must be one of b's, and no easier
    bool found = false;
    for (std::size_t j = 0; j < b.exceptions; ++j) {
      const Norm::Way& way = b.ways[j];
      found = found || (way.name == a.ways[i].name && (a.ways[i].needs & way.needs) == way.needs &&
                        (way.since_sale_days <= 0 ||
                         (a.ways[i].since_sale_days > 0 && a.ways[i].since_sale_days <= way.since_sale_days)));
    }
    if (!found) return true;
  }
  return false;
}

// Adding any unverified or own rule to random law never permits more, on no day, for nobody.
TEST(RuleSet, IsNeverLoosenedByAnUncertainRule) {
  std::mt19937 random(42);
  auto pick = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
  const Topic topics[] = {Topic::advertising,   Topic::linking,          Topic::age_of_consent,
                          Topic::consent_proof, Topic::request_deadline, Topic::consent_life};
  auto any_rule = [&](std::string id, Status status) {
    Rule out = rule(std::move(id), topics[pick(6)], Requirement::free, status);
    out.requirement = is_permission(out.topic) ? static_cast<Requirement>(pick(5)) : Requirement::free;
    out.needs = static_cast<Needs>(pick(16));
    out.duties = static_cast<Duties>(pick(8));
    out.years = out.topic == Topic::age_of_consent ? 10 + pick(10) : 0;
    if (has_term(out.topic)) out.term = {1 + pick(60), static_cast<Term::Unit>(pick(5))};
    out.from = day("2020-01-01") + days{pick(100)};
    if (pick(2) == 0) out.until = out.from + days{pick(100)};
    const bool consent = out.requirement == Requirement::opt_in || out.requirement == Requirement::double_opt_in;
    for (int i = 0; consent && i < pick(3); ++i) {
      out.exceptions.push_back({i == 0 ? "a" : "b", static_cast<Needs>(1 + pick(15)), {pick(3), Term::Unit::months}});
    }
    return out;
  };
  int compared = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<Rule> in_eu, in_de;
    for (int i = 0; i < pick(4); ++i) in_eu.push_back(any_rule(fmt::format("eu.r{}", i), Status::secondary));
    for (int i = 0; i < pick(4); ++i) in_de.push_back(any_rule(fmt::format("de.r{}", i), Status::secondary));
    std::vector<Jurisdiction> law = {place("EU", "", in_eu), place("DE", "EU", in_de), elsewhere()};
    auto without = RuleSet::compile(law);
    if (!without) continue;  // overlapping at random
    const bool own = pick(2) == 0;
    Rule added = any_rule(own ? "own.x" : "de.x", own ? Status::secondary : Status::unverified);
    added.jurisdiction = own ? (pick(2) == 0 ? "*" : "EU") : "DE";
    if (!own) law[1].rules.push_back(added);
    auto with = RuleSet::compile(law, own ? std::vector{added} : std::vector<Rule>{});
    if (!with) continue;
    ++compared;
    for (Day when = day("2019-12-30"); when < day("2020-08-01"); when += days{1}) {
      for (Topic topic : topics) {
        const Channel channel = has_channels(topic) ? Channel::email : Channel::none;
        ASSERT_FALSE(permits_more((*with)->norm("DE", topic, channel, when),
                                  (*without)->norm("DE", topic, channel, when), topic))
            << "round " << round << ", " << to_text(when) << ", " << name_of(topic);
      }
    }
  }
  EXPECT_GT(compared, 100);
}

}  // namespace
}  // namespace handschlag::law
