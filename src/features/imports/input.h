// The file of an import: opened, its header read, its content known again.
#pragma once

#include <cstdint>
#include <fstream>
#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "features/imports/csv.h"
#include "features/imports/documents.h"
#include "features/imports/mapping.h"
#include "platform/base/result.h"

namespace handschlag::imports {

inline constexpr std::string_view kStandardInput = "-";

// Open and read past its header. Not thread-safe.
class Input {
 public:
  // Errors: not_found (no such file), invalid (empty, a header that can't be read or lacks columns).
  static Result<std::unique_ptr<Input>> open(const std::string& path, const Mapping& mapping);

  CsvReader& reader() { return *reader_; }
  const Layout& layout() const { return layout_; }
  std::int64_t bytes_total() const { return bytes_total_; }  // 0: not known
  // Errors: unavailable, where reading failed midway.
  Result<void> check() const;

 private:
  Input() = default;
  std::ifstream file_;
  std::unique_ptr<CsvReader> reader_;
  Layout layout_;
  std::int64_t bytes_total_ = 0;
};

// A digest of the file's content, whatever it is called. Errors: not_found, unavailable.
Result<std::string> digest_of_file(const std::string& path);

}  // namespace handschlag::imports
