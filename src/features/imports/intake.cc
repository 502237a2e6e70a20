#include "features/imports/intake.h"

#include <algorithm>

#include "platform/base/money.h"

namespace handschlag::imports {
namespace {

constexpr std::int64_t kUnit = 1'000'000;

// A number whose decimal text is exactly the amount. A double tells all amounts of up to 15 digits apart; beyond, text
// does.
json::Value number_of(std::int64_t micros) {
  if (micros % kUnit == 0) return micros / kUnit;
  if (micros > -1'000'000'000'000'000 && micros < 1'000'000'000'000'000) {
    return static_cast<double>(micros) / static_cast<double>(kUnit);
  }
  return format_micros(micros);
}

json::Value product_of(const Mapping& mapping, const Product& product) {
  json::Value out = json::Value::object();
  if (mapping.products->sku && !product.sku.empty()) out["sku"] = product.sku;
  if (mapping.products->name && !product.name.empty()) out["name"] = product.name;
  out["quantity"] = number_of(product.quantity_micros);
  out["price"] = number_of(product.price_micros);
  return out;
}

json::Value properties_of(const Mapping& mapping, const Document& document) {
  json::Value out = json::Value::object();
  std::size_t from_column = 0;
  for (const Property& property : mapping.properties) {
    if (!property.column) {
      out[property.name] = property.value;
    } else if (const std::string& value = document.property_values[from_column++]; !value.empty()) {
      out[property.name] = value;
    }
  }
  if (mapping.products) {
    json::Value& products = out["products"] = json::Value::array();
    products.get_ref<json::Value::array_t&>().reserve(document.products.size());
    for (const Product& product : document.products) products.push_back(product_of(mapping, product));
  }
  if (mapping.products || mapping.amount_column) {
    out["total"] = number_of(document.total_micros);
    if (!document.currency.empty()) out["currency"] = document.currency;
  }
  return out;
}

}  // namespace

events::Intake make_intake(const Mapping& mapping, const Document& document, Time now) {
  events::Intake intake;
  intake.type = events::EventType::track;
  intake.name = document.event;
  intake.message_id = document.message_id;
  for (const auto& [kind, value] : document.identities) {
    if (kind == identity::KeyKind::user_id && !intake.user_id) {
      intake.user_id = value;
    } else if (kind == identity::KeyKind::anonymous_id && !intake.anonymous_id) {
      intake.anonymous_id = value;
    } else if (kind == identity::KeyKind::device_id && !intake.device_id) {
      intake.device_id = value;
    } else {
      intake.keys.emplace_back(kind, value);
    }
  }
  intake.country = document.country;
  intake.original = document.occurred;
  intake.occurred = std::min(document.occurred, now);
  intake.received = now;
  intake.properties = properties_of(mapping, document);
  intake.history = true;
  return intake;
}

}  // namespace handschlag::imports
