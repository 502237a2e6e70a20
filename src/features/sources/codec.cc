#include "features/sources/codec.h"

#include <fmt/format.h>

#include <algorithm>

#include "platform/base/label.h"
#include "platform/text/text.h"

namespace handschlag::sources {
namespace {

using json::Value;

constexpr std::size_t kMaxSlugBytes = 64;
constexpr std::size_t kMaxLabelBytes = 200;
constexpr std::size_t kMaxPurposes = 63;
constexpr std::size_t kMaxCategories = 200;
constexpr std::size_t kMaxEvents = 1'000;
constexpr std::size_t kMaxProperties = 500;
constexpr std::size_t kMaxOrigins = 50;
constexpr std::int64_t kMaxEventsPerSecond = 10'000'000;
constexpr std::int64_t kMaxBurst = 1'000'000'000;
constexpr std::int64_t kUsualBurstSeconds = 10;

using Errors = std::vector<FieldError>;

std::string below(const std::string& pointer, std::string_view token) {
  return fmt::format("{}/{}", pointer, json::pointer_token(token));
}

bool is_label_text(const Value& value) {
  return value.is_string() && is_label(value.get_ref<const std::string&>(), kMaxLabelBytes);
}

Value names_of(std::uint32_t data_categories) {
  Value names = Value::array();
  for (const auto& [name, category] : gate::categories()) {
    if ((data_categories & category) != 0) names.push_back(name);
  }
  return names;
}

std::set<std::string> decode_names(const Value& value, const std::string& pointer, Errors& errors) {
  std::set<std::string> names;
  if (!value.is_array() || value.size() > kMaxProperties) {
    errors.push_back({pointer, fmt::format("must be a list of at most {} names", kMaxProperties)});
    return names;
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (is_label_text(value[i])) {
      names.insert(value[i].get<std::string>());
    } else {
      errors.push_back(
          {below(pointer, std::to_string(i)), fmt::format("must be a name of up to {} bytes", kMaxLabelBytes)});
    }
  }
  return names;
}

// "https://shop.example" or "http://localhost:3000": no path, no trailing slash.
bool is_origin(std::string_view text) {
  if (text == "*") return true;
  if (!is_label(text, kMaxLabelBytes)) return false;
  for (std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view host = text.substr(scheme.size());
    return !host.empty() && host.find_first_of("/?#@ *") == std::string_view::npos;
  }
  return false;
}

bool is_country(std::string_view text) {
  return text::country_code(text) == text;
}

bool repeats(const std::vector<gate::DeclaredPurpose>& purposes) {
  gate::PurposeSet seen;
  for (const gate::DeclaredPurpose& declared : purposes) {
    if (seen.has(declared.purpose)) return true;
    seen.add(declared.purpose);
  }
  return false;
}

// Takes the value of a result, or its errors.
template <class T>
void take(Result<T> result, T& out, Errors& errors) {
  if (result) {
    out = *std::move(result);
  } else {
    errors.insert(errors.end(), result.error().fields.begin(), result.error().fields.end());
  }
}

template <class Enum>
void read_enum(json::Reader& reader, const char* name, std::optional<Enum> (*find)(std::string_view),
               const char* reason, Enum& out) {
  const auto text = reader.optional_text(name);
  if (!text) return;
  if (const auto found = find(*text)) {
    out = *found;
  } else {
    reader.error(name, reason);
  }
}

}  // namespace

std::unexpected<Error> invalid_fields(Errors errors) {
  std::string detail = fmt::format("{} {}.", errors.front().pointer.empty() ? "The body" : errors.front().pointer,
                                   errors.front().reason);
  return fail(ErrorKind::invalid, "fields_invalid", std::move(detail), std::move(errors));
}

Value to_json(const std::vector<gate::DeclaredPurpose>& purposes) {
  Value list = Value::array();
  for (const gate::DeclaredPurpose& declared : purposes) {
    list.push_back(fmt::format("{}:{}", gate::info(declared.purpose).name, gate::code_of(declared.basis)));
  }
  return list;
}

Value to_json(const ConsentCategories& categories) {
  Value object = Value::object();
  for (const auto& [name, purposes] : categories) object[name] = purposes.names();
  return object;
}

Value to_json(const Plan& plan) {
  return {{"declared", plan.declared},
          {"events", Value(plan.events)},
          {"unlinked_properties", Value(plan.unlinked_properties)}};
}

Value to_json(const http::Rate& quota) {
  if (quota.per_second == 0) return nullptr;
  return {{"events_per_second", quota.per_second}, {"burst", quota.burst}};
}

Value to_json(const Source& source) {
  return {{"number", source.number.value},
          {"id", source.id},
          {"name", source.name},
          {"touchpoint", source.touchpoint},
          {"namespace", source.name_space},
          {"controller", source.controller},
          {"country", source.country.empty() ? Value(nullptr) : Value(source.country)},
          {"unit", source.unit},
          {"for_children", source.for_children},
          {"data_categories", names_of(source.data_categories)},
          {"trust", name_of(source.trust)},
          {"mode", name_of(source.mode)},
          {"enabled", source.enabled},
          {"purposes", to_json(source.purposes)},
          {"consent_categories", to_json(source.consent_categories)},
          {"plan", to_json(source.plan)},
          {"cors_origins", source.cors_origins},
          {"quota", to_json(source.quota)},
          {"created_at", format_time(source.created_at)},
          {"key_created_at", format_time(source.key_created_at)}};
}

Result<std::vector<gate::DeclaredPurpose>> decode_purposes(const Value& value, const std::string& pointer) {
  std::vector<gate::DeclaredPurpose> purposes;
  Errors errors;
  if (!value.is_array() || value.size() > kMaxPurposes) {
    return invalid_fields({{pointer, "must be a list of purposes, each NAME or NAME:BASIS"}});
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    auto declared = value[i].is_string() ? gate::parse_declared_purpose(value[i].get_ref<const std::string&>())
                                         : fail(ErrorKind::invalid, "", "It must be a text.");
    if (declared) {
      purposes.push_back(*declared);
    } else {
      errors.push_back({below(pointer, std::to_string(i)), "is no purpose: " + declared.error().detail});
    }
  }
  if (!errors.empty()) return invalid_fields(std::move(errors));
  return purposes;
}

Result<ConsentCategories> decode_consent_categories(const Value& value, const std::string& pointer) {
  if (!value.is_object() || value.size() > kMaxCategories) {
    return invalid_fields({{pointer, fmt::format("must be an object of at most {} categories", kMaxCategories)}});
  }
  ConsentCategories categories;
  Errors errors;
  for (const auto& [name, list] : value.items()) {
    const std::string place = below(pointer, name);
    if (!is_label(name, kMaxLabelBytes)) errors.push_back({place, "has a name that is too long or has odd characters"});
    gate::PurposeSet& purposes = categories[name];
    for (const std::string& purpose_name : decode_names(list, place, errors)) {
      if (const auto purpose = gate::find_purpose(purpose_name)) {
        purposes.add(*purpose);
      } else {
        errors.push_back({place, fmt::format("names '{}', which is no purpose", purpose_name)});
      }
    }
  }
  if (!errors.empty()) return invalid_fields(std::move(errors));
  return categories;
}

Result<Plan> decode_plan(const Value& value, const std::string& pointer) {
  json::Reader reader(value, pointer);
  Plan plan;
  Errors errors;
  plan.declared = reader.optional_boolean("declared").value_or(true);
  const Value* events = reader.object("events");
  if (events == nullptr && plan.declared) reader.error("events", "must be there, unless declared is false");
  if (events != nullptr) {
    if (events->size() > kMaxEvents) reader.error("events", fmt::format("must have at most {} events", kMaxEvents));
    for (const auto& [name, properties] : events->items()) {
      const std::string place = below(reader.pointer("events"), name);
      if (!is_label(name, kMaxLabelBytes))
        errors.push_back({place, "has a name that is too long or has odd characters"});
      plan.events[name] = decode_names(properties, place, errors);
    }
  }
  if (const Value* names = reader.any("unlinked_properties")) {
    plan.unlinked_properties = decode_names(*names, reader.pointer("unlinked_properties"), errors);
  }
  if (auto result = reader.finish(); !result) {
    errors.insert(errors.begin(), result.error().fields.begin(), result.error().fields.end());
  }
  if (!errors.empty()) return invalid_fields(std::move(errors));
  return plan;
}

Result<std::vector<std::string>> decode_origins(const Value& value, const std::string& pointer) {
  std::vector<std::string> origins;
  if (!value.is_array() || value.size() > kMaxOrigins) {
    return invalid_fields({{pointer, fmt::format("must be a list of at most {} origins", kMaxOrigins)}});
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!value[i].is_string()) return invalid_fields({{below(pointer, std::to_string(i)), "must be a text"}});
    origins.push_back(value[i].get<std::string>());
  }
  return origins;
}

