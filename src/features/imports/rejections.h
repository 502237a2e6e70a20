// The report of lines that became no event: a CSV file of line number and reason, never the line's content, since that
// would be personal data in plain text. Not thread-safe.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include "platform/base/result.h"

namespace handschlag::imports {

class Rejections {
 public:
  // `eager`: the file is made even if it stays empty. Otherwise one that an earlier run left is removed. What is there
  // and no such report is never touched: check() tells.
  Rejections(std::string path, bool eager);

  // `reason` is a word, `detail` a sentence or "".
  void add(std::int64_t line, std::string_view reason, std::string_view detail = {});

  // Errors: unavailable, code "report_unwritable"; invalid, code "report_exists".
  Result<void> check();
  Result<void> finish();

  std::int64_t lines() const { return lines_; }
  const std::map<std::string, std::int64_t>& reasons() const { return reasons_; }
  bool written() const { return opened_; }

 private:
  void open();

  const std::string path_;
  const bool foreign_;  // something else is there
  std::ofstream file_;
  bool opened_ = false;
  std::int64_t lines_ = 0;
  std::map<std::string, std::int64_t> reasons_;
};

}  // namespace handschlag::imports
