#include "features/customers/profile.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace handschlag::customers {
namespace {

constexpr std::size_t kMaxTraits = 100;  // a person; further names are left out of the page, not of the events
constexpr std::size_t kMaxTraitBytes = 2'048;
constexpr int kFormat = 2;  // 1 was not kept apart by source

void add_clipped(std::int64_t& sum, std::int64_t amount) {
  if (__builtin_add_overflow(sum, amount, &sum)) sum = INT64_MAX;
}

json::Value to_json(const Span& span) {
  return {span.events, span.first_at, span.last_at};
}

Span span_from(const json::Value& value) {
  return {value.at(0).get<std::int64_t>(), value.at(1).get<std::int64_t>(), value.at(2).get<std::int64_t>()};
}

json::Value to_json(const Sums& sums) {
  json::Value out = {
      {"all", to_json(sums.all)},       {"orders", sums.orders},          {"cancellations", sums.cancellations},
      {"refunds", sums.refunds},        {"money", json::Value::object()}, {"sources", json::Value::object()},
      {"traits", json::Value::object()}};
  for (const auto& [currency, money] : sums.money)
    out["money"][currency] = {money.ordered, money.cancelled, money.refunded};
  for (const auto& [source, span] : sums.sources) out["sources"][std::to_string(source)] = to_json(span);
  for (const auto& [name, values] : sums.traits) {
    // All are of the one identity that the profile is of.
    for (const auto& [by, trait] : values) out["traits"][name][std::to_string(by.source)] = {trait.value, trait.at};
  }
  return out;
}

Sums sums_from(const json::Value& value, std::int64_t identity) {
  Sums out;
  out.all = span_from(value.at("all"));
  out.orders = value.at("orders").get<std::int64_t>();
  out.cancellations = value.at("cancellations").get<std::int64_t>();
  out.refunds = value.at("refunds").get<std::int64_t>();
  for (const auto& [currency, money] : value.at("money").items()) {
    out.money[currency] = {money.at(0).get<std::int64_t>(), money.at(1).get<std::int64_t>(),
                           money.at(2).get<std::int64_t>()};
  }
  for (const auto& [source, span] : value.at("sources").items()) out.sources[std::stoll(source)] = span_from(span);
  for (const auto& [name, values] : value.at("traits").items()) {
    for (const auto& [source, trait] : values.items()) {
      out.traits[name][{std::stoll(source), identity}] = {trait.at(0), trait.at(1).get<std::int64_t>()};
    }
  }
  return out;
}

}  // namespace

void Span::add(std::int64_t at) {
  add(Span{1, at, at});
}

void Span::add(const Span& other) {
  if (other.events == 0) return;
  first_at = events == 0 ? other.first_at : std::min(first_at, other.first_at);
  last_at = events == 0 ? other.last_at : std::max(last_at, other.last_at);
  events += other.events;
}

void Sums::add(const events::Event& event) {
  std::int64_t at = to_millis(event.occurred_at);
  all.add(at);
  sources[event.source].add(at);
  const json::Value empty = json::Value::object();
  auto member = [&](const char* name) -> const json::Value& {
    auto it = event.body.find(name);
    return it == event.body.end() ? empty : *it;
  };
  std::string_view measure = events::measure_of(event.type, event.body.value("name", ""));
  if (!measure.empty()) {
    auto amount = events::amount_of(json::Tree(member("properties")).view());
    Money& sum = money[amount ? amount->currency : ""];
    // Tills write a cancellation as a negative sale, shops as a positive sum given back; both mean the same.
    std::int64_t micros = amount ? std::abs(std::max(amount->micros, -INT64_MAX)) : 0;
    if (measure == "orders") {
      ++orders;
      add_clipped(sum.ordered, amount ? amount->micros : 0);
    } else if (measure == "cancellations") {
      ++cancellations;
      add_clipped(sum.cancelled, micros);
    } else {
      ++refunds;
      add_clipped(sum.refunded, micros);
    }
  }
  if (event.type != events::EventType::identify) return;
  for (const auto& [name, value] : member("traits").items()) {
    if (!traits.contains(name) && traits.size() >= kMaxTraits) continue;
    if (json::dump(value).size() > kMaxTraitBytes) continue;
    TraitValue& newest = traits[name][{event.source, event.identity.value}];
    if (newest.at <= at) newest = {value, at};
  }
}

