// What rules, plans and errors' codes mean, for people. Constant data; thread-safe.
#pragma once

#include <string_view>

namespace handschlag::events {

struct Meaning {
  std::string_view german;
  std::string_view english;
};

// Of a rule of the gate, of what a plan left out, or of a code with which input is rejected.
Meaning meaning_of(std::string_view reason);

}  // namespace handschlag::events
