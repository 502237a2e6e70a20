#include <array>
#include <utility>

#include "features/consent/consent.h"

namespace handschlag::consent {
namespace {

struct ActName {
  Act act;
  std::string_view name;
  std::string_view dpv;
};
// DPV has no state of its own for an objection: what it leaves is a consent withdrawn.
constexpr std::array<ActName, 6> kActs = {{
    {Act::requested, "requested", "ConsentRequested"},
    {Act::given, "given", "ConsentGiven"},
    {Act::renewed, "renewed", "RenewedConsentGiven"},
    {Act::refused, "refused", "ConsentRefused"},
    {Act::withdrawn, "withdrawn", "ConsentWithdrawn"},
    {Act::objected, "objected", "ConsentWithdrawn"},
}};
constexpr std::array<std::pair<Way, std::string_view>, 10> kWays = {{
    {Way::form, "form"},
    {Way::banner, "banner"},
    {Way::preference_centre, "preference_centre"},
    {Way::mail_link, "mail_link"},
    {Way::phone, "phone"},
    {Way::in_person, "in_person"},
    {Way::paper, "paper"},
    {Way::imported, "imported"},
    {Way::browser_signal, "browser_signal"},
    {Way::message, "message"},
}};

}  // namespace

std::string_view name_of(Act act) {
  for (const ActName& each : kActs) {
    if (each.act == act) return each.name;
  }
  return "unknown";
}

std::optional<Act> find_act(std::string_view name) {
  for (const ActName& each : kActs) {
    if (each.name == name) return each.act;
  }
  return std::nullopt;
}

std::string_view dpv_term_of(Act act) {
  for (const ActName& each : kActs) {
    if (each.act == act) return each.dpv;
  }
  return "ConsentUnknown";
}

std::string_view name_of(Way way) {
  for (const auto& [each, name] : kWays) {
    if (each == way) return name;
  }
  return "unknown";
}

std::optional<Way> find_way(std::string_view name) {
  for (const auto& [each, known] : kWays) {
    if (known == name) return each;
  }
  return std::nullopt;
}

bool is_yes(Act act) {
  return act == Act::given || act == Act::renewed;
}

bool is_no(Act act) {
  return act == Act::refused || act == Act::withdrawn || act == Act::objected;
}

}  // namespace handschlag::consent
