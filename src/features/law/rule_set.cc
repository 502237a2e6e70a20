#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "features/law/document.h"
#include "features/law/law.h"
#include "features/law/tighten.h"
#include "platform/crypto/crypto.h"

namespace handschlag::law {
namespace {

// Changes whenever the meaning of the same rules changes here or in the gate: it is a part of every hash.
constexpr int kEngine = 1;
constexpr std::size_t kAlpha2 = 26 * 26;
constexpr std::size_t kMaxOwnRules = 200;

std::size_t series_of(Topic topic, Channel channel) {
  return static_cast<std::size_t>(topic) * kChannels + static_cast<std::size_t>(channel);
}

std::optional<std::size_t> alpha2(std::string_view code) {
  if (code.size() < 2) return std::nullopt;
  const auto letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (!letter(code[0]) || !letter(code[1])) return std::nullopt;
  return static_cast<std::size_t>(code[0] - 'A') * 26 + static_cast<std::size_t>(code[1] - 'A');
}

bool is_part(std::string_view code) {
  return code.find('-') != std::string_view::npos;
}

bool holds(const Rule& rule, Day day) {
  return rule.from <= day && (!rule.until || day <= *rule.until);
}

const Norm kForbidden{};  // what nobody states

Norm free_norm() {
  Norm norm;
  norm.requirement = Requirement::free;
  return norm;
}
const Norm kFree = free_norm();

bool same(const Norm& a, const Norm& b) {
  auto ways = [](const Norm& norm) {
    std::vector<std::tuple<std::string_view, Needs, float, RuleNumber>> out;
    for (std::size_t i = 0; i < norm.exceptions; ++i) {
      out.emplace_back(norm.ways[i].name, norm.ways[i].needs, norm.ways[i].since_sale_days, norm.ways[i].rule);
    }
    return out;
  };
  return std::tie(a.requirement, a.quiet_from, a.quiet_until, a.years, a.needs, a.duties, a.term, a.extension,
                  a.from_each_use, a.rules) == std::tie(b.requirement, b.quiet_from, b.quiet_until, b.years, b.needs,
                                                        b.duties, b.term, b.extension, b.from_each_use, b.rules) &&
         ways(a) == ways(b);
}

unsigned hex_digit(char c) {
  return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
}

// With the rules as their files say them; what counsel confirmed of them stands beside.
std::string text_of(std::span<const Jurisdiction> jurisdictions, std::span<const Rule> own,
                    const std::vector<std::string>& confirmed) {
  json::Value out = {{"engine", kEngine},
                     {"jurisdictions", json::Value::array()},
                     {"own", json::Value::array()},
                     {"confirmed", confirmed}};
  for (const Jurisdiction& each : jurisdictions) out["jurisdictions"].push_back(to_json(each));
  for (const Rule& rule : own) {
    json::Value value = to_json(rule);
    value["jurisdiction"] = rule.jurisdiction;
    out["own"].push_back(std::move(value));
  }
  return json::dump(out);
}

}  // namespace

// Fills a set whose rules and jurisdictions are there.
class Compiler {
 public:
  explicit Compiler(RuleSet& set) : set_(set) {
    for (std::size_t i = 0; i < set_.rules_.size(); ++i) {
      by_place_[set_.rules_[i].jurisdiction].push_back(static_cast<RuleNumber>(i));
    }
  }

  void compile() {
    set_.by_alpha2_.assign(kAlpha2, 0);
    add("*", Parts::none);
    for (const Jurisdiction& each : set_.jurisdictions_) {
      if (each.group || each.code == "*") continue;
      const std::uint16_t place = add(each.code, Parts::all);
      if (is_part(each.code)) {
        set_.by_code_.emplace_back(each.code, place);
        continue;
      }
      set_.by_alpha2_[*alpha2(each.code)] = place;
      if (!parts_of(each.code).empty()) set_.by_code_.emplace_back(each.code + "-", add(each.code, Parts::none));
    }
  }

 private:
  enum class Parts { none, all };

  // Whose rules bear on a country, nearest first.
  struct Chain {
    std::vector<RuleNumber> own, group, elsewhere, parts;
    std::string group_code;
    bool part_known = false;  // `parts` are those of the one in which somebody lives
  };

  std::vector<std::string> parts_of(std::string_view code) const {
    std::vector<std::string> out;
    for (const Jurisdiction& each : set_.jurisdictions_) {
      if (is_part(each.code) && each.within == code) out.push_back(each.code);
    }
    return out;
  }

