#include <algorithm>

#include "features/reach/reach.h"
#include "platform/json/json.h"

namespace handschlag::reach {
namespace {

using http::Request;
using http::Response;

json::Value text_of(std::string_view reason) {
  const auto rule = gate::find_rule(reason);
  if (!rule) return {};
  return {{"de", gate::text_of(*rule, "de")}, {"en", gate::text_of(*rule, "en")}};
}

json::Value to_json(const Group& group) {
  json::Value reasons = json::Value::array();
  for (const Reason& reason : group.reasons) {
    reasons.push_back({{"reason", reason.name}, {"text", text_of(reason.name)}, {"people", reason.people}});
  }
  return {{"country", group.country.empty() ? json::Value() : json::Value(group.country)},
          {"several", group.several},
          {"people", group.people},
          {"reachable", group.reachable ? json::Value(*group.reachable) : json::Value()},
          {"reasons", std::move(reasons)}};
}

Result<json::Value> show(const Request& request, Reach& reach) {
  const auto purpose = gate::find_purpose(request.query_param("purpose").value_or(""));
  if (!purpose || std::find(kPurposes.begin(), kPurposes.end(), *purpose) == kPurposes.end()) {
    return fail(ErrorKind::invalid, "fields_invalid", "The purpose must be one for which reach is counted.",
                {{"purpose",
                  "must be DirectMarketing, PersonalisedAdvertising, PersonalisedBenefits or "
                  "SatisfactionSurvey"}});
  }
  const Figure figure = TRY(reach.figure(*purpose, staff::unit_of(request.principal)));
  json::Value channels = json::Value::array();
  for (const ChannelFigure& channel : figure.channels) {
    json::Value groups = json::Value::array();
    for (const Group& group : channel.groups) groups.push_back(to_json(group));
    channels.push_back({{"channel", law::name_of(channel.channel)}, {"groups", std::move(groups)}});
  }
  return json::Value{{"purpose", gate::info(*purpose).name},
                     {"counted_at", figure.counted_at ? json::Value(format_time(*figure.counted_at)) : json::Value()},
                     {"counting", figure.counting},
                     {"smallest", kSmallest},
                     {"channels", std::move(channels)}};
}

Result<json::Value> count(const Request& request, Reach& reach, staff::Staff& staff) {
  TRY(staff.record({request.principal.id, request.operation, "", request.trace_id, staff::Outcome::ok}));
  TRY(reach.begin());
  return json::Value{{"counting", true}};
}

// Of a group, how many are of that sort; null where they are too few to be told.
json::Value people_of(const Group& group, std::string_view sort) {
  bool pooled = false;
  for (const Reason& reason : group.reasons) {
    if (reason.name == sort) return reason.people;
    pooled = pooled || reason.name == kOther;
  }
  return pooled ? json::Value() : json::Value(0);
}

json::Value effect_json(const Effect& effect) {
  json::Value purposes = json::Value::array();
  for (const Effect::OfPurpose& one : effect.purposes) {
    json::Value channels = json::Value::array();
    for (const ChannelFigure& channel : one.channels) {
      json::Value groups = json::Value::array();
      for (const Group& group : channel.groups) {
        groups.push_back({{"country", group.country.empty() ? json::Value() : json::Value(group.country)},
                          {"several", group.several},
                          {"people", group.people},
                          {"kept", group.reachable ? json::Value(*group.reachable) : json::Value()},
                          {"lost", people_of(group, kLost)},
                          {"gained", people_of(group, kGained)}});
      }
      channels.push_back({{"channel", law::name_of(channel.channel)}, {"groups", std::move(groups)}});
    }
    purposes.push_back({{"purpose", gate::info(one.purpose).name}, {"channels", std::move(channels)}});
  }
  const bool tried = effect.rule_set != 0;
  return {{"rule_set", tried ? json::Value(effect.rule_set) : json::Value()},
          {"day", tried ? json::Value(law::to_text(law::day_of(effect.law_at))) : json::Value()},
          {"counting", effect.counting},
          {"people", effect.people},
          {"counted_at", tried && !effect.counting ? json::Value(format_time(effect.counted_at)) : json::Value()},
          {"smallest", kSmallest},
          {"purposes", std::move(purposes)}};
}

Result<json::Value> try_law(const Request& request, Reach& reach, rulebook::Rulebook& rulebook, staff::Staff& staff,
                            const Clock& clock) {
  const rulebook::Draft draft = TRY(rulebook::decode_draft(request.body, clock));
  const auto law = TRY(rulebook.would_be(draft));
  TRY(staff.record({request.principal.id, request.operation, "", request.trace_id, staff::Outcome::ok}));
  TRY(reach.try_law(law, draft.day));
  return json::Value{{"rule_set", law->number()}, {"day", law::to_text(draft.day)}};
}

}  // namespace

void bind_routes(http::Router& router, Reach& reach, rulebook::Rulebook& rulebook, staff::Staff& staff,
                 const Clock& clock) {
  router.bind("tryLaw", [&](const Request& request) {
    auto begun = try_law(request, reach, rulebook, staff, clock);
    return begun ? Response::json(202, *begun) : Response::problem(begun.error());
  });
  router.bind("getLawEffect", [&](const Request&) -> Response {
    auto effect = reach.effect();
    return effect ? Response::json(200, effect_json(*effect)) : Response::problem(effect.error());
  });
  router.bind("getReach", [&](const Request& request) { return Response::of(show(request, reach)); });
  router.bind("countReach", [&](const Request& request) {
    auto begun = count(request, reach, staff);
    return begun ? Response::json(202, *begun) : Response::problem(begun.error());
  });
}

}  // namespace handschlag::reach
