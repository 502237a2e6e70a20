#include "platform/http/http.h"

#include <algorithm>
#include <array>
#include <exception>

#include "platform/crypto/crypto.h"
#include "platform/http/conditional.h"
#include "platform/log/log.h"

namespace handschlag::http {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trimmed(std::string_view text) {
  std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

constexpr std::chrono::seconds kRetryAfter{5};  // of a 503 that says nothing else

Response problem_response(int status, const Error& error) {
  json::Value body = {{"type", "about:blank"},
                      {"title", reason_phrase(status)},
                      {"status", status},
                      {"detail", error.detail},
                      {"code", error.code}};
  for (const FieldError& field : error.fields) {
    body["errors"].push_back({{"pointer", field.pointer}, {"detail", field.reason}});
  }
  Response response;
  response.status = status;
  response.body = json::dump(body);
  response.with("Content-Type", "application/problem+json");
  auto retry_after = error.retry_after;
  if (status == 503 && retry_after.count() == 0) retry_after = kRetryAfter;
  if (retry_after.count() == 0) return response;
  const std::string seconds = std::to_string(retry_after.count());
  response.with("Retry-After", seconds);
  // draft-ietf-httpapi-ratelimit-headers: nothing remains, and again in so many seconds.
  if (status == 429) response.with("RateLimit", "\"" + error.code + "\";r=0;t=" + seconds);
  return response;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view find_header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return {};
}

std::vector<std::string_view> list_header(const Headers& headers, std::string_view name) {
  std::vector<std::string_view> members;
  for (const auto& [key, value] : headers) {
    if (!equal_ignoring_case(key, name)) continue;
    std::string_view rest = value;
    for (bool more = true; more;) {
      std::size_t comma = rest.find(',');
      more = comma != std::string_view::npos;
      std::string_view member = trimmed(rest.substr(0, comma));
      if (!member.empty()) members.push_back(member);
      if (more) rest.remove_prefix(comma + 1);
    }
  }
  return members;
}

std::string_view Request::header(std::string_view name) const {
  return find_header(headers, name);
}

std::optional<std::string_view> Request::query_param(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string_view Request::path_param(std::string_view name) const {
  for (const auto& [key, value] : path_params) {
    if (key == name) return value;
  }
  return {};
}

std::string_view Request::cookie(std::string_view name) const {
  std::string_view rest = header("Cookie");
  while (!rest.empty()) {
    const std::size_t end = rest.find(';');
    std::string_view pair = rest.substr(0, end);
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) return pair.substr(name.size() + 1);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return {};
}

std::optional<std::string> Request::basic_user() const {
  constexpr std::string_view kScheme = "basic ";  // has no case (RFC 9110, 11.1)
  std::string_view value = header("Authorization");
  if (!equal_ignoring_case(value.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  value.remove_prefix(kScheme.size());
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!value.empty() && blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && blank(value.back())) value.remove_suffix(1);
  const auto decoded = crypto::from_base64(value);
  return decoded ? decoded->substr(0, decoded->find(':')) : std::string();
}

std::string_view reason_phrase(int status) {
  static constexpr auto kPhrases =
      std::to_array<std::pair<int, std::string_view>>({{200, "OK"},
                                                       {201, "Created"},
                                                       {202, "Accepted"},
                                                       {204, "No Content"},
                                                       {206, "Partial Content"},
                                                       {301, "Moved Permanently"},
                                                       {302, "Found"},
                                                       {303, "See Other"},
                                                       {304, "Not Modified"},
                                                       {307, "Temporary Redirect"},
                                                       {308, "Permanent Redirect"},
                                                       {400, "Bad Request"},
                                                       {401, "Unauthorized"},
                                                       {403, "Forbidden"},
                                                       {404, "Not Found"},
                                                       {405, "Method Not Allowed"},
                                                       {406, "Not Acceptable"},
                                                       {408, "Request Timeout"},
                                                       {409, "Conflict"},
                                                       {410, "Gone"},
                                                       {412, "Precondition Failed"},
                                                       {413, "Content Too Large"},
                                                       {415, "Unsupported Media Type"},
                                                       {417, "Expectation Failed"},
                                                       {422, "Unprocessable Content"},
                                                       {428, "Precondition Required"},
                                                       {429, "Too Many Requests"},
                                                       {431, "Request Header Fields Too Large"},
                                                       {500, "Internal Server Error"},
                                                       {501, "Not Implemented"},
                                                       {503, "Service Unavailable"},
                                                       {505, "HTTP Version Not Supported"}});
  for (const auto& [known, phrase] : kPhrases) {
    if (known == status) return phrase;
  }
  return {};
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return 400;
    case ErrorKind::unauthenticated:
      return 401;
    case ErrorKind::forbidden:
      return 403;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::too_large:
      return 413;
    case ErrorKind::too_many:
      return 429;
    case ErrorKind::unavailable:
      return 503;
    case ErrorKind::internal:
      break;
  }
  return 500;
}

Response Response::json(int status, const json::Value& value) {
  Response response = text(status, json::dump(value), "application/json");
  return response;
}

Response Response::text(int status, std::string body, std::string_view content_type) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.with("Content-Type", content_type);
  return response;
}

Response Response::empty(int status) {
  Response response;
  response.status = status;
  return response;
}

Response Response::problem(const Error& error) {
  if (error.code == kPreconditionFailed) return problem_response(412, error);
  if (error.kind != ErrorKind::internal) return problem_response(status_of(error.kind), error);
  log::error("internal error", {{"code", error.code}, {"detail", error.detail}});
  return problem(500, "internal", "Something went wrong here. The trace id says where to look in the log.");
}

Response Response::problem(int status, std::string_view code, std::string_view detail) {
  Error error;
  error.code = code;
  error.detail = detail;
  return problem_response(status, error);
}

Response Response::of(const Result<json::Value>& result) {
  return result.has_value() ? json(200, *result) : problem(result.error());
}

Response& Response::with(std::string_view name, std::string_view value) {
  headers.emplace_back(name, value);
  return *this;
}

Responder::Responder(Send send, Defer defer) : send_(std::move(send)), defer_(std::move(defer)) {}

Responder::Responder(Responder&& other) noexcept
    : send_(std::exchange(other.send_, nullptr)), defer_(std::move(other.defer_)) {}

Responder& Responder::operator=(Responder&& other) noexcept {
  std::swap(send_, other.send_);
  std::swap(defer_, other.defer_);
  return *this;
}

Responder::~Responder() {
  if (!send_) return;
  try {
    send(Response::problem(500, "internal", "The request was dropped without an answer."));
  } catch (const std::exception&) {
    log::error("an answer could not be sent");  // out of memory: nothing more can be done from a destructor
  }
}

void Responder::send(Response response) {
  if (Send send = std::exchange(send_, nullptr)) send(std::move(response));
}

bool Responder::defer(std::function<void()> task) const {
  if (defer_) return defer_(std::move(task));
  task();
  return true;
}

}  // namespace handschlag::http
