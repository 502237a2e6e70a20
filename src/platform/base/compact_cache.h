// A cache of small fixed-size entries in one block of a stated size: no allocation, no pointer and no list an entry, so
// that millions fit and a look-up costs one or two cache lines. Entries share sets of eight; a full set gives up the
// entry that was not used for longest. What leaves is overwritten.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <type_traits>

namespace handschlag {

// `Hash` maps a key to 64 well-mixed bits. Thread-safe.
template <class Key, class Value, class Hash>
class CompactCache {
  static_assert(std::is_trivially_copyable_v<Key> && std::is_trivially_copyable_v<Value>);

 public:
  // The block has at most `bytes` bytes; memory is used only as entries come.
  explicit CompactCache(std::size_t bytes)
      : sets_(std::max<std::size_t>(1, bytes / sizeof(Set))),
        block_(static_cast<Set*>(std::calloc(sets_, sizeof(Set)))) {
    if (!block_) throw std::bad_alloc();
  }
  ~CompactCache() { clear(); }
  CompactCache(const CompactCache&) = delete;
  CompactCache& operator=(const CompactCache&) = delete;

  std::optional<Value> find(const Key& key) {
    const std::size_t index = set_of(key);
    std::lock_guard lock(lock_of(index));
    Set& set = block_.get()[index];
    for (std::size_t way = 0; way < kWays; ++way) {
      if (set.age[way] == 0 || !(set.entries[way].key == key)) continue;
      touch(set, way);
      return set.entries[way].value;
    }
    return std::nullopt;
  }

  // Replaces what was there for this key.
  void put(const Key& key, const Value& value) {
    const std::size_t index = set_of(key);
    std::lock_guard lock(lock_of(index));
    Set& set = block_.get()[index];
    const std::size_t way = way_for(set, key);
    set.entries[way] = {key, value};
    touch(set, way);
  }

  // The value that is there, or else `value`, which then is put in.
  Value find_or_put(const Key& key, const Value& value) {
    const std::size_t index = set_of(key);
    std::lock_guard lock(lock_of(index));
    Set& set = block_.get()[index];
    const std::size_t way = way_for(set, key);
    if (set.age[way] == 0 || !(set.entries[way].key == key)) set.entries[way] = {key, value};
    touch(set, way);
    return set.entries[way].value;
  }

  void erase(const Key& key) {
    const std::size_t index = set_of(key);
    std::lock_guard lock(lock_of(index));
    Set& set = block_.get()[index];
    for (std::size_t way = 0; way < kWays; ++way) {
      if (set.age[way] != 0 && set.entries[way].key == key) wipe(set, way);
    }
  }

  // Removes every entry for which `gone(key, value)`; looks at all of them (some milliseconds a million).
  template <class Gone>
  void erase_if(Gone gone) {
    for (std::size_t index = 0; index < sets_; ++index) {
      std::lock_guard lock(lock_of(index));
      Set& set = block_.get()[index];
      for (std::size_t way = 0; way < kWays; ++way) {
        if (set.age[way] != 0 && gone(set.entries[way].key, set.entries[way].value)) wipe(set, way);
      }
    }
  }

  void clear() {
    erase_if([](const Key&, const Value&) { return true; });
  }

  std::size_t capacity() const { return sets_ * kWays; }

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kLocks = 64;

  struct Entry {
    Key key;
    Value value;
  };
  struct Set {
    std::array<std::uint8_t, kWays> age;  // 0: empty; larger: used later
    std::array<Entry, kWays> entries;
  };
  struct Free {
    void operator()(Set* block) const { std::free(block); }
  };

  std::size_t set_of(const Key& key) const { return static_cast<std::size_t>(((Hash{}(key) >> 32) * sets_) >> 32); }
  std::mutex& lock_of(std::size_t index) { return locks_[index % kLocks]; }

  // Where the key is, or where it may take the place of the entry that was not used for longest.
  static std::size_t way_for(const Set& set, const Key& key) {
    std::size_t oldest = 0;
    for (std::size_t way = 0; way < kWays; ++way) {
      if (set.age[way] != 0 && set.entries[way].key == key) return way;
      if (set.age[way] < set.age[oldest]) oldest = way;
    }
    return oldest;
  }

  static void touch(Set& set, std::size_t way) {
    std::uint8_t newest = *std::max_element(set.age.begin(), set.age.end());
    if (set.age[way] == newest && newest != 0) return;
    if (newest == 255) {  // ages start over; their order within the set is lost once in a while
      for (std::uint8_t& age : set.age) age = age == 0 ? 0 : 1;
      newest = 1;
    }
    set.age[way] = static_cast<std::uint8_t>(newest + 1);
  }

  static void wipe(Set& set, std::size_t way) {
    set.age[way] = 0;
    volatile auto* bytes = reinterpret_cast<volatile unsigned char*>(&set.entries[way]);
    for (std::size_t i = 0; i < sizeof(Entry); ++i) bytes[i] = 0;
  }

  const std::size_t sets_;
  std::unique_ptr<Set, Free> block_;
  std::array<std::mutex, kLocks> locks_;
};

// Mixes the bits of a number, for keys that count up.
inline std::uint64_t mixed(std::uint64_t number) {
  number ^= number >> 33;
  number *= 0xff51afd7ed558ccdULL;
  number ^= number >> 33;
  number *= 0xc4ceb9fe1a85ec53ULL;
  return number ^ (number >> 33);
}

}  // namespace handschlag
