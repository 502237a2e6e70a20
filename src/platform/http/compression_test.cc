#include "platform/http/compression.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <zlib.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

// Every allocation of this test binary through new is counted, to show that a bomb takes no more than it may.
namespace {
std::atomic<std::size_t> live_bytes{0};
std::atomic<std::size_t> peak_bytes{0};

void* counted(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  std::size_t live = live_bytes += malloc_usable_size(memory);
  std::size_t peak = peak_bytes.load();
  while (live > peak && !peak_bytes.compare_exchange_weak(peak, live)) {
  }
  return memory;
}

void uncounted(void* memory) {
  if (memory != nullptr) live_bytes -= malloc_usable_size(memory);
  std::free(memory);
}
}  // namespace

void* operator new(std::size_t size) {
  return counted(size);
}
void* operator new[](std::size_t size) {
  return counted(size);
}
// NOLINTBEGIN(clang-analyzer-cplusplus.NewDelete): this is delete itself
void operator delete(void* memory) noexcept {
  uncounted(memory);
}
void operator delete[](void* memory) noexcept {
  uncounted(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  uncounted(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  uncounted(memory);
}
// NOLINTEND(clang-analyzer-cplusplus.NewDelete)

namespace handschlag::http {
namespace {

constexpr std::size_t kMegabyte = 1 << 20;

std::string deflated(std::string_view plain, int window) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Inflate, UndoesEveryForm) {
  std::string plain;
  for (int i = 0; i < 20'000; ++i) plain += std::to_string(i * i) + ",";
  EXPECT_EQ(inflate(gzip(plain), Coding::gzip, kMegabyte).value(), plain);
  EXPECT_EQ(inflate(deflated(plain, 15), Coding::deflate, kMegabyte).value(), plain);
  EXPECT_EQ(inflate(deflated(plain, -15), Coding::deflate, kMegabyte).value(), plain);
  EXPECT_EQ(inflate(plain, Coding::identity, kMegabyte).value(), plain);
  EXPECT_EQ(inflate(gzip("a") + gzip(plain) + gzip("b"), Coding::gzip, kMegabyte).value(), "a" + plain + "b");
  EXPECT_EQ(inflate(gzip(""), Coding::gzip, kMegabyte).value(), "");
  EXPECT_EQ(inflate("", Coding::gzip, kMegabyte).value(), "");
}

TEST(Inflate, StopsExactlyAtTheLimit) {
  std::string plain(1000, 'x');
  EXPECT_TRUE(inflate(gzip(plain), Coding::gzip, 1000).has_value());
  EXPECT_EQ(inflate(gzip(plain), Coding::gzip, 999).error().kind, ErrorKind::too_large);
  EXPECT_EQ(inflate(deflated(plain, 15), Coding::deflate, 999).error().kind, ErrorKind::too_large);
  EXPECT_EQ(inflate(deflated(plain, -15), Coding::deflate, 999).error().kind, ErrorKind::too_large);
  EXPECT_EQ(inflate(plain, Coding::identity, 999).error().kind, ErrorKind::too_large);
}

TEST(Inflate, DamagedBodiesAreInvalid) {
  std::string good = gzip("hello, hello, hello, hello");
  std::vector<std::string> bad = {
      "not gzip", good.substr(0, good.size() - 1), good.substr(0, 5), good + "x", good + "\x1f\x8b", "\x1f"};
  bad.push_back(good);
  bad.back()[good.size() - 6] ^= 1;  // the checksum
  for (const std::string& body : bad) {
    auto result = inflate(body, Coding::gzip, kMegabyte);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::invalid);
    EXPECT_EQ(result.error().code, "encoding_damaged");
  }
  EXPECT_EQ(inflate("{\"batch\":[]}", Coding::deflate, kMegabyte).error().kind, ErrorKind::invalid);
}

TEST(Inflate, ABombTakesNoMoreMemoryThanTheLimit) {
  std::string zeros(110 * kMegabyte, '\0');
  std::string honest = gzip(zeros);
  std::string lying = honest;
  for (std::size_t i = 1; i <= 4; ++i) lying[lying.size() - i] = i == 2 ? '\x3f' : '\0';  // states 4 MB - 64 KB
  std::string many = gzip("a") + honest + gzip("b");
  std::string zlib = deflated(zeros, 15);
  zeros = std::string();
  ASSERT_LT(honest.size(), kMegabyte);
  for (const auto& [bomb, coding] : {std::pair{&honest, Coding::gzip}, std::pair{&lying, Coding::gzip},
                                     std::pair{&many, Coding::gzip}, std::pair{&zlib, Coding::deflate}}) {
    std::size_t before = live_bytes;
    peak_bytes = before;
    EXPECT_EQ(inflate(*bomb, coding, 4 * kMegabyte).error().kind, ErrorKind::too_large);
    EXPECT_LE(peak_bytes - before, 4 * kMegabyte + 64 * 1024);
  }
}

TEST(ContentCoding, KnowsGzipAndDeflateOnly) {
  auto coding = [](std::string value) { return content_coding({{"content-encoding", std::move(value)}}); };
  EXPECT_EQ(content_coding({}).value(), Coding::identity);
  EXPECT_EQ(coding("identity").value(), Coding::identity);
  EXPECT_EQ(coding("GZIP").value(), Coding::gzip);
  EXPECT_EQ(coding("x-gzip").value(), Coding::gzip);
  EXPECT_EQ(coding("deflate, identity").value(), Coding::deflate);
  for (const char* bad : {"br", "gzip, gzip", "deflate, gzip", "zstd", "gzip;q=1"}) {
    EXPECT_FALSE(coding(bad).has_value()) << bad;
  }
}

TEST(AcceptsGzip, WeighsAsTheClientAsks) {
  auto accepts = [](std::string value) { return accepts_gzip({{"Accept-Encoding", std::move(value)}}); };
  EXPECT_FALSE(accepts_gzip({}));
  for (const char* yes : {"gzip", "br, gzip;q=0.5", "*", "gzip;q=0.001", "deflate, GZIP ; q=1.0",
                          "identity;q=0.5, gzip", "identity;q=0, *;q=0.1"}) {
    EXPECT_TRUE(accepts(yes)) << yes;
  }
  for (const char* no : {"", "br", "gzip;q=0", "gzip;q=0, *", "*;q=0", "identity, gzip;q=0.5", "gzip;q=x", "gzip;q=-1",
                         "gzipped", "gzip;q=2"}) {
    EXPECT_FALSE(accepts(no)) << no;
  }
}

TEST(IsCompressible, TextAndJsonAreAndPicturesAreNot) {
  for (const char* yes : {"text/html", "application/json", "application/problem+json", "text/css; charset=utf-8",
                          "image/svg+xml", "application/json ; charset=utf-8"}) {
    EXPECT_TRUE(is_compressible(yes)) << yes;
  }
  for (const char* no : {"image/gif", "application/octet-stream", "font/woff2", ""}) {
    EXPECT_FALSE(is_compressible(no)) << no;
  }
}

}  // namespace
}  // namespace handschlag::http
