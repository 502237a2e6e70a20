#include "platform/mail/mail.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "platform/crypto/crypto.h"
#include "platform/text/text.h"

namespace handschlag::mail {
namespace {

// "=_" occurs neither in quoted-printable nor in base64, so no part can hold this line.
constexpr std::string_view kBoundary = "=_part_of_a_letter";
constexpr std::size_t kMaxPlainValue = 60;  // with the longest name before it still one line
constexpr std::size_t kMaxField = 1'000;
constexpr std::size_t kBytesPerWord = 42;  // 56 characters of base64 between =?UTF-8?B? and ?=
constexpr std::size_t kMaxBodyLine = 76;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_atom(char c) {
  return is_letter_or_digit(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_domain(std::string_view domain) {
  if (domain.empty() || domain.size() > 253) return false;
  while (true) {
    const std::size_t dot = std::min(domain.find('.'), domain.size());
    const std::string_view label = domain.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return is_letter_or_digit(c) || c == '-'; })) {
      return false;
    }
    if (dot == domain.size()) return true;
    domain.remove_prefix(dot + 1);
  }
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
}

std::unexpected<Error> wrong(std::string_view field, std::string_view reason) {
  return fail(ErrorKind::invalid, "message_invalid", fmt::format("The {} of the message {}.", field, reason));
}

Result<void> check_line(std::string_view field, std::string_view value) {
  if (value.size() > kMaxField) return wrong(field, "is too long");
  if (has_control(value)) return wrong(field, "holds a control character");
  if (!text::is_utf8(value)) return wrong(field, "is not UTF-8");
  return {};
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

// RFC 2047: words of UTF-8 in base64, each with whole characters, on lines of their own.
std::string encoded_words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t size = std::min(kBytesPerWord, text.size());
    while (size < text.size() && size > 1 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
    out += fmt::format("{}=?UTF-8?B?{}?=", out.empty() ? "" : "\r\n ", crypto::to_base64(text.substr(0, size)));
    text.remove_prefix(size);
  }
  return out;
}

std::string unstructured(std::string_view text) {
  const bool plain = text.size() <= kMaxPlainValue && is_printable_ascii(text) && text.find("=?") == text.npos &&
                     text == text::trim(text);
  return plain ? std::string(text) : encoded_words(text);
}

std::string mailbox(const Mailbox& box) {
  if (box.name.empty()) return box.address;
  std::string name;
  if (box.name.size() <= kMaxPlainValue && is_printable_ascii(box.name) && box.name.find("=?") == box.name.npos) {
    name = "\"";
    for (char c : box.name) {
      if (c == '"' || c == '\\') name += '\\';
      name += c;
    }
    name += '"';
  } else {
    name = encoded_words(box.name);
  }
  return fmt::format("{}\r\n <{}>", name, box.address);
}

std::string date_of(Time time) {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} +0000", kDays.at(std::chrono::weekday(day).c_encoding()),
                     static_cast<unsigned>(date.day()), kMonths.at(static_cast<unsigned>(date.month()) - 1),
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

// RFC 2045, 6.7.
std::string quoted_printable(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8 + 2);
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n' || (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n')) {
      if (c == '\r') ++i;
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool at_end = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
    const bool as_is = (c > ' ' && c < '\x7f' && c != '=') || (c == ' ' && !at_end);
    const std::size_t size = as_is ? 1 : 3;
    if (column + size > kMaxBodyLine - 1) {
      out += "=\r\n";
      column = 0;
    }
    if (as_is) {
      out += c;
    } else {
      out += fmt::format("={:02X}", static_cast<unsigned char>(c));
    }
    column += size;
  }
  return out + "\r\n";
}

std::string part(std::string_view type, std::string_view content) {
  return fmt::format("Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}",
                     type, quoted_printable(content));
}

bool is_message_id(std::string_view id) {
  const std::size_t at = id.find('@');
  if (id.size() > 200 || at == 0 || at == std::string_view::npos) return false;
  return std::all_of(id.begin(), id.begin() + static_cast<std::ptrdiff_t>(at),
                     [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_'; }) &&
         is_domain(id.substr(at + 1));
}

Result<void> check(const Message& message) {
  if (!is_address(message.from.address)) return wrong("sender", "is no address that mail can come from");
  if (!is_address(message.to.address)) return wrong("recipient", "is no address that mail can go to");
  TRY(check_line("sender's name", message.from.name));
  TRY(check_line("recipient's name", message.to.name));
  TRY(check_line("subject", message.subject));
  if (!is_message_id(message.message_id)) return wrong("id", "is not of the form left@domain");
  const bool is_language =
      message.language.size() <= 35 && std::all_of(message.language.begin(), message.language.end(),
                                                   [](char c) { return is_letter_or_digit(c) || c == '-'; });
  if (!is_language) return wrong("language", "is none");
  const std::string_view url = message.unsubscribe;
  if (!url.empty() && (!(url.starts_with("https://") || url.starts_with("http://")) || url.size() > 900 ||
                       !std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f'; }) ||
                       url.find_first_of("<>") != url.npos)) {
    return wrong("unsubscribe address", "is no URL");
  }
  for (std::string_view body : {std::string_view(message.text), std::string_view(message.html)}) {
    if (!text::is_utf8(body) || body.find('\0') != body.npos) return wrong("body", "is not UTF-8");
  }
  if (message.text.empty()) return wrong("text", "is empty");
  return {};
}

}  // namespace

bool is_address(std::string_view address) {
  const std::size_t at = address.find('@');
  if (address.size() > 254 || at == std::string_view::npos || at == 0 || at > 64) return false;
  const std::string_view local = address.substr(0, at);
  return local.front() != '.' && local.back() != '.' && local.find("..") == std::string_view::npos &&
         std::all_of(local.begin(), local.end(), [](char c) { return is_atom(c) || c == '.'; }) &&
         is_domain(address.substr(at + 1));
}

Result<std::string> compose(const Message& message) {
  if (message.text.size() + message.html.size() > kMaxMessageBytes) {
    return fail(ErrorKind::too_large, "message_too_large", "A message has at most 1 MiB.");
  }
  TRY(check(message));
  std::string out =
      fmt::format("Date: {}\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}>\r\n", date_of(message.date),
                  mailbox(message.from), mailbox(message.to), unstructured(message.subject), message.message_id);
  if (!message.language.empty()) out += fmt::format("Content-Language: {}\r\n", message.language);
  if (!message.unsubscribe.empty()) {
    out += fmt::format("List-Unsubscribe: <{}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
                       message.unsubscribe);
  }
  // Nobody's absence note is wanted (RFC 3834).
  out += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
  if (message.html.empty()) return out + part("plain", message.text);
  out += fmt::format("Content-Type: multipart/alternative;\r\n boundary=\"{}\"\r\n\r\n", kBoundary);
  out += fmt::format("--{0}\r\n{1}\r\n--{0}\r\n{2}\r\n--{0}--\r\n", kBoundary, part("plain", message.text),
                     part("html", message.html));
  return out;
}

}  // namespace handschlag::mail
