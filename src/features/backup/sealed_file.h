// A sealed file: "HSBACKUP1\n", the head of the stream, pieces of a megabyte each of which grew by 17 bytes, the last
// one shorter and marked as the last. Private to the slice.
#pragma once

#include <optional>
#include <string>

#include "features/backup/files.h"
#include "platform/crypto/stream.h"

namespace handschlag::backup {

class SealedWriter {
 public:
  static Result<SealedWriter> create(const std::filesystem::path& path, const crypto::Key& key, std::string context);
  Result<void> write(std::string_view plain);
  // What was written, once it is synced.
  struct Summary {
    std::uint64_t bytes = 0;
    std::uint64_t sealed_bytes = 0;
    std::string sha256;
  };
  Result<Summary> finish();

 private:
  SealedWriter(OutputFile file, std::unique_ptr<crypto::SealingStream> stream)
      : file_(std::move(file)), stream_(std::move(stream)), hash_(std::make_unique<crypto::Sha256>()) {}
  Result<void> put(std::string_view bytes);

  OutputFile file_;
  std::unique_ptr<crypto::SealingStream> stream_;
  std::unique_ptr<crypto::Sha256> hash_;
  std::string waiting_;
  Summary summary_;
};

class SealedReader {
 public:
  // Errors: not_found "file_unreadable"; invalid "backup_damaged".
  static Result<SealedReader> open(const std::filesystem::path& path, const crypto::Key& key, std::string context);
  // The next piece; "" at the end, and only if that is the end that was written. Errors: invalid "backup_damaged".
  Result<std::string> read();
  // Of all that was read, at the end.
  std::string sha256() { return crypto::to_hex(hash_->finish()); }
  std::uint64_t sealed_bytes() const { return sealed_bytes_; }

 private:
  SealedReader(std::filesystem::path path, InputFile file)
      : path_(std::move(path)), file_(std::move(file)), hash_(std::make_unique<crypto::Sha256>()) {}
  Result<std::string> take(std::size_t bytes);
  std::unexpected<Error> damaged() const;

  std::filesystem::path path_;
  InputFile file_;
  std::unique_ptr<crypto::Sha256> hash_;
  std::optional<crypto::OpeningStream> stream_;
  bool ended_ = false;
  std::uint64_t sealed_bytes_ = 0;
};

}  // namespace handschlag::backup
