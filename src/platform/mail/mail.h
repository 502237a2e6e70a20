// Mail: one message to one person, as bytes (RFC 5322, 2045 to 2047, 8058).
//
//   std::string bytes = TRY(mail::compose({.from = {"Shop", "shop@example.com"}, .to = {"", address}, ...}));
//
// The bytes are ASCII in lines of at most 78 characters that end with CRLF, so any mail server takes them as they are.
// No field can add a header: a control character in one is refused. Pure; thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "platform/base/clock.h"
#include "platform/base/result.h"

namespace handschlag::mail {

struct Mailbox {
  std::string name = {};  // UTF-8, may be empty
  std::string address;
};

struct Message {
  Mailbox from;
  Mailbox to;
  std::string subject;           // UTF-8, one line
  std::string text;              // UTF-8; lines end with \n or \r\n
  std::string html = {};         // the same in HTML, or ""
  std::string language = {};     // "de": Content-Language; may be empty
  std::string message_id;        // "left@domain", without brackets; the same for every attempt at one message
  Time date{};                   // when it was written
  std::string unsubscribe = {};  // https URL that ends these messages by a POST (RFC 8058); "" for none
};

inline constexpr std::size_t kMaxMessageBytes = std::size_t{1} << 20U;

// Whether mail can be sent to (or from) this address: ASCII, a dot-atom of at most 64 bytes, "@", a domain of letters,
// digits, hyphens and dots; 254 bytes at most.
bool is_address(std::string_view address);

// Errors: invalid "message_invalid" (the field named, never its value); too_large "message_too_large".
Result<std::string> compose(const Message& message);

}  // namespace handschlag::mail
