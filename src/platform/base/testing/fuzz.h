// What the fuzz targets (*_fuzz.cc) share. docs/testing.md says how they are run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace handschlag::fuzz {

// Aborts where a promise is broken, in an optimised build too. The fuzzer keeps the input that led here.
inline void require(bool condition) {
  if (!condition) std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace handschlag::fuzz
