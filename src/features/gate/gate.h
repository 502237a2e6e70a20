// The gate: every use of personal data asks here first. A pure function of its question and of the law: the same
// question under the same rule set gets the same ruling, today and in a replay. Unknown or malformed means no.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/gate/purposes.h"
#include "features/law/law.h"
#include "platform/base/clock.h"

namespace handschlag::gate {

using law::Channel;

// Numbers are stored: never renumber, only append.
enum class Use : std::uint8_t { store, view, contact, decide, export_, train, move, link };
// What the person said on this purpose (and channel), as far as it is known for this use. Whoever objected or withdrew
// has refused.
enum class ConsentState : std::uint8_t { unknown, given, refused };
// How well a consent is proven.
enum class Strength : std::uint8_t {
  none,
  claimed,    // a client says so
  stated,     // the person said so to somebody or on a form, and it was written down
  confirmed,  // ... and proved control of the address: double opt-in
};
// For Use::store: `allow` ties the data to the person, `allow_unlinked` keeps it without any tie.
enum class Decision : std::uint8_t { allow, allow_unlinked, deny };
// What a register of people who object says of an address.
enum class Register : std::uint8_t { not_asked, clear, listed };

// Which rule decided. The texts are in texts.cc; the names are stable and stand in the ledger. Never renumber.
enum class Rule : std::uint8_t {
  none,
  contract_suffices,          // the purpose rests on contract
  law_suffices,               // ... on a legal obligation, vital interest or public task
  interest_suffices,          // ... on a legitimate interest, and the person has not objected
  consent_given,              // ... on consent, and it is there
  consent_missing,            // ... on consent, and nothing says that it was given
  consent_refused,            // the person said no, objected or withdrew
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
  forbidden_by_law,           // the law of the person's country does not permit it at all
  confirmation_missing,       // the law demands a confirmed consent (double opt-in), and it was not confirmed
  not_explicit,               // ... demands consent for exactly this
  consent_expired,            // the consent is older than the law lets it live
  guardian_missing,           // the person is under the age of consent, or may be, and no guardian agreed
  restricted,                 // the person had the use restricted
  channel_missing,            // contact: no channel was named
  register_not_asked,         // contact: a register of objections must be asked first
  register_listed,            // contact: the address is in it
  quiet_hours,                // contact: not at this time of their day
  quiet_hours_unknown,        // contact: there are such hours, and what time it is there is not known
  customer_exception,         // contact: an exception of the law permits it without consent
  no_objection,               // the law permits it until somebody objects, and nobody has
  transfer_closed,            // export: the law does not let it go to that country like this
  country_unknown,            // export: to which country it would go is not known
  recipient_unnamed,          // export: for value, to whom the consent does not name
  review_missing,             // decide: nobody can look at it anew
  signal_objects,             // a signal of the browser counts as an objection there
  interest_unassessed,        // it rests on a legitimate interest, and no assessment of that holds
};
inline constexpr Rule kLastRule = Rule::interest_unassessed;

// The sale by which an address was got.
struct Sale {
  bool address_from_sale = false;    // of this controller, to this person
  bool own_similar_goods = false;    // what is offered now is like what was sold then
  bool told_when_collected = false;  // that one can object
  bool business_relationship = false;
  Time at{};  // of the last one; 0: none is known
};

struct Question {
  Use use = Use::store;
  Purpose purpose = Purpose::CustomerOrderManagement;
  Basis basis = Basis::consent;  // on which the source or action says it rests
  Channel channel = Channel::none;
  std::uint32_t categories = ordinary;

  // Somebody weighed the company's interest in this purpose against that of the people; it is recorded, and holds.
  bool interest_weighed = false;

  ConsentState consent = ConsentState::unknown;
  Strength strength = Strength::none;
  bool explicit_consent = false;     // for exactly this, and for these categories
  bool quiet_hours_consent = false;  // also for the hours in which the law wants rest
  bool recipient_named = false;      // the consent names who gets the data
  Time consented_at{};               // 0: not known
  bool global_privacy_control = false;

