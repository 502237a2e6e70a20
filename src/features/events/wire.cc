#include "features/events/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "platform/crypto/crypto.h"
#include "platform/text/text.h"

namespace handschlag::events::wire {
namespace {

constexpr std::size_t kMaxName = 200;       // bytes of an event's name
constexpr std::size_t kMaxMessageId = 100;  // as the clients promise

// Of the context only what later work needs. The address of the client and its fingerprint are left at the door.
constexpr std::array<std::string_view, 12> kContextFields = {"app",    "campaign", "channel",  "consent",
                                                             "device", "library",  "locale",   "location",
                                                             "os",     "page",     "timezone", "screen"};

const json::Value* member(const json::Value& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  auto it = object.find(name);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

std::optional<std::string> scalar(const json::Value& object, std::string_view name) {
  const json::Value* value = member(object, name);
  return value == nullptr ? std::nullopt : json::scalar_text(*value);
}

json::Value object_or_empty(const json::Value& object, std::string_view name) {
  const json::Value* value = member(object, name);
  return value != nullptr && value->is_object() ? *value : json::Value::object();
}

std::optional<Time> time_of(const json::Value& object, std::string_view name) {
  const json::Value* value = member(object, name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  auto time = parse_time(value->get_ref<const std::string&>());
  return time ? std::optional(*time) : std::nullopt;
}

// The batch's context is the ground on which the item's own is laid.
json::Value merged_context(const json::Value& item, const json::Value* batch) {
  json::Value context = batch == nullptr ? json::Value::object() : object_or_empty(*batch, "context");
  const json::Value own = object_or_empty(item, "context");
  for (const auto& [name, value] : own.items()) context[name] = value;
  return context;
}

json::Value kept_context(const json::Value& context) {
  json::Value out = json::Value::object();
  for (std::string_view name : kContextFields) {
    if (const json::Value* value = member(context, name)) out[std::string(name)] = *value;
  }
  return out;
}

struct Times {
  std::optional<Time> original;
  Time occurred;
};

Times times_of(const json::Value& item, const json::Value* batch, Time received) {
  Times out{time_of(item, "originalTimestamp"), received};
  if (!out.original) out.original = time_of(item, "timestamp");
  if (!out.original) return out;
  auto sent = time_of(item, "sentAt");
  if (!sent && batch != nullptr) sent = time_of(*batch, "sentAt");
  // The client's clock may be wrong by years, but it is wrong by the same amount in both of its times.
  Time occurred = sent ? received - (*sent - *out.original) : *out.original;
  out.occurred = std::clamp(occurred, Time{}, received);
  return out;
}

void add_consent(const sources::Source& source, const std::string& category, bool granted, Intake& event) {
  gate::PurposeSet purposes;
  if (auto it = source.consent_categories.find(category); it != source.consent_categories.end()) purposes = it->second;
  if (auto purpose = gate::find_purpose(category)) purposes.add(*purpose);
  (granted ? event.consented : event.refused) = (granted ? event.consented : event.refused) | purposes;
}

void add_consent_ids(const sources::Source& source, const json::Value& management, std::string_view name, bool granted,
                     Intake& event) {
  const json::Value* ids = member(management, name);
  if (ids == nullptr || !ids->is_array()) return;
  for (const json::Value& id : *ids) {
    if (id.is_string()) add_consent(source, id.get_ref<const std::string&>(), granted, event);
  }
}

// Absent or malformed means: not granted.
void read_consent(const sources::Source& source, const json::Value& context, Intake& event) {
  if (const json::Value* consent = member(context, "consent")) {
    const json::Value preferences = object_or_empty(*consent, "categoryPreferences");
    for (const auto& [category, granted] : preferences.items()) {
      if (granted.is_boolean()) add_consent(source, category, granted.get<bool>(), event);
    }
  }
  if (const json::Value* management = member(context, "consentManagement")) {
    add_consent_ids(source, *management, "allowedConsentIds", true, event);
    add_consent_ids(source, *management, "deniedConsentIds", false, event);
  }
  // A category that is both allowed and denied is denied.
  event.consented = gate::PurposeSet::from_bits(event.consented.bits() & ~event.refused.bits());
}

std::string country_of(const json::Value& context, const json::Value& traits) {
  const json::Value location = object_or_empty(context, "location");
  const json::Value address = object_or_empty(traits, "address");
  for (auto value : {scalar(address, "country"), scalar(traits, "country"), scalar(location, "country")}) {
    if (!value) continue;
    if (auto code = text::country_code(*value)) return *code;
  }
  return "";
}

// Where the client sends no id of its own, a retry is known by its content; without a time not even that.
std::string made_message_id(json::Value item, const Times& times) {
  if (!times.original) return fmt::format("made-{}", crypto::random_token(128));
  for (const char* of_the_attempt : {"sentAt", "_metadata", "writeKey"}) item.erase(of_the_attempt);
  return fmt::format("made-{}", crypto::to_base64url(crypto::digest(json::dump(item)).substr(0, 16)));
}

Result<void> read_ids(const json::Value& item, const json::Value& context, Intake& event) {
  event.user_id = scalar(item, "userId");
  event.anonymous_id = scalar(item, "anonymousId");
  event.previous_id = scalar(item, "previousId");
  event.device_id = scalar(object_or_empty(context, "device"), "id");
  event.group_id = scalar(item, "groupId").value_or("");
  if (!event.user_id && !event.anonymous_id) {
    return fail(ErrorKind::invalid, "identity_missing", "userId or anonymousId is required.",
                {{"/userId", "userId or anonymousId is required"}});
  }
  return {};
}

Result<EventType> type_of(const json::Value& item, std::optional<EventType> type) {
  if (type) return *type;
  auto found = find_type(scalar(item, "type").value_or(""));
  if (found) return *found;
  return fail(ErrorKind::invalid, "type_unknown", "type must be identify, track, page, screen, group or alias.",
              {{"/type", "must be identify, track, page, screen, group or alias"}});
}

Result<std::string> name_of_event(const json::Value& item, EventType type) {
  std::string name = scalar(item, type == EventType::track ? "event" : "name").value_or("");
  if (type == EventType::track && name.empty()) {
    return fail(ErrorKind::invalid, "event_missing", "A track needs its event.", {{"/event", "is required"}});
  }
  if (name.size() > kMaxName) {
    return fail(ErrorKind::invalid, "event_too_long", fmt::format("event is longer than {} bytes.", kMaxName),
                {{"/event", fmt::format("must have at most {} bytes", kMaxName)}});
  }
  return name;
}

void add_key(const json::Value& traits, std::string_view name, identity::KeyKind kind, Intake& event) {
  if (auto value = scalar(traits, name)) event.keys.emplace_back(kind, *value);
}

}  // namespace

std::string write_key(const http::Request& request, const json::Value& body) {
  std::string_view header = request.header("authorization");
  if (header.size() > 6 && text::fold(header.substr(0, 6)) == "basic ") {
    auto decoded = crypto::from_base64(text::trim(header.substr(6)));
    if (!decoded) return "";
    return decoded->substr(0, decoded->find(':'));
  }
  if (auto key = request.query_param("writeKey"); key && !key->empty()) return std::string(*key);
  if (auto key = scalar(body, "writeKey")) return *key;
  if (header.size() > 7 && text::fold(header.substr(0, 7)) == "bearer ")
    return std::string(text::trim(header.substr(7)));
  return "";
}

Result<Intake> decode_event(const json::Value& item, std::optional<EventType> type, const sources::Source& source,
                            Time received, const json::Value* batch) {
  if (!item.is_object()) {
    return fail(ErrorKind::invalid, "event_not_object", "An event must be an object.", {{"", "must be an object"}});
  }
  Intake event;
  json::Value context = merged_context(item, batch);
  event.type = TRY(type_of(item, type));
  event.name = TRY(name_of_event(item, event.type));
  TRY(read_ids(item, context, event));
  event.message_id = scalar(item, "messageId").value_or("");
  if (event.message_id.size() > kMaxMessageId) {
    return fail(ErrorKind::invalid, "message_id_too_long",
                fmt::format("messageId is longer than {} bytes.", kMaxMessageId),
                {{"/messageId", fmt::format("must have at most {} bytes", kMaxMessageId)}});
  }
  Times times = times_of(item, batch, received);
  if (event.message_id.empty()) event.message_id = made_message_id(item, times);
  event.original = times.original;
  event.occurred = times.occurred;
  event.received = received;
  event.properties = object_or_empty(item, "properties");
  event.traits = object_or_empty(item, "traits");
  if (event.traits.empty()) event.traits = object_or_empty(context, "traits");
  if (event.type != EventType::group) {  // the traits of a group are not the person's
    add_key(event.traits, "email", identity::KeyKind::email, event);
    add_key(event.traits, "phone", identity::KeyKind::phone, event);
  }
  // Where a group has its seat says nothing about where the person lives.
  event.country = country_of(context, event.type == EventType::group ? json::Value::object() : event.traits);
  read_consent(source, context, event);
  event.context = kept_context(context);
  return event;
}

Result<Decoded> decode_batch(const json::Value& body, const sources::Source& source, Time received) {
  const json::Value* items = member(body, "batch");
  if (items == nullptr || !items->is_array()) {
    return fail(ErrorKind::invalid, "batch_missing", "The body needs a list named batch.",
                {{"/batch", "must be a list"}});
  }
  if (items->empty()) return fail(ErrorKind::invalid, "batch_empty", "The batch is empty.", {{"/batch", "is empty"}});
  if (items->size() > kMaxEvents) {
    return fail(ErrorKind::too_large, "batch_too_large", fmt::format("A batch has at most {} events.", kMaxEvents),
                {{"/batch", fmt::format("must have at most {} events", kMaxEvents)}});
  }
  Decoded out;
  for (std::size_t i = 0; i < items->size(); ++i) {
    auto event = decode_event((*items)[i], std::nullopt, source, received, &body);
    if (event) {
      out.events.push_back(std::move(*event));
      out.places.push_back(i);
    } else {
      out.rejected.push_back({i, event.error().detail});
    }
  }
  return out;
}

bool global_privacy_control(const http::Request& request) {
  return std::any_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
    constexpr std::string_view kName = "sec-gpc";
    bool same = header.first.size() == kName.size() &&
                std::equal(kName.begin(), kName.end(), header.first.begin(),
                           [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
    return same && header.second == "1";
  });
}

}  // namespace handschlag::events::wire
