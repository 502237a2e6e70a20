// The cases in docs/law-cases.md, which a lawyer can read: each line is asked of the gate under the law as it is
// shipped.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "features/gate/gate.h"

namespace handschlag::gate {
namespace {

using std::chrono::days;

struct Line {
  int number = 0;
  std::vector<std::string> cells;
};

// The tables' lines, without heads and rules.
std::vector<Line> read_lines() {
  std::ifstream file(std::string(HANDSCHLAG_SOURCE_DIR) + "/docs/law-cases.md");
  std::vector<Line> out;
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    if (!text.starts_with("| ") || text.starts_with("| country") || text.starts_with("| state") ||
        text.starts_with("| --")) {
      continue;
    }
    Line line{number, {}};
    std::size_t from = 2;
    for (std::size_t bar = text.find(" |", from); bar != std::string::npos; bar = text.find(" |", from)) {
      line.cells.push_back(text.substr(from, bar - from));
      from = bar + 3;
    }
    if (line.cells.size() == 8) out.push_back(std::move(line));
  }
  return out;
}

void agree(Question& question, Strength strength) {
  question.consent = ConsentState::given;
  question.strength = strength;
  question.consented_at = question.at - days{30};
}

void buy(Question& question, days ago) {
  question.sale = {true, true, true, true, question.at - ago};
  question.tells_objection = true;
}

// What the words in the column "state" mean. Put together with "; ".
const std::map<std::string, void (*)(Question&), std::less<>>& states() {
  static const std::map<std::string, void (*)(Question&), std::less<>> known = {
      {"nothing said", [](Question&) {}},
      {"agreed", [](Question& q) { agree(q, Strength::stated); }},
      {"agreed on a page, unconfirmed", [](Question& q) { agree(q, Strength::claimed); }},
      {"agreed and confirmed", [](Question& q) { agree(q, Strength::confirmed); }},
      {"agreed to exactly this",
       [](Question& q) {
         agree(q, Strength::confirmed);
         q.explicit_consent = true;
       }},
      {"agreed three years ago",
       [](Question& q) {
         agree(q, Strength::confirmed);
         q.consented_at = q.at - days{3 * 365};
       }},
      {"said no or objected", [](Question& q) { q.consent = ConsentState::refused; }},
      {"bought a month ago", [](Question& q) { buy(q, days{30}); }},
      {"bought ten months ago", [](Question& q) { buy(q, days{300}); }},
      {"bought three years ago", [](Question& q) { buy(q, days{3 * 365}); }},
      {"was not told of the right to object", [](Question& q) { q.sale.told_when_collected = false; }},
      {"not told in this message", [](Question& q) { q.tells_objection = false; }},
      {"other goods", [](Question& q) { q.sale.own_similar_goods = false; }},
      {"address not from the sale", [](Question& q) { q.sale.address_from_sale = false; }},
      {"register clear", [](Question& q) { q.objections = Register::clear; }},
      {"in the register", [](Question& q) { q.objections = Register::listed; }},
      {"at 23:00", [](Question& q) { q.local_minute = 23 * 60; }},
      {"at 07:59", [](Question& q) { q.local_minute = 8 * 60 - 1; }},
      {"at 08:00", [](Question& q) { q.local_minute = 8 * 60; }},
      {"time unknown", [](Question& q) { q.local_minute = -1; }},
      {"also at night", [](Question& q) { q.quiet_hours_consent = true; }},
      {"13 years old", [](Question& q) { q.age = 13; }},
      {"14 years old", [](Question& q) { q.age = 14; }},
      {"15 years old", [](Question& q) { q.age = 15; }},
      {"16 years old", [](Question& q) { q.age = 16; }},
      {"17 years old", [](Question& q) { q.age = 17; }},
      {"18 years old", [](Question& q) { q.age = 18; }},
      {"service for children", [](Question& q) { q.for_children = true; }},
      {"guardian agreed", [](Question& q) { q.guardian = true; }},
      {"use restricted", [](Question& q) { q.restricted = true; }},
      {"privacy signal", [](Question& q) { q.global_privacy_control = true; }},
      {"health data", [](Question& q) { q.categories |= special; }},
      {"recorded voice", [](Question& q) { q.categories |= recording; }},
      {"ids on the device", [](Question& q) { q.from_device = true; }},
      {"recipient named", [](Question& q) { q.recipient_named = true; }},
      {"weighty", [](Question& q) { q.weighty = true; }},
      {"reviewed by a person", [](Question& q) { q.reviewed = true; }},
      {"by contract", [](Question& q) { q.basis = Basis::contract; }},
      {"by interest", [](Question& q) { q.basis = Basis::legitimate_interest; }},
      {"interest not assessed", [](Question& q) { q.interest_weighed = false; }},
      {"to the US", [](Question& q) { q.to_country = "US"; }},
      {"to France", [](Question& q) { q.to_country = "FR"; }},
      {"to India", [](Question& q) { q.to_country = "IN"; }},
      {"with standard clauses", [](Question& q) { q.safeguards = true; }},
  };
  return known;
}

struct Asked {
  Question question;
  std::string wrong;  // what can't be read
};

// country | day | use: purpose | channel | state | decision | rule | law
Asked question_of(const Line& line) {
  Asked out;
  Question& q = out.question;
  const auto& cells = line.cells;
  auto at = parse_time(cells[1]);
  if (!at) return {{}, "day"};
  q.at = *at + std::chrono::hours{12};
  q.country = cells[0] == "unknown" ? std::string_view() : std::string_view(cells[0]);
  const std::size_t colon = cells[2].find(": ");
  const auto use = find_use(cells[2].substr(0, colon));
  const auto purpose = colon == std::string::npos ? std::nullopt : find_purpose(cells[2].substr(colon + 2));
  if (!use || !purpose) return {{}, "use and purpose"};
  q.use = *use;
  q.purpose = *purpose;
  q.basis = info(*purpose).default_basis;
  q.stored_for = q.granted = {*purpose};
  q.local_minute = 12 * 60;
  q.interest_weighed = true;
  if (cells[3] != "-") {
    const auto channel = law::find_channel(cells[3]);
    if (!channel) return {{}, "channel"};
    q.channel = *channel;
    // Whether somebody must agree to be written to is the question: the company's own basis must not answer it.
    if (q.basis == Basis::consent) q.basis = Basis::legitimate_interest;
  }
  std::string_view rest = cells[4];
  while (!rest.empty()) {
    const std::size_t end = rest.find("; ");
    auto state = states().find(rest.substr(0, end));
    if (state == states().end()) return {{}, "state"};
    state->second(q);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 2);
  }
  return out;
}

