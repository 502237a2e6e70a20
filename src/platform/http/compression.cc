#include "platform/http/compression.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <new>
#include <optional>

namespace handschlag::http {
namespace {

constexpr int kGzipWindow = MAX_WBITS + 16;
constexpr int kZlibWindow = MAX_WBITS;
constexpr int kRawWindow = -MAX_WBITS;
constexpr std::size_t kMaxExpansion = 1032;  // of deflate, by its format

std::unexpected<Error> damaged() {
  return fail(ErrorKind::invalid, "encoding_damaged",
              "The body is not what its Content-Encoding says: damaged, cut short, or with something behind it.");
}

std::unexpected<Error> too_large(std::size_t max_bytes) {
  return fail(ErrorKind::too_large, "body_too_large",
              fmt::format("The body is larger than {} bytes when decompressed; send it in parts.", max_bytes));
}

uInt clamp_size(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

// One pass over a compressed body, into memory of the caller's.
class Inflater {
 public:
  Inflater(std::string_view encoded, int window) : input_(encoded) {
    if (inflateInit2(&stream_, window) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  enum class State { more, done, damaged };

  // Fills `out` from the start; `written` says how far. More: `out` is full, or there is nothing left to write.
  State read(char* out, std::size_t size, std::size_t& written) {
    written = 0;
    while (written < size) {
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input_.data()));  // zlib does not write to it
      stream_.avail_in = clamp_size(input_.size());
      uInt offered_in = stream_.avail_in;
      uInt offered_out = clamp_size(size - written);
      stream_.next_out = reinterpret_cast<Bytef*>(out + written);
      stream_.avail_out = offered_out;
      int code = ::inflate(&stream_, Z_NO_FLUSH);
      input_.remove_prefix(offered_in - stream_.avail_in);
      written += offered_out - stream_.avail_out;
      if (code == Z_STREAM_END) {
        if (input_.empty()) return State::done;
        // Another member may follow in gzip; inflate() finds out whether it is one.
        if (!is_gzip_member() || inflateReset(&stream_) != Z_OK) return State::damaged;
      } else if (code != Z_OK) {
        return State::damaged;  // Z_BUF_ERROR too: the input is at its end and the stream is not
      }
    }
    return State::more;
  }

 private:
  bool is_gzip_member() const { return input_.starts_with("\x1f\x8b"); }

  std::string_view input_;
  z_stream stream_{};
};

// How large the output is, without keeping any of it.
Result<std::size_t> measure(std::string_view encoded, int window, std::size_t max_bytes) {
  Inflater inflater(encoded, window);
  std::array<char, 16 * 1024> scratch;
  std::size_t total = 0;
  for (auto state = Inflater::State::more; state == Inflater::State::more;) {
    std::size_t written = 0;
    state = inflater.read(scratch.data(), scratch.size(), written);
    if (state == Inflater::State::damaged) return damaged();
    total += written;
    if (total > max_bytes) return too_large(max_bytes);
  }
  return total;
}

// The size that gzip states in its last four bytes; nothing where that can't be.
std::optional<std::size_t> stated_size(std::string_view encoded, std::size_t max_bytes) {
  if (encoded.size() < 18) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    size |= static_cast<std::size_t>(static_cast<unsigned char>(encoded[encoded.size() - 4 + i])) << (8 * i);
  }
  if (size > max_bytes || size / kMaxExpansion > encoded.size()) return std::nullopt;
  return size;
}

// The output where it has exactly `size` bytes; nothing where it has more or is damaged.
std::optional<std::string> inflate_exactly(std::string_view encoded, int window, std::size_t size) {
  Inflater inflater(encoded, window);
  std::string out(size + 1, '\0');  // the byte more shows that there is no more
  std::size_t written = 0;
  if (inflater.read(out.data(), out.size(), written) != Inflater::State::done || written != size) return std::nullopt;
  out.resize(size);
  return out;
}

Result<std::string> inflate_window(std::string_view encoded, int window, std::size_t max_bytes) {
  // One pass where gzip tells its size truthfully; else a first pass measures, so that memory is never taken twice.
  if (window == kGzipWindow) {
    if (auto size = stated_size(encoded, max_bytes)) {
      if (auto out = inflate_exactly(encoded, window, *size)) return std::move(*out);
    }
  }
  std::size_t size = TRY(measure(encoded, window, max_bytes));
  auto out = inflate_exactly(encoded, window, size);
  if (!out) return damaged();
  return std::move(*out);
}

bool looks_like_zlib(std::string_view encoded) {
  if (encoded.size() < 2) return false;
  unsigned first = static_cast<unsigned char>(encoded[0]);
  unsigned second = static_cast<unsigned char>(encoded[1]);
  return (first & 0x0f) == Z_DEFLATED && (first * 256 + second) % 31 == 0;
}

struct Weighted {
  std::string_view name;
  double weight = 1;
};

// "gzip;q=0.5" -> {gzip, 0.5}. A weight that is none counts as 0: what the client means is not known.
Weighted parse_weighted(std::string_view member) {
  std::size_t semicolon = member.find(';');
  Weighted out{member.substr(0, semicolon), 1};
  while (!out.name.empty() && (out.name.back() == ' ' || out.name.back() == '\t')) out.name.remove_suffix(1);
  if (semicolon == std::string_view::npos) return out;
  std::size_t equals = member.find('=', semicolon);
  if (equals == std::string_view::npos) return {out.name, 0};
  std::size_t start = std::min(member.find_first_not_of(" \t", equals + 1), member.size());
  double weight = 0;
  auto [end, error] = std::from_chars(member.data() + start, member.data() + member.size(), weight);
  return {out.name, error == std::errc{} && weight >= 0 && weight <= 1 ? weight : 0};
}

}  // namespace

Result<Coding> content_coding(const Headers& headers) {
  Coding coding = Coding::identity;
  for (std::string_view name : list_header(headers, "Content-Encoding")) {
    if (equal_ignoring_case(name, "identity")) continue;
    bool is_gzip = equal_ignoring_case(name, "gzip") || equal_ignoring_case(name, "x-gzip");
    if (coding != Coding::identity || (!is_gzip && !equal_ignoring_case(name, "deflate"))) {
      return fail(ErrorKind::invalid, "encoding_unknown", "Content-Encoding must be gzip, deflate, or absent.");
    }
    coding = is_gzip ? Coding::gzip : Coding::deflate;
  }
  return coding;
}

Result<std::string> inflate(std::string_view encoded, Coding coding, std::size_t max_bytes) {
  if (encoded.empty()) return std::string();
  if (coding == Coding::identity) {
    if (encoded.size() > max_bytes) return too_large(max_bytes);
    return std::string(encoded);
  }
  if (coding == Coding::gzip) return inflate_window(encoded, kGzipWindow, max_bytes);
  if (looks_like_zlib(encoded)) {
    auto out = inflate_window(encoded, kZlibWindow, max_bytes);
    if (out.has_value() || out.error().kind == ErrorKind::too_large) return out;
  }
  return inflate_window(encoded, kRawWindow, max_bytes);
}

bool accepts_gzip(const Headers& headers) {
  return accepts(headers, "gzip");
}

bool accepts(const Headers& headers, std::string_view wanted) {
  std::optional<double> named;
  std::optional<double> any;
  std::optional<double> identity;
  for (std::string_view member : list_header(headers, "Accept-Encoding")) {
    Weighted coding = parse_weighted(member);
    bool is_old_gzip = wanted == "gzip" && equal_ignoring_case(coding.name, "x-gzip");
    if (equal_ignoring_case(coding.name, wanted) || is_old_gzip) named = coding.weight;
    if (equal_ignoring_case(coding.name, "identity")) identity = coding.weight;
    if (coding.name == "*") any = coding.weight;
  }
  double weight = named.value_or(any.value_or(0));
  return weight > 0 && weight >= identity.value_or(0);
}

bool is_compressible(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (type.starts_with("text/") || type.ends_with("+json") || type.ends_with("+xml")) return true;
  return type == "application/json" || type == "application/javascript" || type == "application/xml" ||
         type == "application/yaml" || type == "application/x-ndjson" || type == "application/wasm";
}

std::string gzip(std::string_view plain) {
  constexpr int kLevel = 5;  // of 9: past it, time grows faster than the bytes shrink
  constexpr int kMemory = 8;
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string out(deflateBound(&stream, plain.size()), '\0');
  std::size_t written = 0;
  int code = Z_OK;
  while (code == Z_OK) {
    uInt offered_in = clamp_size(plain.size());
    uInt offered_out = clamp_size(out.size() - written);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));  // zlib does not write to it
    stream.avail_in = offered_in;
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    stream.avail_out = offered_out;
    code = deflate(&stream, offered_in == plain.size() ? Z_FINISH : Z_NO_FLUSH);
    plain.remove_prefix(offered_in - stream.avail_in);
    written += offered_out - stream.avail_out;
  }
  deflateEnd(&stream);
  out.resize(written);
  return out;
}

}  // namespace handschlag::http
