#include "features/events/tail.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "features/events/reasons.h"

namespace handschlag::events {
namespace {

constexpr std::size_t kMaxDetailBytes = 300;

std::string_view outcome_of(const Prepared& event) {
  switch (event.decision) {
    case gate::Decision::allow:
      return "linked";
    case gate::Decision::allow_unlinked:
      return "unlinked";
    default:
      return "refused";
  }
}

json::Value reason_of(std::string_view subject, std::string_view code, std::string_view detail) {
  const Meaning meaning = meaning_of(code);
  return {{"subject", subject},
          {"reason", code},
          {"meaning", {{"de", meaning.german}, {"en", meaning.english}}},
          {"detail", detail.empty() ? json::Value() : json::Value(detail.substr(0, kMaxDetailBytes))}};
}

// What could not be taken: of no purpose.
json::Value rejected(json::Value type, json::Value name, std::string_view code, std::string_view detail) {
  return {{"type", std::move(type)},
          {"name", std::move(name)},
          {"outcome", "rejected"},
          {"purposes", json::Value::array()},
          {"reasons", json::Value::array({reason_of("", code, detail)})}};
}

// A page's or a screen's name may say whom it is about; a track's is one of few.
json::Value shown_name(EventType type, std::string_view name) {
  if (type != EventType::track || name.empty()) return nullptr;
  return std::string(name);
}

}  // namespace

void TailReport::add(json::Value event) {
  if (++count_ <= kMaxEvents) events_.push_back(std::move(event));
}

void TailReport::add(const Prepared& event) {
  json::Value reasons = json::Value::array();
  for (const Refusal& refusal : event.refusals) reasons.push_back(reason_of(refusal.subject, refusal.reason, ""));
  add(json::Value{{"type", name_of(event.intake.type)},
                  {"name", shown_name(event.intake.type, event.intake.name)},
                  {"outcome", outcome_of(event)},
                  {"purposes", event.purposes.names()},
                  {"reasons", std::move(reasons)}});
}

void TailReport::add_rejected(EventType type, std::string_view name, std::string_view code, std::string_view detail) {
  add(rejected(name_of(type), shown_name(type, name), code, detail));
}

void TailReport::add_undecodable(std::string_view code, std::string_view detail) {
  add(rejected(nullptr, nullptr, code, detail));
}

std::string TailReport::to_text(const Outcome* outcome, std::uint64_t skipped) const {
  return json::dump({{"at", format_time(at_)},
                     {"stored", outcome != nullptr},
                     {"count", count_},
                     {"known", outcome == nullptr ? 0 : outcome->duplicates},
                     {"skipped", skipped},
                     {"events", events_}});
}

void Tail::drop_closed(SteadyTime now) {
  std::erase_if(watchers_, [now](const Watcher& watcher) {
    if (watcher.until > now) return watcher.sink->closed();
    watcher.sink->send("over", "{}");
    return true;
  });
  count_ = watchers_.size();
}

Result<void> Tail::admit(std::string_view principal) {
  std::lock_guard lock(mutex_);
  drop_closed(std::chrono::steady_clock::now());
  const auto own = std::count_if(watchers_.begin(), watchers_.end(),
                                 [&](const Watcher& watcher) { return watcher.principal == principal; });
  const bool full = watchers_.size() >= kMaxWatchers;
  if (!full && static_cast<std::size_t>(own) < kMaxOfOne) return {};
  Error error =
      full ? Error{ErrorKind::too_many, "watchers_many",
                   "Too many people watch sources at this moment; try again later."}
           : Error{ErrorKind::too_many, "watching_many",
                   fmt::format("You watch {} sources already, as many as one may; close one of these windows.", own)};
  error.retry_after = std::chrono::seconds{30};
  return std::unexpected(std::move(error));
}

void Tail::watch(std::int64_t source, std::string_view principal, std::shared_ptr<http::EventSink> sink) {
  std::lock_guard lock(mutex_);
  if (!sink->send("watching", "{}")) return;
  watchers_.push_back({source, std::string(principal), std::move(sink), std::chrono::steady_clock::now() + kWatchLife});
  count_ = watchers_.size();
}

std::shared_ptr<TailReport> Tail::begin(const sources::Source& source, Time at) {
  if (count_ == 0) return nullptr;
  const std::int64_t number = source.number.value;
  std::lock_guard lock(mutex_);
  const bool watched =
      std::any_of(watchers_.begin(), watchers_.end(), [&](const Watcher& watcher) { return watcher.source == number; });
  return watched ? std::make_shared<TailReport>(number, at) : nullptr;
}

void Tail::tell(const TailReport& report, const Outcome* outcome) {
  const SteadyTime now = std::chrono::steady_clock::now();
  std::lock_guard lock(mutex_);
  for (Watcher& watcher : watchers_) {
    if (watcher.source != report.source()) continue;
    if (now - watcher.second >= std::chrono::seconds{1}) {
      watcher.second = now;
      watcher.reports = 0;
    }
    if (++watcher.reports > kMaxReportsASecond) {
      ++watcher.skipped;
      continue;
    }
    watcher.sink->send("taken", report.to_text(outcome, std::exchange(watcher.skipped, 0)));
  }
  drop_closed(now);
}

}  // namespace handschlag::events