Result<http::Rate> decode_quota(const Value& value, const std::string& pointer) {
  if (value.is_null()) return http::Rate{};
  json::Reader reader(value, pointer);
  http::Rate quota;
  quota.per_second = reader.integer("events_per_second", 1, kMaxEventsPerSecond);
  quota.burst = reader.optional_integer("burst", 1, kMaxBurst).value_or(quota.per_second * kUsualBurstSeconds);
  TRY(reader.finish());
  return quota;
}

Errors errors_in(const http::Rate& quota, const std::string& pointer) {
  if (quota == http::Rate{}) return {};
  Errors errors;
  if (quota.per_second < 1 || quota.per_second > kMaxEventsPerSecond) {
    errors.push_back({pointer + "/events_per_second", fmt::format("must be 1 to {}", kMaxEventsPerSecond)});
  }
  if (quota.burst < 1 || quota.burst > kMaxBurst) {
    errors.push_back({pointer + "/burst", fmt::format("must be 1 to {}", kMaxBurst)});
  }
  return errors;
}

Result<Source> decode_source(const Value& value) {
  json::Reader reader(value);
  Source source{.id = reader.text("id", {.max_length = kMaxSlugBytes}),
                .touchpoint = reader.text("touchpoint", {.max_length = kMaxSlugBytes})};
  source.name = reader.optional_text("name", {.max_length = kMaxLabelBytes}).value_or("");
  source.name_space = reader.optional_text("namespace", {.max_length = kMaxSlugBytes}).value_or("");
  source.controller = reader.optional_text("controller", {.max_length = kMaxLabelBytes}).value_or("");
  source.country = reader.optional_text("country", {.max_length = 2}).value_or("");
  source.unit = reader.optional_text("unit", {.min_length = 0, .max_length = 256}).value_or("");
  read_enum(reader, "trust", find_trust, "must be server or public", source.trust);
  read_enum(reader, "mode", find_mode, "must be live or test", source.mode);
  source.for_children = reader.optional_boolean("for_children").value_or(false);
  source.enabled = reader.optional_boolean("enabled").value_or(true);
  if (reader.any("data_categories") != nullptr) {
    for (const std::string& name : reader.texts("data_categories", gate::categories().size())) {
      const auto found = gate::find_category(name);
      if (!found) reader.error("data_categories", "must be special, location or recording");
      source.data_categories |= found.value_or(gate::ordinary);
    }
  }
  Errors errors;
  if (const Value* list = reader.any("purposes")) take(decode_purposes(*list, "/purposes"), source.purposes, errors);
  if (const Value* map = reader.any("consent_categories")) {
    take(decode_consent_categories(*map, "/consent_categories"), source.consent_categories, errors);
  }
  if (const Value* plan = reader.any("plan")) take(decode_plan(*plan, "/plan"), source.plan, errors);
  if (const Value* list = reader.any("cors_origins")) {
    take(decode_origins(*list, "/cors_origins"), source.cors_origins, errors);
  }
  if (const Value* quota = reader.any("quota")) take(decode_quota(*quota, "/quota"), source.quota, errors);
  if (auto result = reader.finish(); !result) {
    errors.insert(errors.begin(), result.error().fields.begin(), result.error().fields.end());
  }
  if (!errors.empty()) return invalid_fields(std::move(errors));
  return source;
}