  void append(std::vector<RuleNumber>& to, const std::string& code) const {
    auto it = by_place_.find(code);
    if (it != by_place_.end()) to.insert(to.end(), it->second.begin(), it->second.end());
  }

  Chain chain_of(const std::string& code, Parts parts) const {
    Chain chain;
    const std::string country = is_part(code) ? code.substr(0, 2) : code;
    if (country != "*") append(chain.own, country);
    const Jurisdiction* jurisdiction = set_.jurisdiction(country);
    if (jurisdiction != nullptr && !jurisdiction->within.empty()) append(chain.group, jurisdiction->within);
    if (jurisdiction != nullptr) chain.group_code = jurisdiction->within;
    append(chain.elsewhere, "*");
    chain.part_known = is_part(code);
    if (chain.part_known) {
      append(chain.parts, code);
    } else if (parts == Parts::all) {
      for (const std::string& part : parts_of(code)) append(chain.parts, part);
    }
    return chain;
  }

  std::uint16_t add(const std::string& code, Parts parts) {
    const Chain chain = chain_of(code, parts);
    RuleSet::Country country;
    for (std::size_t t = 0; t < kTopics; ++t) {
      const auto topic = static_cast<Topic>(t);
      if (topic == Topic::transfer || topic == Topic::retention || topic == Topic::fine) continue;
      for (std::size_t c = 0; c < kChannels; ++c) {
        const auto channel = static_cast<Channel>(c);
        if ((channel != Channel::none) != has_channels(topic)) continue;
        country.series[series_of(topic, channel)] = series(pick(chain, [&](const Rule& rule) {
          return rule.topic == topic &&
                 std::find(rule.channels.begin(), rule.channels.end(), channel) != rule.channels.end();
        }));
      }
    }
    std::set<std::string> destinations = {"", chain.group_code};
    const Chain transfers = pick(chain, [](const Rule& rule) { return rule.topic == Topic::transfer; });
    for (const auto* list : {&transfers.own, &transfers.group, &transfers.elsewhere, &transfers.parts}) {
      for (RuleNumber number : *list) {
        const Rule& rule = set_.rules_[number];
        destinations.insert(rule.to.begin(), rule.to.end());
      }
    }
    for (const std::string& destination : destinations) {
      country.transfers.emplace_back(destination, series(transfers, destination));
    }
    set_.countries_.push_back(std::move(country));
    return static_cast<std::uint16_t>(set_.countries_.size() - 1);
  }

  template <class Wanted>
  Chain pick(const Chain& chain, Wanted wanted) const {
    Chain out;
    out.part_known = chain.part_known;
    out.group_code = chain.group_code;
    auto copy = [&](const std::vector<RuleNumber>& from, std::vector<RuleNumber>& to) {
      std::copy_if(from.begin(), from.end(), std::back_inserter(to),
                   [&](RuleNumber number) { return wanted(set_.rules_[number]); });
    };
    copy(chain.own, out.own);
    copy(chain.group, out.group);
    copy(chain.elsewhere, out.elsewhere);
    copy(chain.parts, out.parts);
    return out;
  }

  // The norms day by day; a new one begins where a rule begins or has ended. `destination`: of a transfer, what does
  // not name it, but others, is left out.
  RuleSet::Series series(const Chain& chain, const std::optional<std::string>& destination = std::nullopt) {
    std::set<Day> days;
    for (const auto* list : {&chain.own, &chain.group, &chain.elsewhere, &chain.parts}) {
      for (RuleNumber number : *list) {
        const Rule& rule = set_.rules_[number];
        days.insert(rule.from);
        if (rule.until) days.insert(*rule.until + std::chrono::days{1});
      }
    }
    RuleSet::Series out;
    out.begin = static_cast<std::uint32_t>(set_.norms_.size());
    for (Day day : days) {
      Norm norm = norm_on(chain, day, destination);
      norm.from = day;
      if (set_.norms_.size() > out.begin && same(set_.norms_.back(), norm)) continue;
      set_.norms_.push_back(norm);
    }
    out.end = static_cast<std::uint32_t>(set_.norms_.size());
    return out;
  }

  // How closely a rule names a destination: itself, the country it is a part of, its group, or any.
  int closeness(const Rule& rule, const std::optional<std::string>& destination) const {
    if (rule.to.empty()) return 1;
    int closest = 0;
    for (const std::string& named : rule.to) {
      if (named == *destination) return 4;
      if (is_part(*destination) && named == destination->substr(0, 2)) closest = std::max(closest, 3);
      if (set_.in_group(*destination, named)) closest = std::max(closest, 2);
    }
    return closest;
  }

