#include "features/law/tighten.h"

#include <algorithm>

namespace handschlag::law {
namespace {

constexpr int kDayMinutes = 24 * 60;

bool shorter_is_stricter(Topic topic) {
  return topic == Topic::request_deadline || topic == Topic::objection_deadline || topic == Topic::breach_notice ||
         topic == Topic::consent_life;
}

// A part of the day, in minutes after midnight; over midnight where it ends before it begins.
struct Span {
  int from;
  int until;
  int length() const { return until - from == kDayMinutes ? kDayMinutes : (until - from + kDayMinutes) % kDayMinutes; }
  bool covers(Span other) const {
    return length() == kDayMinutes || (other.from - from + kDayMinutes) % kDayMinutes + other.length() <= length();
  }
};

class Tightening {
 public:
  Tightening(Norm& norm, const Rule& rule, RuleNumber number) : norm_(norm), rule_(rule), number_(number) {}

  void apply() {
    const bool was_free = norm_.requirement == Requirement::free;
    if (is_permission(rule_.topic)) requirement();
    take(norm_.duties, norm_.duties | rule_.duties);
    if (rule_.topic == Topic::age_of_consent)
      take(norm_.years, std::max(norm_.years, static_cast<std::int16_t>(rule_.years)));
    if (rule_.topic == Topic::quiet_hours) quiet_hours(was_free);
    if (rule_.term.count > 0) term();
    if (!changed_) return;
    if (decisive_) {
      std::rotate(norm_.rules.begin(), norm_.rules.end() - 1, norm_.rules.end());
      norm_.rules[0] = number_;
    } else if (auto place = std::find(norm_.rules.begin(), norm_.rules.end(), kNoRule); place != norm_.rules.end()) {
      *place = number_;
    }
  }

 private:
  template <class Value>
  void take(Value& mine, Value theirs) {
    if (mine == theirs) return;
    mine = theirs;
    changed_ = true;
  }

  void requirement() {
    if (rule_.requirement < norm_.requirement) return;  // it permits more: nothing of it holds
    decisive_ = rule_.requirement > norm_.requirement;
    take(norm_.needs, norm_.needs | rule_.needs);
    // An exception of a norm that was looser was none: what is stricter now has its own alone.
    keep_common_exceptions();
    take(norm_.requirement, rule_.requirement);
  }

  void keep_common_exceptions() {
    std::uint8_t kept = 0;
    for (std::uint8_t i = 0; i < norm_.exceptions; ++i) {
      Norm::Way way = norm_.ways[i];
      const Exception* same = counterpart(way);
      if (same == nullptr) continue;
      take(way.needs, way.needs | same->needs);
      const auto limit = static_cast<float>(same->since_sale.days());
      if (limit > 0 && (way.since_sale_days <= 0 || limit < way.since_sale_days)) take(way.since_sale_days, limit);
      norm_.ways[kept++] = way;
    }
    take(norm_.exceptions, kept);
  }

  // What bears the same name is the same exception; it then holds under the conditions of both.
  const Exception* counterpart(const Norm::Way& way) const {
    for (const Exception& each : rule_.exceptions) {
      if (each.name == way.name) return &each;
    }
    return nullptr;
  }

  // The shortest time that covers both.
  void quiet_hours(bool was_free) {
    if (rule_.requirement == Requirement::free) return;
    Span best{rule_.quiet_from, rule_.quiet_until};
    const Span mine{norm_.quiet_from, norm_.quiet_until};
    if (!was_free) {
      const Span theirs = best;
      best = {0, kDayMinutes};
      for (Span each : {mine, theirs, Span{mine.from, theirs.until}, Span{theirs.from, mine.until}}) {
        if (each.covers(mine) && each.covers(theirs) && each.length() < best.length()) best = each;
      }
    }
    take(norm_.quiet_from, static_cast<std::int16_t>(best.from));
    take(norm_.quiet_until, static_cast<std::int16_t>(best.until));
  }

  void term() {
    const double mine = norm_.term.days();
    const double theirs = rule_.term.days();
    const bool stricter = norm_.term.count == 0 || (shorter_is_stricter(rule_.topic) ? theirs < mine : theirs > mine);
    if (stricter) take(norm_.term, rule_.term);
    if (rule_.topic == Topic::request_deadline && rule_.extension.days() < norm_.extension.days()) {
      take(norm_.extension, rule_.extension);
    }
    if (rule_.from_each_use) take(norm_.from_each_use, true);
  }

  Norm& norm_;
  const Rule& rule_;
  const RuleNumber number_;
  bool changed_ = false;
  bool decisive_ = false;
};

}  // namespace

Norm norm_of(const Rule& rule, RuleNumber number) {
  Norm norm;
  norm.requirement = rule.requirement;
  norm.needs = rule.needs;
  norm.duties = rule.duties;
  norm.term = rule.term;
  norm.extension = rule.extension;
  norm.from_each_use = rule.from_each_use;
  norm.years = static_cast<std::int16_t>(rule.years);
  if (rule.requirement != Requirement::free) {  // a rule that frees a time names one, and keeps none quiet
    norm.quiet_from = static_cast<std::int16_t>(rule.quiet_from);
    norm.quiet_until = static_cast<std::int16_t>(rule.quiet_until);
  }
  norm.rules[0] = number;
  for (const Exception& exception : rule.exceptions) {
    Norm::Way& way = norm.ways[norm.exceptions++];
    way.name = exception.name;
    way.needs = exception.needs;
    way.since_sale_days = static_cast<float>(exception.since_sale.days());
    way.rule = number;
  }
  return norm;
}

void tighten(Norm& norm, const Rule& rule, RuleNumber number) {
  Tightening(norm, rule, number).apply();
}

}  // namespace handschlag::law
