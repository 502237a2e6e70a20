// What is wrong with a body of law as a whole: find_faults().
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "features/law/law.h"

namespace handschlag::law {
namespace {

// What at most one rule of a kind may state on one day.
using Place = std::tuple<std::string, Topic, Channel, std::string, bool>;

std::string describe(const Place& place) {
  const auto& [code, topic, channel, more, firm] = place;
  std::string out = fmt::format("{} {}", code, name_of(topic));
  if (channel != Channel::none) out += fmt::format(" by {}", name_of(channel));
  if (!more.empty()) out += fmt::format(" ({})", more);
  return out;
}

// The id of a rule begins with its jurisdiction: "de.", "us_ca.", "elsewhere.".
std::string prefix_of(std::string_view code) {
  if (code == "*") return "elsewhere.";
  std::string out;
  for (char c : code) out += c == '-' ? '_' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out + '.';
}

class Finder {
 public:
  explicit Finder(std::span<const Jurisdiction> jurisdictions) : jurisdictions_(jurisdictions) {}

  std::vector<std::string> find() {
    for (const Jurisdiction& each : jurisdictions_) {
      if (!codes_.try_emplace(each.code, &each).second) fault("There are two files for {}.", each.code);
    }
    for (const Jurisdiction& each : jurisdictions_) {
      check_within(each);
      for (const Rule& rule : each.rules) check_rule(each, rule);
    }
    for (auto& [place, rules] : places_) check_periods(place, rules);
    check_everywhere_else();
    return std::move(faults_);
  }

 private:
  template <class... Args>
  void fault(fmt::format_string<Args...> format, Args&&... args) {
    faults_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void check_within(const Jurisdiction& each) {
    const bool part = each.code.find('-') != std::string::npos;
    if (part && each.within != each.code.substr(0, 2))
      fault("{} must be within {}.", each.code, each.code.substr(0, 2));
    if (each.within.empty()) return;
    auto parent = codes_.find(each.within);
    if (parent == codes_.end()) {
      fault("{} is within {}, which has no file.", each.code, each.within);
    } else if (!part && (!parent->second->group || each.group)) {
      fault("{} can't be within {}: only countries, and only within a group.", each.code, each.within);
    }
  }

  void check_rule(const Jurisdiction& of, const Rule& rule) {
    if (!ids_.insert(rule.id).second) fault("The id {} is there twice.", rule.id);
    if (!rule.id.starts_with(prefix_of(of.code))) {
      fault("The id {} must begin with {} as all of {}.", rule.id, prefix_of(of.code), of.code);
    }
    if (rule.topic == Topic::fine) return;
    std::vector<std::string> details = {rule.retention_class};
    if (rule.topic == Topic::transfer) {
      details = rule.to.empty() ? std::vector<std::string>{""} : rule.to;
    }
    const bool firm = rule.status != Status::unverified;
    for (Channel channel : rule.channels) {
      for (const std::string& detail : details) places_[{of.code, rule.topic, channel, detail, firm}].push_back(&rule);
    }
  }

  void check_periods(const Place& place, std::vector<const Rule*>& rules) {
    std::sort(rules.begin(), rules.end(), [](const Rule* a, const Rule* b) { return a->from < b->from; });
    for (std::size_t i = 1; i < rules.size(); ++i) {
      const Rule& before = *rules[i - 1];
      const Rule& after = *rules[i];
      if (!before.until || after.from <= *before.until) {
        fault("{}: {} and {} both hold on {}.", describe(place), before.id, after.id, to_text(after.from));
      } else if (after.from > *before.until + std::chrono::days{1} && std::get<1>(place) != Topic::transfer) {
        fault("{}: nothing holds between {} and {}.", describe(place), before.id, after.id);
      }
    }
  }

  // `*` is where every look-up ends.
  void check_everywhere_else() {
    if (!codes_.contains("*")) return fault("There is no file for everywhere else (\"*\").");
    for (std::size_t t = 0; t < kTopics; ++t) {
      const auto topic = static_cast<Topic>(t);
      if (topic == Topic::retention || topic == Topic::fine) continue;
      for (std::size_t c = has_channels(topic) ? 1 : 0; c < (has_channels(topic) ? kChannels : 1); ++c) {
        const Place place{"*", topic, static_cast<Channel>(c), "", true};
        auto it = places_.find(place);
        const bool open = it != places_.end() && !it->second.back()->until;
        if (!open) fault("{}: is not stated for today and all time to come.", describe(place));
      }
    }
  }

  std::span<const Jurisdiction> jurisdictions_;
  std::map<std::string_view, const Jurisdiction*> codes_;
  std::set<std::string> ids_;
  std::map<Place, std::vector<const Rule*>> places_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> find_faults(std::span<const Jurisdiction> jurisdictions) {
  return Finder(jurisdictions).find();
}

}  // namespace handschlag::law
