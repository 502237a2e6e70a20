#include "features/identity/key.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "platform/text/text.h"

namespace handschlag::identity {
namespace {

constexpr std::size_t kMaxValue = 512;  // bytes

struct KindName {
  KeyKind kind;
  std::string_view name;
};
constexpr std::array kKinds = {
    KindName{KeyKind::user_id, "user_id"},
    KindName{KeyKind::anonymous_id, "anonymous_id"},
    KindName{KeyKind::email, "email"},
    KindName{KeyKind::phone, "phone"},
    KindName{KeyKind::device_id, "device_id"},
    KindName{KeyKind::card_number, "card_number"},
    KindName{KeyKind::social_handle, "social_handle"},
};

// What programs send when they do not know who it is. Compared folded.
constexpr std::array<std::string_view, 20> kPlaceholders = {
    "null",  "undefined",       "none",  "nil",       "nan",
    "n/a",   "unknown",         "guest", "anonymous", "anon",
    "gast",  "unbekannt",       "0",     "-1",        "true",
    "false", "[object object]", "{}",    "-",         "00000000-0000-0000-0000-000000000000"};
constexpr std::array<std::string_view, 7> kPlaceholderMailboxes = {"noreply", "no-reply", "donotreply", "none",
                                                                   "null",    "nobody",   "undefined"};

template <std::size_t N>
bool one_of(const std::array<std::string_view, N>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::unexpected<Error> malformed(KeyKind kind, std::string_view why) {
  return fail(ErrorKind::invalid, "key_malformed", fmt::format("This is not a valid {}: {}.", name_of(kind), why));
}

std::unexpected<Error> blocked(KeyKind kind) {
  return fail(ErrorKind::invalid, "key_blocked",
              fmt::format("This {} is a placeholder that many people share, so it identifies nobody.", name_of(kind)));
}

Result<std::string> normalise_email(std::string_view value) {
  std::string folded = text::fold(value);
  std::size_t at = folded.rfind('@');
  bool shape = at != std::string::npos && at > 0 && at + 1 < folded.size() && folded.size() <= 254 &&
               folded.find_first_of(" \t\r\n\f\v<>(),;:\\\"") == std::string::npos && folded.find('@') == at;
  if (!shape) return malformed(KeyKind::email, "it is not of the form name@domain");
  std::string_view mailbox = std::string_view(folded).substr(0, at);
  if (one_of(kPlaceholderMailboxes, mailbox)) return blocked(KeyKind::email);
  return folded;
}

Result<std::string> normalise_phone(std::string_view value, std::string_view country) {
  auto number = text::phone_e164(value, country);
  if (!number) {
    return malformed(KeyKind::phone,
                     country.empty() ? "write it with its country code, like +49 30 123456" : "it can't be dialled");
  }
  if (text::is_short_phone(*number)) {
    return fail(ErrorKind::invalid, "phone_short", "This is an emergency or service number, which is nobody's own.");
  }
  // +490000000000, +1999999999: one digit over and over after the country code.
  std::string_view tail = std::string_view(*number).substr(number->size() - std::min<std::size_t>(7, number->size()));
  if (tail.find_first_not_of(tail[0]) == std::string_view::npos) return blocked(KeyKind::phone);
  return *number;
}

std::string without(std::string_view value, std::string_view characters) {
  std::string out;
  for (char c : value) {
    if (characters.find(c) == std::string_view::npos) out += c;
  }
  return out;
}

std::string normalise_handle(std::string_view value) {
  std::string folded = text::fold(value);
  return folded.substr(std::min(folded.size(), folded.find_first_not_of("@ \t\r\n\f\v")));
}

Result<std::string> normalise(KeyKind kind, std::string_view value, std::string_view country) {
  switch (kind) {
    case KeyKind::email:
      return normalise_email(value);
    case KeyKind::phone:
      return normalise_phone(value, country);
    case KeyKind::card_number:
      // Folded before, since folding makes dots of "…", and after, since letters and marks may have met.
      return text::fold(without(text::fold(value), " -."));
    case KeyKind::social_handle:
      return normalise_handle(value);
    case KeyKind::user_id:
    case KeyKind::anonymous_id:
    case KeyKind::device_id:
      break;  // ids are compared as they are: "A1" and "a1" may be two accounts
  }
  return std::string(value);
}

// Normalises until nothing changes any more, so that a key that was normalised once stays as it is. One turn is the
// rule;
// "+49 001 ..." loses a zero a turn, and a byte order mark in front may hide a space.
Result<std::string> settle(KeyKind kind, std::string value, std::string_view country) {
  constexpr int kMaxTurns = 32;
  for (int turn = 0; turn < kMaxTurns; ++turn) {
    std::string next = TRY(normalise(kind, value, country));
    next = std::string(text::trim(next));
    if (next.empty()) return malformed(kind, "nothing is left of it");
    if (next == value) return next;
    value = std::move(next);
  }
  return malformed(kind, "it has no settled form");
}

}  // namespace

std::string_view name_of(KeyKind kind) {
  for (const KindName& entry : kKinds) {
    if (entry.kind == kind) return entry.name;
  }
  return "unknown";
}

std::optional<KeyKind> find_kind(std::string_view name) {
  for (const KindName& entry : kKinds) {
    if (entry.name == name) return entry.kind;
  }
  return std::nullopt;
}

bool is_shared_across_sources(KeyKind kind) {
  return kind == KeyKind::email || kind == KeyKind::phone || kind == KeyKind::card_number ||
         kind == KeyKind::social_handle;
}

Result<Key> make_key(KeyKind kind, std::string_view value, const Place& place) {
  value = text::trim(value);
  if (value.empty()) return malformed(kind, "it is empty");
  if (value.size() > kMaxValue) return malformed(kind, fmt::format("it is longer than {} bytes", kMaxValue));
  if (!text::is_utf8(value)) return malformed(kind, "it is not UTF-8");
  if (value.find('\0') != std::string_view::npos) return malformed(kind, "it has a NUL in it");
  if (one_of(kPlaceholders, text::fold(value))) return blocked(kind);
  std::string normalised = TRY(settle(kind, std::string(value), place.country));
  if (normalised.size() > kMaxValue) return malformed(kind, fmt::format("it is longer than {} bytes", kMaxValue));
  if (one_of(kPlaceholders, text::fold(normalised))) return blocked(kind);  // "@guest"
  return Key{kind, name_space_of(kind, place), std::move(normalised)};
}

std::string name_space_of(KeyKind kind, const Place& place) {
  return is_shared_across_sources(kind) ? fmt::format("@{}", place.controller) : std::string(place.name_space);
}

Result<KindAndValue> parse_key(std::string_view text) {
  std::size_t colon = text.find(':');
  auto kind = find_kind(text.substr(0, colon));
  if (colon == std::string_view::npos || !kind || colon + 1 == text.size()) {
    return fail(ErrorKind::invalid, "key_malformed",
                "A key is written KIND:VALUE; kinds are user_id, anonymous_id, email, phone, device_id, card_number, "
                "social_handle.",
                {{"key", "must be KIND:VALUE"}});
  }
  return KindAndValue{*kind, std::string(text.substr(colon + 1))};
}

std::string message_of(const Key& key) {
  // Length before text, so that no two keys make the same message.
  return fmt::format("{}|{}|{}|{}", static_cast<int>(key.kind), key.name_space.size(), key.name_space, key.value);
}

std::string digest_of(const crypto::Key& digest_key, const Key& key) {
  return crypto::keyed_digest(digest_key, message_of(key));
}

}  // namespace handschlag::identity
