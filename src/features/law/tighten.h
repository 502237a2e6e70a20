// A norm made of one rule, and made stricter by another.
#pragma once

#include "features/law/law.h"

namespace handschlag::law {

// What the rule says on one of its channels, by itself.
Norm norm_of(const Rule& rule, RuleNumber number);

// Takes over from the rule whatever is stricter than the norm, and nothing that is looser. The rule joins the norm's
// where it changed anything.
void tighten(Norm& norm, const Rule& rule, RuleNumber number);

}  // namespace handschlag::law
