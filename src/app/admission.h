// How often a token, a member of staff or an address may ask. Ingest has quotas of its own (features/sources).
#pragma once

#include <mutex>

#include "platform/http/http.h"
#include "platform/http/rate.h"
#include "platform/metrics/metrics.h"

namespace handschlag::app {

// What can be changed while the server runs. per_second 0: no limit.
struct Limits {
  http::Rate source_events{.per_second = 200'000, .burst = 1'000'000};  // of each source without a quota of its own
  http::Rate requests{.per_second = 5'000, .burst = 10'000};            // of each token or member of staff
  http::Rate refusals{.per_second = 200, .burst = 2'000};               // of each address, without valid credentials
};

// Thread-safe.
class Admission {
 public:
  Admission(const Limits& limits, metrics::Registry& metrics);
  void set_limits(const Limits& limits);

  // Who asks, if they do not ask too often; or why nobody may. Errors: too_many, and those of `principal`.
  Result<http::Principal> admit(const http::Request& request, Result<http::Principal> principal);

 private:
  static constexpr std::size_t kRemembered = 100'000;  // of either, about 10 MB

  Limits limits() const;

  mutable std::mutex mutex_;
  Limits limits_;
  http::Buckets principals_{kRemembered};
  http::Buckets addresses_{kRemembered};
  metrics::Counter& over_principal_;
  metrics::Counter& over_address_;
};

}  // namespace handschlag::app
