#include "features/identity/key.h"

#include <gmock/gmock.h>

#include <set>
#include <utility>
#include <vector>

namespace handschlag::identity {
namespace {

constexpr Place kShop{.name_space = "shop", .controller = "self", .country = "DE"};

struct Case {
  KeyKind kind;
  std::string_view said;
  std::string_view kept;
};

void PrintTo(const Case& entry, std::ostream* out) {
  *out << name_of(entry.kind) << " '" << entry.said << "'";
}

class KeyNormalised : public testing::TestWithParam<Case> {};

TEST_P(KeyNormalised, ToOneSpelling) {
  auto key = make_key(GetParam().kind, GetParam().said, kShop);
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(key->value, GetParam().kept);
  // What is normalised stays as it is, so that a stored value finds itself.
  auto again = make_key(GetParam().kind, key->value, kShop);
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(*again, *key);
}

INSTANTIATE_TEST_SUITE_P(
    Table, KeyNormalised,
    testing::Values(
        Case{KeyKind::email, "anna@example.org", "anna@example.org"},
        Case{KeyKind::email, "  Anna.Berg@Example.ORG\r\n", "anna.berg@example.org"},
        Case{KeyKind::email, "anna+shop@example.org", "anna+shop@example.org"},
        Case{KeyKind::email, "MÜLLER@BÜCHER.example", "müller@bücher.example"},
        Case{KeyKind::email, "mu\u0308ller@example.org", "müller@example.org"},
        Case{KeyKind::email, "Ｊｕｎ＠example.org", "jun@example.org"},
        Case{KeyKind::phone, "+49 30 901820", "+4930901820"}, Case{KeyKind::phone, "030 90 18 20", "+4930901820"},
        Case{KeyKind::phone, "0049-30-901820", "+4930901820"}, Case{KeyKind::phone, " (030) 90/1820 ", "+4930901820"},
        Case{KeyKind::phone, "+44 (0)20 7946 0958", "+442079460958"},
        Case{KeyKind::phone, "+1 212-736-5000", "+12127365000"}, Case{KeyKind::user_id, "42", "42"},
        Case{KeyKind::user_id, " A1 ", "A1"}, Case{KeyKind::user_id, "Anna@Example.org", "Anna@Example.org"},
        Case{KeyKind::anonymous_id, "AbC-1", "AbC-1"}, Case{KeyKind::device_id, "DEAD-beef", "DEAD-beef"},
        Case{KeyKind::card_number, "9001 2345-67.X", "9001234567x"},
        Case{KeyKind::social_handle, "@Anna_Berg", "anna_berg"}, Case{KeyKind::social_handle, "anna_berg", "anna_berg"},
        Case{KeyKind::social_handle, "Straße", "strasse"}, Case{KeyKind::social_handle, "@@ anna\u00a0", "anna"},
        Case{KeyKind::card_number, "9001…5", "90015"}, Case{KeyKind::card_number, "e-\u0301", "\u00e9"}));

TEST(KeyNormalisation, ReadsAPhoneNumberAsDialledInTheCountryOfItsPlace) {
  Place place{.name_space = "shop", .controller = "self", .country = "GB"};
  EXPECT_EQ(make_key(KeyKind::phone, "020 7946 0958", place)->value, "+442079460958");
  place.country = "US";
  EXPECT_EQ(make_key(KeyKind::phone, "(212) 736-5000", place)->value, "+12127365000");
  place.country = "";
  EXPECT_EQ(make_key(KeyKind::phone, "+49 30 901820", place)->value, "+4930901820");
  EXPECT_EQ(make_key(KeyKind::phone, "030 901820", place).error().code, "key_malformed") << "dialled in which country?";
}

struct Refused {
  KeyKind kind;
  std::string said;
  std::string_view code;
};

void PrintTo(const Refused& entry, std::ostream* out) {
  *out << name_of(entry.kind) << " '" << entry.said.substr(0, 40) << "'";
}

class KeyRefused : public testing::TestWithParam<Refused> {};

TEST_P(KeyRefused, WithItsReasonAndWithoutTheValue) {
  auto key = make_key(GetParam().kind, GetParam().said, kShop);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().kind, ErrorKind::invalid);
  EXPECT_EQ(key.error().code, GetParam().code);
  if (GetParam().said.size() > 6) {
    EXPECT_THAT(key.error().detail, testing::Not(testing::HasSubstr(GetParam().said))) << "personal data in an error";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Placeholders, KeyRefused,
    testing::Values(Refused{KeyKind::user_id, "null", "key_blocked"}, Refused{KeyKind::user_id, "NULL", "key_blocked"},
                    Refused{KeyKind::user_id, " undefined ", "key_blocked"},
                    Refused{KeyKind::user_id, "0", "key_blocked"}, Refused{KeyKind::user_id, "-1", "key_blocked"},
                    Refused{KeyKind::user_id, "Guest", "key_blocked"}, Refused{KeyKind::user_id, "N/A", "key_blocked"},
                    Refused{KeyKind::user_id, "[object Object]", "key_blocked"},
                    Refused{KeyKind::anonymous_id, "anon", "key_blocked"},
                    Refused{KeyKind::device_id, "00000000-0000-0000-0000-000000000000", "key_blocked"},
                    Refused{KeyKind::card_number, "none", "key_blocked"},
                    Refused{KeyKind::card_number, "no-ne", "key_blocked"},
                    Refused{KeyKind::social_handle, "@guest", "key_blocked"},
                    Refused{KeyKind::email, "noreply@example.org", "key_blocked"},
                    Refused{KeyKind::email, "No-Reply@example.org", "key_blocked"},
                    Refused{KeyKind::email, "null@example.org", "key_blocked"}));

INSTANTIATE_TEST_SUITE_P(Malformed, KeyRefused,
                         testing::Values(Refused{KeyKind::user_id, "", "key_malformed"},
                                         Refused{KeyKind::user_id, " \t\n", "key_malformed"},
                                         Refused{KeyKind::user_id, std::string(513, 'a'), "key_malformed"},
                                         Refused{KeyKind::user_id, "an\xffna", "key_malformed"},
                                         Refused{KeyKind::user_id, std::string("4\0002", 3), "key_malformed"},
                                         Refused{KeyKind::user_id, "\xed\xa0\x80", "key_malformed"},
                                         Refused{KeyKind::email, "anna", "key_malformed"},
                                         Refused{KeyKind::email, "@example.org", "key_malformed"},
                                         Refused{KeyKind::email, "anna@", "key_malformed"},
                                         Refused{KeyKind::email, "anna@home@example.org", "key_malformed"},
                                         Refused{KeyKind::email, "anna berg@example.org", "key_malformed"},
                                         Refused{KeyKind::email, "Anna <anna@example.org>", "key_malformed"},
                                         Refused{KeyKind::email, "a@example.org,b@example.org", "key_malformed"},
                                         Refused{KeyKind::email, std::string(250, 'a') + "@b.de", "key_malformed"},
                                         Refused{KeyKind::phone, "call me", "key_malformed"},
                                         Refused{KeyKind::phone, "1", "key_malformed"},
                                         Refused{KeyKind::phone, "+999 123456789", "key_malformed"},
                                         Refused{KeyKind::card_number, "- . -", "key_malformed"},
                                         Refused{KeyKind::social_handle, "@", "key_malformed"}));

TEST(KeyLength, MayHaveExactly512Bytes) {
  EXPECT_TRUE(make_key(KeyKind::user_id, std::string(512, 'a'), kShop));
  EXPECT_TRUE(make_key(KeyKind::user_id, "  " + std::string(512, 'a'), kShop)) << "white space does not count";
}

TEST(KeyNamespace, OfIdsIsTheSourceAndOfTheRestTheController) {
  for (KeyKind kind : {KeyKind::user_id, KeyKind::anonymous_id, KeyKind::device_id}) {
    EXPECT_FALSE(is_shared_across_sources(kind));
    EXPECT_EQ(make_key(kind, "a1", kShop)->name_space, "shop");
  }
  EXPECT_EQ(make_key(KeyKind::email, "anna@example.org", kShop)->name_space, "@self");
  EXPECT_EQ(make_key(KeyKind::phone, "030 901820", kShop)->name_space, "@self");
  EXPECT_EQ(make_key(KeyKind::card_number, "9001", kShop)->name_space, "@self");
  EXPECT_EQ(make_key(KeyKind::social_handle, "@anna", kShop)->name_space, "@self");
}

TEST(KeyKinds, AreFoundByTheirNames) {
  for (KeyKind kind : {KeyKind::user_id, KeyKind::anonymous_id, KeyKind::email, KeyKind::phone, KeyKind::device_id,
                       KeyKind::card_number, KeyKind::social_handle}) {
    EXPECT_EQ(find_kind(name_of(kind)), kind);
  }
  EXPECT_FALSE(find_kind("Email"));
  EXPECT_FALSE(find_kind(""));
}

TEST(MakeKey, GivesAnAddressThatStaysAsItIsOrNone) {
  // A byte order mark is folded away, and then what stood behind it stands at the edge.
  const Place place{"shop", "self", "DE"};
  EXPECT_FALSE(make_key(KeyKind::email, "\xEF\xBB\xBF\v\v@5", place));
  EXPECT_FALSE(make_key(KeyKind::email, "an\vna@example.org", place));
  EXPECT_FALSE(make_key(KeyKind::email, "\xEF\xBB\xBF Anna@Example.org", place));
  auto handle = make_key(KeyKind::social_handle, "\xEF\xBB\xBF @Anna", place);
  ASSERT_TRUE(handle);
  EXPECT_EQ(handle->value, "anna");
}

TEST(ParseKey, SplitsAtTheFirstColon) {
  auto email = parse_key("email:anna@example.org");
  ASSERT_TRUE(email);
  EXPECT_EQ(email->kind, KeyKind::email);
  EXPECT_EQ(email->value, "anna@example.org");
  EXPECT_EQ(parse_key("user_id:shop:42")->value, "shop:42");
}

TEST(ParseKey, RefusesWhatIsNoKindAndValue) {
  for (std::string_view text : {"", "email", "email:", ":anna", "mail:anna@example.org", "anna@example.org"}) {
    auto key = parse_key(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code, "key_malformed");
  }
}

TEST(KeyDigest, DiffersByKindNamespaceValueAndDigestKey) {
  crypto::initialize();
  auto one = crypto::Key::random();
  std::set<std::string> digests = {
      digest_of(one, {KeyKind::user_id, "shop", "42"}), digest_of(one, {KeyKind::device_id, "shop", "42"}),
      digest_of(one, {KeyKind::user_id, "crm", "42"}), digest_of(one, {KeyKind::user_id, "shop", "43"}),
      digest_of(crypto::Key::random(), {KeyKind::user_id, "shop", "42"})};
  EXPECT_EQ(digests.size(), 5U);
  EXPECT_EQ(digest_of(one, {KeyKind::user_id, "shop", "42"}), digest_of(one, {KeyKind::user_id, "shop", "42"}));
}

TEST(KeyDigest, HasNoAmbiguityBetweenNamespaceAndValue) {
  crypto::initialize();
  auto key = crypto::Key::random();
  std::set<std::string> digests;
  const std::vector<std::pair<std::string, std::string>> pairs = {
      {"shop", "a|b"}, {"shop|a", "b"}, {"shop|", "a|b"}, {"", "shop|a|b"}, {"4", "shop|a|b"}, {"s", "hop|a|b"}};
  for (const auto& [name_space, value] : pairs) digests.insert(digest_of(key, {KeyKind::user_id, name_space, value}));
  EXPECT_EQ(digests.size(), pairs.size());
}

}  // namespace
}  // namespace handschlag::identity
