// The lines of a file of consents, read and checked one by one. Pure. Private to the slice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "features/consent_imports/consent_imports.h"
#include "features/imports/csv.h"

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

// Reads a file of any length, a statement at a time. Not thread-safe.
class LineReader {
 public:
  // `format`: nothing where the first line tells; one that begins with "{" is an object. `in` must outlive it.
  // Errors: invalid "fields_invalid" (nothing in it, a header with a column that is not known, lacking or twice).
  static Result<std::unique_ptr<LineReader>> open(std::istream& in, std::optional<Format> format, Time now);

  // Nothing at the end, also where the stream fails: ask failed().
  std::optional<Read> next();
  bool failed() const { return in_.bad(); }
  std::int64_t bytes() const;  // of the file that are behind us

 private:
  LineReader(std::istream& in, Time now) : in_(in), now_(now) {}
  bool read_line();
  Read decode_record(const imports::CsvRecord& record) const;

  std::istream& in_;
  const Time now_;
  std::string buffer_;
  std::string line_;   // the one that was read last
  bool long_ = false;  // and was too long
  bool held_ = false;  // it is still to be decoded
  std::int64_t number_ = 0;
  std::int64_t bytes_ = 0;
  std::vector<std::string> columns_;             // of CSV
  std::unique_ptr<imports::CsvReader> records_;  // of CSV, after the header
};

// A text at once. Errors: those of open; too_large "too_many_lines".
Result<std::vector<Read>> read_lines(Format format, std::string_view text, Time now);

bool is_column(std::string_view name);

}  // namespace handschlag::consent_imports
