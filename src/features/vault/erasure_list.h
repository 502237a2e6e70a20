// The list of erasures of a region: which keys were destroyed, as numbers and nothing else. It stands outside the data
// folder and only grows, so that it outlives a restored backup: what stands in it is destroyed again before an older
// vault is opened. Private to the slice.
//
// A text file: a head ("handschlag-erasures 1 eu 5f0e..."), then a line for each key ("17 1 1763771234567": identity,
// retention class, ms since the epoch). Lists can be joined by appending the lines of one to another.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/result.h"

namespace handschlag::vault {

struct Erasure {
  std::int64_t identity = 0;
  std::int64_t retention_class = 0;
  std::int64_t at = 0;  // ms since the epoch
  friend bool operator==(const Erasure&, const Erasure&) = default;
};

// One thread at a time.
class ErasureList {
 public:
  // Makes the file, durably, where it is missing. A line that was cut short by a loss of power goes away. Errors:
  // unavailable "erasure_list_not_written"; invalid "erasure_list_damaged".
  static Result<ErasureList> open(const std::filesystem::path& path, std::string_view region);
  ErasureList(ErasureList&& other) noexcept;
  ErasureList& operator=(ErasureList&&) = delete;
  ~ErasureList();

  // Whether a file is a list of this region.
  static bool is_of(const std::filesystem::path& path, std::string_view region);

  // Appends, durably.
  Result<void> add(std::span<const Erasure> erasures);
  // Hands over what was appended after position `from`, in order, at most `limit`; answers the position after the last.
  Result<std::int64_t> read(std::int64_t from, std::size_t limit,
                            const std::function<Result<void>(const Erasure&)>& on_erasure) const;

  // Where it ends, in bytes.
  std::int64_t end() const { return end_; }
  // Unique to this file; a copy of it elsewhere has the same.
  const std::string& id() const { return id_; }
  // Whether open() had to make it.
  bool fresh() const { return fresh_; }

 private:
  ErasureList(std::filesystem::path path, int file) : path_(std::move(path)), file_(file) {}
  Result<void> begin(std::string_view region);
  Result<void> check(std::string_view region);
  std::unexpected<Error> not_written() const;
  std::unexpected<Error> damaged(std::string_view why) const;

  std::filesystem::path path_;
  int file_;
  std::int64_t end_ = 0;
  std::string id_;
  bool fresh_ = false;
};

}  // namespace handschlag::vault
