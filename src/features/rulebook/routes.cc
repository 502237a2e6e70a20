#include <fmt/format.h>

#include <algorithm>

#include "features/law/document.h"
#include "features/rulebook/json.h"
#include "features/rulebook/rulebook.h"
#include "platform/http/paging.h"

namespace handschlag::rulebook {
namespace {

using json::Value;

constexpr std::size_t kMaxQuestions = 1'000;

staff::Actor actor_of(const http::Request& request) {
  return {request.principal.id, request.trace_id};
}

Result<law::Day> day_asked(const http::Request& request, std::string_view name, law::Day otherwise) {
  auto text = request.query_param(name);
  if (!text) return otherwise;
  auto day = law::parse_day(*text);
  if (day) return *day;
  return fail(ErrorKind::invalid, "fields_invalid", fmt::format("{} must be a day such as 2026-08-11.", name),
              {{std::string(name), "must be a day such as 2026-08-11"}});
}

Value summary(const law::Jurisdiction& each, const law::RuleSet& set) {
  int rules = 0;
  int unverified = 0;
  for (const law::Rule& rule : set.rules()) {
    if (rule.jurisdiction != each.code || rule.own) continue;
    ++rules;
    if (rule.status == law::Status::unverified) ++unverified;
  }
  return {{"code", each.code},
          {"name", {{"de", each.german}, {"en", each.english}}},
          {"within", each.within.empty() ? Value(nullptr) : Value(each.within)},
          {"group", each.group},
          {"rule_count", rules},
          {"unverified_count", unverified}};
}

Value norm_of(const law::RuleSet& set, std::string_view code, law::Topic topic, law::Channel channel, law::Day day) {
  Value norm = to_json(set.norm(code, topic, channel, day), set);
  norm["topic"] = name_of(topic);
  norm["channel"] = channel == law::Channel::none ? Value(nullptr) : Value(name_of(channel));
  if (!law::is_permission(topic)) norm["requirement"] = nullptr;
  return norm;
}

// What holds on a day, for every topic and channel.
Value norms(const law::RuleSet& set, std::string_view code, law::Day day) {
  Value out = Value::array();
  for (std::size_t t = 0; t < law::kTopics; ++t) {
    const auto topic = static_cast<law::Topic>(t);
    if (topic == law::Topic::retention || topic == law::Topic::fine || topic == law::Topic::transfer) continue;
    for (std::size_t c = 0; c < law::kChannels; ++c) {
      const auto channel = static_cast<law::Channel>(c);
      if ((channel != law::Channel::none) != law::has_channels(topic)) continue;
      out.push_back(norm_of(set, code, topic, channel, day));
    }
  }
  return out;
}

// What is asked first of a country: may we write, call, and ask?
Value norms_at_a_glance(const law::RuleSet& set, const law::Jurisdiction& of, law::Day day) {
  Value out = Value::array();
  if (of.group) return out;
  for (law::Topic topic : {law::Topic::advertising, law::Topic::survey}) {
    for (law::Channel channel : {law::Channel::email, law::Channel::phone}) {
      out.push_back(norm_of(set, of.code, topic, channel, day));
    }
  }
  return out;
}

// Today's view of the law: the countries; no rule.
Value overview(const Rulebook& rulebook, const Clock& clock) {
  const auto set = rulebook.current();
  const law::Day today = law::day_of(clock.now());
  Value items = Value::array();
  for (const law::Jurisdiction& each : set->jurisdictions()) {
    items.push_back(summary(each, *set));
    items.back()["norms"] = norms_at_a_glance(*set, each, today);
  }
  return {{"rule_set", set->number()}, {"hash", set->hash()}, {"jurisdictions", std::move(items)}};
}

Result<Value> jurisdiction(const Rulebook& rulebook, const Clock& clock, const http::Request& request) {
  const auto set = rulebook.current();
  const std::string_view code = request.path_param("code");
  const law::Jurisdiction* found = set->jurisdiction(code);
  if (found == nullptr) {
    return fail(ErrorKind::not_found, "jurisdiction_unknown",
                "There are no rules for that country, so the strictest apply: see jurisdiction *.");
  }
  const law::Day day = TRY(day_asked(request, "day", law::day_of(clock.now())));
  Value out = summary(*found, *set);
  Value rules = Value::array();
  auto add = [&](std::string_view of) {
    for (const law::Rule& rule : set->rules()) {
      if (rule.jurisdiction == of) rules.push_back(rule_json(rule));
    }
  };
  // With those that bear on it: what a norm names must be there to be read.
  add(found->code);
  for (const law::Jurisdiction& each : set->jurisdictions()) {
    if (each.within == found->code && !found->group) add(each.code);
  }
  std::string_view parent = found->within;
  while (!parent.empty()) {
    add(parent);
    const law::Jurisdiction* above = set->jurisdiction(parent);
    parent = above == nullptr ? std::string_view() : std::string_view(above->within);
  }
  if (found->code != "*") add("*");
  out["rules"] = std::move(rules);
  out["day"] = law::to_text(day);
  out["norms"] = found->group ? Value::array() : norms(*set, code, day);
  out["rule_set"] = set->number();
  return out;
}

// Rules that begin or end between two days, in order.
Result<Value> changes(const Rulebook& rulebook, const Clock& clock, const http::Request& request) {
  const law::Day today = law::day_of(clock.now());
  const law::Day from = TRY(day_asked(request, "from", today));
  const law::Day until = TRY(day_asked(request, "until", today + std::chrono::days{730}));
  const auto set = rulebook.current();
  std::vector<std::pair<law::Day, Value>> found;
  for (const law::Rule& rule : set->rules()) {
    auto add = [&](law::Day day, std::string_view what) {
      if (day < from || day > until) return;
      found.emplace_back(day, Value{{"day", law::to_text(day)}, {"change", what}, {"rule", rule_json(rule)}});
    };
    add(rule.from, "begins");
    if (rule.until) add(*rule.until, "ends");
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Value items = Value::array();
  for (auto& [day, value] : found) items.push_back(std::move(value));
  return Value{{"items", std::move(items)}, {"next", nullptr}};
}

Result<Value> rule_sets(Rulebook& rulebook) {
  const auto current = rulebook.current()->number();
  Value items = Value::array();
  for (const Kept& each : TRY(rulebook.kept())) {
    items.push_back({{"number", each.number},
                     {"hash", each.hash},
                     {"since", format_time(each.since)},
                     {"in_force", each.number == current}});
  }
  return Value{{"items", std::move(items)}, {"next", nullptr}};
}

Result<Value> list_confirmations(Rulebook& rulebook) {
  Value items = Value::array();
  for (const Confirmation& each : TRY(rulebook.confirmations())) items.push_back(to_json(each));
  return Value{{"items", std::move(items)}, {"next", nullptr}};
}

Result<Value> list_own_rules(Rulebook& rulebook) {
  Value items = Value::array();
  for (const OwnRule& each : TRY(rulebook.own_rules())) items.push_back(to_json(each));
  return Value{{"items", std::move(items)}, {"next", nullptr}};
}

Result<Value> confirm(Rulebook& rulebook, const http::Request& request) {
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  Confirmation confirmation;
  confirmation.rule = request.path_param("rule");
  confirmation.counsel = reader.text("counsel", {.max_length = 200});
  confirmation.day = reader.text("day", {.max_length = 10});
  confirmation.source = reader.text("source", {.max_length = 500});
  TRY(reader.finish());
  TRY(rulebook.confirm(actor_of(request), std::move(confirmation)));
  return list_confirmations(rulebook);
}

Result<Value> withdraw(Rulebook& rulebook, const http::Request& request) {
  TRY(rulebook.withdraw(actor_of(request), request.path_param("rule")));
  return list_confirmations(rulebook);
}

// An own rule as people write it: what is theirs to say, and the rest as it must be.
Result<law::Rule> decode_own_rule(const Value& body) {
  if (!body.is_object()) return fail(ErrorKind::invalid, "fields_invalid", "A rule is a JSON object.");
  Value completed = body;
  completed.erase("jurisdiction");
  json::Reader place(body);
  place.allow_unknown();
  std::string jurisdiction = place.text("jurisdiction", {.max_length = 6});
  if (body.contains("status")) place.error("status", "is not yours to give: a rule of your own only tightens");
  completed["status"] = name_of(law::Status::secondary);
  json::Reader reader(completed);
  law::Rule rule = law::read_rule(reader, std::move(jurisdiction));
  if (!rule.id.empty() && !rule.id.starts_with("own."))
    reader.error("id", "must begin with own., such as own.no_calls");
  place.merge(reader);
  TRY(place.finish());
  rule.own = true;
  return rule;
}

Result<Value> add_own_rule(Rulebook& rulebook, const http::Request& request) {
  TRY(rulebook.add(actor_of(request), TRY(decode_own_rule(TRY(json::parse(request.body))))));
  return list_own_rules(rulebook);
}

Result<Value> end_own_rule(Rulebook& rulebook, const http::Request& request) {
  TRY(rulebook.end(actor_of(request), request.path_param("rule")));
  return list_own_rules(rulebook);
}

Result<Value> preview(Rulebook& rulebook, const Clock& clock, const http::Request& request) {
  const Draft draft = TRY(decode_draft(request.body, clock));
  const auto found = TRY(rulebook.preview(draft));
  Value items = Value::array();
  for (const Change& change : found) {
    const bool permission = law::is_permission(change.topic);
    auto side = [&](const law::Norm& norm) {
      const bool quiet = norm.quiet_from != norm.quiet_until;
      return Value{{"requirement", permission ? Value(name_of(norm.requirement)) : Value(nullptr)},
                   {"needs", law::names_of_needs(norm.needs)},
                   {"exceptions", norm.exceptions},
                   {"duties", law::names_of_duties(norm.duties)},
                   {"term", norm.term.count == 0 ? Value(nullptr) : Value(law::to_text(norm.term))},
                   {"years", norm.years > 0 ? Value(norm.years) : Value(nullptr)},
                   {"quiet_from", time_of_day(quiet ? norm.quiet_from : -1)},
                   {"quiet_until", time_of_day(quiet ? norm.quiet_until : -1)}};
    };
    items.push_back(
        {{"country", change.country},
         {"topic", name_of(change.topic)},
         {"channel", change.channel == law::Channel::none ? Value(nullptr) : Value(name_of(change.channel))},
         {"before", side(change.before)},
         {"after", side(change.after)}});
  }
  return Value{{"day", law::to_text(draft.day)}, {"items", std::move(items)}};
}

Result<Value> rule_on(Rulebook& rulebook, const Clock& clock, const gate::Interests& interests,
                      const http::Request& request) {
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  const bool explain = reader.optional_boolean("explain").value_or(false);
  const auto number = reader.optional_integer("rule_set", 0, (std::int64_t{1} << 48) - 1);
  const Value* questions = reader.array("questions", kMaxQuestions);
  if (questions == nullptr || questions->empty()) reader.error("questions", "must have 1 to 1000 questions");
  TRY(reader.finish());
  const auto set = number ? TRY(rulebook.find(static_cast<std::uint64_t>(*number))) : rulebook.current();
  const Time now = clock.now();
  Value items = Value::array();
  for (std::size_t i = 0; i < questions->size(); ++i) {
    json::Reader nested((*questions)[i], fmt::format("/questions/{}", i));
    AskedQuestion asked;
    read_question(nested, now, asked);
    reader.merge(nested);
    gate::Question& question = asked.question;
    if (!asked.says_weighed) question.interest_weighed = interests.weighed(question.at).has(question.purpose);
    Value item = ruling_json(gate::rule(asked.question, *set), asked.question.purpose, *set);
    if (explain) item["remedies"] = remedies_json(gate::remedies(asked.question, *set));
    items.push_back(std::move(item));
  }
  TRY(reader.finish());
  return Value{{"rule_set", set->number()}, {"hash", set->hash()}, {"rulings", std::move(items)}};
}

}  // namespace

Result<Draft> decode_draft(std::string_view text, const Clock& clock) {
  const Value body = TRY(json::parse(text));
  json::Reader reader(body);
  Draft draft{.day = law::day_of(clock.now())};
  const auto confirm = reader.optional_text("confirm", {.max_length = 80});
  const Value* rule = reader.object("own_rule");
  if (const auto day_text = reader.optional_text("day", {.max_length = 10})) {
    auto parsed = law::parse_day(*day_text);
    if (!parsed) reader.error("day", "must be a day such as 2026-08-11");
    if (parsed) draft.day = *parsed;
  }
  if (confirm && rule != nullptr) reader.error("", "must have confirm or own_rule, not both");
  TRY(reader.finish());
  draft.confirm = confirm.value_or("");
  if (rule != nullptr) draft.rule = TRY(decode_own_rule(*rule));
  return draft;
}

void bind_routes(http::Router& router, Rulebook& rulebook, const Clock& clock, const gate::Interests& interests) {
  using http::Request;
  using http::Response;
  router.bind("getLaw", [&](const Request&) { return Response::of(overview(rulebook, clock)); });
  router.bind("getJurisdiction",
              [&](const Request& request) { return Response::of(jurisdiction(rulebook, clock, request)); });
  router.bind("listLawChanges",
              [&](const Request& request) { return Response::of(changes(rulebook, clock, request)); });
  router.bind("listRuleSets", [&](const Request&) { return Response::of(rule_sets(rulebook)); });
  router.bind("listConfirmations", [&](const Request&) { return Response::of(list_confirmations(rulebook)); });
  router.bind("confirmRule", [&](const Request& request) { return Response::of(confirm(rulebook, request)); });
  router.bind("withdrawConfirmation",
              [&](const Request& request) { return Response::of(withdraw(rulebook, request)); });
  router.bind("listOwnRules", [&](const Request&) { return Response::of(list_own_rules(rulebook)); });
  router.bind("addOwnRule", [&](const Request& request) {
    Response response = Response::of(add_own_rule(rulebook, request));
    if (response.status == 200) response.status = 201;
    return response;
  });
  router.bind("endOwnRule", [&](const Request& request) { return Response::of(end_own_rule(rulebook, request)); });
  router.bind("previewLaw", [&](const Request& request) { return Response::of(preview(rulebook, clock, request)); });
  router.bind("askRulings",
              [&](const Request& request) { return Response::of(rule_on(rulebook, clock, interests, request)); });
}

}  // namespace handschlag::rulebook
