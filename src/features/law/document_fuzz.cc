// A file of a jurisdiction, and a rule set, both any text: read, or refused with every wrong field named; what was read
// is the same when it is written and read again, and compiles into norms or says what is wrong.
#include "features/law/document.h"
#include "features/law/law.h"
#include "platform/base/testing/fuzz.h"

using namespace handschlag;
using fuzz::require;

namespace {

void check(const law::Jurisdiction& jurisdiction) {
  auto again = law::read_jurisdiction(law::to_json(jurisdiction));
  require(again.has_value());
  require(law::to_json(*again) == law::to_json(jurisdiction));
  auto shipped = law::shipped();
  std::erase_if(*shipped, [&](const law::Jurisdiction& each) { return each.code == jurisdiction.code; });
  shipped->push_back(jurisdiction);
  auto set = law::RuleSet::compile(std::move(*shipped));
  if (!set) return require(!set.error().detail.empty());
  const law::Day day = *law::parse_day("2026-11-22");
  for (std::size_t topic = 0; topic < law::kTopics; ++topic) {
    for (std::size_t channel = 0; channel < law::kChannels; ++channel) {
      const law::Norm& norm =
          (*set)->norm(jurisdiction.code, static_cast<law::Topic>(topic), static_cast<law::Channel>(channel), day);
      require(norm.exceptions <= law::Norm::kMaxExceptions);
      for (law::RuleNumber rule : norm.rules) require(rule == law::kNoRule || rule < (*set)->rules().size());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto jurisdiction = law::parse_jurisdiction(text, "file.toml");
  if (jurisdiction) {
    check(*jurisdiction);
  } else {
    require(jurisdiction.error().kind == ErrorKind::invalid && !jurisdiction.error().detail.empty());
  }
  if (auto set = law::read_rule_set(text)) require(law::read_rule_set((*set)->text()).has_value());
  return 0;
}