std::string law_of(const Ruling& ruling, const law::RuleSet& set) {
  return ruling.law[0] == law::kNoRule ? "-" : set.rule(ruling.law[0]).id;
}

TEST(LawCases, AreRuledAsTheTableSays) {
  const auto set = law::built_in();
  const auto lines = read_lines();
  ASSERT_GE(lines.size(), 300U) << "docs/law-cases.md is missing or was cut";
  std::set<std::vector<std::string>> seen;
  for (const Line& line : lines) {
    const Asked asked = question_of(line);
    ASSERT_EQ(asked.wrong, "") << "line " << line.number << " can't be read";
    EXPECT_TRUE(seen.insert({line.cells.begin(), line.cells.begin() + 5}).second)
        << "line " << line.number << " is there twice";
    const Ruling ruling = rule(asked.question, *set);
    const std::string got =
        fmt::format("{} | {} | {}", name_of(ruling.decision), name_of(ruling.rules[0]), law_of(ruling, *set));
    const std::string expected = fmt::format("{} | {} | {}", line.cells[5], line.cells[6], line.cells[7]);
    EXPECT_EQ(got, expected) << "docs/law-cases.md:" << line.number << ": " << line.cells[0] << " " << line.cells[2]
                             << " " << line.cells[3] << ", " << line.cells[4] << ": "
                             << reason(ruling, asked.question.purpose, "en");
  }
}

// A shorter way to lose a person's no: leave out one thing that was known. None makes a denial an allowance.
TEST(LawCases, AreDeniedWhenAnyThingThatSpokeForThemIsNotKnown) {
  const auto set = law::built_in();
  using Forget = void (*)(Question&);
  const std::pair<std::string_view, Forget> forgettable[] = {
      {"country", [](Question& q) { q.country = {}; }},
      {"country misspelt", [](Question& q) { q.country = "Germany"; }},
      {"consent",
       [](Question& q) {
         if (q.consent == ConsentState::given) q.consent = ConsentState::unknown;
       }},
      {"strength", [](Question& q) { q.strength = Strength::none; }},
      {"explicit", [](Question& q) { q.explicit_consent = false; }},
      {"time of consent", [](Question& q) { q.consented_at = Time{}; }},
      {"guardian", [](Question& q) { q.guardian = false; }},
      {"age", [](Question& q) { q.age = -1; }},
      {"sale", [](Question& q) { q.sale = {}; }},
      {"time of sale", [](Question& q) { q.sale.at = Time{}; }},
      {"notice", [](Question& q) { q.tells_objection = false; }},
      {"register", [](Question& q) { q.objections = Register::not_asked; }},
      {"local time", [](Question& q) { q.local_minute = -1; }},
      {"channel", [](Question& q) { q.channel = Channel::none; }},
      {"stored for", [](Question& q) { q.stored_for = {}; }},
      {"granted", [](Question& q) { q.granted = {}; }},
      {"recipient", [](Question& q) { q.recipient_named = false; }},
      {"safeguards", [](Question& q) { q.safeguards = false; }},
      {"review", [](Question& q) { q.reviewed = false; }},
      {"role", [](Question& q) { q.role = {}; }},
      {"assessment", [](Question& q) { q.interest_weighed = false; }},
      {"time", [](Question& q) { q.at = Time{}; }},
  };
  int allowed_before = 0;
  std::map<std::string_view, int> turned;
  for (const Line& line : read_lines()) {
    const Asked asked = question_of(line);
    const Ruling before = rule(asked.question, *set);
    allowed_before += before.decision == Decision::allow ? 1 : 0;
    for (const auto& [name, forget] : forgettable) {
      Question less = asked.question;
      forget(less);
      const Ruling after = rule(less, *set);
      if (before.decision != Decision::allow) {
        // Forgetting an age is no way to become an adult in a service for children; elsewhere it is ordinary retail.
        const bool age_of_retail = name == "age" && !asked.question.for_children;
        // A day before every law is one on which '*' holds, as strictly as ever.
        EXPECT_TRUE(age_of_retail || after.decision != Decision::allow)
            << "docs/law-cases.md:" << line.number << " without " << name;
      } else if (after.decision != Decision::allow) {
        ++turned[name];
      }
    }
  }
  EXPECT_GT(allowed_before, 60);
  for (std::string_view name :
       {"country", "country misspelt", "consent", "strength", "sale", "notice", "register", "channel", "time of sale",
        "time of consent", "guardian", "explicit", "stored for", "assessment"}) {
    EXPECT_GT(turned[name], 0) << "no case turns on " << name;
  }
}

}  // namespace
}  // namespace handschlag::gate
