#include "platform/http/conditional.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "platform/crypto/crypto.h"

namespace handschlag::http {
namespace {

constexpr std::string_view kWeak = "W/";
constexpr std::string_view kCompressed = "-gzip\"";
constexpr std::size_t kDigestBytes = 16;

enum class Comparison { strong, weak };

// "W/\"abc-gzip\"" -> "\"abc\""; the compression is ours, so it is the same state.
std::string plain(std::string_view member) {
  if (member.starts_with(kWeak)) member.remove_prefix(kWeak.size());
  if (!member.ends_with(kCompressed)) return std::string(member);
  return std::string(member.substr(0, member.size() - kCompressed.size())) + '"';
}

// The member of the list that names the tag. "*" names any.
std::optional<std::string_view> find_tag(const Headers& headers, std::string_view header, std::string_view tag,
                                         Comparison comparison) {
  for (std::string_view member : list_header(headers, header)) {
    if (member == "*") return member;
    if (comparison == Comparison::strong && member.starts_with(kWeak)) continue;
    if (plain(member) == tag) return member;
  }
  return std::nullopt;
}

bool has(const Request& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const auto& header) { return equal_ignoring_case(header.first, name); });
}

}  // namespace

std::string entity_tag(std::string_view representation) {
  return fmt::format("\"{}\"", crypto::to_base64url(crypto::sha256(representation).substr(0, kDigestBytes)));
}

std::string entity_tag(const json::Value& representation) {
  return entity_tag(std::string_view(json::dump(representation)));
}

Response tagged(const Request& request, const json::Value& representation) {
  std::string tag = entity_tag(representation);
  auto known = find_tag(request.headers, "If-None-Match", tag, Comparison::weak);
  if (!known) return Response::json(200, representation).with("ETag", tag);
  return Response::empty(304).with("ETag", *known == "*" || known->starts_with(kWeak) ? std::string_view(tag) : *known);
}

bool is_known(const Request& request, std::string_view tag) {
  return find_tag(request.headers, "If-None-Match", plain(tag), Comparison::weak).has_value();
}

Response tagged_change(const Result<json::Value>& representation) {
  if (!representation) return Response::problem(representation.error());
  return Response::json(200, *representation).with("ETag", entity_tag(*representation));
}

Result<void> check_match(const Request& request, std::string_view tag) {
  const bool meant = !has(request, "If-Match") || find_tag(request.headers, "If-Match", tag, Comparison::strong);
  if (meant && !find_tag(request.headers, "If-None-Match", tag, Comparison::weak)) return {};
  return fail(ErrorKind::conflict, kPreconditionFailed,
              "This was changed since you fetched it, and nothing was done now: fetch it again, then decide.");
}

}  // namespace handschlag::http
