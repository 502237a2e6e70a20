// Reads CSV as RFC 4180 has it, a record at a time, from a stream of any length in constant memory.
//
//   CsvReader reader(stream, ';');
//   while (const CsvRecord* record = reader.next()) { record->fields[0] ... }
//
// Lenient where exporters are: LF or CRLF, a byte order mark, blank lines, a quote inside an unquoted field (12"
// ruler). A record that can't be read is handed out with its fault, and reading goes on at the line after the one where
// it began, so that one stray quote does not swallow the rest of the file. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace handschlag::imports {

enum class CsvFault { none, record_too_long, field_too_long, quote_unclosed, quote_misplaced };
std::string_view name_of(CsvFault fault);

struct CsvLimits {
  std::size_t record_bytes = std::size_t{1} << 20;
  std::size_t field_bytes = std::size_t{64} << 10;
  std::size_t block_bytes = std::size_t{256} << 10;  // read at once
};

struct CsvRecord {
  std::int64_t line = 0;  // where it begins; the file's first line is 1
  CsvFault fault = CsvFault::none;
  std::vector<std::string_view> fields;  // unquoted; where there is a fault, those before it; valid until the next call
};

class CsvReader {
 public:
  CsvReader(std::istream& in, char delimiter, CsvLimits limits = {});

  // nullptr at the end, also where the stream fails: ask failed().
  const CsvRecord* next();

  bool failed() const { return in_.bad(); }
  // Bytes of the stream that are behind us.
  std::int64_t bytes() const { return bytes_; }

 private:
  // Where a record ends, counted from its begin.
  struct Extent {
    std::size_t size = 0;  // without line end
    std::size_t end = 0;   // with it
    bool quoted = false;   // has a quote somewhere
    CsvFault fault = CsvFault::none;
  };

  bool fill();
  bool available(std::size_t index);
  std::size_t find_newline(std::size_t from);
  Extent find_extent();
  Extent find_quoted_extent();
  Extent first_line(CsvFault fault);
  void skip_line();
  void consume(std::size_t count);
  void split(std::string_view record);
  void split_quoted(char* begin, char* end);

  std::istream& in_;
  const char delimiter_;
  const CsvLimits limits_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of the next record, in the buffer
  std::int64_t bytes_ = 0;
  std::int64_t line_ = 1;
  bool at_start_ = true;
  CsvRecord record_;
};

}  // namespace handschlag::imports
