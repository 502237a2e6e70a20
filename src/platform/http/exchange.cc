#include "platform/http/exchange.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "platform/http/compression.h"
#include "platform/http/target.h"
#include "platform/http/trace.h"
#include "platform/log/log.h"
#include "platform/log/trace.h"

namespace handschlag::http {
namespace {

std::size_t count_headers(const Headers& headers, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [&](const auto& header) { return equal_ignoring_case(header.first, name); }));
}

bool has_header(const Response& response, std::string_view name) {
  return count_headers(response.headers, name) > 0;
}

bool may_have_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

// What the server itself decides on; handlers can't.
bool is_framing(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kNames = {"Connection", "Content-Length", "Transfer-Encoding",
                                                             "Date", "Keep-Alive"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view known) { return equal_ignoring_case(known, name); });
}

// Line breaks would let a value forge further headers.
bool is_safe(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

// "Sat, 21 Nov 2026 22:58:27 GMT", made once a second in each thread.
const std::string& http_date() {
  thread_local std::chrono::sys_seconds made_for;
  thread_local std::string text;
  auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  if (text.empty() || now != made_for) {
    made_for = now;
    text = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
  }
  return text;
}

Response body_too_large(std::size_t max_bytes) {
  Error error{ErrorKind::too_large, "body_too_large",
              fmt::format("The body is larger than {} bytes; send it in parts.", max_bytes)};
  return Response::problem(error);
}

}  // namespace

Site::Site(const ServerOptions& options, const Router& router, std::shared_ptr<const Live> live,
           metrics::Registry& metrics)
    : options_(options), router_(router), live_(std::move(live)) {
  for (const Operation& operation : router.operations()) meters_.push_back(meters(metrics, operation.id));
  meters_.push_back(meters(metrics, "none"));
}

Result<std::unique_ptr<Site>> Site::create(const ServerOptions& options, const Router& router,
                                           metrics::Registry& metrics) {
  auto live = TRY(live_of(options));  // not among the arguments of new: the way out would leave its memory behind
  return std::unique_ptr<Site>(new Site(options, router, std::move(live), metrics));
}

Result<std::shared_ptr<const Site::Live>> Site::live_of(const ServerOptions& options) {
  return std::make_shared<const Live>(
      Live{TRY(TrustedProxies::create(options.trusted_proxies)), Cors(options.cors_origins)});
}

Site::Meters Site::meters(metrics::Registry& metrics, const std::string& operation) {
  Meters out{{},
             &metrics.histogram("http_request_duration_seconds", "From the head of a request to its answer.",
                                {{"operation", operation}})};
  for (const char* status : {"1xx", "2xx", "3xx", "4xx", "5xx"}) {
    out.by_class.push_back(
        &metrics.counter("http_requests_total", "Requests answered.", {{"operation", operation}, {"status", status}}));
  }
  return out;
}

void Site::count(const Operation* operation, int status, std::chrono::duration<double> duration) const {
  std::size_t index = meters_.size() - 1;
  if (operation != nullptr) index = static_cast<std::size_t>(operation - router_.operations().data());
  meters_[index].by_class[static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1)]->add();
  meters_[index].seconds->observe(duration.count());
}

Exchange::Exchange(const Site& site) : site_(site), trace_id_(new_trace_id()) {}

Exchange::Exchange(const Site& site, Head head) : site_(site), max_body_bytes_(site.options().max_body_bytes) {
  trace_id_ = parse_traceparent(find_header(head.headers, "traceparent")).value_or(std::string());
  if (trace_id_.empty()) trace_id_ = new_trace_id();
  is_head_ = head.method == "HEAD";
  accepts_gzip_ = accepts_gzip(head.headers);
  for (const auto& [name, value] : head.headers) {
    if (equal_ignoring_case(name, "Origin")) cors_headers_.emplace_back(name, value);
  }
  refusal_ = check_head(head);
  is_ambiguous_ = refusal_.has_value();
  if (!refusal_) resolve(head);
  expects_continue_ = head.minor_version > 0 && !find_header(head.headers, "Expect").empty();
  request_->method = std::move(head.method);
  request_->client_address = live_->proxies.client_address(head.peer_address, head.headers);
  request_->headers = std::move(head.headers);
  request_->trace_id = trace_id_;
}

