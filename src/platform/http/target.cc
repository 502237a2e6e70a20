#include "platform/http/target.h"

#include <algorithm>

#include "platform/http/http.h"

namespace handschlag::http {
namespace {

std::unexpected<Error> malformed(std::string detail) {
  return fail(ErrorKind::invalid, "target_malformed", std::move(detail));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// How many bytes the UTF-8 sequence at the start of `text` has; 0 where there is no valid one (RFC 3629).
std::size_t utf8_length(std::string_view text) {
  auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  unsigned first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  unsigned lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;   // shorter forms exist below
  unsigned highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;  // surrogates, beyond U+10FFFF
  if (byte(1) < lowest || byte(1) > highest) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

// Cuts "http://host:port" off the absolute form; nothing where it is not that form.
std::string_view without_authority(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    std::size_t path = target.find_first_of("/?");
    return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
  }
  return {};
}

Result<std::pair<std::string, std::string>> parse_pair(std::string_view pair) {
  std::size_t equals = pair.find('=');
  std::string name = TRY(percent_decode(pair.substr(0, equals), Plus::is_space));
  std::string value;
  if (equals != std::string_view::npos) value = TRY(percent_decode(pair.substr(equals + 1), Plus::is_space));
  return std::pair{std::move(name), std::move(value)};
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

Result<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      int high = text.size() - i > 2 ? hex_digit(text[i + 1]) : -1;
      int low = text.size() - i > 2 ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return malformed("The address has a '%' that no two hex digits follow; write '%25'.");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus == Plus::is_space) {
      c = ' ';
    }
    if (c == '\0') return malformed("The address has a NUL in it.");
    out += c;
  }
  if (!is_utf8(out)) return malformed("The address is not UTF-8 once its percent-encoding is undone.");
  return out;
}

Result<Target> parse_target(std::string_view target) {
  if (target == "*") return Target{"*", {}};
  if (!target.starts_with('/')) target = without_authority(target);
  if (target.empty()) return malformed("The address must begin with '/'.");
  if (target.find('#') != std::string_view::npos) return malformed("The address has a '#' in it; write '%23'.");
  Target out;
  std::size_t question = target.find('?');
  out.path = target.substr(0, question);
  if (out.path.empty()) out.path = "/";
  if (question == std::string_view::npos) return out;
  std::string_view rest = target.substr(question + 1);
  while (!rest.empty()) {
    std::size_t end = std::min(rest.find('&'), rest.size());
    if (end > 0) out.query.push_back(TRY(parse_pair(rest.substr(0, end))));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

Result<std::vector<std::string>> path_segments(std::string_view path) {
  std::vector<std::string> segments;
  if (!path.starts_with('/')) return malformed("The path must begin with '/'.");
  for (bool more = true; more;) {
    path.remove_prefix(1);
    std::size_t end = std::min(path.find('/'), path.size());
    segments.push_back(TRY(percent_decode(path.substr(0, end))));
    path.remove_prefix(end);
    more = !path.empty();
  }
  return segments;
}

}  // namespace handschlag::http
