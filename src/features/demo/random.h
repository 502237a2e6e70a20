// Chance that comes out the same on every machine: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
// Generators, OOPSLA 2014). The distributions of <random> are left to each library, so they are not used. Not for
// secrets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace handschlag::demo {

class Random {
 public:
  // Streams of one seed are independent of each other: what one person does changes nothing for the next.
  Random(std::uint64_t seed, std::uint64_t stream) : state_(mix(seed + mix(stream + kStep))) {}

  std::uint64_t next() { return mix(state_ += kStep); }
  // 0 to n - 1; n > 0.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
  // Both ends included.
  int between(int low, int high) { return low + static_cast<int>(below(static_cast<std::size_t>(high - low + 1))); }
  bool chance(int percent) { return between(1, 100) <= percent; }
  template <class List>
  decltype(auto) pick(const List& list) {
    return list[below(list.size())];
  }

 private:
  static constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15;
  static constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

// "3f0c9a51-7d21-4b0e-9c44-1f6a0d2b8e75": the form of the ids that browsers and devices make up.
std::string make_uuid(Random& random);

}  // namespace handschlag::demo
