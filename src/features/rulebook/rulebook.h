// The law in force here: the rules that come with the program, what this installation's counsel confirmed of them, and
// rules of its own. Every set that was ever in force is kept, so that an old ruling can be explained and made again.
//
// Thread-safe. Kept in the control database; other nodes follow within a second.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/gate/gate.h"
#include "features/law/law.h"
#include "features/staff/staff.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"
#include "platform/http/router.h"
#include "platform/json/json.h"

namespace handschlag::rulebook {

// What counsel said of a rule that its file calls unverified.
struct Confirmation {
  std::string rule;
  std::string counsel;  // who
  std::string day;      // when: "2026-11-22"
  std::string source;   // what it rests on
  Time recorded_at{};
  std::string recorded_by;  // principal
  bool holds = true;        // false: the rule says something else since, or is gone
};

struct OwnRule {
  law::Rule rule;
  Time recorded_at{};
  std::string recorded_by;
  std::optional<Time> ended_at;
  std::string ended_by;
};

struct Kept {
  std::uint64_t number = 0;
  std::string hash;
  Time since{};
};

// A norm that would be another one.
struct Change {
  std::string country;
  law::Topic topic;
  law::Channel channel;
  law::Norm before;
  law::Norm after;
};

// A change that is thought of and not made: a rule that counsel would confirm, or one of their own; nothing: the law in
// force, as it is dated.
struct Draft {
  std::string confirm = {};
  std::optional<law::Rule> rule = {};
  law::Day day{};  // on which it is looked at
};

std::span<const db::Migration> migrations();

class Rulebook : public law::InForce {
 public:
  // `control`, `staff` and `clock` must outlive this. Errors: invalid "law_faulty"; unavailable.
  static Result<std::unique_ptr<Rulebook>> open(db::Database& control, staff::Staff& staff, const Clock& clock);

  // A set that is or was in force. Errors: not_found "rule_set_unknown".
  virtual Result<std::shared_ptr<const law::RuleSet>> find(std::uint64_t number) = 0;
  virtual Result<std::vector<Kept>> kept() = 0;  // newest first

  virtual Result<std::vector<Confirmation>> confirmations() = 0;
  // Errors: not_found "rule_unknown"; conflict "rule_not_unverified", "law_faulty" (it would overlap with another
  // rule); invalid (each wrong field named).
  virtual Result<void> confirm(const staff::Actor& actor, Confirmation confirmation) = 0;
  virtual Result<void> withdraw(const staff::Actor& actor, std::string_view rule) = 0;  // not_found

  virtual Result<std::vector<OwnRule>> own_rules() = 0;
  // Errors: conflict "own_rule_exists"; invalid "law_faulty".
  virtual Result<void> add(const staff::Actor& actor, law::Rule rule) = 0;
  virtual Result<void> end(const staff::Actor& actor, std::string_view id) = 0;  // not_found

  // The law as it would be; nothing is changed. Errors: as those of confirm() and add().
  virtual Result<std::shared_ptr<const law::RuleSet>> would_be(const Draft& draft) = 0;
  // What would be another norm on that day.
  virtual Result<std::vector<Change>> preview(const Draft& draft) = 0;
};

// Each change is written to the audit, in its own transaction.
// `interests` answers whether an interest was assessed, where a question does not say.
void bind_routes(http::Router& router, Rulebook& rulebook, const Clock& clock, const gate::Interests& interests);

// A draft as the API has it (LawDraft). Today where no day is said. Errors: invalid, each wrong field named.
Result<Draft> decode_draft(std::string_view body, const Clock& clock);

// A ruling, and what would change it, as the API has them (GateRuling). `law` is what it was made under.
json::Value ruling_json(const gate::Ruling& ruling, gate::Purpose purpose, const law::RuleSet& law);
json::Value remedies_json(std::span<const gate::Remedy> remedies);

}  // namespace handschlag::rulebook
