#include "features/consent/standing.h"

#include <algorithm>
#include <set>
#include <vector>

namespace handschlag::consent {
namespace {

bool concerns(const Said& said, Purpose purpose, Channel channel) {
  const bool whole = said.channel == Channel::none && is_no(said.act);
  if (said.channel != channel && !whole) return false;
  if (said.purpose == purpose) return true;
  return whole && said.act == Act::objected && said.purpose == Purpose::DirectMarketing &&
         (purpose == Purpose::PersonalisedAdvertising || purpose == Purpose::LocationOffers);
}

bool counts(const Said& said, std::string_view asked, Time at) {
  if (is_no(said.act)) return said.same_person || said.address == asked;
  if (said.held || said.occurred_at > at || said.received_at > at) return false;
  return said.same_person || (said.strength == gate::Strength::confirmed && said.address == asked);
}

// Whether `a` decides and not `b`.
bool outweighs(const Said& a, const Said& b) {
  if (a.occurred_at != b.occurred_at) return a.occurred_at > b.occurred_at;
  if (is_no(a.act) != is_no(b.act)) return is_no(a.act);
  return a.id > b.id;
}

// More than a claim: somebody heard it, or it was proven.
bool is_sure(const Said& said) {
  return said.strength >= gate::Strength::stated;
}

// The newest at one address, but a yes that is a mere claim neither takes back a no that was said more surely nor takes
// the place of a yes that was, and still holds; nullptr where nothing was said that decides.
const Said* newest_at(std::span<const Said* const> said, std::string_view address, bool needs_address, Time at) {
  const Said* newest = nullptr;
  const Said* surest = nullptr;  // the newest of those that are more than a claim
  const Said* last_no = nullptr;
  for (const Said* each : said) {
    if (!is_yes(each->act) && !is_no(each->act)) continue;
    const bool for_person = each->address.empty() && (is_no(each->act) || !needs_address);
    if (each->address != address && !for_person) continue;
    if (address.empty() && needs_address && is_yes(each->act)) continue;
    if (newest == nullptr || outweighs(*each, *newest)) newest = each;
    if (is_sure(*each) && (surest == nullptr || outweighs(*each, *surest))) surest = each;
    if (is_no(each->act) && (last_no == nullptr || outweighs(*each, *last_no))) last_no = each;
  }
  if (newest == nullptr || !is_yes(newest->act) || is_sure(*newest) || surest == nullptr) return newest;
  const bool over = surest->expires_at && *surest->expires_at <= at;
  const bool holds = is_no(surest->act) || (!over && (last_no == nullptr || outweighs(*surest, *last_no)));
  return holds ? surest : newest;
}

void take(Standing& standing, const Said& said, Time at) {
  standing.decided_by = said.id;
  standing.by_another = !said.same_person;
  standing.act = said.act;
  standing.since = said.occurred_at;
  standing.strength = said.strength;
  standing.expires_at = said.expires_at;
  if (is_no(said.act)) {
    standing.state = gate::ConsentState::refused;
    return;
  }
  standing.expired = said.expires_at && *said.expires_at <= at;
  standing.explicit_consent = said.explicit_consent;
  standing.quiet_hours = said.quiet_hours;
  standing.recipient_named = said.recipient_named;
  standing.guardian = said.guardian;
  standing.state = standing.expired ? gate::ConsentState::unknown : gate::ConsentState::given;
}

void look_around(Standing& standing, std::span<const Said* const> said) {
  for (const Said* each : said) {
    if (is_no(each->act) && (!standing.last_no || *standing.last_no < each->occurred_at)) {
      standing.last_no = each->occurred_at;
    }
  }
  for (const Said* each : said) {
    if (each->act != Act::requested || (standing.decided_by && each->occurred_at < standing.since)) continue;
    if (!standing.waiting_since || *standing.waiting_since < each->occurred_at) {
      standing.waiting_since = each->occurred_at;
    }
  }
}

}  // namespace

std::optional<identity::KeyKind> address_kind(Channel channel) {
  switch (channel) {
    case Channel::email:
      return identity::KeyKind::email;
    case Channel::sms:
    case Channel::phone:
      return identity::KeyKind::phone;
    default:
      return std::nullopt;
  }
}

Standing evaluate(std::span<const Said> said, Purpose purpose, Channel channel, std::string_view address, Time at) {
  Standing standing;
  standing.purpose = purpose;
  standing.channel = channel;
  std::vector<const Said*> counting;
  std::set<std::string_view> addresses;
  if (!address.empty()) addresses.insert(address);
  for (const Said& each : said) {
    if (!concerns(each, purpose, channel) || !counts(each, address, at)) continue;
    counting.push_back(&each);
    if (!each.address.empty() && (is_yes(each.act) || is_no(each.act))) addresses.insert(each.address);
  }
  if (addresses.empty()) addresses.insert("");
  const bool needs_address = address_kind(channel).has_value();
  const Said* no = nullptr;
  const Said* yes = nullptr;
  bool everywhere = true;  // where no address is asked about, all of them must say yes
  for (std::string_view each : addresses) {
    const Said* newest = newest_at(counting, each, needs_address, at);
    if (newest == nullptr) continue;
    if (is_no(newest->act)) {
      if (no == nullptr || outweighs(*newest, *no)) no = newest;
    } else if (address.empty() || each == address) {
      if (yes == nullptr || outweighs(*newest, *yes)) yes = newest;
      everywhere = everywhere && !(newest->expires_at && *newest->expires_at <= at);
    }
  }
  const Said* decisive = no != nullptr ? no : yes;
  if (decisive != nullptr) take(standing, *decisive, at);
  if (standing.state == gate::ConsentState::given && !everywhere) {
    standing.state = gate::ConsentState::unknown;
    standing.expired = true;
  }
  look_around(standing, counting);
  return standing;
}

void Standing::fill(gate::Question& question) const {
  question.consent = state;
  question.strength = state == gate::ConsentState::given ? strength : gate::Strength::none;
  question.explicit_consent = state == gate::ConsentState::given && explicit_consent;
  question.quiet_hours_consent = state == gate::ConsentState::given && quiet_hours;
  question.recipient_named = state == gate::ConsentState::given && recipient_named;
  question.guardian = state == gate::ConsentState::given && guardian;
  question.consented_at = state == gate::ConsentState::given ? since : Time{};
}

}  // namespace handschlag::consent
