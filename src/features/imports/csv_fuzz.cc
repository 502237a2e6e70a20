// Any bytes are CSV of some sort: reading ends, stays within the limits, and counts lines and bytes.
#include <cstdlib>
#include <sstream>

#include "features/imports/csv.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace handschlag::imports;
  if (size == 0) return 0;
  std::istringstream in(std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  constexpr CsvLimits kLimits{.record_bytes = 64, .field_bytes = 16, .block_bytes = 8};
  CsvReader reader(in, data[0] % 2 == 0 ? ',' : ';', kLimits);
  std::int64_t line = 0;
  while (const CsvRecord* record = reader.next()) {
    if (record->line <= line) std::abort();
    line = record->line;
    for (std::string_view field : record->fields) {
      if (field.size() > kLimits.field_bytes) std::abort();
    }
  }
  if (reader.bytes() != static_cast<std::int64_t>(size - 1)) std::abort();
  return 0;
}
