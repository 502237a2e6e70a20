// The lines of a file of consents, read and checked one by one. Pure. Private to the slice.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "features/consent_imports/consent_imports.h"

namespace handschlag::consent_imports {

// One statement as the file has it.
struct Line {
  identity::KeyKind kind = identity::KeyKind::email;
  std::string key;  // as written
  consent::Act act = consent::Act::given;
  gate::Purpose purpose = gate::Purpose::DirectMarketing;
  gate::Channel channel = gate::Channel::none;
  std::string address;  // as written; empty: none was named
  std::optional<Time> said_at;
  std::pair<Time, Time> said_between = {Time::min(), Time::max()};  // as exactly as the file says
  std::optional<Time> expires_at;
  std::string language;
  std::string declaration;
  std::string way;  // by which it was said there
  std::string evidence;
  gate::Strength strength = gate::Strength::stated;
  std::string country;
  bool explicit_consent = false;
  bool guardian = false;

  // A yes of which everything is there that has to be shown later.
  bool proven() const;
  // With which it is kept.
  gate::Strength strength_kept() const;
};

// A line, or why it is none.
struct Read {
  std::int64_t number = 0;  // in the file; its first line is 1
  std::optional<Line> line;
  std::string field;
  std::string reason;
};

// Errors: invalid "fields_invalid" (nothing in it, a header with a column that is not known, lacking or twice);
// too_large "too_many_lines".
Result<std::vector<Read>> read_lines(Format format, std::string_view text, Time now);

}  // namespace handschlag::consent_imports
