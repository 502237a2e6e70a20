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

}  // namespace

void bind_routes(http::Router& router, Reach& reach, staff::Staff& staff) {
  router.bind("getReach", [&](const Request& request) { return Response::of(show(request, reach)); });
  router.bind("countReach", [&](const Request& request) {
    auto begun = count(request, reach, staff);
    return begun ? Response::json(202, *begun) : Response::problem(begun.error());
  });
}

}  // namespace handschlag::reach
