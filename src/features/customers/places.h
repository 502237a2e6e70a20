// Where customers are: what a handle stands for, also of somebody who was moved to another region, and looks that must
// not miss people who are being moved.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "features/customers/customers.h"

namespace handschlag::customers {

struct Handle {
  std::size_t cell = 0;
  IdentityId identity;
  friend bool operator==(const Handle&, const Handle&) = default;
};

struct Pair {
  Handle one;
  Handle two;
};

// Thread-safe.
class Places {
 public:
  // `events` must outlive this.
  explicit Places(events::Events& events) : events_(events) {}

  bool may_see(const Viewer& viewer, std::size_t place) const {
    return viewer.region.empty() || viewer.region == region_id(place);
  }

  // The handle of somebody who was moved leads to where they are now. Errors: not_found.
  Result<Handle> resolve(const Viewer& viewer, std::string_view handle);
  // Errors: not_found; invalid "regions_differ".
  Result<Pair> resolve_pair(const Viewer& viewer, std::string_view a, std::string_view b);

  // Does something with a customer, or with two; once more where they were moved in the meantime.
  template <class Do>
  auto with(const Viewer& viewer, std::string_view handle, Do act) -> decltype(act(Handle{})) {
    return until_settled([&] { return resolve(viewer, handle); }, act);
  }
  template <class Do>
  auto with_pair(const Viewer& viewer, std::string_view a, std::string_view b, Do act) -> decltype(act(Pair{})) {
    auto find = [&]() -> Result<std::pair<Handle, Handle>> {
      Pair pair = TRY(resolve_pair(viewer, a, b));
      return std::pair(pair.one, pair.two);
    };
    return until_settled(find, [&](const auto& pair) { return act(Pair{pair.first, pair.second}); });
  }

  // A search looks into one region after the other: `search(place, out, again)`. Where somebody moved between two looks
  // it is done again, so that nobody is missed or shown twice. Errors: unavailable "customers_moving".
  template <class Search>
  Result<std::vector<Found>> over_all(const Viewer& viewer, Search search) {
    std::int64_t before = TRY(departures(viewer));
    for (int tries = 0; tries < kMostSearches; ++tries) {
      std::vector<Found> out;
      bool again = false;
      for (std::size_t place = 0; place < events_.cells().size(); ++place) {
        if (may_see(viewer, place)) TRY(search(place, out, again));
      }
      std::int64_t after = TRY(departures(viewer));
      if (!again && after == before) return out;
      before = after;
    }
    return fail(ErrorKind::unavailable, "customers_moving",
                "Customers are being moved between regions; please try again.");
  }
  // Whoever of these has just gone from here is let be seen in their new region. Answers whether somebody was not.
  Result<bool> settle_gone(std::size_t place, const std::vector<IdentityId>& identities);

 private:
  static constexpr int kMostSearches = 20;

  const std::string& region_id(std::size_t place) const { return events_.cells()[place].region->id(); }
  Result<std::int64_t> departures(const Viewer& viewer);

  template <class Find, class Do>
  static auto until_settled(Find find, Do act) -> decltype(act(*find())) {
    auto place = TRY(find());
    for (;;) {
      auto done = act(place);
      if (done || done.error().kind != ErrorKind::not_found) return done;
      auto now = TRY(find());
      if (now == place) return done;
      place = now;
    }
  }

  events::Events& events_;
};

}  // namespace handschlag::customers
