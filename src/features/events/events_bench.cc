// What it costs ingest that the gate is asked, and that what people refuse is looked up: CPU of the whole process for
// one event, stored for 200,000 people of whom one in twenty refuses a purpose. The first figure is without the
// look-up, the second with it; the third is the rulings for one event alone.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <random>

#include "features/events/events.h"
#include "features/events/prepare.h"

namespace handschlag::events {
namespace {

constexpr std::int64_t kPeople = 200'000;
constexpr std::size_t kBatch = 100;
constexpr std::size_t kAtOnce = 8;  // batches that wait for one commit, as connections make them
constexpr Time kNow = Time{std::chrono::milliseconds{1'795'000'000'000}};

template <class Value>
Value expect(Result<Value> result) {
  if (result) return *std::move(result);
  fmt::print(stderr, "events_bench: {}\n", result.error().detail);
  std::exit(1);
}
void expect(Result<void> result) {
  if (!result) expect(Result<int>(std::unexpected(result.error())));
}

Intake event(std::int64_t person, std::uint64_t number) {
  Intake out;
  out.name = "Product Viewed";
  out.user_id = fmt::format("user-{}", person);
  out.message_id = fmt::format("bench-{}", number);
  out.occurred = out.received = kNow;
  out.original = kNow;
  out.properties = json::Value{{"product_id", "p-1"}, {"name", "Rain jacket, blue"}, {"price", 89.9}};
  out.consented = {gate::Purpose::DirectMarketing};
  return out;
}

sources::Source shop() {
  sources::Source out;
  out.id = "shop";
  out.touchpoint = "shop";
  out.name_space = "shop";
  out.country = "DE";
  out.purposes = {{gate::Purpose::CustomerOrderManagement, gate::Basis::contract},
                  {gate::Purpose::DirectMarketing, gate::Basis::consent}};
  return out;
}

// A server's ingest without the server.
class Site {
 public:
  explicit Site(bool looks_up)
      : folder_(std::filesystem::temp_directory_path() / fmt::format("events_bench_{}_{}", getpid(), looks_up)) {
    crypto::initialize();
    std::filesystem::create_directories(folder_);
    regions::Settings settings;
    settings.data_folder = folder_ / "data";
    settings.key_folder = folder_ / "keys";
    settings.regions = {{"eu", {"DE"}}};
    settings.home = "eu";
    expect(regions::Regions::create_keys(settings));
    regions::Schemas schemas;
    for (auto slice : {subjects::migrations(), identity::migrations(), consent::migrations(), migrations()}) {
      schemas.data.insert(schemas.data.end(), slice.begin(), slice.end());
    }
    const auto vault = vault::migrations();
    schemas.vault.assign(vault.begin(), vault.end());
    regions_ = expect(regions::Regions::open(settings, schemas));
    db::Options control;
    control.location = (folder_ / "control.db").string();
    control_ = expect(db::Database::open(control));
    expect(control_->migrate(sources::migrations()));
    sources_ = expect(sources::Sources::open(*control_, clock_));
    expect(sources_->add(shop()));
    regions::Region& region = regions_->home();
    vault_ = expect(vault::Vault::open(region.vault(), region.id(), region.key()));
    identities_ = std::make_unique<identity::Identities>(*vault_, identity::Limits{});
    consents_ = std::make_unique<consent::Consents>(*vault_, *identities_);
    if (!looks_up) identities_->set_watcher(nullptr);
    events_ = Events::create({{&region, identities_.get(), looks_up ? consents_.get() : nullptr}}, *regions_, *sources_,
                             law::shipped_law(), metrics_, {});
    for (std::int64_t person = 0; person < kPeople;) {
      std::vector<std::int64_t> people;
      for (std::size_t i = 0; i < kBatch * kAtOnce; ++i) people.push_back(person++ % kPeople);
      store(people);
    }
    if (looks_up) refuse(region);
  }
  ~Site() {
    regions_->stop();
    std::error_code ignored;
    events_.reset();
    consents_.reset();
    identities_.reset();
    vault_.reset();
    sources_.reset();
    control_.reset();
    regions_.reset();
    std::filesystem::remove_all(folder_, ignored);
  }
  Site(const Site&) = delete;

  void store(const std::vector<std::int64_t>& people) {
    std::vector<std::promise<void>> done((people.size() + kBatch - 1) / kBatch);
    for (std::size_t i = 0; i < done.size(); ++i) {
      std::vector<Intake> batch;
      for (std::size_t j = i * kBatch; j < std::min((i + 1) * kBatch, people.size()); ++j) {
        batch.push_back(event(people[j], ++number_));
      }
      events_->submit(sources_->find("shop"), std::move(batch), [&, i](Result<Outcome> outcome) {
        expect(std::move(outcome));
        done[i].set_value();
      });
    }
    for (auto& each : done) each.get_future().wait();
  }

 private:
  void refuse(regions::Region& region) {
    for (std::int64_t person = 1; person <= kPeople; person += 20'000) {
      expect(region.writer().run([&](db::Transaction& tx) -> Result<void> {
        for (std::int64_t who = person; who < person + 20'000; who += 20) {
          consent::Statement no;
          no.identity = {who};
          no.act = consent::Act::withdrawn;
          no.purpose = gate::Purpose::DirectMarketing;
          no.occurred_at = no.received_at = kNow;
          TRY(consents_->record(tx, no));
        }
        return {};
      }));
    }
  }

  std::filesystem::path folder_;
  ManualClock clock_{kNow};
  metrics::Registry metrics_;
  std::unique_ptr<regions::Regions> regions_;
  std::unique_ptr<db::Database> control_;
  std::unique_ptr<sources::Sources> sources_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<identity::Identities> identities_;
  std::unique_ptr<consent::Consents> consents_;
  std::unique_ptr<Events> events_;
  std::uint64_t number_ = 0;
};

void store_events(benchmark::State& state) {
  Site site(state.range(0) != 0);
  std::mt19937_64 random(1);
  std::vector<std::int64_t> people(kBatch * kAtOnce);
  for (auto _ : state) {
    state.PauseTiming();
    for (std::int64_t& person : people) person = static_cast<std::int64_t>(random() % kPeople);
    state.ResumeTiming();
    site.store(people);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(people.size()));
}
BENCHMARK(store_events)
    ->ArgName("looks_up")
    ->Arg(0)
    ->Arg(1)
    ->Iterations(300)
    ->Repetitions(3)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

void rule_on_one_event(benchmark::State& state) {
  const auto law = law::built_in();
  const sources::Source source = shop();
  for (auto _ : state) {
    for (const gate::DeclaredPurpose& declared : source.purposes) {
      gate::Question question;
      question.purpose = declared.purpose;
      question.basis = declared.basis;
      question.consent = gate::ConsentState::given;
      question.strength = gate::Strength::stated;
      question.country = source.country;
      question.at = kNow;
      benchmark::DoNotOptimize(question);
      benchmark::DoNotOptimize(gate::rule(question, *law));
    }
  }
}
BENCHMARK(rule_on_one_event);

}  // namespace
}  // namespace handschlag::events
