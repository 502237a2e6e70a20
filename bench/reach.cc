// Fills a new data folder with people and what they said, directly through the slices, and measures how long the count
// of who can be reached takes, and what it costs the ingest that goes on meanwhile.
//
//   handschlag_reach_bench FOLDER PEOPLE      (FOLDER is made; nothing may be in it)
//
// Writes one JSON object to standard output.
#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "app/app.h"
#include "app/settings.h"
#include "features/reach/reach.h"
#include "platform/crypto/crypto.h"
#include "platform/log/log.h"

namespace {

using namespace handschlag;
using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t kAtOnce = 500;
constexpr std::chrono::seconds kIngest{10};
constexpr const char* kCountries[] = {"DE", "DE", "DE", "DE", "DE", "AT", "CH", "FR", "NL", "PL"};

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

[[noreturn]] void give_up(const Error& error) {
  fmt::print(stderr, "handschlag_reach_bench: {} {}\n", error.code, error.detail);
  std::exit(1);
}

template <class Value>
Value expect(Result<Value> result) {
  if (!result) give_up(result.error());
  return *std::move(result);
}

void expect_done(Result<void> result) {
  if (!result) give_up(result.error());
}

identity::Key address_of(identity::KeyKind kind, std::string value) {
  return {kind, fmt::format("@{}", sources::kOwnController), std::move(value)};
}

identity::Key mail_of(std::int64_t person) {
  return address_of(identity::KeyKind::email, fmt::format("p{}@example.org", person));
}

// Nine of ten people have an address of e-mail, half a telephone; each tenth is known to a second source as well, by
// the same address.
identity::Sighting sighting_of(const sources::Source& source, std::int64_t person, Time now) {
  identity::Sighting seen;
  seen.own = {identity::KeyKind::user_id, source.id_space(), fmt::format("p{}", person)};
  if (person % 10 != 7) seen.attributes.push_back(mail_of(person));
  if (person % 2 == 0) {
    seen.attributes.push_back(address_of(identity::KeyKind::phone, fmt::format("+49151{:08}", 23456701 + person * 37)));
  }
  seen.purposes = source.purpose_set();
  seen.standing = identity::Standing::confirmed;
  seen.source = source.number.value;
  seen.origin = source.id;
  seen.country = kCountries[static_cast<std::size_t>(person) % std::size(kCountries)];
  seen.at = now;
  return seen;
}

// Of five three agreed to letters, and one of them took it back; one said no; one was never asked.
std::vector<consent::Act> acts_of(std::int64_t person) {
  switch (person % 5) {
    case 0:
    case 1:
      return {consent::Act::given};
    case 2:
      return {consent::Act::given, consent::Act::withdrawn};
    case 3:
      return {consent::Act::refused};
    default:
      return {};
  }
}

consent::Statement statement_of(std::int64_t person, IdentityId identity, consent::Act act, Time at) {
  consent::Statement said;
  said.identity = identity;
  said.act = act;
  said.channel = gate::Channel::email;
  said.address = mail_of(person);
  said.strength = gate::Strength::confirmed;
  said.occurred_at = said.received_at = at;
  if (consent::is_yes(act)) {
    said.proof = {"de", "Ja, schicken Sie mir einmal im Monat Ihren Rundbrief.", "mail 4711", ""};
  }
  return said;
}

class Bench {
 public:
  Bench(app::App& app, std::int64_t people) : app_(app), people_(people), cell_(app.events().cells().front()) {
    shop_ = add_source("shop");
    till_ = add_source("till");
    vault_ = expect(vault::Vault::open(cell_.region->vault(), cell_.region->id(), cell_.region->key()));
    reach_ = reach::Reach::create(
        {{{cell_.region, cell_.identities}}, &app.outreach(), &app.sources(), &app.control(), &app.clock()});
  }

  double fill() {
    const auto start = SteadyClock::now();
    for (std::int64_t first = 0; first < people_; first += kAtOnce)
      fill_some(first, std::min(first + kAtOnce, people_));
    return seconds_since(start);
  }

  double count(const std::atomic<bool>& stop) {
    const auto start = SteadyClock::now();
    expect_done(reach_->begin());
    while (!stop && !expect(reach_->count_on(cell_.region->id(), [&] { return stop.load(); }))) {
    }
    return seconds_since(start);
  }

  std::int64_t reachable() {
    std::int64_t out = 0;
    const reach::Figure figure = expect(reach_->figure(gate::Purpose::DirectMarketing));
    for (const reach::Group& group : figure.channels.front().groups) out += group.reachable.value_or(0);
    return out;
  }

