#include "platform/crypto/crypto.h"

#include <gtest/gtest.h>

namespace handschlag::crypto {
namespace {

class CryptoTest : public testing::Test {
 protected:
  void SetUp() override { initialize(); }
};

TEST_F(CryptoTest, SealedTextOpensOnlyInItsPlaceAndUnderItsKey) {
  Key key = Key::random();
  std::string envelope = seal(key, "Anna", "table|1");
  EXPECT_EQ(*open(key, envelope, "table|1"), "Anna");
  EXPECT_FALSE(open(key, envelope, "table|2"));
  EXPECT_FALSE(open(Key::random(), envelope, "table|1"));
  EXPECT_EQ(envelope.size(), 4 + kEnvelopeOverhead);
  EXPECT_EQ(envelope.find("Anna"), std::string::npos);
  EXPECT_NE(seal(key, "Anna", "table|1"), envelope) << "equal texts must not show as equal";
}

TEST_F(CryptoTest, AnyChangedByteIsNoticed) {
  Key key = Key::random();
  std::string envelope = seal(key, "x", "c");
  for (std::size_t i = 0; i < envelope.size(); ++i) {
    std::string damaged = envelope;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(open(key, damaged, "c")) << "byte " << i;
  }
  for (std::size_t length = 0; length < envelope.size(); ++length)
    EXPECT_FALSE(open(key, envelope.substr(0, length), "c"));
}

// RFC 6234 and the BLAKE2 paper's own value.
TEST_F(CryptoTest, DigestsMatchPublishedValues) {
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(digest("")), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

// RFC 4231, test cases 2 and 6 (a key longer than a block).
TEST(Hmac, AgreesWithThePublishedValues) {
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_F(CryptoTest, KeyedDigestsDependOnTheKey) {
  Key key = Key::random();
  EXPECT_EQ(keyed_digest(key, "m"), keyed_digest(key, "m"));
  EXPECT_NE(keyed_digest(key, "m"), keyed_digest(Key::random(), "m"));
  EXPECT_EQ(keyed_digest(key, "m").size(), 16U);
}

TEST_F(CryptoTest, PasswordsAreVerified) {
  std::string hash = hash_password("correct horse battery");
  EXPECT_TRUE(hash.starts_with("$argon2id$"));
  EXPECT_TRUE(verify_password(hash, "correct horse battery"));
  EXPECT_FALSE(verify_password(hash, "correct horse batterx"));
  EXPECT_FALSE(verify_password("nonsense", "x"));
  EXPECT_FALSE(verify_password(std::string(500, 'x'), "x"));
}

TEST_F(CryptoTest, Base64TakesBothAlphabets) {
  EXPECT_EQ(to_base64("\xFB\xFF"), "+/8=");
  EXPECT_EQ(to_base64url("\xFB\xFF"), "-_8");
  EXPECT_EQ(*from_base64("+/8="), "\xFB\xFF");
  EXPECT_EQ(*from_base64("-_8"), "\xFB\xFF");
  EXPECT_EQ(*from_base64(""), "");
  EXPECT_FALSE(from_base64("a b"));
  EXPECT_FALSE(from_base64("!"));
}

TEST_F(CryptoTest, KeysHaveExactlyTheirLength) {
  EXPECT_FALSE(Key::from_bytes("short"));
  EXPECT_EQ(Key::from_bytes(std::string(32, 'k'))->bytes(), std::string(32, 'k'));
}

TEST_F(CryptoTest, EqualComparesWhole) {
  EXPECT_TRUE(equal("abc", "abc"));
  EXPECT_FALSE(equal("abc", "abd"));
  EXPECT_FALSE(equal("abc", "ab"));
}

TEST(Digits, AreAsManyAsAskedForAndAllOccur) {
  std::string all;
  for (int i = 0; i < 100; ++i) {
    const std::string code = random_digits(8);
    EXPECT_EQ(code.size(), 8U);
    EXPECT_EQ(digits_in(code), code);
    all += code;
  }
  for (char digit = '0'; digit <= '9'; ++digit) EXPECT_NE(all.find(digit), all.npos) << digit;
  EXPECT_NE(random_digits(16), random_digits(16));
  EXPECT_EQ(digits_in(" 4711-08 15\n"), "47110815");
  EXPECT_EQ(digits_in("none"), "");
}

}  // namespace
}  // namespace handschlag::crypto
