#include "features/imports/csv.h"

#include <algorithm>
#include <cstring>

namespace handschlag::imports {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

std::string_view name_of(CsvFault fault) {
  switch (fault) {
    case CsvFault::record_too_long:
      return "record_too_long";
    case CsvFault::field_too_long:
      return "field_too_long";
    case CsvFault::quote_unclosed:
      return "quote_unclosed";
    case CsvFault::quote_misplaced:
      return "quote_misplaced";
    case CsvFault::none:
      break;
  }
  return "none";
}

CsvReader::CsvReader(std::istream& in, char delimiter, CsvLimits limits)
    : in_(in), delimiter_(delimiter), limits_(limits) {}

// Reads a further block behind what is in the buffer; false at the end.
bool CsvReader::fill() {
  if (!in_.good()) return false;
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  std::size_t before = buffer_.size();
  buffer_.resize(before + limits_.block_bytes);
  in_.read(buffer_.data() + before, static_cast<std::streamsize>(limits_.block_bytes));
  buffer_.resize(before + static_cast<std::size_t>(in_.gcount()));
  return buffer_.size() > before;
}

// Whether the buffer has a byte at that place after begin_, reading on if need be.
bool CsvReader::available(std::size_t index) {
  while (begin_ + index >= buffer_.size()) {
    if (!fill()) return false;
  }
  return true;
}

// The next line feed, counted from begin_; npos where there is none before the end or within the limit.
std::size_t CsvReader::find_newline(std::size_t from) {
  while (true) {
    std::size_t found = buffer_.find('\n', begin_ + from);
    if (found != std::string::npos) return found - begin_;
    from = buffer_.size() - begin_;
    if (from > limits_.record_bytes || !fill()) return std::string::npos;
  }
}

CsvReader::Extent CsvReader::find_extent() {
  std::size_t newline = find_newline(0);
  std::size_t size = newline == std::string::npos ? buffer_.size() - begin_ : newline;
  if (size > limits_.record_bytes) return {0, 0, false, CsvFault::record_too_long};
  if (std::memchr(buffer_.data() + begin_, '"', size) != nullptr) return find_quoted_extent();
  return {size, newline == std::string::npos ? size : newline + 1, false, CsvFault::none};
}

// The fault's own line alone: what looked like the rest of the record may be good records.
CsvReader::Extent CsvReader::first_line(CsvFault fault) {
  std::size_t newline = find_newline(0);
  std::size_t size = newline == std::string::npos ? buffer_.size() - begin_ : newline;
  return {size, newline == std::string::npos ? size : newline + 1, true, fault};
}

CsvReader::Extent CsvReader::find_quoted_extent() {
  bool inside = false;
  bool field_begins = true;
  for (std::size_t i = 0;; ++i) {
    if (i > limits_.record_bytes) return first_line(inside ? CsvFault::quote_unclosed : CsvFault::record_too_long);
    if (!available(i)) return inside ? first_line(CsvFault::quote_unclosed) : Extent{i, i, true, CsvFault::none};
    char c = buffer_[begin_ + i];
    if (inside) {
      if (c != '"') continue;
      if (available(i + 1) && buffer_[begin_ + i + 1] == '"') {
        ++i;
        continue;
      }
      inside = false;
      field_begins = false;
      char after = available(i + 1) ? buffer_[begin_ + i + 1] : '\n';
      if (after != delimiter_ && after != '\n' && after != '\r') return first_line(CsvFault::quote_misplaced);
      continue;
    }
    if (c == '\n') return {i, i + 1, true, CsvFault::none};
    inside = c == '"' && field_begins;
    field_begins = c == delimiter_;
  }
}

void CsvReader::consume(std::size_t count) {
  line_ += std::count(buffer_.data() + begin_, buffer_.data() + begin_ + count, '\n');
  begin_ += count;
  bytes_ += static_cast<std::int64_t>(count);
}

// A line of any length, without keeping it.
void CsvReader::skip_line() {
  while (true) {
    std::size_t newline = buffer_.find('\n', begin_);
    if (newline != std::string::npos) return consume(newline + 1 - begin_);
    consume(buffer_.size() - begin_);
    if (!fill()) return;
  }
}

const CsvRecord* CsvReader::next() {
  if (at_start_) {
    at_start_ = false;
    if (available(kByteOrderMark.size() - 1) && buffer_.starts_with(kByteOrderMark)) consume(kByteOrderMark.size());
  }
  while (available(0)) {
    record_.line = line_;
    record_.fields.clear();
    Extent extent = find_extent();
    record_.fault = extent.fault;
    if (extent.fault == CsvFault::record_too_long) {
      skip_line();
      return &record_;
    }
    char* start = buffer_.data() + begin_;
    std::size_t size = extent.size;
    if (size > 0 && start[size - 1] == '\r') --size;
    consume(extent.end);  // the bytes stay where they are until the buffer is filled again
    if (size == 0) continue;
    if (extent.quoted && extent.fault == CsvFault::none) {
      split_quoted(start, start + size);
    } else {
      split({start, size});
    }
    return &record_;
  }
  return nullptr;
}

void CsvReader::split(std::string_view rest) {
  while (true) {
    std::size_t delimiter = rest.find(delimiter_);
    std::string_view field = rest.substr(0, delimiter);
    if (field.size() > limits_.field_bytes && record_.fault == CsvFault::none) record_.fault = CsvFault::field_too_long;
    // Where a quote is at fault, what comes before it can still be told apart.
    if (record_.fault != CsvFault::none && (field.starts_with('"') || field.size() > limits_.field_bytes)) return;
    record_.fields.push_back(field);
    if (delimiter == std::string_view::npos) return;
    rest.remove_prefix(delimiter + 1);
  }
}

// Unquotes in place: what is written never overtakes what is read.
void CsvReader::split_quoted(char* read, char* const end) {
  while (true) {
    char* const field = read;
    char* write = read;
    if (read < end && *read == '"') {
      for (++read; read < end; ++read) {
        if (*read == '"' && (++read == end || *read != '"')) break;
        *write++ = *read;
      }
    } else {
      while (read < end && *read != delimiter_) ++read;
      write = read;
    }
    auto length = static_cast<std::size_t>(write - field);
    if (length > limits_.field_bytes) {
      record_.fault = CsvFault::field_too_long;
      return;
    }
    record_.fields.emplace_back(field, length);
    if (read >= end) return;
    ++read;  // the delimiter
  }
}

}  // namespace handschlag::imports
