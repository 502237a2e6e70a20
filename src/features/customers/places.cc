#include "features/customers/places.h"

#include <charconv>

namespace handschlag::customers {
namespace {

constexpr int kMostMoves = 64;  // of one person, to be followed one after the other

std::unexpected<Error> no_customer() {
  return fail(ErrorKind::not_found, "customer_unknown", "There is no such customer.");
}

}  // namespace

Result<Handle> Places::resolve(const Viewer& viewer, std::string_view handle) {
  std::size_t dash = handle.rfind('-');
  if (dash == std::string_view::npos) return no_customer();
  IdentityId identity;
  std::string_view digits = handle.substr(dash + 1);
  auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), identity.value, 36);
  if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() || identity.value <= 0) {
    return no_customer();
  }
  std::string at(handle.substr(0, dash));
  for (int moves = 0; moves < kMostMoves; ++moves) {
    std::size_t place = 0;
    while (place < events_.cells().size() && region_id(place) != at) ++place;
    // A region that the viewer may not see answers like one that does not exist.
    if (place == events_.cells().size() || !may_see(viewer, place)) return no_customer();
    std::optional<subjects::Forward> forward;
    TRY(events_.cells()[place].region->data().read([&](db::Transaction& tx) -> Result<void> {
      forward = TRY(subjects::forward(tx, identity));
      return {};
    }));
    if (!forward || forward->state == subjects::Going::leaving) return Handle{place, identity};
    if (events::Cell* target = events_.cell(forward->region)) TRY(events::settle(*target, forward->target));
    at = forward->region;
    identity = forward->target;
  }
  return no_customer();
}

Result<Pair> Places::resolve_pair(const Viewer& viewer, std::string_view a, std::string_view b) {
  Handle one = TRY(resolve(viewer, a));
  Handle two = TRY(resolve(viewer, b));
  if (one.cell != two.cell) {
    return fail(ErrorKind::invalid, "regions_differ", "Links never cross regions: each person's data stays at home.",
                {{"/b", "must be of the same region"}});
  }
  return Pair{one, two};
}

Result<std::int64_t> Places::departures(const Viewer& viewer) {
  std::int64_t sum = 0;
  for (std::size_t place = 0; place < events_.cells().size(); ++place) {
    if (!may_see(viewer, place)) continue;
    TRY(events_.cells()[place].region->data().read([&](db::Transaction& tx) -> Result<void> {
      sum += TRY(subjects::departures(tx));
      return {};
    }));
  }
  return sum;
}

Result<bool> Places::settle_gone(std::size_t place, const std::vector<IdentityId>& identities) {
  if (identities.empty()) return false;
  std::vector<subjects::Forward> forwards;
  TRY(events_.cells()[place].region->data().read([&](db::Transaction& tx) -> Result<void> {
    forwards = TRY(subjects::forwards(tx, identities));
    return {};
  }));
  bool any = false;
  for (const subjects::Forward& each : forwards) {
    events::Cell* target = each.state == subjects::Going::gone ? events_.cell(each.region) : nullptr;
    if (target != nullptr) any = TRY(events::settle(*target, each.target)) || any;
  }
  return any;
}

}  // namespace handschlag::customers
