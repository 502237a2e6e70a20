// An identifier that can't be mistaken for one of another thing: Id<Identity> is not Id<Event>.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace handschlag {

template <class Tag>
struct Id {
  std::int64_t value = 0;  // 0 is no id
  friend auto operator<=>(Id, Id) = default;
  explicit operator bool() const { return value != 0; }
};

}  // namespace handschlag

template <class Tag>
struct std::hash<handschlag::Id<Tag>> {
  std::size_t operator()(handschlag::Id<Tag> id) const noexcept { return std::hash<std::int64_t>{}(id.value); }
};