// Rules of RFC 9110 and 9112 that the parser leaves to us. Where two readers could find the end of the request at
// different places, one of them could be made to see another request.
std::optional<Response> Exchange::check_head(const Head& head) const {
  std::size_t hosts = count_headers(head.headers, "Host");
  if (hosts > 1 || (hosts == 0 && head.minor_version > 0)) {
    return Response::problem(400, "host_missing", "A request must have one Host header.");
  }
  if (count_headers(head.headers, "Transfer-Encoding") > 0) {
    if (!equal_ignoring_case(find_header(head.headers, "Transfer-Encoding"), "chunked")) {
      return Response::problem(501, "transfer_encoding_unknown", "The only known transfer encoding is chunked.");
    }
    if (head.minor_version == 0) {
      return Response::problem(400, "transfer_encoding_unknown", "HTTP/1.0 has no transfer encoding.");
    }
  }
  std::string_view expect = find_header(head.headers, "Expect");
  if (!expect.empty() && head.minor_version > 0 && !equal_ignoring_case(expect, "100-continue")) {
    return Response::problem(417, "expectation_unknown", "The only known expectation is 100-continue.");
  }
  return std::nullopt;
}

// Finds the operation and what can be said about the request before its body.
void Exchange::resolve(Head& head) {
  auto target = parse_target(head.target);
  if (!target) {
    refusal_ = Response::problem(target.error());
    return;
  }
  path_template_ = target->path;  // until a better one is known
  request_->path = std::move(target->path);
  request_->query = std::move(target->query);
  if (request_->path == "*" && head.method == "OPTIONS") {
    refusal_ = Response::empty(204);
    return;
  }
  auto resource = site_.router().resource(request_->path);
  if (!resource) {
    refusal_ = Response::problem(resource.error());
    return;
  }
  is_resource_ = true;
  path_template_ = resource->path;
  auto match = site_.router().match(head.method, request_->path);
  if (!match && head.method == "OPTIONS") {
    refusal_ = !is_api() && Cors::is_preflight(head.headers) ? live_->cors.preflight(head.headers, resource->methods)
                                                             : Response::empty(204).with("Allow", resource->methods);
    return;
  }
  if (!match) {
    refusal_ = Response::problem(405, "method_not_allowed", "This address takes only: " + resource->methods + ".");
    refusal_->with("Allow", resource->methods);
    return;
  }
  operation_ = match->operation;
  request_->operation = operation_->id;
  request_->path_params = std::move(match->path_params);
  if (find_header(head.headers, "Content-Encoding").empty()) {
    max_body_bytes_ = std::min(max_body_bytes_, operation_->max_body);
  }
  if (head.content_length.value_or(0) > max_body_bytes_) refusal_ = body_too_large(max_body_bytes_);
}

std::optional<Response> Exchange::refuse_now() const {
  auto admitted = site_.router().admit(*operation_);
  if (admitted) return std::nullopt;
  return Response::problem(admitted.error());
}

bool Exchange::runs_at_once(std::size_t body_bytes) const {
  // Larger ones would keep the other connections of this thread waiting.
  constexpr std::size_t kMaxBytes = 128 * 1024;
  return operation_->at_once && body_bytes <= kMaxBytes && find_header(request_->headers, "Content-Encoding").empty();
}

void Exchange::run(std::string body, Responder responder) {
  const log::Trace trace(trace_id_);
  auto coding = content_coding(request_->headers);
  if (!coding) {
    Response response = Response::problem(415, coding.error().code, coding.error().detail);
    return responder.send(std::move(response.with("Accept-Encoding", "gzip, deflate")));
  }
  if (*coding != Coding::identity) {
    auto inflated = inflate(body, *coding, operation_->max_body);
    if (!inflated) return responder.send(Response::problem(inflated.error()));
    body = std::move(*inflated);
  }
  request_->body = std::move(body);
  site_.router().dispatch(*operation_, std::move(request_), std::move(responder));
}

