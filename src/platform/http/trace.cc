#include "platform/http/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <random>

namespace handschlag::http {
namespace {

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool all_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

// version "-" trace-id "-" parent-id "-" flags; later versions may add more behind another "-".
std::optional<std::string> parse_traceparent(std::string_view header) {
  constexpr std::size_t kLength = 55;
  if (header.size() < kLength) return std::nullopt;
  std::string_view version = header.substr(0, 2);
  std::string_view trace = header.substr(3, 32);
  std::string_view parent = header.substr(36, 16);
  std::string_view flags = header.substr(53, 2);
  if (header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  if (!is_lower_hex(version) || !is_lower_hex(trace) || !is_lower_hex(parent) || !is_lower_hex(flags)) {
    return std::nullopt;
  }
  if (version == "ff" || all_zero(trace) || all_zero(parent)) return std::nullopt;
  if (header.size() > kLength && (version == "00" || header[kLength] != '-')) return std::nullopt;
  return std::string(trace);
}

std::string new_trace_id() {
  // Need not be secret, only unlikely to be there twice.
  thread_local std::mt19937_64 random = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  std::uint64_t high = random();
  return fmt::format("{:016x}{:016x}", high, random() | 1);  // never all zeros
}

}  // namespace handschlag::http
