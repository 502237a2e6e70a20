// Unsubscribe links: nothing that was not sealed opens, and what is read is the same when it is written and read again.
#include "features/unsubscribe/link.h"
#include "platform/base/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace handschlag;
  using fuzz::require;
  crypto::initialize();
  static const crypto::Key kKey = crypto::Key::random();
  const std::string text(fuzz::text_of(data, size));
  require(!unsubscribe::open_link(kKey, "eu", text));
  const auto link = unsubscribe::from_text(text);
  if (!link) return 0;
  const auto again = unsubscribe::from_text(unsubscribe::to_text(*link));
  require(again.has_value());
  require(again->identity == link->identity && again->address == link->address && again->purpose == link->purpose &&
          again->channel == link->channel);
  return 0;
}
