#include "app/pages.h"

#include <fmt/format.h>

#include "platform/http/compression.h"
#include "platform/http/conditional.h"
#include "platform/json/json.h"

namespace handschlag::app {
namespace {

constexpr std::string_view kDocument = "index.html";
constexpr std::string_view kPortal = "me.html";
constexpr std::string_view kLibrary = "sdk.js";
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'";
constexpr std::string_view kForEver = "public, max-age=31536000, immutable";
constexpr std::string_view kAnHour = "public, max-age=3600";

// Whose pages may load a file (Cross-Origin-Resource-Policy).
constexpr std::string_view kOurs = "same-origin";
constexpr std::string_view kAnybodys = "cross-origin";

std::unexpected<Error> malformed() {
  return fail(ErrorKind::internal, "pages_malformed", "The web pages in this binary are damaged; build it again.");
}

// The bytes that an entry of the list names by their place behind it; empty where it names none.
Result<std::string_view> part(const json::Value& entry, const char* name, std::string_view bytes) {
  auto place = entry.find(name);
  if (place == entry.end()) return std::string_view();
  if (!place->is_array() || place->size() != 2) return malformed();
  auto start = (*place)[0].get<std::size_t>();
  auto size = (*place)[1].get<std::size_t>();
  if (start > bytes.size() || size > bytes.size() - start) return malformed();
  return bytes.substr(start, size);
}

}  // namespace

// A pack is the length of its list as eight decimal digits, the list as JSON, then the bytes that it names.
Result<Pages> Pages::open(std::string_view pack) {
  constexpr std::size_t kDigits = 8;
  if (pack.size() < kDigits) return malformed();
  std::size_t length = 0;
  for (char digit : pack.substr(0, kDigits)) length = length * 10 + static_cast<std::size_t>(digit - '0');
  if (length > pack.size() - kDigits) return malformed();
  const json::Value list = TRY(json::parse(pack.substr(kDigits, length)));
  const std::string_view bytes = pack.substr(kDigits + length);
  Pages pages;
  for (const json::Value& entry : list) {
    File file;
    file.plain = TRY(part(entry, "plain", bytes));
    file.gzip = TRY(part(entry, "gzip", bytes));
    file.brotli = TRY(part(entry, "brotli", bytes));
    file.type = entry.at("type").get<std::string>();
    file.digest = entry.at("digest").get<std::string>();
    file.tag = fmt::format("W/\"{}\"", file.digest);
    file.size = entry.at("size").get<std::size_t>();
    pages.files_.emplace(entry.at("name").get<std::string>(), std::move(file));
  }
  for (const std::string_view needed : {kDocument, kPortal, kLibrary}) {
    if (!pages.files_.contains(needed)) return malformed();
  }
  return pages;
}

http::Response Pages::send(const http::Request& request, const File& file, std::string_view whose) {
  if (http::is_known(request, file.tag)) return http::Response::empty(304).with("ETag", file.tag);
  http::Response response = http::Response::text(200, "", file.type);
  response.with("ETag", file.tag).with("Cross-Origin-Resource-Policy", whose);
  if (!file.plain.empty()) {
    response.body = file.plain;
    return response;
  }
  response.with("Vary", "Accept-Encoding");
  if (http::accepts(request.headers, "br")) {
    response.with("Content-Encoding", "br").body = file.brotli;
  } else if (http::accepts_gzip(request.headers)) {
    response.with("Content-Encoding", "gzip").body = file.gzip;
  } else {
    auto plain = http::inflate(file.gzip, http::Coding::gzip, file.size);
    if (!plain) return http::Response::problem(plain.error());
    response.body = *std::move(plain);
  }
  return response;
}

http::Response Pages::document(const http::Request& request) const {
  return send_document(request, files_.find(kDocument)->second);
}

http::Response Pages::portal(const http::Request& request) const {
  return send_document(request, files_.find(kPortal)->second);
}

http::Response Pages::send_document(const http::Request& request, const File& file) {
  return send(request, file, kOurs)
      .with("Cache-Control", "no-cache")
      .with("Content-Security-Policy", kPolicy)
      .with("Cross-Origin-Opener-Policy", "same-origin")
      .with("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
}

http::Response Pages::asset(const http::Request& request) const {
  auto found = files_.find(request.path_param("name"));
  if (found == files_.end() || found->first == kDocument || found->first == kPortal || found->first == kLibrary) {
    return http::Response::problem(404, "asset_unknown",
                                   "There is no such file; the pages were renewed, so load the page again.");
  }
  return send(request, found->second, kOurs).with("Cache-Control", kForEver);
}

http::Response Pages::library(const http::Request& request) const {
  const File& file = files_.find(kLibrary)->second;
  return send(request, file, kAnybodys)
      .with("Cache-Control", kAnHour)
      .with("Content-Location", fmt::format("/sdk/{}.js", file.digest));
}

http::Response Pages::pinned_library(const http::Request& request) const {
  const File& file = files_.find(kLibrary)->second;
  if (request.path_param("name") != file.digest + ".js") {
    return http::Response::problem(404, "library_unknown",
                                   "This server has another version of the library; see the head of /sdk.js.");
  }
  return send(request, file, kAnybodys).with("Cache-Control", kForEver);
}

}  // namespace handschlag::app