void Exchange::complete_problem(Response& response) const {
  if (operation_ != nullptr && !operation_->rewrites_problems) return;
  bool is_empty = response.body.empty() && !has_header(response, "Content-Type");
  if (is_empty) {
    Response problem = Response::problem(response.status, "error", reason_phrase(response.status));
    response.body = std::move(problem.body);
    response.headers.insert(response.headers.end(), problem.headers.begin(), problem.headers.end());
  }
  if (find_header(response.headers, "Content-Type") != "application/problem+json") return;
  auto body = json::parse(response.body);
  if (!body || !body->is_object()) return;
  (*body)["trace_id"] = trace_id_;
  response.body = json::dump(*body);
}

void Exchange::compress(Response& response) const {
  if (response.stream || response.body.size() < site_.options().gzip_min_bytes || !may_have_body(response.status))
    return;
  if (has_header(response, "Content-Encoding") || response.status == 206) return;
  if (!is_compressible(find_header(response.headers, "Content-Type"))) return;
  vary_by(response, "Accept-Encoding");
  if (!accepts_gzip_) return;
  response.body = gzip(response.body);
  // Other bytes, so another strong tag (RFC 9110 section 8.8.3.3); check_match() and tagged() know both.
  for (auto& [name, value] : response.headers) {
    if (equal_ignoring_case(name, "ETag") && value.starts_with('"')) value.insert(value.size() - 1, "-gzip");
  }
  response.with("Content-Encoding", "gzip");
}

Response Exchange::finish(Response response) {
  if (response.status >= 400) complete_problem(response);
  if (response.stream) {
    if (!has_header(response, "Content-Type")) response.with("Content-Type", "text/event-stream");
    if (!has_header(response, "Cache-Control")) response.with("Cache-Control", "no-store");
    response.with("X-Accel-Buffering", "no");  // else nginx holds events back
  }
  if (response.status == 401 && !has_header(response, "WWW-Authenticate")) response.with("WWW-Authenticate", "Bearer");
  if (!may_have_body(response.status)) response.body.clear();
  compress(response);
  bool has_cors = has_header(response, "Access-Control-Allow-Origin");  // of a preflight
  if (is_resource_ && !is_api() && !has_cors) {
    live_->cors.allow_reading(cors_headers_, response);
  }
  if (is_api() && !has_header(response, "Cache-Control")) response.with("Cache-Control", "no-store");
  response.with("X-Content-Type-Options", "nosniff");
  response.with("Referrer-Policy", "no-referrer");
  response.with("X-Request-Id", trace_id_);

  std::chrono::duration<double> duration = std::chrono::steady_clock::now() - start_;
  site_.count(operation_, response.status, duration);
  log::write(response.status >= 500 ? log::Level::warning : log::Level::debug, "request",
             {{"operation", operation_ != nullptr ? std::string_view(operation_->id) : std::string_view("none")},
              {"status", std::int64_t{response.status}},
              {"duration_ms", duration.count() * 1000},
              {"trace_id", trace_id_}});
  return response;
}

std::string serialise_head(const Response& response, int minor_version, Connection connection) {
  std::string out;
  out.reserve(512);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                 reason_phrase(response.status), http_date());
  for (const auto& [name, value] : response.headers) {
    if (is_framing(name)) continue;
    if (is_safe(name) && is_safe(value)) {
      out.append(name).append(": ").append(value).append("\r\n");
    } else {
      log::error("a header with a line break was left out");
    }
  }
  if (may_have_body(response.status) && !response.stream) {
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.body.size());
  }
  if (connection == Connection::close) {
    out.append("Connection: close\r\n");
  } else if (minor_version == 0) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
  return out;
}

}  // namespace handschlag::http
