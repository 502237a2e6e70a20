// Erases one person with many events among all that a data folder holds, while other events keep coming, and measures
// what the design promises: when nothing of them can be read any more, when their rows are gone, and how long a small
// write waited meanwhile.
//
//   handschlag_erase_bench DATA SOURCE EVENTS      (no server may be running; SOURCE is a source of the folder)
//
// Writes one JSON object to standard output.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "app/app.h"
#include "app/settings.h"
#include "platform/crypto/crypto.h"
#include "platform/log/log.h"

namespace {

using namespace handschlag;
using SteadyClock = std::chrono::steady_clock;

double milliseconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

template <class Value>
Value expect(Result<Value> result) {
  if (result) return *std::move(result);
  fmt::print(stderr, "handschlag_erase_bench: {}\n", result.error().detail);
  std::exit(1);
}

events::Intake event(const Clock& clock, std::string user, std::size_t number) {
  events::Intake out;
  out.name = "Product Viewed";
  out.user_id = std::move(user);
  out.message_id = fmt::format("erase-bench-{}-{}", crypto::random_token(64), number);
  out.occurred = out.received = clock.now();
  out.original = out.occurred;
  out.properties = json::Value{{"product_id", "p-1"}, {"name", "Rain jacket, blue"}, {"price", 89.9}};
  return out;
}

void store(app::App& app, const sources::SourcePointer& source, std::vector<events::Intake> batch) {
  std::promise<void> done;
  app.events().submit(source, std::move(batch), [&](Result<events::Outcome> outcome) {
    expect(std::move(outcome));
    done.set_value();
  });
  done.get_future().wait();
}

// Small writes, one after the other, until told to stop; answers how long each took.
std::vector<double> write_on(app::App& app, const sources::SourcePointer& source, const std::atomic<bool>& stop) {
  std::vector<double> took;
  for (std::size_t i = 0; !stop; ++i) {
    auto start = SteadyClock::now();
    store(app, source, {event(app.clock(), fmt::format("other-{}", i % 100), i)});
    took.push_back(milliseconds_since(start));
  }
  std::sort(took.begin(), took.end());
  return took;
}

std::string summary(const std::vector<double>& sorted) {
  auto at = [&](double share) {
    return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
  };
  return fmt::format(R"({{"p50_ms": {:.1f}, "p99_ms": {:.1f}, "max_ms": {:.1f}}})", at(0.5), at(0.99), at(1));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: handschlag_erase_bench DATA SOURCE EVENTS\n");
    return 2;
  }
  crypto::initialize();
  log::set_level(log::Level::warning);
  SystemClock clock;
  auto app = expect(app::App::open(expect(app::load_settings(argv[1], "")), clock));
  auto source = app->sources().find(std::string_view(argv[2]));
  if (!source) {
    fmt::print(stderr, "handschlag_erase_bench: there is no source '{}'\n", argv[2]);
    return 1;
  }
  const std::string person = "erased-" + crypto::random_token(64);
  const auto count = static_cast<std::size_t>(std::atoll(argv[3]));
  for (std::size_t i = 0; i < count; i += 500) {
    std::vector<events::Intake> batch;
    for (std::size_t k = i; k < std::min(i + 500, count); ++k) batch.push_back(event(clock, person, k));
    store(*app, source, std::move(batch));
  }
  events::Cell& cell = app->events().cells().front();
  auto key =
      expect(identity::make_key(identity::KeyKind::user_id, person, {source->name_space, source->controller, "DE"}));
  IdentityId identity;
  auto looked = cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
    identity = TRY(cell.identities->knows(tx, {&key, 1})).front().id;
    return {};
  });
  if (!looked || identity.value == 0) {
    fmt::print(stderr, "handschlag_erase_bench: the person is not in the first region\n");
    return 1;
  }

  std::atomic<bool> stop = false;
  auto before = std::async(std::launch::async, [&] { return write_on(*app, source, stop); });
  std::this_thread::sleep_for(std::chrono::seconds{2});
  stop = true;
  const std::string alone = summary(before.get());

  stop = false;
  auto meanwhile = std::async(std::launch::async, [&] { return write_on(*app, source, stop); });
  const auto start = SteadyClock::now();
  auto erased = app->subjects().erase(cell.region->id(), {&identity, 1});
  const double unreadable = milliseconds_since(start);
  auto gone = app->subjects().erase_now(cell.region->id(), {&identity, 1});
  const double rows_gone = milliseconds_since(start);
  stop = true;
  if (!erased || !gone) {
    fmt::print(stderr, "handschlag_erase_bench: {}\n", (erased ? gone : erased).error().detail);
    return 1;
  }
  fmt::print(R"({{"unreadable_ms": {:.1f}, "rows_gone_ms": {:.0f}, "writes_alone": {}, "writes_meanwhile": {}}})"
             "\n",
             unreadable, rows_gone, alone, summary(meanwhile.get()));
  return 0;
}
