// Files that are written durably, read in pieces, and destroyed. Private to the slice.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "platform/base/result.h"

namespace handschlag::backup {

// A new file, for this user only.
class OutputFile {
 public:
  // Errors: unavailable "target_not_writable", "target_full".
  static Result<OutputFile> create(const std::filesystem::path& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();
  Result<void> write(std::string_view bytes);
  // Synced to disk and out of the cache, so that who reads it reads the disk.
  Result<void> finish();

 private:
  OutputFile(std::filesystem::path path, int file) : path_(std::move(path)), file_(file) {}
  std::filesystem::path path_;
  int file_;
};

class InputFile {
 public:
  // Errors: not_found "file_unreadable".
  static Result<InputFile> open(const std::filesystem::path& path);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();
  // Exactly so many bytes, fewer only at the end.
  Result<std::string> read(std::size_t bytes);

 private:
  InputFile(std::filesystem::path path, int file) : path_(std::move(path)), file_(file) {}
  std::filesystem::path path_;
  int file_;
};

// The whole of a small file. Errors: not_found "file_unreadable" (also where it is larger than a megabyte).
Result<std::string> read_small(const std::filesystem::path& path);
Result<void> write_small(const std::filesystem::path& path, std::string_view text);
Result<void> sync_folder(const std::filesystem::path& folder);
// Overwritten before it goes, as far as the disk does as it is told. A missing one is none. False where it could not.
bool destroy_file(const std::filesystem::path& path);

}  // namespace handschlag::backup
