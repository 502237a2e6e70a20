// The law as dated data: what each country demands of whoever stores, links, studies or contacts people. No legal
// advice.
//
//   const law::Norm& norm = rules.norm("DE", law::Topic::advertising, law::Channel::email, law::day_of(now));
//
// A Rule is one sentence of one law in one jurisdiction, as its file in jurisdictions/ says it. A RuleSet holds all
// rules compiled: for every country, topic, channel and day the one Norm that holds there. What is not stated is
// forbidden.
//
// A RuleSet never changes: thread-safe, look-ups allocate nothing.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/base/clock.h"
#include "platform/base/result.h"

namespace handschlag::law {

using Day = std::chrono::sys_days;

// The day of a moment, in UTC.
Day day_of(Time time);
// "2026-11-22". Errors of the second: invalid.
std::string to_text(Day day);
Result<Day> parse_day(std::string_view text);

// By which way a person is addressed. `none` for what is no message. Numbers stand in stored statements: never
// renumber.
enum class Channel : std::uint8_t { none, email, sms, phone, post, push, web, social };
inline constexpr std::size_t kChannels = 8;

// What a rule is about. Those of the first group say whether something is permitted, by a requirement; those of the
// second say how long or how old, by a term; the rest say what their fields say.
enum class Topic : std::uint8_t {
  advertising,         // contact that promotes sales, by channel
  survey,              // asking about satisfaction, by channel
  market_research,     // questions that promote nothing, by channel
  service,             // messages about a contract, a question or a right, by channel
  device,              // keeping or reading ids on a person's device, beyond what a service that was asked for needs
  linking,             // joining identities of different worlds
  profiling,           // evaluating a person: predicting, choosing for them
  location,            // using where somebody is
  automated_decision,  // with legal or similarly weighty effect, without a person in between
  special_category,    // health, fitness, beliefs and the like
  sale_of_data,        // giving data to others for value
  listening,           // devices that hear or see
  privacy_signal,  // Sec-GPC and its like: `opt_out` means that it counts as an objection, `free` that it says nothing
  transfer,        // to another country; `to` says which
  localisation,    // storing outside the country
  quiet_hours,     // contact between `quiet_from` and `quiet_until`, by channel
  age_of_consent,  // `years`: below it a guardian decides
  consent_proof,   // how long the proof is kept, by channel
  consent_life,    // for how long a consent lasts
  re_ask_pause,    // after a refusal
  request_deadline,    // for answering a data subject
  objection_deadline,  // within which an objection must be honoured
  breach_notice,       // to the authority
  retention,           // what must be kept, by `retention_class`
  fine,
};
inline constexpr std::size_t kTopics = static_cast<std::size_t>(Topic::fine) + 1;
bool is_permission(Topic topic);  // has a requirement
bool has_channels(Topic topic);
bool has_term(Topic topic);

// Whether a text has the form of ISO 3166, alpha-2 ("US") or a subdivision ("US-CA"); it may still be nobody's.
bool is_country_code(std::string_view code);

// In the order of strictness.
enum class Requirement : std::uint8_t { free, opt_out, opt_in, double_opt_in, forbidden };

// What must be so for a requirement or an exception. Bits.
enum Need : std::uint32_t {
  nothing_more = 0,
  address_from_sale = 1u << 0,      // the address was got with a sale to this person
  own_similar_goods = 1u << 1,      // the offer is of the seller's own similar goods
  told_when_collected = 1u << 2,    // the right to object was told when the address was got
  told_at_each_use = 1u << 3,       // ... and is told in this message
  register_clear = 1u << 4,         // the register of those who object was asked, and they are not in it
  explicit_consent = 1u << 5,       // for exactly this, not bundled
  named_recipient = 1u << 6,        // who gets it is named
  human_review = 1u << 7,           // somebody can look at it anew
  safeguards = 1u << 8,             // standard clauses or the like bind who receives it
  business_relationship = 1u << 9,  // there is one at present
};
using Needs = std::uint32_t;

// What comes with a use that is permitted. Bits.
enum Duty : std::uint32_t {
  no_duty = 0,
  keep_proof = 1u << 0,
  name_sender = 1u << 1,       // who it is from, and how to reach them
  offer_objection = 1u << 2,   // a simple way to object in each message
  mark_advertising = 1u << 3,  // it says that it is advertising
  record_call = 1u << 4,
};
using Duties = std::uint32_t;

// "2 months", "10 working days", "72 hours".
struct Term {
  enum class Unit : std::uint8_t { hours, days, working_days, months, years };
  int count = 0;  // 0: none
  Unit unit = Unit::days;
  friend bool operator==(const Term&, const Term&) = default;
  // About how long, for comparing: a month is 30 days, five working days are a week.
  double days() const;
};
Result<Term> parse_term(std::string_view text);
std::string to_text(const Term& term);
// When a term that begins at `from` is over. Months and years by the calendar (a month after 31 January is the end of
// February), working days without Saturdays and Sundays; holidays are not known here. Never beyond the year 9999.
Time after(Time from, const Term& term);

// Besides a consent, what also permits: the customer exception and its like. All needs must be met, and the sale not be
// older than `since_sale`.
struct Exception {
  std::string name;  // "existing_customer"
  Needs needs = nothing_more;
  Term since_sale = {};
  friend bool operator==(const Exception&, const Exception&) = default;
};

// How well a rule is founded.
enum class Status : std::uint8_t {
  unverified,  // general knowledge: it may only tighten what holds without it
  secondary,   // read in a secondary source
  verified,    // read in the law itself
  confirmed,   // unverified in its file, confirmed by counsel of this installation
};

struct Rule {
  std::string id;            // stable for ever: "de.advertising.mail"
  std::string jurisdiction;  // "DE", "US-CA", "EU", "*" for everywhere else
  Topic topic = Topic::advertising;
  std::vector<Channel> channels;  // {none} for topics without
  Day from{};
  std::optional<Day> until;  // the last day on which it holds
  Requirement requirement = Requirement::forbidden;
  Needs needs = nothing_more;
  std::vector<Exception> exceptions;
  Duties duties = no_duty;
  Term term;
  Term extension;              // request_deadline: how much longer at most
  bool from_each_use = false;  // consent_proof: the term begins again with each use
  int years = 0;               // age_of_consent
  int quiet_from = 0;          // minutes after midnight, where the person is
  int quiet_until = 0;
  std::vector<std::string> to;  // transfer: countries, or groups ("EU"); empty: every other country
  std::string retention_class;  // retention: "bookkeeping"
  Status status = Status::unverified;
  std::string source;  // the provision, or where it was read
  std::string link;    // may be empty
  std::string read;    // verified: the day on which the law was read
  std::string german;  // one sentence for people
  std::string english;
  bool own = false;  // of this installation: it only tightens
};

struct Jurisdiction {
  std::string code;    // ISO 3166 alpha-2, a subdivision ("US-CA"), a group ("EU"), or "*"
  std::string within;  // "EU", "US"; may be empty
  bool group = false;  // no country, but several
  std::string german;  // names
  std::string english;
  std::vector<Rule> rules;
};

// Reads one file. `name` is what errors call it. Errors: invalid, each wrong field named.
Result<Jurisdiction> parse_jurisdiction(std::string_view toml, std::string_view name);

// What is wrong with a body of law as a whole: the same id twice, periods that overlap or leave a gap, groups that are
// not there, topics that nobody states for everywhere else. One sentence each; empty: nothing.
std::vector<std::string> find_faults(std::span<const Jurisdiction> jurisdictions);

using RuleNumber = std::uint16_t;  // the place of a rule in its set
inline constexpr RuleNumber kNoRule = 0xffff;

// What holds in a country, for a topic, on a channel, during a period: its own firm rule, else its group's, else that
// for everywhere else; tightened by what is unverified, by its parts where the person's part is unknown, and by own
// rules.
struct Norm {
  static constexpr std::size_t kMaxRules = 4;
  static constexpr std::size_t kMaxExceptions = 2;
  struct Way {
    std::string_view name;  // of the exception; lives as long as the set
    Needs needs = nothing_more;
    float since_sale_days = 0;  // 0: however long ago
    RuleNumber rule = kNoRule;
  };
  Day from{};
  Requirement requirement = Requirement::forbidden;
  std::uint8_t exceptions = 0;  // how many of `ways` there are
  std::int16_t quiet_from = 0;
  std::int16_t quiet_until = 0;
  std::int16_t years = 0;
  Needs needs = nothing_more;
  Duties duties = no_duty;
  Term term;
  Term extension;
  bool from_each_use = false;
  std::array<Way, kMaxExceptions> ways{};
  std::array<RuleNumber, kMaxRules> rules = {kNoRule, kNoRule, kNoRule, kNoRule};  // whose it is; the decisive first
};

class RuleSet {
 public:
  // `own` are rules of this installation, which only tighten; `confirmed` the ids of rules that its counsel confirmed.
  // Errors: invalid "law_faulty", every fault named.
  static Result<std::shared_ptr<const RuleSet>> compile(std::vector<Jurisdiction> jurisdictions,
                                                        std::vector<Rule> own = {},
                                                        std::span<const std::string> confirmed = {});

