// The files in jurisdictions/, as they are built in.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "features/law/law.h"

namespace handschlag::law {
namespace {

TEST(Jurisdictions, AreReadAndHaveNoFaults) {
  auto jurisdictions = shipped();
  std::string wrong;
  if (!jurisdictions) {
    wrong = jurisdictions.error().detail;
    for (const FieldError& field : jurisdictions.error().fields) {
      wrong += fmt::format("\n  {} {}", field.pointer, field.reason);
    }
  }
  ASSERT_TRUE(jurisdictions) << wrong;
  for (const std::string& fault : find_faults(*jurisdictions)) ADD_FAILURE() << fault;
}

}  // namespace
}  // namespace handschlag::law
