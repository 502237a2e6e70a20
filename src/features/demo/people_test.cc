#include "features/demo/people.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

#include "features/demo/cast.h"
#include "features/identity/identity.h"
#include "platform/text/text.h"

namespace handschlag::demo {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::size_t kMany = 3'000;

std::vector<Person> everybody() {
  std::vector<Person> people = make_cast(kMany);
  std::vector<std::string> taken;
  for (const Person& person : people) taken.push_back(person.email);
  for (Person& person : make_people(kMany, first_number_after_cast(), taken)) people.push_back(std::move(person));
  return people;
}

bool is_reserved(std::string_view domain) {
  for (std::string_view reserved : {"example.org", "example.net", "example.com"}) {
    if (domain == reserved || domain.ends_with("." + std::string(reserved))) return true;
  }
  return false;
}

// In E.164, up to the digits that may be anything: Bundesnetzagentur notice 148/2021, Ofcom, ARCEP, NANPA.
bool is_kept_for_fiction(std::string_view number) {
  constexpr std::array<std::string_view, 13> kRanges = {
      "+493023125",  "+494066969",  "+496990009",  "+498999998",  "+492214710",  "+447700900", "+3363998",
      "+1503555010", "+1206555010", "+1303555010", "+1312555010", "+1617555010", "+1512555010"};
  for (std::string_view range : kRanges) {
    bool ends_with_two_free_digits = range.starts_with("+1");
    if (ends_with_two_free_digits) range.remove_suffix(1);
    if (number.starts_with(range)) return true;
  }
  return false;
}

TEST(DemoPeople, EveryAddressLiesInADomainReservedForDocumentation) {
  std::size_t addresses = 0;
  for (const Person& person : everybody()) {
    std::size_t at = person.email.find('@');
    if (at == std::string::npos) continue;
    ++addresses;
    EXPECT_TRUE(is_reserved(std::string_view(person.email).substr(at + 1))) << person.email;
    for (char c : person.email) EXPECT_GT(c, ' ') << person.email << " is not ASCII";
  }
  EXPECT_GT(addresses, kMany / 2);
}

TEST(DemoPeople, SomeAddressesAreMalformed) {
  int malformed = 0;
  for (const Person& person : everybody()) malformed += !person.email.empty() && !person.email.contains('@');
  EXPECT_GT(malformed, 5);
  EXPECT_LT(malformed, 100);
}

TEST(DemoPeople, NoAddressOfTheCrowdIsGivenOutTwice) {
  std::set<std::string> seen;
  for (const Person& person : make_people(kMany, first_number_after_cast(), {})) {
    if (!person.email.contains('@')) continue;  // malformed
    EXPECT_TRUE(seen.insert(person.email).second) << person.email;
  }
}

TEST(DemoPeople, EveryNumberIsKeptForFictionAndCanBeDialled) {
  std::map<std::string, std::string> owners;
  for (const Person& person : everybody()) {
    if (person.phone.empty()) continue;
    auto number = text::phone_e164(person.phone, "");
    ASSERT_TRUE(number) << person.phone;
    EXPECT_TRUE(is_kept_for_fiction(*number)) << *number;
    EXPECT_EQ(text::phone_e164(dialled_at_home(person), person.country->code), number) << dialled_at_home(person);
    auto [owner, fresh] = owners.emplace(*number, person.last);
    EXPECT_TRUE(fresh || owner->second == "Brandt") << *number;  // the household shares one
  }
  EXPECT_GT(owners.size(), kMany / 5);
}

TEST(DemoPeople, AreTheSameEveryTimeAndMoreOnlyAddsToThem) {
  std::vector<Person> few = make_people(50, 100, {});
  std::vector<Person> more = make_people(80, 100, {});
  for (std::size_t i = 0; i < few.size(); ++i) {
    EXPECT_EQ(few[i].email, more[i].email);
    EXPECT_EQ(few[i].browsers, more[i].browsers);
    EXPECT_EQ(few[i].visits_a_year, more[i].visits_a_year);
  }
}

TEST(DemoPeople, LiveInEveryCountryAndAnswerConsentInEveryWay) {
  std::map<std::string_view, int> countries_seen;
  std::map<Answer, int> answers;
  for (const Person& person : everybody()) {
    ++countries_seen[person.country->code];
    ++answers[person.analytics];
  }
  for (const Country& country : countries()) EXPECT_GT(countries_seen[country.code], 100) << country.code;
  EXPECT_GT(answers[Answer::granted], 1'000);
  EXPECT_GT(answers[Answer::refused], 600);
  EXPECT_GT(answers[Answer::none], 200);
}

TEST(DemoPeople, HaveAsciiMailboxes) {
  EXPECT_EQ(to_ascii("Jörg"), "joerg");
  EXPECT_EQ(to_ascii("Łukasz"), "lukasz");
  EXPECT_EQ(to_ascii("van den Berg"), "vandenberg");
  EXPECT_EQ(to_ascii("Yılmaz"), "yilmaz");
}

TEST(DemoCast, SuggestsWhomToLookUpInBothLanguages) {
  auto list = suggestions();
  EXPECT_GE(list.size(), 4U);
  for (const Suggestion& suggestion : list) {
    EXPECT_TRUE(identity::parse_key(suggestion.key)) << suggestion.key;
    EXPECT_THAT(suggestion.english, Not(IsEmpty()));
    EXPECT_THAT(suggestion.german, Not(IsEmpty()));
  }
}

}  // namespace
}  // namespace handschlag::demo
