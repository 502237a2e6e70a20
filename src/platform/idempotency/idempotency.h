// The Idempotency-Key of a request: a retry with the same key and the same content gets the first answer again, and
// the handler is not called a second time.
//
//   idempotency::Keeper keeper(control, key);
//   router.set_once([&](const auto& operation, auto request, auto responder) {
//     keeper.handle(operation, std::move(request), std::move(responder));
//   });
//
// Keys are per principal and kept for kLifetime in the database, so they hold across restarts and nodes. What is
// stored of a key or a request is a keyed digest; answers, which may hold tokens and write keys, are sealed.
// Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "platform/base/result.h"
#include "platform/crypto/crypto.h"
#include "platform/db/db.h"
#include "platform/http/router.h"

namespace handschlag::idempotency {

inline constexpr std::chrono::hours kLifetime{24};
inline constexpr std::size_t kMaxKeyBytes = 255;
inline constexpr std::string_view kRequestHeader = "Idempotency-Key";
inline constexpr std::string_view kReplayHeader = "Idempotency-Replayed";  // "true" on an answer that was stored

std::span<const db::Migration> migrations();

struct Limits {
  std::size_t max_answer_bytes = 256 * 1024;  // larger ones are not kept; their retry is told so
  std::int64_t keys_per_principal = 10'000;   // at a time; beyond: 429
  // How long an attempt without an answer counts as running; afterwards it was cut off, and what it did is not known.
  std::chrono::seconds attempt{60};
};

class Keeper {
 public:
  // `database` (migrated) must outlive the keeper. `key` seals the answers, and must be the same on every node.
  Keeper(db::Database& database, const crypto::Key& key, Limits limits = {});

  // Calls the operation's handler, unless the request has a key that was seen before. Problems of its own:
  //   400 idempotency_key_malformed    not 1 to 255 visible ASCII characters, or given twice
  //   409 idempotency_in_progress      the first request is still being handled; with Retry-After
  //   409 idempotency_outcome_unknown  the first request was cut off (a crash, a full disk) before its answer was
  //                                    stored: it may have taken effect, so it is not run again
  //   409 idempotency_answer_too_large the first request was answered; its answer was too large to keep
  //   422 idempotency_key_reused       the key came with another method, address or body before
  //   429 idempotency_keys_too_many    the principal has as many keys as are kept for one
  // Every answer of the handler is kept but 429 and 5xx, which ask to try again. The answer is stored before
  // it is sent, by the thread that answers: an operation that is answered by a writer's thread must not use this.
  void handle(const http::Operation& operation, std::shared_ptr<const http::Request> request,
              http::Responder responder) const;

  // Deletes what is older than kLifetime, a little at a time, until `should_stop`. For a job.
  Result<void> purge(const std::function<bool()>& should_stop) const;

 private:
  struct Attempt;

  Result<std::shared_ptr<Attempt>> attempt_of(const http::Request& request) const;
  Result<std::optional<http::Response>> begin(const Attempt& attempt) const;
  Result<http::Response> replay(const Attempt& attempt, std::string_view sealed) const;
  void end(const Attempt& attempt, const http::Response& response) const;

  db::Database& database_;
  const crypto::Key key_;
  const Limits limits_;
};

}  // namespace handschlag::idempotency
