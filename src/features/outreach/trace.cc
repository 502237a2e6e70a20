#include "features/outreach/trace.h"

#include "platform/json/json.h"

namespace handschlag::outreach {
namespace {

constexpr std::size_t kMaxSteps = 60;  // the first, and the latest

}  // namespace

std::string to_text(const std::vector<Step>& steps) {
  json::Value out = json::Value::array();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i > 0 && steps.size() - i >= kMaxSteps) continue;
    const Step& step = steps[i];
    json::Value one = {{"at", to_millis(step.at)}, {"what", step.what}, {"reasons", step.reasons}};
    if (step.code != 0) one["code"] = step.code;
    if (!step.status.empty()) one["status"] = step.status;
    if (step.cap) {
      one["cap"] = {{"kind", static_cast<std::int64_t>(step.cap->kind)},
                    {"count", step.cap->count},
                    {"seconds", step.cap->within.count()}};
    }
    out.push_back(std::move(one));
  }
  return json::dump(out);
}

std::vector<Step> steps_from_text(std::string_view text) {
  std::vector<Step> out;
  auto parsed = json::parse(text);
  if (!parsed || !parsed->is_array()) return out;
  for (const json::Value& one : *parsed) {
    Step step;
    step.at = from_millis(one.value("at", std::int64_t{0}));
    step.what = one.value("what", "");
    for (const json::Value& reason : one["reasons"]) step.reasons.push_back(reason.get<std::string>());
    step.code = one.value("code", std::int64_t{0});
    step.status = one.value("status", "");
    if (auto cap = one.find("cap"); cap != one.end()) {
      step.cap = Cap{static_cast<Kind>(cap->value("kind", std::int64_t{0})), cap->value("count", std::int64_t{0}),
                     std::chrono::seconds{cap->value("seconds", std::int64_t{0})}};
    }
    out.push_back(std::move(step));
  }
  return out;
}

}  // namespace handschlag::outreach