  // `country` is ISO 3166 alpha-2, with or without a subdivision ("US-CA"); empty or unknown: everywhere else.
  const Norm& norm(std::string_view country, Topic topic, Channel channel, Day day) const;
  // What is demanded for data of people of `country` to go to `to`.
  const Norm& transfer(std::string_view country, std::string_view to, Day day) const;

  std::span<const Rule> rules() const { return rules_; }
  const Rule& rule(RuleNumber number) const { return rules_[number]; }
  const Rule* find(std::string_view id) const;                                    // nullptr if there is none
  std::span<const Jurisdiction> jurisdictions() const { return jurisdictions_; }  // without their rules
  const Jurisdiction* jurisdiction(std::string_view code) const;
  bool in_group(std::string_view country, std::string_view group) const;

  // The whole as one text, the same for the same law, from which it can be made again; its SHA-256 in hex; and 48 bits
  // of that, which stand in every ruling.
  const std::string& text() const { return text_; }
  const std::string& hash() const { return hash_; }
  std::uint64_t number() const { return number_; }

 private:
  struct Series {  // the norms of one country, topic and channel, by day
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  struct Country {
    std::array<Series, kTopics * kChannels> series{};
    std::vector<std::pair<std::string, Series>> transfers;  // by destination: countries, groups, "" for all others
  };

