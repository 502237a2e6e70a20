// Sealed envelopes: nothing opens but what was sealed with the same key for the same place, and base64 undoes itself.
#include "platform/base/testing/fuzz.h"
#include "platform/crypto/crypto.h"

namespace {

using namespace handschlag;
using fuzz::require;

const crypto::Key& key() {
  static const crypto::Key key = [] {
    crypto::initialize();
    return crypto::Key::from_bytes(std::string(crypto::Key::kBytes, 'k')).value();
  }();
  return key;
}

// Bytes that nobody sealed: a flipped bit of a real envelope, and `text` itself.
void check_forgeries(std::string_view text, std::string_view context) {
  require(!crypto::open(key(), text, context));
  std::string envelope = crypto::seal(key(), text, context);
  require(envelope.size() == text.size() + crypto::kEnvelopeOverhead);
  auto opened = crypto::open(key(), envelope, context);
  require(opened.has_value() && *opened == text);
  std::string other(context);
  require(!crypto::open(key(), envelope, other + "x"));
  require(!crypto::open(crypto::Key(), envelope, context));
  std::size_t at = text.size() * 7919 % envelope.size();
  std::string damaged = envelope;
  damaged[at] = static_cast<char>(damaged[at] ^ (1 << (text.size() % 8)));
  require(!crypto::open(key(), damaged, context));
  require(!crypto::open(key(), std::string_view(envelope).substr(0, at), context));
}

}  // namespace

// The first line is the context, the rest what is sealed, or an envelope.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  std::size_t end = text.find('\n');
  std::string_view context = end == std::string_view::npos ? "" : text.substr(0, end);
  check_forgeries(end == std::string_view::npos ? text : text.substr(end + 1), context);
  if (auto bytes = crypto::from_base64(text)) {
    require(crypto::from_base64(crypto::to_base64(*bytes)).value() == *bytes);
    require(crypto::from_base64(crypto::to_base64url(*bytes)).value() == *bytes);
  }
  (void)crypto::Key::from_bytes(text).has_value();
  return 0;
}
