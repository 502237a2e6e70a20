#include "platform/idempotency/idempotency.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "embedded/migrations.h"
#include "platform/idempotency/store.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

namespace handschlag::idempotency {
namespace {

constexpr std::int64_t kLifetimeMs = std::chrono::milliseconds(kLifetime).count();
constexpr std::size_t kPurgedAtOnce = 500;
constexpr std::chrono::seconds kRetryAfter{1};
constexpr std::chrono::seconds kRetryAfterTooMany{3'600};
constexpr std::string_view kTooLarge = "too large";  // stands for an answer that was not kept

// Length-prefixed, so that no two lists of parts give the same text.
std::string joined(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (std::string_view part : parts) out += fmt::format("{}:{}", part.size(), part);
  return out;
}

// The header's value; RFC 8941 would have it quoted, most clients send it bare. Both name the same key.
Result<std::string> key_of(const http::Request& request) {
  std::optional<std::string_view> value;
  bool several = false;
  for (const auto& [name, text] : request.headers) {
    if (!http::equal_ignoring_case(name, kRequestHeader)) continue;
    several = several || value.has_value();
    value = text;
  }
  std::string_view key = value.value_or("");
  if (key.size() >= 2 && key.starts_with('"') && key.ends_with('"')) key = key.substr(1, key.size() - 2);
  const bool visible = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (several || key.empty() || key.size() > kMaxKeyBytes || !visible) {
    return fail(ErrorKind::invalid, "idempotency_key_malformed",
                fmt::format("Idempotency-Key must be 1 to {} visible ASCII characters, such as a UUID, given once.",
                            kMaxKeyBytes),
                {{std::string(kRequestHeader), "must be 1 to 255 visible ASCII characters"}});
  }
  return std::string(key);
}

// One line of JSON, then the body as it is.
std::string encode(const http::Response& response) {
  json::Value headers = json::Value::array();
  for (const auto& [name, value] : response.headers) headers.push_back({name, value});
  return json::dump({{"status", response.status}, {"headers", std::move(headers)}}) + "\n" + response.body;
}

std::optional<http::Response> decode(std::string_view text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  auto head = json::parse(text.substr(0, end));
  if (!head) return std::nullopt;
  http::Response response = http::Response::empty(head->value("status", 500));
  for (const json::Value& header : head->value("headers", json::Value::array())) {
    response.with(header[0].get_ref<const std::string&>(), header[1].get_ref<const std::string&>());
  }
  response.body = text.substr(end + 1);
  return response;
}

bool is_kept(const http::Response& response) {
  return response.status != 429 && response.status < 500 && !response.stream;
}

std::unexpected<Error> too_many() {
  Error error{ErrorKind::too_many, "idempotency_keys_too_many",
              "There are as many idempotency keys of the last 24 hours as are kept; send fewer."};
  error.retry_after = kRetryAfterTooMany;
  return std::unexpected(std::move(error));
}

std::unexpected<Error> in_progress() {
  Error error{ErrorKind::conflict, "idempotency_in_progress",
              "The first request with this idempotency key is still being handled; try again."};
  error.retry_after = kRetryAfter;
  return std::unexpected(std::move(error));
}

http::Response reused() {
  return http::Response::problem(422, "idempotency_key_reused",
                                 "This idempotency key came with another request before; take a new key for each.");
}

}  // namespace

struct Keeper::Attempt {
  std::string key_digest;
  std::string principal;
  std::string request_digest;
  std::string claim;

