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

constexpr std::size_t kConsent = 3;
constexpr std::size_t kDevice = 4;
constexpr std::size_t kLocation = 7;
static_assert(kContextFields[kConsent] == "consent" && kContextFields[kDevice] == "device" &&
              kContextFields[kLocation] == "location");

// A context, taken apart: the kept fields in the order of kContextFields, and two that are only looked into.
struct Context {
  std::array<json::View, kContextFields.size()> fields;
  json::View consent_management;
  json::View traits;
  json::View former_traits;  // that these took the place of

  // Lays what `object` names over what is there.
  void overlay(json::View object) {
    object.each_member([&](std::string_view name, json::View value) {
      if (name == "traits") {
        former_traits = traits;
        traits = value;
      } else if (name == "consentManagement") {
        consent_management = value;
      } else if (auto it = std::find(kContextFields.begin(), kContextFields.end(), name); it != kContextFields.end()) {
        fields[static_cast<std::size_t>(it - kContextFields.begin())] = value;
      }
    });
  }

  std::string text() const {
    std::string out;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].is_null()) continue;
      out += out.empty() ? '{' : ',';
      json::write_text(kContextFields[i], out);
      out += ':';
      fields[i].write(out);
    }
    if (!out.empty()) out += '}';
    return out;
  }
};

// An event as it came, taken apart in one pass.
struct Item {
  json::View type, event, name, message_id, user_id, anonymous_id, previous_id, group_id;
  json::View properties, traits, context, original_timestamp, timestamp, sent_at;

  explicit Item(json::View object) {
    using Member = json::View Item::*;
    static constexpr std::pair<std::string_view, Member> kMembers[] = {
        {"type", &Item::type},
        {"event", &Item::event},
        {"name", &Item::name},
        {"messageId", &Item::message_id},
        {"userId", &Item::user_id},
        {"anonymousId", &Item::anonymous_id},
        {"previousId", &Item::previous_id},
        {"groupId", &Item::group_id},
        {"properties", &Item::properties},
        {"traits", &Item::traits},
        {"context", &Item::context},
        {"originalTimestamp", &Item::original_timestamp},
        {"timestamp", &Item::timestamp},
        {"sentAt", &Item::sent_at},
    };
    object.each_member([&](std::string_view member, json::View value) {
      for (const auto& [known, place] : kMembers) {
        if (known == member) this->*place = value;
      }
    });
  }
};

std::optional<std::string> scalar(json::View object, std::string_view name) {
  auto value = object.find(name);
  return value ? value->scalar_text() : std::nullopt;
}

json::View member_or_null(json::View object, std::string_view name) {
  return object.find(name).value_or(json::View());
}

std::optional<Time> time_of(json::View value) {
  if (!value.is_string()) return std::nullopt;
  auto time = parse_time(value.text());
  return time ? std::optional(*time) : std::nullopt;
}

struct Times {
  std::optional<Time> original;
  Time occurred;
};

