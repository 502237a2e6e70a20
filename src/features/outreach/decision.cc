#include "features/outreach/decision.h"

#include <fmt/format.h>

#include <set>

#include "platform/text/zone.h"

namespace handschlag::outreach {
namespace {

constexpr std::int64_t kMinutesOfDay = 24 * 60;

struct LocalMinute {
  const text::Zone* zone;
  int minute;
};

// What clocks show where the person may be; each time once.
std::vector<LocalMinute> clocks_of(std::string_view country, Time now) {
  std::vector<LocalMinute> out;
  std::set<int> seen;
  for (const text::Zone& zone : text::zones_of(country.substr(0, 2))) {
    const auto local = zone.to_local(now);
    const auto day = std::chrono::floor<std::chrono::days>(local);
    const int minute = static_cast<int>(std::chrono::duration_cast<std::chrono::minutes>(local - day).count());
    if (seen.insert(minute).second) out.push_back({&zone, minute});
  }
  return out;
}

// When clocks there next show that minute.
Time next_at(const LocalMinute& clock, int minute, Time now) {
  const std::int64_t ahead = (minute - clock.minute + kMinutesOfDay - 1) % kMinutesOfDay + 1;
  const auto local = std::chrono::floor<std::chrono::minutes>(clock.zone->to_local(now)) + std::chrono::minutes{ahead};
  return clock.zone->to_utc(local);
}

Ruled told(const gate::Ruling& ruling) {
  Ruled out{ruling, {}, false, {}, {}};
  for (gate::Rule rule : ruling.rules) {
    if (rule != gate::Rule::none) out.reasons.emplace_back(gate::name_of(rule));
  }
  return out;
}

}  // namespace

Result<Ruled> rule(db::Transaction& tx, const Asked& asked, Facts* facts, const law::RuleSet& law, bool tells_objection,
                   Time now) {
  gate::Question question;
  question.use = gate::Use::contact;
  question.purpose = asked.purpose;
  question.basis = gate::info(asked.purpose).default_basis;
  question.channel = asked.channel;
  question.region = asked.place->region->id();
  question.country = asked.country;
  question.tells_objection = tells_objection;
  question.at = now;
  if (facts != nullptr && asked.identity) {
    TRY(facts->fill(tx, asked.place->region->id(), asked.identity, asked.address, question));
  }
  question.at = asked.law_at.value_or(now);
  const auto clocks = clocks_of(asked.country, question.at);
  std::optional<Ruled> out;
  if (clocks.empty()) out = told(gate::rule(question, law));
  for (const LocalMinute& clock : clocks) {
    question.local_minute = clock.minute;
    Ruled ruled = told(gate::rule(question, law));
    if (ruled.ruling.wait_until >= 0 && !ruled.ruling.allowed()) {
      ruled.later = true;
      ruled.due = next_at(clock, ruled.ruling.wait_until, question.at);
    }
    const bool worse =
        !out || (out->ruling.allowed() && !ruled.ruling.allowed()) || (out->later && ruled.due > out->due);
    if (worse) out = std::move(ruled);
  }
  out->agreed_at = question.consented_at;
  return *out;
}

std::vector<gate::Rule> rules_of(const std::vector<std::string>& reasons) {
  std::vector<gate::Rule> out;
  for (const std::string& reason : reasons) {
    if (auto rule = gate::find_rule(reason)) out.push_back(*rule);
  }
  return out;
}

Result<std::string> address_digest(vault::Vault& vault, const identity::Key& address) {
  return crypto::keyed_digest(TRY(vault.secret("outreach")), "address|" + identity::message_of(address));
}

Result<std::string> once_digest(vault::Vault& vault, IdentityId identity, std::string_view what) {
  return crypto::keyed_digest(TRY(vault.secret("outreach")), fmt::format("once|{}|{}", identity.value, what));
}

Result<crypto::Key> sealing_key(vault::Vault& vault, IdentityId identity) {
  if (!identity) return vault.secret("outreach_strangers");
  return vault.get(identity, vault::RetentionClass::ordinary);
}

std::string context_of(std::int64_t message, IdentityId identity, std::string_view part) {
  return fmt::format("outreach_message|{}|{}|{}", message, identity.value, part);
}

}  // namespace handschlag::outreach
