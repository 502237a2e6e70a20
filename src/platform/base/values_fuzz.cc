// Times and amounts as text: what is read is within its bounds, and reads the same once written.
#include "platform/base/clock.h"
#include "platform/base/money.h"
#include "platform/base/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace handschlag;
  using fuzz::require;
  std::string_view text = fuzz::text_of(data, size);
  if (auto time = parse_time(text)) {
    require(*time >= Time{} && to_millis(*time) < 253'402'300'800'000);  // the year 10000
    require(parse_time(format_time(*time)).value() == *time);
    require(parse_time(format_day(*time)).value() == std::chrono::floor<std::chrono::days>(*time));
  }
  for (char mark : {'.', ','}) {
    auto micros = parse_micros(text, mark);
    if (!micros) continue;
    require(parse_micros(format_micros(*micros)).value() == *micros);
    (void)multiply_micros(*micros, static_cast<std::int64_t>(size)).has_value();
    if (auto twice = add_micros(*micros, *micros)) require(*twice / 2 == *micros);
  }
  (void)is_currency_code(text);
  return 0;
}