Errors errors_in(const Source& source) {
  Errors errors;
  auto require = [&errors](bool fits, const char* pointer, std::string_view reason) {
    if (!fits) errors.push_back({pointer, std::string(reason)});
  };
  const char* slug_form = "must be 1 to 64 lower-case letters, digits, - and _, beginning with a letter or digit";
  require(is_slug(source.id, kMaxSlugBytes), "/id", slug_form);
  require(is_slug(source.touchpoint, kMaxSlugBytes), "/touchpoint", slug_form);
  require(is_slug(source.name_space, kMaxSlugBytes), "/namespace", slug_form);
  require(is_label(source.name, kMaxLabelBytes), "/name", "must be a name of up to 200 bytes");
  require(is_label(source.controller, kMaxLabelBytes), "/controller", "must be a name of up to 200 bytes");
  require(source.country.empty() || is_country(source.country), "/country", "must be an ISO 3166 code, such as DE");
  require(staff::is_unit(source.unit), "/unit", staff::unit_form());
  require(!source.purposes.empty(), "/purposes", "must name at least one purpose");
  require(!repeats(source.purposes), "/purposes", "must not name a purpose twice");
  for (const FieldError& error : errors_in(source.quota, "/quota")) errors.push_back(error);
  for (const std::string& origin : source.cors_origins) {
    require(is_origin(origin), "/cors_origins", "must be * or origins such as https://shop.example, without a path");
  }
  return errors;
}

}  // namespace handschlag::sources