  friend class Compiler;
  RuleSet() = default;
  const Country& country(std::string_view code) const;
  const Norm& at(const Series& series, Day day) const;

  std::vector<Rule> rules_;
  std::vector<Jurisdiction> jurisdictions_;
  std::vector<Norm> norms_;
  std::vector<Country> countries_;                              // the first is for everywhere else
  std::vector<std::uint16_t> by_alpha2_;                        // as a number of base 26 -> place in countries_
  std::vector<std::pair<std::string, std::uint16_t>> by_code_;  // subdivisions, and "US-" for a country without them
  std::string text_;
  std::string hash_;
  std::uint64_t number_ = 0;
};

// The jurisdictions that are built into the program, as their files say. Errors: invalid, which a test rules out.
Result<std::vector<Jurisdiction>> shipped();

// Makes again what text() gave. Errors: invalid.
Result<std::shared_ptr<const RuleSet>> read_rule_set(std::string_view text);

// The law that is built into the program; compiled once. Aborts where it is faulty, which a test rules out.
std::shared_ptr<const RuleSet> built_in();

// Which law is in force now: a port, since whoever keeps it stands above those who ask. Thread-safe and quick.
class InForce {
 public:
  virtual ~InForce() = default;
  virtual std::shared_ptr<const RuleSet> current() const = 0;
};
// What is built in, and nothing else.
const InForce& shipped_law();

std::string_view name_of(Topic topic);
std::string_view name_of(Channel channel);
std::string_view name_of(Requirement requirement);
std::string_view name_of(Status status);
std::optional<Topic> find_topic(std::string_view name);
std::optional<Channel> find_channel(std::string_view name);
std::optional<Requirement> find_requirement(std::string_view name);
std::vector<std::string> names_of_needs(Needs needs);
std::vector<std::string> names_of_duties(Duties duties);

}  // namespace handschlag::law
