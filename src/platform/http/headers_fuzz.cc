// Header fields that we read ourselves: client addresses and trace ids are well-formed whatever the client sends.
#include <string>

#include "platform/base/testing/fuzz.h"
#include "platform/http/proxies.h"
#include "platform/http/trace.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using handschlag::fuzz::require;
  using namespace handschlag::http;
  static const TrustedProxies proxies = TrustedProxies::create({"127.0.0.1", "10.0.0.0/8", "fd00::/8"}).value();
  std::string value(handschlag::fuzz::text_of(data, size));
  for (const char* name : {"X-Forwarded-For", "Forwarded"}) {
    std::string client = proxies.client_address("127.0.0.1", {{name, value}});
    require(Address::parse(client).has_value());
  }
  if (auto trace = parse_traceparent(value)) require(trace->size() == 32);
  return 0;
}