  std::string context() const { return "idempotency_answer|" + key_digest; }
};

std::span<const db::Migration> migrations() {
  return embedded::idempotency_migrations;
}

Keeper::Keeper(db::Database& database, const crypto::Key& key, Limits limits)
    : database_(database), key_(key), limits_(limits) {}

Result<std::shared_ptr<Keeper::Attempt>> Keeper::attempt_of(const http::Request& request) const {
  const std::string key = TRY(key_of(request));
  auto attempt = std::make_shared<Attempt>();
  attempt->principal = request.principal.id;
  attempt->key_digest = crypto::keyed_digest(key_, joined({"key", attempt->principal, key}), 32);
  std::string query;
  for (const auto& [name, value] : request.query) query += joined({name, value});
  attempt->request_digest =
      crypto::keyed_digest(key_, joined({"request", request.method, request.path, query, request.body}), 32);
  attempt->claim = crypto::random_bytes(16);
  return attempt;
}

// Takes the key for this attempt; or the answer, where it was taken before.
Result<std::optional<http::Response>> Keeper::begin(const Attempt& attempt) const {
  std::optional<store::Row> found;
  std::int64_t now = 0;
  TRY(database_.write([&](db::Transaction& tx) -> Result<void> {
    found.reset();
    now = TRY(tx.now_ms());
    TRY(store::remove_old(tx, attempt.key_digest, now - kLifetimeMs));
    const store::NewRow row{attempt.key_digest, attempt.principal, attempt.request_digest, attempt.claim, now};
    if (!TRY(store::insert(tx, row))) {
      found = TRY(store::find(tx, attempt.key_digest));
      return {};
    }
    if (TRY(store::count(tx, attempt.principal, now - kLifetimeMs)) > limits_.keys_per_principal) return too_many();
    return {};
  }));
  if (!found) return std::optional<http::Response>{};
  if (!crypto::equal(found->request_digest, attempt.request_digest)) return std::optional(reused());
  if (found->answer) return std::optional(TRY(replay(attempt, *found->answer)));
  if (now - found->created_at_ms < std::chrono::milliseconds(limits_.attempt).count()) return in_progress();
  return fail(ErrorKind::conflict, "idempotency_outcome_unknown",
              "The first request with this key was cut off, and may have taken effect: look, then use a new key.");
}

Result<http::Response> Keeper::replay(const Attempt& attempt, std::string_view sealed) const {
  const std::string text = TRY(crypto::open(key_, sealed, attempt.context()));
  if (text == kTooLarge) {
    return fail(ErrorKind::conflict, "idempotency_answer_too_large",
                "The first request with this key was answered; its answer was too large to be kept.");
  }
  auto response = decode(text);
  if (!response) return fail(ErrorKind::internal, "idempotency_answer_damaged", "A stored answer can't be read.");
  response->with(kReplayHeader, "true");
  return *std::move(response);
}

void Keeper::end(const Attempt& attempt, const http::Response& response) const {
  auto ended = database_.write([&](db::Transaction& tx) -> Result<void> {
    if (!is_kept(response)) return store::remove(tx, attempt.key_digest, attempt.claim);
    std::string text = encode(response);
    if (text.size() > limits_.max_answer_bytes) text = kTooLarge;
    return store::set_answer(tx, attempt.key_digest, attempt.claim, crypto::seal(key_, text, attempt.context()));
  });
  // What was done is done: the client gets its answer, and a retry is told that the outcome is not known.
  if (!ended) log::warning("an answer was not kept for its retry", {{"code", std::string_view(ended.error().code)}});
}

void Keeper::handle(const http::Operation& operation, std::shared_ptr<const http::Request> request,
                    http::Responder responder) const {
  const bool has_key = std::any_of(request->headers.begin(), request->headers.end(), [](const auto& header) {
    return http::equal_ignoring_case(header.first, kRequestHeader);
  });
  if (!has_key) return operation.handler(std::move(request), std::move(responder));
  auto attempt = attempt_of(*request);
  if (!attempt) return responder.send(http::Response::problem(attempt.error()));
  auto begun = begin(**attempt);
  if (!begun) return responder.send(http::Response::problem(begun.error()));
  if (*begun) return responder.send(**std::move(begun));
  auto outer = std::make_shared<http::Responder>(std::move(responder));
  operation.handler(std::move(request),
                    http::Responder([this, attempt = *std::move(attempt), outer](http::Response response) {
                      end(*attempt, response);
                      outer->send(std::move(response));
                    }));
}

Result<void> Keeper::purge(const std::function<bool()>& should_stop) const {
  std::int64_t removed = 0;
  do {
    TRY(database_.write([&](db::Transaction& tx) -> Result<void> {
      removed = TRY(store::remove_old(tx, TRY(tx.now_ms()) - kLifetimeMs, kPurgedAtOnce));
      return {};
    }));
  } while (removed > 0 && !should_stop());
  return {};
}

}  // namespace handschlag::idempotency
