// Keys: the values by which a source knows a person, brought to one spelling. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/base/result.h"
#include "platform/crypto/crypto.h"

namespace handschlag::identity {

// Stored; never renumber.
enum class KeyKind : std::int64_t {
  user_id = 1,
  anonymous_id = 2,
  email = 3,
  phone = 4,
  device_id = 5,
  card_number = 6,
  social_handle = 7,
};

std::string_view name_of(KeyKind kind);
std::optional<KeyKind> find_kind(std::string_view name);

// Whether equal values mean the same person in every source of one controller (an e-mail address), or only within one
// namespace (user 42 of the shop is not user 42 of the CRM).
bool is_shared_across_sources(KeyKind kind);

struct Key {
  KeyKind kind = KeyKind::user_id;
  std::string name_space;  // of the source, or "@controller" for kinds that are shared across sources
  std::string value;       // normalised
  friend bool operator==(const Key&, const Key&) = default;
};

// Where a value was said: what its spelling and namespace depend on.
struct Place {
  std::string_view name_space;
  std::string_view controller;
  std::string_view country;  // ISO 3166, for phone numbers without a country code; may be empty
};

// The namespace in which a value of that kind counts there.
std::string name_space_of(KeyKind kind, const Place& place);

// Normalises a value. Errors: invalid, codes "key_malformed" (no address, no number, too long, not UTF-8) and
// "key_blocked" (a placeholder such as "null", "guest", "0", "noreply@...", that many people share).
Result<Key> make_key(KeyKind kind, std::string_view value, const Place& place);

// Parses "email:anna@example.org", as look-ups write it. Errors: invalid.
struct KindAndValue {
  KeyKind kind;
  std::string value;
};
Result<KindAndValue> parse_key(std::string_view text);

// What digests of a key are made of; equal for equal keys.
std::string message_of(const Key& key);
// A digest under one key; equal for equal keys. What is stored in place of the value is a Digester's (digester.h).
std::string digest_of(const crypto::Key& digest_key, const Key& key);

}  // namespace handschlag::identity
