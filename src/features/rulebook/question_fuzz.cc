// A question to the gate, any JSON: refused with the wrong field named, or ruled on, the same each time; and nobody may
// do more by knowing less.
#include "features/rulebook/json.h"
#include "platform/base/testing/fuzz.h"

using namespace handschlag;
using fuzz::require;

namespace {

void check(const gate::Question& question) {
  const auto law = law::built_in();
  const gate::Ruling ruling = gate::rule(question, *law);
  const gate::Ruling again = gate::rule(question, *law);
  require(rulebook::ruling_json(ruling, question.purpose, *law) ==
          rulebook::ruling_json(again, question.purpose, *law));
  require(ruling.decision == gate::Decision::allow || ruling.rules[0] != gate::Rule::none);
  for (const gate::Remedy& remedy : gate::remedies(question, *law)) {
    require(remedy.ruling.decision == gate::Decision::allow);
  }
  if (ruling.decision == gate::Decision::allow) return;
  // Without these nothing becomes permitted.
  gate::Question less = question;
  if (less.consent == gate::ConsentState::given) less.consent = gate::ConsentState::unknown;
  less.strength = gate::Strength::none;
  less.explicit_consent = false;
  less.sale = {};
  less.guardian = false;
  less.tells_objection = false;
  require(gate::rule(less, *law).decision != gate::Decision::allow);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto body = json::parse({reinterpret_cast<const char*>(data), size});
  if (!body) return 0;
  json::Reader reader(*body);
  rulebook::AskedQuestion asked;
  rulebook::read_question(reader, *parse_time("2026-11-22T10:00:00Z"), asked);
  if (auto fine = reader.finish(); !fine) {
    require(fine.error().kind == ErrorKind::invalid && !fine.error().fields.empty());
    return 0;
  }
  check(asked.question);
  return 0;
}
