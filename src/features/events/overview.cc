#include "features/events/overview.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "features/events/reasons.h"
#include "features/staff/staff.h"
#include "platform/text/zone.h"

namespace handschlag::events::overview {
namespace {

constexpr std::int64_t kSmallGroup = 5;
constexpr std::size_t kMostReasons = 50;  // those with the most events
constexpr std::size_t kMaxZoneName = 64;

struct SpanName {
  Span span;
  std::string_view name;
  int days;
};
constexpr SpanName kSpans[] = {{Span::today, "today", 1}, {Span::week, "7d", 7}, {Span::four_weeks, "28d", 28}};

const SpanName& name_of(Span span) {
  return *std::find_if(std::begin(kSpans), std::end(kSpans), [&](const SpanName& one) { return one.span == span; });
}

std::string_view name_of(Step step) {
  return step == Step::hour ? "hour" : "day";
}

std::unexpected<Error> wrong(std::string_view parameter, const std::string& detail) {
  return fail(ErrorKind::invalid, std::string(parameter) + "_invalid", detail, {{std::string(parameter), detail}});
}

// Midnight of the day that a clock in the zone shows, and of others counted from it.
class Days {
 public:
  Days(const text::Zone& zone, Time now) : zone_(zone) {
    today_ = std::chrono::floor<std::chrono::days>(now).time_since_epoch();
    // A zone is at most a day ahead or behind.
    today_ += std::chrono::days{1};
    while (midnight(0) > now) today_ -= std::chrono::days{1};
  }
  Time midnight(int days_from_today) const {
    return zone_.to_utc(text::LocalTime{today_ + std::chrono::days{days_from_today}});
  }

 private:
  const text::Zone& zone_;
  std::chrono::days today_{};
};

// Numbers by step, without the groups that are too small to be told.
class Line {
 public:
  explicit Line(std::size_t steps) : steps_(steps) {}
  void add(std::size_t step, std::int64_t events) { steps_[step] += events; }
  void leave_out_small() {
    for (std::int64_t& events : steps_) events = events < kSmallGroup ? 0 : events;
  }
  std::int64_t total() const {
    std::int64_t all = 0;
    for (std::int64_t events : steps_) all += events;
    return all;
  }
  json::Value to_json() const { return {{"total", total()}, {"steps", steps_}}; }