  // Events of people that are known, in batches, one after the other; answers how many a second.
  double ingest() {
    std::mt19937_64 dice(17);
    std::int64_t events = 0;
    const auto start = SteadyClock::now();
    while (SteadyClock::now() - start < kIngest) {
      std::vector<events::Intake> batch;
      for (int i = 0; i < 100; ++i)
        batch.push_back(event(static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(people_)), ++number_));
      std::promise<void> done;
      app_.events().submit(shop_, std::move(batch), [&](Result<events::Outcome> outcome) {
        expect(std::move(outcome));
        done.set_value();
      });
      done.get_future().wait();
      events += 100;
    }
    return static_cast<double>(events) / seconds_since(start);
  }

 private:
  sources::SourcePointer add_source(const char* id) {
    const std::vector<gate::DeclaredPurpose> purposes = {{gate::Purpose::DirectMarketing, gate::Basis::consent},
                                                         {gate::Purpose::CustomerCare, gate::Basis::contract}};
    expect(app_.sources().add({.id = id,
                               .touchpoint = "shop",
                               .country = "DE",
                               .trust = sources::Trust::server,
                               .mode = sources::Mode::live,
                               .purposes = purposes}));
    return app_.sources().find(std::string_view(id));
  }

  void fill_some(std::int64_t first, std::int64_t end) {
    const Time now = app_.clock().now();
    std::vector<identity::Sighting> seen;
    std::vector<std::int64_t> whose;
    for (std::int64_t person = first; person < end; ++person) {
      // Each eleventh identity is the second one of somebody.
      seen.push_back(sighting_of(*shop_, person, now));
      whose.push_back(person);
      if (person % 10 == 0) {
        seen.push_back(sighting_of(*till_, person, now));
        whose.push_back(-1);
      }
    }
    expect_done(cell_.region->writer().run([&](db::Transaction& tx) -> Result<void> {
      std::vector<const identity::Sighting*> pointers;
      for (const identity::Sighting& one : seen) pointers.push_back(&one);
      const auto ids = TRY(cell_.identities->record(tx, pointers));
      TRY(vault_->create(ids, vault::RetentionClass::consent_proof));
      for (std::size_t i = 0; i < ids.size(); ++i) {
        if (whose[i] < 0 || whose[i] % 10 == 7) continue;
        Time at = now - std::chrono::days{30};
        for (consent::Act act : acts_of(whose[i])) {
          TRY(cell_.consents->record(tx, statement_of(whose[i], ids[i], act, at)));
          at += std::chrono::days{7};
        }
      }
      return {};
    }));
  }

  events::Intake event(std::int64_t person, std::int64_t number) {
    events::Intake out;
    out.name = "Product Viewed";
    out.user_id = fmt::format("p{}", person);
    out.message_id = fmt::format("reach-bench-{}", number);
    out.occurred = out.received = app_.clock().now();
    out.original = out.occurred;
    out.properties = json::Value{{"product_id", "p-1"}, {"name", "Rain jacket, blue"}, {"price", 89.9}};
    return out;
  }

  app::App& app_;
  const std::int64_t people_;
  events::Cell& cell_;
  sources::SourcePointer shop_;
  sources::SourcePointer till_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<reach::Reach> reach_;
  std::int64_t number_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: handschlag_reach_bench FOLDER PEOPLE\n");
    return 2;
  }
  crypto::initialize();
  log::set_level(log::Level::warning);
  SystemClock clock;
  app::Settings settings = expect(app::load_settings(argv[1], ""));
  settings.base_url = "https://shop.example";
  expect_done(app::App::initialize(settings));
  auto app = expect(app::App::open(settings, clock));
  Bench bench(*app, std::atoll(argv[2]));
  const double filled = bench.fill();
  fmt::print(stderr, "filled in {:.0f} s\n", filled);

  std::atomic<bool> stop = false;
  const double cpu_before = cpu_seconds();
  const double counted = bench.count(stop);
  const double cpu = cpu_seconds() - cpu_before;
  const std::int64_t reachable = bench.reachable();
  fmt::print(stderr, "counted in {:.0f} s\n", counted);

  const double alone = bench.ingest();
  auto counting = std::async(std::launch::async, [&] { return bench.count(stop); });
  const double meanwhile = bench.ingest();
  stop = true;
  counting.get();
  fmt::print(R"({{"people": {}, "fill_s": {:.1f}, "count_s": {:.1f}, "count_cpu_s": {:.1f}, "reachable": {}, )"
             R"("ingest_alone": {:.0f}, "ingest_meanwhile": {:.0f}}})"
             "\n",
             std::atoll(argv[2]), filled, counted, cpu, reachable, alone, meanwhile);
  return 0;
}
