// Compressed bodies: whatever the bytes, the output is within the limit, and what gzip() makes inflate() undoes.
#include <string_view>

#include "platform/base/testing/fuzz.h"
#include "platform/http/compression.h"

namespace {

constexpr std::size_t kMaxBytes = 64 * 1024;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using handschlag::fuzz::require;
  using handschlag::http::Coding;
  std::string_view bytes(handschlag::fuzz::text_of(data, size));
  for (Coding coding : {Coding::gzip, Coding::deflate}) {
    if (auto plain = handschlag::http::inflate(bytes, coding, kMaxBytes)) require(plain->size() <= kMaxBytes);
  }
  if (size > 0 && size <= kMaxBytes) {
    auto again = handschlag::http::inflate(handschlag::http::gzip(bytes), Coding::gzip, kMaxBytes);
    require(again.has_value() && *again == bytes);
  }
  (void)handschlag::http::accepts_gzip({{"Accept-Encoding", std::string(bytes)}});
  (void)handschlag::http::content_coding({{"Content-Encoding", std::string(bytes)}}).has_value();
  return 0;
}