Times times_of(const Item& item, json::View batch_sent_at, Time received) {
  Times out{time_of(item.original_timestamp), received};
  if (!out.original) out.original = time_of(item.timestamp);
  if (!out.original) return out;
  auto sent = time_of(item.sent_at);
  if (!sent) sent = time_of(batch_sent_at);
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

void add_consent_ids(const sources::Source& source, json::View ids, bool granted, Intake& event) {
  ids.each_item([&](json::View id) {
    if (id.is_string()) add_consent(source, std::string(id.text()), granted, event);
  });
}

// Absent or malformed means: not granted.
void read_consent(const sources::Source& source, const Context& context, Intake& event) {
  member_or_null(context.fields[kConsent], "categoryPreferences")
      .each_member([&](std::string_view category, json::View granted) {
        if (granted.is_boolean()) add_consent(source, std::string(category), granted.boolean(), event);
      });
  add_consent_ids(source, member_or_null(context.consent_management, "allowedConsentIds"), true, event);
  add_consent_ids(source, member_or_null(context.consent_management, "deniedConsentIds"), false, event);
  // A category that is both allowed and denied is denied.
  event.consented = gate::PurposeSet::from_bits(event.consented.bits() & ~event.refused.bits());
}

std::string country_of(json::View location, json::View traits) {
  json::View address = member_or_null(traits, "address");
  for (json::View object : {address, traits, location}) {
    auto value = scalar(object, "country");
    if (!value) continue;
    if (auto code = text::country_code(*value)) return *code;
  }
  return "";
}

// Where the client sends no id of its own, a retry is known by its content; without a time not even that.
std::string made_message_id(json::View item, const Times& times) {
  if (!times.original) return fmt::format("made-{}", crypto::random_token(128));
  json::Value value = item.value();  // its members in the order of their names
  for (const char* of_the_attempt : {"sentAt", "_metadata", "writeKey"}) value.erase(of_the_attempt);
  return fmt::format("made-{}", crypto::to_base64url(crypto::digest(json::dump(value)).substr(0, 16)));
}

Result<void> read_ids(const Item& item, const Context& context, Intake& event) {
  event.user_id = item.user_id.scalar_text();
  event.anonymous_id = item.anonymous_id.scalar_text();
  event.previous_id = item.previous_id.scalar_text();
  event.device_id = scalar(context.fields[kDevice], "id");
  event.group_id = item.group_id.scalar_text().value_or("");
  if (!event.user_id && !event.anonymous_id) {
    return fail(ErrorKind::invalid, "identity_missing", "userId or anonymousId is required.",
                {{"/userId", "userId or anonymousId is required"}});
  }
  return {};
}

Result<EventType> type_of(const Item& item, std::optional<EventType> type) {
  if (type) return *type;
  auto found = find_type(item.type.text());
  if (found) return *found;
  return fail(ErrorKind::invalid, "type_unknown", "type must be identify, track, page, screen, group or alias.",
              {{"/type", "must be identify, track, page, screen, group or alias"}});
}

Result<std::string> name_of_event(const Item& item, EventType type) {
  std::string name = (type == EventType::track ? item.event : item.name).scalar_text().value_or("");
  if (type == EventType::track && name.empty()) {
    return fail(ErrorKind::invalid, "event_missing", "A track needs its event.", {{"/event", "is required"}});
  }
  if (name.size() > kMaxName) {
    return fail(ErrorKind::invalid, "event_too_long", fmt::format("event is longer than {} bytes.", kMaxName),
                {{"/event", fmt::format("must have at most {} bytes", kMaxName)}});
  }
  return name;
}

void add_key(json::View traits, std::string_view name, identity::KeyKind kind, Intake& event) {
  if (auto value = scalar(traits, name)) event.keys.emplace_back(kind, *value);
}

// What the items of a batch share.
struct Shared {
  Context context;
  json::View sent_at;
};

Result<Intake> decode_item(const json::Tree& tree, json::View object, std::optional<EventType> type,
                           const sources::Source& source, Time received, const Shared& shared) {
  if (!object.is_object()) {
    return fail(ErrorKind::invalid, "event_not_object", "An event must be an object.", {{"", "must be an object"}});
  }
  Item item(object);
  Intake event;
  Context context = shared.context;
  context.overlay(item.context);
  event.type = TRY(type_of(item, type));
  event.name = TRY(name_of_event(item, event.type));
  TRY(read_ids(item, context, event));
  event.message_id = item.message_id.scalar_text().value_or("");
  if (event.message_id.size() > kMaxMessageId) {
    return fail(ErrorKind::invalid, "message_id_too_long",
                fmt::format("messageId is longer than {} bytes.", kMaxMessageId),
                {{"/messageId", fmt::format("must have at most {} bytes", kMaxMessageId)}});
  }
  Times times = times_of(item, shared.sent_at, received);
  if (event.message_id.empty()) event.message_id = made_message_id(object, times);
  event.original = times.original;
  event.occurred = times.occurred;
  event.received = received;
  json::View traits = item.traits.is_object() && !item.traits.empty() ? item.traits : context.traits;
  if (item.properties.is_object()) event.properties = tree.part(item.properties);
  if (traits.is_object()) event.traits = tree.part(traits);
  for (json::View aside : {item.traits, context.traits, context.former_traits}) {
    if (aside.find("age") || aside.find("birthday")) event.asides.push_back(tree.part(aside));
  }
  if (event.type != EventType::group) {  // the traits of a group are not the person's
    add_key(traits, "email", identity::KeyKind::email, event);
    add_key(traits, "phone", identity::KeyKind::phone, event);
  }
  // Where a group has its seat says nothing about where the person lives.
  event.country = country_of(context.fields[kLocation], event.type == EventType::group ? json::View() : traits);
  read_consent(source, context, event);
  event.context = context.text();
  return event;
}

}  // namespace

std::string write_key(const http::Request& request, json::View body) {
  if (auto user = request.basic_user()) return *std::move(user);
  if (auto key = request.query_param("writeKey"); key && !key->empty()) return std::string(*key);
  if (auto key = scalar(body, "writeKey")) return *key;
  const std::string_view header = request.header("authorization");
  if (header.size() > 7 && text::fold(header.substr(0, 7)) == "bearer ")
    return std::string(text::trim(header.substr(7)));
  return "";
}

Result<Intake> decode_event(const json::Tree& item, std::optional<EventType> type, const sources::Source& source,
                            Time received) {
  return decode_item(item, item.view(), type, source, received, {});
}

Result<Decoded> decode_batch(const json::Tree& body, const sources::Source& source, Time received) {
  json::View items = member_or_null(body.view(), "batch");
  if (!items.is_array()) {
    return fail(ErrorKind::invalid, "batch_missing", "The body needs a list named batch.",
                {{"/batch", "must be a list"}});
  }
  std::size_t count = items.size();
  if (count == 0) return fail(ErrorKind::invalid, "batch_empty", "The batch is empty.", {{"/batch", "is empty"}});
  if (count > kMaxEvents) {
    return fail(ErrorKind::too_large, "batch_too_large", fmt::format("A batch has at most {} events.", kMaxEvents),
                {{"/batch", fmt::format("must have at most {} events", kMaxEvents)}});
  }
  Shared shared;
  shared.context.overlay(member_or_null(body.view(), "context"));
  shared.sent_at = member_or_null(body.view(), "sentAt");
  Decoded out;
  out.events.reserve(count);
  out.places.reserve(count);
  std::size_t place = 0;
  items.each_item([&](json::View item) {
    auto event = decode_item(body, item, std::nullopt, source, received, shared);
    if (event) {
      out.events.push_back(std::move(*event));
      out.places.push_back(place);
    } else {
      out.rejected.push_back({place, event.error().detail, event.error().code});
    }
    ++place;
  });
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
