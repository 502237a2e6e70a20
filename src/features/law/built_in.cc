// The files in jurisdictions/, compiled.
#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "embedded/jurisdictions.h"
#include "features/law/law.h"

namespace handschlag::law {

Result<std::vector<Jurisdiction>> shipped() {
  std::vector<Jurisdiction> out;
  for (const auto& [name, text] : embedded::jurisdictions) out.push_back(TRY(parse_jurisdiction(text, name)));
  return out;
}

std::shared_ptr<const RuleSet> built_in() {
  static const std::shared_ptr<const RuleSet> set = [] {
    auto jurisdictions = shipped();
    if (!jurisdictions) std::abort();
    auto compiled = RuleSet::compile(std::move(*jurisdictions));
    if (!compiled) std::abort();
    return *compiled;
  }();
  return set;
}

const InForce& shipped_law() {
  class Shipped final : public InForce {
   public:
    std::shared_ptr<const RuleSet> current() const override { return built_in(); }
  };
  static const Shipped law;
  return law;
}

}  // namespace handschlag::law