  bool person_known = true;   // false: the data has nobody in it
  bool restricted = false;    // GDPR Art. 18: kept, and not used
  int age = -1;               // years; -1: not known
  bool for_children = false;  // the service is offered to children: whose age is not known may be one
  bool guardian = false;      // a guardian agreed
  bool from_device = false;   // the data came with ids that are kept on the person's device
  PurposeSet stored_for;      // view and later uses: the purposes the data was stored for

  Sale sale;
  Register objections = Register::not_asked;
  bool tells_objection = false;  // contact: the message says how to object
  int local_minute = -1;         // contact: of the person's day; -1: not known
  bool weighty = false;          // decide: with legal or similar effect, and nobody in between
  bool reviewed = false;         // decide: somebody can look at it anew

  std::string_view role;        // view: the staff role that looks; empty for others
  PurposeSet granted;           // export: the purposes that the recipient was given
  std::string_view to_country;  // export: where the recipient is
  bool safeguards = false;      // export: standard clauses or the like bind the recipient
  std::string_view controller;  // who is responsible; the ruling holds for it alone
  std::string_view country;  // ISO 3166 alpha-2 of the person, or a part ("US-CA"); empty: unknown, the strictest rules
  std::string_view region;   // where the data lies
  std::string_view to_region;  // move: where it would lie then
  std::string_view home;       // move: where the data of the people of `country` belongs
  Time at{};
};

// What comes with a use. Bits; the lower half are law::Duty.
enum Duty : std::uint32_t {
  no_duty = 0,
  keep_proof = law::keep_proof,  // the consent's proof must be kept
  write_ledger = 1u << 16,       // the use must be written to the ledger before the data is released
  no_client_ids = 1u << 17,      // nothing that comes from the client's device or visit may be kept
};

// The answer. Small and copyable; texts are looked up when someone asks.
struct Ruling {
  static constexpr std::size_t kMaxRules = 4;

  Decision decision = Decision::deny;
  Basis basis = Basis::consent;
  std::array<Rule, kMaxRules> rules{};  // that decided, in order; unused places are Rule::none
  std::array<law::RuleNumber, kMaxRules> law = {law::kNoRule, law::kNoRule, law::kNoRule, law::kNoRule};  // likewise
  std::uint32_t duties = no_duty;
  std::int16_t wait_until = -1;  // quiet hours: the minute of the person's day at which they end
  std::uint64_t rule_set = 0;    // RuleSet::number() of the law it was made under

  bool allowed() const { return decision != Decision::deny; }
};

// For which purposes an assessment of a legitimate interest holds at a time: a port, since whoever keeps them stands
// above those who ask. Thread-safe and quick.
class Interests {
 public:
  virtual ~Interests() = default;
  virtual PurposeSet weighed(Time at) const = 0;
};
// For none.
const Interests& no_interests();

// Thread-safe, no allocation, under a microsecond.
Ruling rule(const Question& question, const law::RuleSet& law);

std::string_view name_of(Rule rule);
std::optional<Rule> find_rule(std::string_view name);
// What a rule says, half a sentence. `language` is "de" or "en" (the default for all else).
std::string_view text_of(Rule rule, std::string_view language);
std::string_view name_of(Decision decision);
std::string_view name_of(Use use);
std::optional<Use> find_use(std::string_view name);
std::string_view name_of(Strength strength);
std::vector<std::string> names_of_duties(std::uint32_t duties);
// A sentence for a person. `language` is "de" or "en" (the default for all else).
std::string reason(const Ruling& ruling, Purpose purpose, std::string_view language);

// What alone would make a denied use an allowed one, as text: "Wait until 08:00 where they are." Empty where no single
// thing would. `question` and `law` are those of the ruling.
struct Remedy {
  std::string_view name;  // "consent", "confirmation", "wait" ...; stable
  std::string_view german;
  std::string_view english;
  Ruling ruling;  // that it would get then
};
std::vector<Remedy> remedies(const Question& question, const law::RuleSet& law);

}  // namespace handschlag::gate
