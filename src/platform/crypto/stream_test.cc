#include "platform/crypto/stream.h"

#include <gtest/gtest.h>

namespace handschlag::crypto {
namespace {

class StreamTest : public testing::Test {
 protected:
  void SetUp() override { initialize(); }
  Key key_ = Key::random();
};

TEST_F(StreamTest, PiecesOpenInTheirOrderAndPlaceOnly) {
  SealingStream sealing(key_, "backup|a");
  std::string first = sealing.seal("first", Piece::more);
  std::string second = sealing.seal("second", Piece::last);
  auto opening = *OpeningStream::create(key_, sealing.header(), "backup|a");
  auto opened = *opening.open(first);
  EXPECT_EQ(opened.plain, "first");
  EXPECT_EQ(opened.piece, Piece::more);
  opened = *opening.open(second);
  EXPECT_EQ(opened.plain, "second");
  EXPECT_EQ(opened.piece, Piece::last);
  EXPECT_FALSE(OpeningStream::create(key_, sealing.header(), "backup|a")->open(second)) << "one was left out";
  EXPECT_FALSE(OpeningStream::create(key_, sealing.header(), "backup|b")->open(first)) << "another place";
  EXPECT_FALSE(OpeningStream::create(Key::random(), sealing.header(), "backup|a")->open(first)) << "another key";
  EXPECT_FALSE(OpeningStream::create(key_, "short", "backup|a"));
  first[3] = static_cast<char>(first[3] ^ 1);
  EXPECT_FALSE(OpeningStream::create(key_, sealing.header(), "backup|a")->open(first)) << "a byte was changed";
  EXPECT_FALSE(OpeningStream::create(key_, sealing.header(), "backup|a")->open("x"));
}

TEST_F(StreamTest, Sha256InPiecesIsThatOfTheWhole) {
  Sha256 hash;
  hash.add("a");
  hash.add("bc");
  EXPECT_EQ(hash.finish(), sha256("abc"));
}

}  // namespace
}  // namespace handschlag::crypto
