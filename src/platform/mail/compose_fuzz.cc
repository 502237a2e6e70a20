// Composing: whatever the fields hold, either the message is refused, or it is ASCII in short lines with exactly the
// headers we meant.
#include <algorithm>
#include <vector>

#include "platform/base/testing/fuzz.h"
#include "platform/mail/mail.h"

namespace {

using namespace handschlag;
using fuzz::require;

std::string_view take(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\x1e'), rest.size());
  const std::string_view out = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  mail::Message message{.from = {std::string(take(rest)), "shop@example.com"},
                        .to = {std::string(take(rest)), std::string(take(rest))},
                        .subject = std::string(take(rest)),
                        .text = std::string(take(rest)),
                        .html = std::string(take(rest)),
                        .language = std::string(take(rest)),
                        .message_id = "m1@example.com",
                        .unsubscribe = std::string(take(rest))};
  auto bytes = mail::compose(message);
  if (!bytes) return 0;
  require(mail::is_address(message.to.address));
  const std::size_t body = bytes->find("\r\n\r\n");
  require(body != std::string::npos);
  std::size_t from = 0;
  std::size_t headers = 0;
  while (from < bytes->size()) {
    const std::size_t end = bytes->find("\r\n", from);
    require(end != std::string::npos && end - from <= 998);
    require(std::all_of(bytes->begin() + static_cast<std::ptrdiff_t>(from),
                        bytes->begin() + static_cast<std::ptrdiff_t>(end),
                        [](char c) { return c >= ' ' && c < '\x7f'; }));
    if (end <= body && (*bytes)[from] != ' ') ++headers;
    from = end + 2;
  }
  const std::size_t wanted =
      (message.html.empty() ? 9U : 8U) + (message.language.empty() ? 0U : 1U) + (message.unsubscribe.empty() ? 0U : 2U);
  require(headers == wanted);
  return 0;
}