 private:
  std::vector<std::int64_t> steps_;
};

struct Sums {
  explicit Sums(std::size_t steps) : customers(steps), refused(steps), rejected(steps) {}
  std::map<std::string, Line> touchpoints;
  Line customers;
  Line refused;
  Line rejected;
  std::map<std::pair<std::string, std::string>, std::int64_t> rules;  // purpose, rule
  std::map<std::pair<std::string, std::string>, std::int64_t> codes;  // source, code
};

void add(Sums& sums, const Frame& frame, const Row& row, std::size_t step, const sources::Source* source) {
  using store::HourMeasure;
  switch (row.key.measure) {
    case HourMeasure::linked:
    case HourMeasure::unlinked: {
      auto [it, fresh] = sums.touchpoints.try_emplace(source == nullptr ? "" : source->touchpoint, frame.steps.size());
      it->second.add(step, row.events);
      break;
    }
    case HourMeasure::customers:
      sums.customers.add(step, row.events);
      break;
    case HourMeasure::denied:
      sums.refused.add(step, row.events);
      break;
    case HourMeasure::refused:
      sums.rules[{row.key.subject, row.key.reason}] += row.events;
      break;
    case HourMeasure::rejected:
      sums.rejected.add(step, row.events);
      sums.codes[{source == nullptr ? "" : source->id, row.key.reason}] += row.events;
      break;
  }
}

json::Value text_or_null(const std::string& text) {
  return text.empty() ? json::Value() : json::Value(text);
}

// The most frequent first: `subject` names what the first of the pair is, `reason` the second.
json::Value reasons(const std::map<std::pair<std::string, std::string>, std::int64_t>& counts, const char* subject,
                    const char* reason, std::int64_t smallest) {
  std::vector<std::pair<std::pair<std::string, std::string>, std::int64_t>> sorted;
  for (const auto& entry : counts) {
    if (entry.second >= smallest) sorted.push_back(entry);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  if (sorted.size() > kMostReasons) sorted.resize(kMostReasons);
  json::Value out = json::Value::array();
  for (const auto& [key, events] : sorted) {
    const Meaning meaning = meaning_of(key.second);
    out.push_back({{subject, text_or_null(key.first)},
                   {reason, key.second},
                   {"events", events},
                   {"meaning", {{"de", meaning.german}, {"en", meaning.english}}}});
  }
  return out;
}

}  // namespace

Result<Query> query_of(const http::Request& request) {
  Query query;
  if (auto wanted = request.query_param("span")) {
    const auto* it =
        std::find_if(std::begin(kSpans), std::end(kSpans), [&](const SpanName& one) { return one.name == *wanted; });
    if (it == std::end(kSpans)) return wrong("span", "must be today, 7d or 28d");
    query.span = it->span;
  }
  query.groups_only = request.principal.role == "executive";
  query.step = query.span == Span::today && !query.groups_only ? Step::hour : Step::day;
  if (auto wanted = request.query_param("step")) {
    if (*wanted != "hour" && *wanted != "day") return wrong("step", "must be hour or day");
    query.step = *wanted == "hour" ? Step::hour : Step::day;
  }
  if (query.span == Span::four_weeks && query.step == Step::hour) return wrong("step", "must be day for 28 days");
  if (auto wanted = request.query_param("zone")) query.zone = wanted->substr(0, kMaxZoneName);
  query.unit = staff::unit_of(request.principal);
  // Of groups alone one kind of day is told: two that overlap, subtracted, would be a smaller group.
  if (query.groups_only && query.step == Step::hour) return wrong("step", "must be day for your role");
  if (query.groups_only && query.zone != "UTC") return wrong("zone", "must be UTC for your role");
  return query;
}

Result<Frame> frame_of(const Query& query, Time now) {
  auto zone = text::Zone::find(query.zone);
  if (!zone) return wrong("zone", "must be the name of a time zone, such as Europe/Berlin");
  const Days days(*zone, now);
  Frame frame{query, {}, days.midnight(1), 0};
  for (int day = 1 - name_of(query.span).days; day <= 0; ++day) {
    const Time end = days.midnight(day + 1);
    for (Time at = days.midnight(day); at < end; at += std::chrono::hours{1}) {
      frame.steps.push_back(at);
      if (query.step == Step::day) break;
    }
  }
  frame.first_hour = store::hour_of(frame.steps.front());
  return frame;
}

Result<std::vector<Row>> read(Events& events, std::int64_t first_hour) {
  std::vector<Row> out;
  for (Cell& cell : events.cells()) {
    TRY(cell.region->data().read([&](db::Transaction& tx) {
      return store::hours(tx, first_hour,
                          [&](store::HourKey key, std::int64_t count) { out.push_back({std::move(key), count}); });
    }));
  }
  return out;
}

json::Value to_json(const Frame& frame, const std::vector<Row>& rows, const sources::Sources& sources) {
  Sums sums(frame.steps.size());
  std::map<std::int64_t, sources::SourcePointer> known;
  const std::string& unit = frame.query.unit;
  auto seen = [&unit](const sources::Source* source) {
    return unit.empty() || (source != nullptr && staff::is_within(source->unit, unit));
  };
  for (const Row& row : rows) {
    // Zones whose hours begin at half past: an hour belongs to the step in which most of it could lie.
    const Time begin{std::chrono::hours{row.key.hour}};
    if (begin + std::chrono::minutes{59} < frame.steps.front() || begin >= frame.end) continue;
    auto after = std::upper_bound(frame.steps.begin(), frame.steps.end(), std::max(begin, frame.steps.front()));
    auto [it, fresh] = known.try_emplace(row.key.source);
    if (fresh && row.key.source != 0) it->second = sources.find(Id<sources::Source>{row.key.source});
    if (!seen(it->second.get())) continue;
    add(sums, frame, row, static_cast<std::size_t>(after - frame.steps.begin()) - 1, it->second.get());
  }
  if (frame.query.groups_only) {
    for (auto& [touchpoint, line] : sums.touchpoints) line.leave_out_small();
    for (Line* line : {&sums.customers, &sums.refused, &sums.rejected}) line->leave_out_small();
  }
  const std::int64_t smallest = frame.query.groups_only ? kSmallGroup : 1;
  json::Value steps = json::Value::array();
  for (Time at : frame.steps) steps.push_back(format_time(at));
  json::Value touchpoints = json::Value::array();
  for (const auto& [touchpoint, line] : sums.touchpoints) {
    if (line.total() == 0) continue;
    json::Value item = line.to_json();
    item["touchpoint"] = text_or_null(touchpoint);
    touchpoints.push_back(std::move(item));
  }
  json::Value refused = sums.refused.to_json();
  refused["reasons"] = reasons(sums.rules, "purpose", "rule", smallest);
  json::Value rejected = sums.rejected.to_json();
  rejected["reasons"] = reasons(sums.codes, "source", "code", smallest);
  const auto all = sources.list();
  const auto live = std::count_if(all.begin(), all.end(),
                                  [&](const auto& one) { return one->mode == sources::Mode::live && seen(one.get()); });
  return {{"span", name_of(frame.query.span).name},
          {"step", name_of(frame.query.step)},
          {"zone", frame.query.zone},
          {"steps", std::move(steps)},
          {"touchpoints", std::move(touchpoints)},
          {"customers", sums.customers.to_json()},
          {"refused", std::move(refused)},
          {"rejected", std::move(rejected)},
          {"sources", live}};
}

}  // namespace handschlag::events::overview