  // Within one's own group data goes as at home, unless a rule says so that names where, or is this installation's own.
  bool is_at_home(const Chain& chain, const std::optional<std::string>& destination) const {
    return destination && !chain.group_code.empty() &&
           (*destination == chain.group_code || set_.in_group(*destination, chain.group_code));
  }

  // The firm rule of a list that holds on a day, for a transfer the one that names the destination most closely.
  RuleNumber firm(const std::vector<RuleNumber>& list, Day day, const std::optional<std::string>& destination) const {
    RuleNumber found = kNoRule;
    int closest = 0;
    for (RuleNumber number : list) {
      const Rule& rule = set_.rules_[number];
      if (rule.own || rule.status == Status::unverified || !holds(rule, day)) continue;
      const int close = closeness(rule, destination);
      if (close <= closest) continue;
      closest = close;
      found = number;
    }
    return found;
  }

  Norm norm_on(const Chain& chain, Day day, const std::optional<std::string>& destination) const {
    RuleNumber base = firm(chain.own, day, destination);
    if (base == kNoRule) base = firm(chain.group, day, destination);
    if (base == kNoRule && chain.part_known) base = firm(chain.parts, day, destination);
    if (base == kNoRule) base = firm(chain.elsewhere, day, destination);
    const bool at_home = is_at_home(chain, destination);
    Norm norm = at_home ? kFree : base == kNoRule ? kForbidden : norm_of(set_.rules_[base], base);
    auto apply = [&](const std::vector<RuleNumber>& list, bool also_firm) {
      for (RuleNumber number : list) {
        const Rule& rule = set_.rules_[number];
        const bool meant = closeness(rule, destination) > (at_home && !rule.own ? 1 : 0);
        const bool tightens = also_firm || rule.own || rule.status == Status::unverified;
        if (tightens && meant && holds(rule, day) && (at_home || number != base)) tighten(norm, rule, number);
      }
    };
    apply(chain.own, false);
    apply(chain.group, false);
    apply(chain.elsewhere, false);
    apply(chain.parts, true);
    return norm;
  }

