#include "features/backup/sealed_file.h"

#include <fmt/format.h>

namespace handschlag::backup {
namespace {

constexpr std::string_view kMagic = "HSBACKUP1\n";
constexpr std::size_t kPieceBytes = 1 << 20;

}  // namespace

Result<SealedWriter> SealedWriter::create(const std::filesystem::path& path, const crypto::Key& key,
                                          std::string context) {
  SealedWriter writer(TRY(OutputFile::create(path)), std::make_unique<crypto::SealingStream>(key, std::move(context)));
  TRY(writer.put(kMagic));
  TRY(writer.put(writer.stream_->header()));
  return writer;
}

Result<void> SealedWriter::put(std::string_view bytes) {
  hash_->add(bytes);
  summary_.sealed_bytes += bytes.size();
  return file_.write(bytes);
}

Result<void> SealedWriter::write(std::string_view plain) {
  summary_.bytes += plain.size();
  waiting_ += plain;
  std::size_t at = 0;
  // One piece stays behind: it may be the last.
  for (; waiting_.size() - at > kPieceBytes; at += kPieceBytes) {
    TRY(put(stream_->seal(std::string_view(waiting_).substr(at, kPieceBytes), crypto::Piece::more)));
  }
  waiting_.erase(0, at);
  return {};
}

Result<SealedWriter::Summary> SealedWriter::finish() {
  TRY(put(stream_->seal(waiting_, crypto::Piece::last)));
  TRY(file_.finish());
  summary_.sha256 = crypto::to_hex(hash_->finish());
  return summary_;
}

std::unexpected<Error> SealedReader::damaged() const {
  return fail(ErrorKind::invalid, "backup_damaged",
              fmt::format("{} is damaged, cut short, or not sealed under the key of this backup; use another backup.",
                          path_.string()));
}

Result<std::string> SealedReader::take(std::size_t bytes) {
  std::string out = TRY(file_.read(bytes));
  hash_->add(out);
  sealed_bytes_ += out.size();
  return out;
}

Result<SealedReader> SealedReader::open(const std::filesystem::path& path, const crypto::Key& key,
                                        std::string context) {
  SealedReader reader(path, TRY(InputFile::open(path)));
  if (TRY(reader.take(kMagic.size())) != kMagic) return reader.damaged();
  auto stream = crypto::OpeningStream::create(key, TRY(reader.take(crypto::kStreamHeaderBytes)), std::move(context));
  if (!stream) return reader.damaged();
  reader.stream_.emplace(std::move(*stream));
  return reader;
}

Result<std::string> SealedReader::read() {
  while (!ended_) {
    std::string sealed = TRY(take(kPieceBytes + crypto::kStreamPieceOverhead));
    auto opened = stream_->open(sealed);
    if (!opened) return damaged();
    ended_ = opened->piece == crypto::Piece::last;
    if (ended_ && !TRY(take(1)).empty()) return damaged();
    if (!opened->plain.empty()) return std::move(opened->plain);
  }
  return std::string();
}

}  // namespace handschlag::backup
