#include "features/imports/input.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "platform/crypto/crypto.h"
#include "platform/text/text.h"

namespace handschlag::imports {
namespace {

std::unexpected<Error> unreadable(const std::string& path) {
  return fail(ErrorKind::unavailable, "file_unreadable", fmt::format("'{}' can't be read to its end.", path));
}

Result<void> open_file(const std::string& path, std::ifstream& file) {
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) file.open(path, std::ios::binary);
  if (file.is_open()) return {};
  return fail(ErrorKind::not_found, "file_not_found",
              fmt::format("There is no readable file '{}'; a pipe is read as standard input, '-'.", path));
}

Result<std::vector<std::string>> read_header(CsvReader& reader, const Mapping& mapping) {
  const CsvRecord* record = reader.next();
  if (record == nullptr) return fail(ErrorKind::invalid, "file_empty", "The file is empty.");
  std::vector<std::string> header;
  for (std::string_view field : record->fields) {
    auto name = text::to_utf8(text::trim(field), mapping.encoding);
    if (!name)
      return fail(ErrorKind::invalid, "header_malformed", "Line 1, the header, is not in the mapping's encoding.");
    header.push_back(*std::move(name));
  }
  if (record->fault == CsvFault::none) return header;
  return fail(ErrorKind::invalid, "header_malformed", fmt::format("Line 1, the header: {}.", name_of(record->fault)));
}

}  // namespace

Result<std::unique_ptr<Input>> Input::open(const std::string& path, const Mapping& mapping) {
  std::unique_ptr<Input> input(new Input);
  std::istream* stream = &std::cin;
  if (path != kStandardInput) {
    TRY(open_file(path, input->file_));
    std::error_code error;
    auto size = std::filesystem::file_size(path, error);
    input->bytes_total_ = error ? 0 : static_cast<std::int64_t>(size);
    stream = &input->file_;
  }
  input->reader_ = std::make_unique<CsvReader>(*stream, mapping.delimiter);
  auto header = mapping.header.empty() ? TRY(read_header(*input->reader_, mapping)) : mapping.header;
  input->layout_ = TRY(find_columns(mapping, header));
  return input;
}

Result<void> Input::check() const {
  if (reader_->failed()) return unreadable("The file");
  return {};
}

Result<std::string> digest_of_file(const std::string& path) {
  std::ifstream file;
  TRY(open_file(path, file));
  std::string block(std::size_t{1} << 20, '\0');
  std::string digest;
  while (file.good()) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    std::string_view read(block.data(), static_cast<std::size_t>(file.gcount()));
    // Each digest covers the one before, so that the whole file need not be in memory.
    digest = crypto::digest(digest.append(read));
  }
  if (file.bad()) return unreadable(path);
  return digest;
}

}  // namespace handschlag::imports
