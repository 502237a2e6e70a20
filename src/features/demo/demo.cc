#include "features/demo/demo.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "features/demo/cast.h"
#include "features/demo/company.h"
#include "features/demo/intake.h"

namespace handschlag::demo {
namespace {

constexpr std::size_t kBatch = 2'000;  // happenings that are looked at before the next are
constexpr std::size_t kInFlight = 16;  // batches submitted and not yet durable
constexpr int kTries = 60;             // of a batch that a busy server sends back

using SourceTable = std::array<sources::SourcePointer, kPlaces>;

// Makes what is missing; nothing, where one of the ids is somebody else's, or all that is there is somebody else's: the
// demo lets people in whose password everybody knows.
Result<SourceTable> open_sources(sources::Sources& sources, std::vector<WriteKey>& write_keys) {
  std::vector<sources::Source> declared = declare_sources();
  SourceTable table;
  for (std::size_t place = 0; place < kPlaces; ++place) {
    table[place] = sources.find(declared[place].id);
    if (table[place] && table[place]->name != declared[place].name) {
      return fail(ErrorKind::conflict, "demo_source_taken",
                  fmt::format("There is a source '{}' that is not the demo's; fill a data folder of its own.",
                              declared[place].id));
    }
  }
  const bool is_of_the_demo = std::ranges::any_of(table, [](const auto& source) { return source != nullptr; });
  if (!is_of_the_demo && !sources.list().empty()) {
    return fail(ErrorKind::conflict, "demo_folder_taken",
                "This data folder has sources that are not the demo's; fill a data folder of its own.");
  }
  for (std::size_t place = 0; place < kPlaces; ++place) {
    if (table[place]) continue;
    auto added = TRY(sources.add(std::move(declared[place])));
    table[place] = added.source;
    write_keys.push_back({added.source->id, std::move(added.write_key)});
  }
  return table;
}

// The story is told as of the day on which the first of the sources was made, whenever it is told.
Time end_of_story(const SourceTable& table) {
  Time first = (*std::min_element(table.begin(), table.end(), [](const auto& a, const auto& b) {
                 return a->created_at < b->created_at;
               }))->created_at;
  return std::chrono::floor<std::chrono::days>(first);
}

// Submits the story's events, oldest first, and waits until they are durable. A few batches are under way at a time.
class Filler {
 public:
  Filler(events::Events& events, const SourceTable& table, const Story& story, Time now)
      : events_(events), table_(table), story_(story), now_(now) {}

  // Answers whether it came to the end. Errors: the first of Events::submit that waiting does not mend.
  Result<bool> run(Progress& progress) {
    const std::size_t total = story_.happenings.size();
    bool cancelled = false;
    for (std::size_t first = 0; first < total && !cancelled && !failed(); first += kBatch) {
      for (Batch& batch : split(first, std::min(first + kBatch, total))) submit(std::move(batch));
      cancelled = progress.cancelled();
      progress.report(done(), total);
    }
    drain();
    if (error_) return std::unexpected(*error_);
    progress.report(done(), total);
    return !cancelled;
  }

  const events::Outcome& outcome() const { return outcome_; }

 private:
  // Events of one place, as places in Story::happenings.
  struct Batch {
    Place place = Place::shop;
    std::vector<std::size_t> happenings;
    int tries = 0;
  };

  std::vector<Batch> split(std::size_t first, std::size_t last) const {
    std::array<Batch, kPlaces> by_place;
    for (std::size_t i = first; i < last; ++i) {
      Place place = place_of(story_.happenings[i].what);
      by_place[static_cast<std::size_t>(place)].place = place;
      by_place[static_cast<std::size_t>(place)].happenings.push_back(i);
    }
    std::vector<Batch> out;
    for (Batch& batch : by_place) {
      if (!batch.happenings.empty()) out.push_back(std::move(batch));
    }
    return out;
  }

  void submit(Batch batch) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return in_flight_ < kInFlight; });
      ++in_flight_;
    }
    const sources::SourcePointer& source = table_[static_cast<std::size_t>(batch.place)];
    std::vector<events::Intake> intakes;
    intakes.reserve(batch.happenings.size());
    for (std::size_t i : batch.happenings) intakes.push_back(make_intake(story_, story_.happenings[i], *source, now_));
    auto shared = std::make_shared<Batch>(std::move(batch));
    events_.submit(source, std::move(intakes),
                   [this, shared](Result<events::Outcome> result) { finish(std::move(*shared), std::move(result)); });
  }

  // On any thread.
  void finish(Batch batch, Result<events::Outcome> result) {
    std::lock_guard lock(mutex_);
    if (result) {
      outcome_.stored += result->stored;
      outcome_.unlinked += result->unlinked;
      outcome_.refused += result->refused;
      outcome_.duplicates += result->duplicates;
      for (events::Rejected& bad : result->rejected) {
        outcome_.rejected.push_back({batch.happenings[bad.index], std::move(bad.reason)});
      }
      done_ += batch.happenings.size();
    } else if (result.error().kind == ErrorKind::too_many && ++batch.tries < kTries) {
      retry_after_ = std::max(retry_after_, result.error().retry_after);
      again_.push_back(std::move(batch));
    } else if (!error_) {
      error_ = result.error();
    }
    --in_flight_;
    changed_.notify_all();
  }

  // Waits for what is under way, and sends again what a busy server sent back.
  void drain() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return in_flight_ == 0; });
      if (again_.empty() || error_) return;
      std::deque<Batch> again = std::exchange(again_, {});
      std::chrono::seconds pause = std::exchange(retry_after_, {});
      lock.unlock();
      std::this_thread::sleep_for(pause);
      for (Batch& batch : again) submit(std::move(batch));
      lock.lock();
    }
  }

  bool failed() {
    std::lock_guard lock(mutex_);
    return error_.has_value();
  }
  std::size_t done() {
    std::lock_guard lock(mutex_);
    return done_;
  }

  events::Events& events_;
  const SourceTable& table_;
  const Story& story_;
  const Time now_;

  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  std::size_t in_flight_ = 0;
  std::size_t done_ = 0;
  std::deque<Batch> again_;
  std::chrono::seconds retry_after_{0};
  events::Outcome outcome_;
  std::optional<Error> error_;
};

}  // namespace

Result<Summary> fill(events::Events& events, sources::Sources& sources, const Clock& clock, Progress& progress,
                     const Settings& settings) {
  Summary summary;
  SourceTable table = TRY(open_sources(sources, summary.write_keys));
  if (settings.before_story) TRY(settings.before_story());
  summary.until = end_of_story(table);
  Story story = tell_story(settings.people, summary.until);
  summary.from = summary.until - std::chrono::days(365);
  summary.people = story.people.size();
  summary.events = story.happenings.size();
  summary.suggestions = suggestions();
  Filler filler(events, table, story, clock.now());
  summary.finished = TRY(filler.run(progress));
  summary.outcome = filler.outcome();
  return summary;
}

}  // namespace handschlag::demo
