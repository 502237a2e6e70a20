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
  const auto law = law::built_in();
  for (auto _ : state) {
    benchmark::DoNotOptimize(question);
    benchmark::DoNotOptimize(rule(question, *law));
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
  const auto law = law::built_in();
  for (auto _ : state) {
    benchmark::DoNotOptimize(question);
    benchmark::DoNotOptimize(rule(question, *law));
  }
}
BENCHMARK(view_by_an_agent);

// The longest way: a customer exception by mail, personalised, with quiet hours to look up.
void contact_by_mail(benchmark::State& state) {
  Question question;
  question.use = Use::contact;
  question.purpose = Purpose::PersonalisedBenefits;
  question.channel = Channel::email;
  question.consent = ConsentState::given;
  question.strength = Strength::confirmed;
  question.explicit_consent = true;
  question.country = "FR";
  question.local_minute = 600;
  question.age = 40;
  question.at = *parse_time("2026-11-01");
  question.consented_at = *parse_time("2026-10-01");
  const auto law = law::built_in();
  if (!rule(question, *law).allowed()) state.SkipWithError("The long way is a short one: it was denied.");
  for (auto _ : state) {
    benchmark::DoNotOptimize(question);
    benchmark::DoNotOptimize(rule(question, *law));
  }
}
BENCHMARK(contact_by_mail);

}  // namespace
}  // namespace handschlag::gate
