#include "app/admission.h"

#include "platform/http/proxies.h"

namespace handschlag::app {
namespace {

metrics::Counter& counter(metrics::Registry& metrics, const char* of) {
  return metrics.counter("handschlag_rate_limited_total", "Requests refused because somebody asked too often",
                         {{"of", of}});
}

}  // namespace

Admission::Admission(const Limits& limits, metrics::Registry& metrics)
    : limits_(limits), over_principal_(counter(metrics, "principal")), over_address_(counter(metrics, "address")) {}

void Admission::set_limits(const Limits& limits) {
  std::lock_guard lock(mutex_);
  limits_ = limits;
}

Limits Admission::limits() const {
  std::lock_guard lock(mutex_);
  return limits_;
}

Result<http::Principal> Admission::admit(const http::Request& request, Result<http::Principal> principal) {
  const auto now = std::chrono::steady_clock::now();
  if (principal) {
    auto wait = principals_.take(principal->id, limits().requests, 1, now);
    if (!wait) return principal;
    over_principal_.add();
    return http::over_rate("requests_too_many", "This token asks more often than it may; ask more slowly.", *wait);
  }
  if (principal.error().kind != ErrorKind::unauthenticated) return principal;
  auto wait = addresses_.take(http::client_network(request.client_address), limits().refusals, 1, now);
  if (!wait) return principal;
  over_address_.add();
  return http::over_rate("refusals_too_many", "Too many requests of this address had no valid token; wait.", *wait);
}

}  // namespace handschlag::app
