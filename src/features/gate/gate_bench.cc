// A ruling must stay under a microsecond: it is asked for every event and every look at a customer.
#include <benchmark/benchmark.h>

#include "features/gate/gate.h"

namespace handschlag::gate {
namespace {

void store_with_consent(benchmark::State& state) {
  Question question;
  question.purpose = Purpose::ServiceUsageAnalytics;
  question.basis = Basis::consent;
  question.consent = ConsentState::given;
  question.country = "DE";
  for (auto _ : state) {
    benchmark::DoNotOptimize(question);
    benchmark::DoNotOptimize(rule(question));
  }
}
BENCHMARK(store_with_consent);

void view_by_an_agent(benchmark::State& state) {
  Question question;
  question.use = Use::view;
  question.purpose = Purpose::CustomerCare;
  question.basis = Basis::contract;
  question.role = "agent";
  question.country = "DE";
  for (auto _ : state) {
    benchmark::DoNotOptimize(question);
    benchmark::DoNotOptimize(rule(question));
  }
}
BENCHMARK(view_by_an_agent);

}  // namespace
}  // namespace handschlag::gate