std::string name_in(const Sums& sums) {
  struct Told {
    std::string text;
    std::int64_t at = INT64_MIN;
    void take(const TraitValue& value) {
      if (value.value.is_string() && value.at > at) *this = {value.value.get<std::string>(), value.at};
    }
  };
  // By who told them: the first name of one and the last name of another, wrongly joined, are nobody's name.
  std::map<Teller, std::array<Told, 3>> tellers;
  Told parts[2];
  for (auto [name, place] :
       {std::pair{"name", 0}, {"firstName", 1}, {"first_name", 1}, {"lastName", 2}, {"last_name", 2}}) {
    auto values = sums.traits.find(name);
    if (values == sums.traits.end()) continue;
    for (const auto& [by, value] : values->second) {
      tellers[by][static_cast<std::size_t>(place)].take(value);
      if (place > 0) parts[place - 1].take(value);
    }
  }
  Told newest;
  for (const auto& [by, told] : tellers) {
    const auto& [whole, first, last] = told;
    if (!whole.text.empty() && whole.at > newest.at) newest = whole;
    if (!whole.text.empty() || first.text.empty() || last.text.empty()) continue;
    if (last.at > newest.at) newest = {first.text + " " + last.text, last.at};
  }
  if (!newest.text.empty()) return newest.text;
  const auto& [first, last] = parts;
  return first.text.empty() || last.text.empty() ? first.text + last.text : first.text + " " + last.text;
}

void Sums::add(const Sums& other) {
  all.add(other.all);
  orders += other.orders;
  cancellations += other.cancellations;
  refunds += other.refunds;
  for (const auto& [currency, sum] : other.money) {
    add_clipped(money[currency].ordered, sum.ordered);
    add_clipped(money[currency].cancelled, sum.cancelled);
    add_clipped(money[currency].refunded, sum.refunded);
  }
  for (const auto& [source, span] : other.sources) sources[source].add(span);
  for (const auto& [name, values] : other.traits) {
    for (const auto& [by, trait] : values) {
      TraitValue& newest = traits[name][by];
      if (newest.at <= trait.at) newest = trait;
    }
  }
}

void Profile::add(const events::Event& event) {
  parts[{event.purposes.bits(), event.source}].add(event);
  through_seq = std::max(through_seq, event.seq);
}

Sums Profile::for_purposes(gate::PurposeSet purposes, const SourceFilter& counts,
                           const std::set<Part>& left_out) const {
  Sums out;
  for (const auto& [part, sums] : parts) {
    if ((gate::PurposeSet::from_bits(part.first) & purposes).empty() || left_out.contains(part)) continue;
    if (!counts || counts(part.second)) out.add(sums);
  }
  return out;
}

gate::PurposeSet Profile::stored_for(const SourceFilter& counts) const {
  gate::PurposeSet out;
  for (const auto& [part, sums] : parts) {
    if (counts(part.second)) out = out | gate::PurposeSet::from_bits(part.first);
  }
  return out;
}

std::int64_t Profile::events() const {
  std::int64_t count = 0;
  for (const auto& [part, sums] : parts) count += sums.all.events;
  return count;
}

std::string Profile::to_text() const {
  json::Value out = {{"format", kFormat}, {"through_seq", through_seq}, {"parts", json::Value::array()}};
  for (const auto& [part, sums] : parts) {
    out["parts"].push_back({{"purposes", part.first}, {"source", part.second}, {"sums", to_json(sums)}});
  }
  return json::dump(out);
}

Result<Profile> Profile::from_text(std::string_view text, std::int64_t identity) {
  json::Value value = TRY(json::parse(text));
  if (value.value("format", 0) != kFormat)
    return fail(ErrorKind::internal, "profile_format", "A cached profile is of another version.");
  Profile out;
  out.through_seq = value.at("through_seq").get<std::int64_t>();
  for (const json::Value& part : value.at("parts")) {
    out.parts[{part.at("purposes").get<std::int64_t>(), part.at("source").get<std::int64_t>()}] =
        sums_from(part.at("sums"), identity);
  }
  return out;
}

}  // namespace handschlag::customers
