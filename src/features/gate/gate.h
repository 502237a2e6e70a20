// The gate: every use of personal data asks here first. A pure function of its question: the same question gets the
// same ruling, today and in a replay. Unknown or malformed means no.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "features/gate/purposes.h"
#include "platform/base/clock.h"

namespace handschlag::gate {

enum class Use : std::uint8_t { store, view, contact, decide, export_, train, move };
enum class Channel : std::uint8_t { none, email, sms, phone, post, push, web, social };
// What the person said on this purpose, as far as it is known for this use.
enum class ConsentState : std::uint8_t { unknown, given, refused };
// For Use::store: `allow` ties the data to the person, `allow_unlinked` keeps it without any tie.
enum class Decision : std::uint8_t { allow, allow_unlinked, deny };

// Which rule decided. The texts are in gate.cc; the names are stable and stand in the ledger.
enum class Rule : std::uint8_t {
  none,
  contract_suffices,          // the purpose rests on contract
  law_suffices,               // ... on a legal obligation, vital interest or public task
  interest_suffices,          // ... on a legitimate interest, and the person has not objected
  consent_given,              // ... on consent, and it is there
  consent_missing,            // ... on consent, and nothing says that it was given
  consent_refused,            // the person said no, or objected
  kept_unlinked,              // no consent, but the purpose can do without knowing who
  no_person,                  // nobody is identified: nothing to tie it to
  global_privacy_control,     // Sec-GPC: 1, for selling, sharing or advertising
  role_without_purpose,       // the role may not use data for this purpose
  stored_for_other_purpose,   // the data was stored for other purposes only
  region_closed,              // the data may not be used from here
  purpose_undeclared,         // the source declares no such purpose
  recipient_without_purpose,  // export: who would get the data was not given this purpose
  moves_home,                 // move: to the region where the data of this country's people stays
  not_their_home,             // move: to any other region
};

struct Question {
  Use use = Use::store;
  Purpose purpose = Purpose::CustomerOrderManagement;
  Basis basis = Basis::consent;  // on which the source or action says it rests
  Channel channel = Channel::none;
  ConsentState consent = ConsentState::unknown;
  bool person_known = true;  // false: the data has nobody in it
  bool global_privacy_control = false;
  PurposeSet stored_for;        // view and later uses: the purposes the data was stored for
  std::string_view role;        // view: the staff role that looks; empty for others
  PurposeSet granted;           // export: the purposes that the recipient was given
  std::string_view controller;  // who is responsible; the ruling holds for it alone
  std::string_view country;     // ISO 3166 alpha-2 of the person; empty: unknown, the strictest rules
  std::string_view region;      // where the data lies
  std::string_view to_region;   // move: where it would lie then
  std::string_view home;        // move: where the data of the people of `country` belongs
  Time at{};
};

// What comes with a use. Bits.
enum Duty : std::uint32_t {
  no_duty = 0,
  write_ledger = 1u << 0,   // the use must be written to the ledger before the data is released
  keep_proof = 1u << 1,     // the consent's proof must be kept
  no_client_ids = 1u << 2,  // nothing that comes from the client's device or visit may be kept
};

// The answer. Small and copyable; texts are looked up when someone asks.
struct Ruling {
  static constexpr std::size_t kMaxRules = 4;

  Decision decision = Decision::deny;
  Basis basis = Basis::consent;
  std::array<Rule, kMaxRules> rules{};  // that decided, in order; unused places are Rule::none
  std::uint32_t duties = no_duty;
  std::uint64_t rule_set = 0;  // which version of the rules this was

  bool allowed() const { return decision != Decision::deny; }
};

// Thread-safe, no allocation, under a microsecond.
Ruling rule(const Question& question);

std::string_view name_of(Rule rule);
std::optional<Rule> find_rule(std::string_view name);
// What a rule says, half a sentence. `language` is "de" or "en" (the default for all else).
std::string_view text_of(Rule rule, std::string_view language);
std::string_view name_of(Decision decision);
std::string_view name_of(Use use);
// A sentence for a person. `language` is "de" or "en" (the default for all else).
std::string reason(const Ruling& ruling, Purpose purpose, std::string_view language);

}  // namespace handschlag::gate
