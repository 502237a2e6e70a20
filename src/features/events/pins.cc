#include "features/events/pins.h"

#include <vector>

#include "features/events/pins_store.h"

namespace handschlag::events {
namespace {

// Long enough for any request to end; by then the person is found where they were stored.
constexpr std::chrono::hours kLife{24};

}  // namespace

bool Pins::needed() const {
  return home_.region->data().shared();
}

Result<crypto::Key> Pins::key() {
  return home_.identities->vault().secret("pins");
}

Result<void> Pins::settle(std::map<std::string, std::string>& regions, Time now) {
  if (regions.empty()) return {};
  return home_.region->data().write([&](db::Transaction& tx) -> Result<void> {
    std::vector<store::PinRow> rows;
    for (const auto& [digest, region] : regions) rows.push_back({digest, region});
    TRY(store::insert_pins(tx, rows, now + kLife));
    std::vector<std::string> settled = TRY(store::pins(tx, rows));
    std::size_t place = 0;
    for (auto& [digest, region] : regions) {
      if (!settled[place].empty()) region = settled[place];
      ++place;
    }
    return {};
  });
}

Result<void> Pins::purge(Cell& home, Time now) {
  constexpr std::int64_t kStep = 1'000;
  std::int64_t removed = kStep;
  while (removed == kStep) {
    TRY(home.region->writer().run([&](db::Transaction& tx) -> Result<void> {
      removed = TRY(store::purge_pins(tx, now, kStep));
      return {};
    }));
  }
  return {};
}

}  // namespace handschlag::events
