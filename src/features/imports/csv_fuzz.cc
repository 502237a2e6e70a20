// Any bytes are CSV of some sort: reading ends, stays within the limits, and counts lines and bytes.
#include <sstream>

#include "features/imports/csv.h"
#include "platform/base/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace handschlag::imports;
  using handschlag::fuzz::require;
  if (size == 0) return 0;
  std::istringstream in(std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  constexpr CsvLimits kLimits{.record_bytes = 64, .field_bytes = 16, .block_bytes = 8};
  CsvReader reader(in, data[0] % 2 == 0 ? ',' : ';', kLimits);
  std::int64_t line = 0;
  while (const CsvRecord* record = reader.next()) {
    require(record->line > line);
    line = record->line;
    for (std::string_view field : record->fields) {
      require(field.size() <= kLimits.field_bytes);
    }
  }
  require(reader.bytes() == static_cast<std::int64_t>(size - 1));
  return 0;
}
