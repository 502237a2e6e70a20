// What events say about orders and money.
#include <cmath>

#include "features/events/events.h"
#include "platform/base/money.h"
#include "platform/text/text.h"

namespace handschlag::events {

std::optional<Amount> amount_of(json::View properties) {
  for (const char* name : {"revenue", "total", "value"}) {
    auto value = properties.find(name);
    if (!value) continue;
    auto text = value->scalar_text();
    auto micros = text ? parse_micros(*text) : Result<std::int64_t>(fail(ErrorKind::invalid, "", ""));
    // 0.1 + 0.2 comes as 0.30000000000000004: a binary fraction is rounded to micros, decimal text is not.
    if (!micros && value->is_number() && std::abs(value->number()) < 9e12) {
      micros = static_cast<std::int64_t>(std::llround(value->number() * 1e6));
    }
    if (!micros) continue;
    auto currency = properties.find("currency");
    std::string code(currency ? currency->text() : std::string_view());
    return Amount{is_currency_code(code) ? code : "", *micros};
  }
  return std::nullopt;
}

std::string_view measure_of(EventType type, std::string_view name) {
  if (type != EventType::track) return "";
  std::string folded = text::fold(name);
  if (folded == "order completed" || folded == "completed order") return "orders";
  if (folded == "order cancelled" || folded == "order canceled") return "cancellations";
  if (folded == "order refunded") return "refunds";
  return "";
}

}  // namespace handschlag::events