  RuleSet& set_;
  std::map<std::string, std::vector<RuleNumber>> by_place_;
};

Result<std::shared_ptr<const RuleSet>> RuleSet::compile(std::vector<Jurisdiction> jurisdictions, std::vector<Rule> own,
                                                        std::span<const std::string> confirmed) {
  const std::set<std::string> by_counsel(confirmed.begin(), confirmed.end());
  std::sort(jurisdictions.begin(), jurisdictions.end(), [](const auto& a, const auto& b) { return a.code < b.code; });
  for (Jurisdiction& each : jurisdictions) {
    std::sort(each.rules.begin(), each.rules.end(), [](const Rule& a, const Rule& b) { return a.id < b.id; });
  }
  std::sort(own.begin(), own.end(), [](const Rule& a, const Rule& b) { return a.id < b.id; });
  std::vector<Rule*> firm;
  std::vector<std::string> firm_ids;
  for (Jurisdiction& each : jurisdictions) {
    for (Rule& rule : each.rules) {
      if (rule.status != Status::unverified || !by_counsel.contains(rule.id)) continue;
      firm.push_back(&rule);
      firm_ids.push_back(rule.id);
    }
  }
  std::string text = text_of(jurisdictions, own, firm_ids);
  for (Rule* rule : firm) rule->status = Status::confirmed;
  std::vector<std::string> faults = find_faults(jurisdictions);
  for (const Rule& rule : own) {
    const bool there = std::any_of(jurisdictions.begin(), jurisdictions.end(),
                                   [&](const Jurisdiction& each) { return each.code == rule.jurisdiction; });
    if (!there) faults.push_back(fmt::format("{}: there is no jurisdiction {}.", rule.id, rule.jurisdiction));
    for (const std::string& code : rule.to) {
      const bool known = code.size() == 2 || std::any_of(jurisdictions.begin(), jurisdictions.end(),
                                                         [&](const Jurisdiction& each) { return each.code == code; });
      if (!known) faults.push_back(fmt::format("{}: nothing is known of {}.", rule.id, code));
    }
    if (!rule.id.starts_with("own.")) faults.push_back(fmt::format("The id {} must begin with own.", rule.id));
  }
  std::size_t count = own.size();
  for (const Jurisdiction& each : jurisdictions) count += each.rules.size();
  if (count >= kNoRule || own.size() > kMaxOwnRules) {
    faults.push_back(fmt::format("There are {} rules, {} of them own; at most {} and {} are possible.", count,
                                 own.size(), kNoRule - 1, kMaxOwnRules));
  }
  if (!faults.empty()) {
    return fail(ErrorKind::invalid, "law_faulty", fmt::format("{}", fmt::join(faults, " ")));
  }
  std::shared_ptr<RuleSet> set(new RuleSet());
  set->text_ = std::move(text);
  set->hash_ = crypto::to_hex(crypto::sha256(set->text_));
  for (std::size_t i = 0; i < 12; ++i) set->number_ = set->number_ * 16 + hex_digit(set->hash_[i]);
  for (Jurisdiction& each : jurisdictions) {
    std::move(each.rules.begin(), each.rules.end(), std::back_inserter(set->rules_));
    each.rules.clear();
  }
  for (Rule& rule : own) {
    rule.own = true;
    set->rules_.push_back(std::move(rule));
  }
  set->jurisdictions_ = std::move(jurisdictions);
  Compiler(*set).compile();
  return set;
}

const RuleSet::Country& RuleSet::country(std::string_view code) const {
  if (!is_country_code(code)) return countries_.front();
  if (code.size() > 2) {
    for (const auto& [known, place] : by_code_) {
      if (known == code) return countries_[place];
    }
    for (const auto& [known, place] : by_code_) {
      if (known == code.substr(0, 3)) return countries_[place];
    }
  }
  auto place = alpha2(code);
  return countries_[place ? by_alpha2_[*place] : 0];
}

const Norm& RuleSet::at(const Series& series, Day day) const {
  for (std::uint32_t i = series.end; i > series.begin; --i) {
    if (norms_[i - 1].from <= day) return norms_[i - 1];
  }
  return kForbidden;
}

const Norm& RuleSet::norm(std::string_view code, Topic topic, Channel channel, Day day) const {
  return at(country(code).series[series_of(topic, channel)], day);
}

bool RuleSet::in_group(std::string_view code, std::string_view group) const {
  const Jurisdiction* found = jurisdiction(code.substr(0, 2));
  return found != nullptr && !group.empty() && found->within == group;
}

const Norm& RuleSet::transfer(std::string_view from, std::string_view to, Day day) const {
  if (!is_country_code(to)) return kForbidden;
  const Jurisdiction* home = jurisdiction(from.substr(0, 2));
  if (home != nullptr && from.substr(0, 2) == to.substr(0, 2)) return kFree;
  // What names the part, the country, its group, none: the closest has looked at all the others.
  std::array<const Series*, 4> found{};
  for (const auto& [destination, series] : country(from).transfers) {
    if (destination == to) found[0] = &series;
    if (destination == to.substr(0, 2)) found[1] = &series;
    if (in_group(to, destination)) found[2] = &series;
    if (destination.empty()) found[3] = &series;
  }
  for (const Series* series : found) {
    if (series != nullptr) return at(*series, day);
  }
  return kForbidden;
}

const Rule* RuleSet::find(std::string_view id) const {
  auto it = std::find_if(rules_.begin(), rules_.end(), [&](const Rule& rule) { return rule.id == id; });
  return it == rules_.end() ? nullptr : &*it;
}

const Jurisdiction* RuleSet::jurisdiction(std::string_view code) const {
  auto it = std::lower_bound(jurisdictions_.begin(), jurisdictions_.end(), code,
                             [](const Jurisdiction& each, std::string_view wanted) { return each.code < wanted; });
  return it == jurisdictions_.end() || it->code != code ? nullptr : &*it;
}

Result<std::shared_ptr<const RuleSet>> read_rule_set(std::string_view text) {
  json::Value body = TRY(json::parse(text));
  json::Reader reader(body);
  reader.integer("engine", 1, kEngine);
  std::vector<Jurisdiction> jurisdictions;
  const std::vector<std::string> confirmed = reader.texts("confirmed", kNoRule);
  if (const json::Value* list = reader.array("jurisdictions", 1'000)) {
    for (const json::Value& each : *list) jurisdictions.push_back(TRY(read_jurisdiction(each)));
  }
  std::vector<Rule> own;
  if (const json::Value* list = reader.array("own", kMaxOwnRules)) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      json::Reader nested((*list)[i], fmt::format("/own/{}", i));
      std::string code = nested.text("jurisdiction");
      own.push_back(read_rule(nested, std::move(code)));
      reader.merge(nested);
    }
  }
  TRY(reader.finish());
  return RuleSet::compile(std::move(jurisdictions), std::move(own), confirmed);
}

}  // namespace handschlag::law
