#include "features/gate/gate.h"

#include <fmt/format.h>

namespace handschlag::gate {
namespace {

// Changes whenever a rule below changes its meaning, so that an old ruling says under which rules it was made.
constexpr std::uint64_t kRuleSet = 3;

class Builder {
 public:
  explicit Builder(const Question& question) {
    ruling_.basis = question.basis;
    ruling_.rule_set = kRuleSet;
  }
  Builder& because(Rule rule) {
    for (Rule& place : ruling_.rules) {
      if (place == Rule::none) {
        place = rule;
        break;
      }
    }
    return *this;
  }
  Ruling decide(Decision decision, std::uint32_t duties = no_duty) {
    ruling_.decision = decision;
    ruling_.duties = duties;
    return ruling_;
  }

 private:
  Ruling ruling_;
};

bool is_sale_or_advertising(Purpose purpose) {
  return purpose == Purpose::SellDataToThirdParties || purpose == Purpose::PersonalisedAdvertising;
}

// Whether the purpose's basis carries a use, and by which rule.
Rule rule_of_basis(const Question& question) {
  if (question.global_privacy_control && is_sale_or_advertising(question.purpose)) return Rule::global_privacy_control;
  switch (question.basis) {
    case Basis::contract:
      return Rule::contract_suffices;
    case Basis::legal_obligation:
    case Basis::vital_interest:
    case Basis::public_task:
      return Rule::law_suffices;
    case Basis::legitimate_interest:
      return question.consent == ConsentState::refused ? Rule::consent_refused : Rule::interest_suffices;
    case Basis::consent:
      break;
  }
  if (question.consent == ConsentState::given) return Rule::consent_given;
  return question.consent == ConsentState::refused ? Rule::consent_refused : Rule::consent_missing;
}

bool carries(Rule rule) {
  return rule == Rule::contract_suffices || rule == Rule::law_suffices || rule == Rule::interest_suffices ||
         rule == Rule::consent_given;
}

Ruling rule_store(const Question& question) {
  Builder builder(question);
  if (!question.person_known) {
    return builder.because(Rule::no_person).decide(Decision::allow_unlinked, no_client_ids);
  }
  Rule basis = rule_of_basis(question);
  builder.because(basis);
  if (carries(basis)) return builder.decide(Decision::allow, basis == Rule::consent_given ? keep_proof : no_duty);
  if (info(question.purpose).unlinked_without_consent) {
    return builder.because(Rule::kept_unlinked).decide(Decision::allow_unlinked, no_client_ids);
  }
  return builder.decide(Decision::deny);
}

Ruling rule_view(const Question& question) {
  Builder builder(question);
  if (!purposes_of_role(question.role).has(question.purpose)) {
    return builder.because(Rule::role_without_purpose).decide(Decision::deny, write_ledger);
  }
  if (!question.stored_for.has(question.purpose)) {
    return builder.because(Rule::stored_for_other_purpose).decide(Decision::deny, write_ledger);
  }
  Rule basis = rule_of_basis(question);
  return builder.because(basis).decide(carries(basis) ? Decision::allow : Decision::deny, write_ledger);
}

// Handing data to another system of the same controller: it was given the purpose, and the data was stored for it.
Ruling rule_export(const Question& question) {
  Builder builder(question);
  if (!question.granted.has(question.purpose)) {
    return builder.because(Rule::recipient_without_purpose).decide(Decision::deny, write_ledger);
  }
  if (!question.stored_for.has(question.purpose)) {
    return builder.because(Rule::stored_for_other_purpose).decide(Decision::deny, write_ledger);
  }
  Rule basis = rule_of_basis(question);
  return builder.because(basis).decide(carries(basis) ? Decision::allow : Decision::deny, write_ledger);
}

// Data follows its person to where they live, since they asked for it or the law does; and nowhere else.
Ruling rule_move(const Question& question) {
  Builder builder(question);
  if (question.role != "data_protection_officer" && question.role != "admin") {
    return builder.because(Rule::role_without_purpose).decide(Decision::deny, write_ledger);
  }
  if (question.purpose != Purpose::RightsFulfilment && question.purpose != Purpose::LegalCompliance) {
    return builder.because(Rule::purpose_undeclared).decide(Decision::deny, write_ledger);
  }
  if (question.country.empty() || question.to_region.empty() || question.to_region != question.home) {
    return builder.because(Rule::not_their_home).decide(Decision::deny, write_ledger);
  }
  Rule basis = rule_of_basis(question);
  builder.because(basis).because(Rule::moves_home);
  return builder.decide(carries(basis) ? Decision::allow : Decision::deny, write_ledger);
}

// Contact, decision and training have no rule yet that would allow them: so the answer is no.
Ruling rule_other(const Question& question) {
  return Builder(question).because(Rule::purpose_undeclared).decide(Decision::deny, write_ledger);
}

struct Texts {
  std::string_view name, german, english;
};

constexpr Texts texts_of(Rule rule) {
  switch (rule) {
    case Rule::contract_suffices:
      return {"contract_suffices", "das gehört zum Vertrag", "this is part of the contract"};
    case Rule::law_suffices:
      return {"law_suffices", "das Gesetz verlangt oder erlaubt es", "the law demands or permits it"};
    case Rule::interest_suffices:
      return {"interest_suffices", "ein berechtigtes Interesse besteht, und niemand hat widersprochen",
              "there is a legitimate interest, and nobody has objected"};
    case Rule::consent_given:
      return {"consent_given", "die Person hat zugestimmt", "the person has agreed"};
    case Rule::consent_missing:
      return {"consent_missing", "es liegt keine Zustimmung vor", "there is no record of the person's leave"};
    case Rule::consent_refused:
      return {"consent_refused", "die Person hat abgelehnt oder widersprochen", "the person said no or objected"};
    case Rule::kept_unlinked:
      return {"kept_unlinked", "es wird ohne jeden Bezug zur Person gezählt",
              "it is counted with no tie to the person"};
    case Rule::no_person:
      return {"no_person", "es ist niemand erkennbar", "nobody can be recognised in it"};
    case Rule::global_privacy_control:
      return {"global_privacy_control", "der Browser hat dem Verkauf und der Weitergabe widersprochen",
              "the browser objected to selling and sharing"};
    case Rule::role_without_purpose:
      return {"role_without_purpose", "diese Rolle darf dafür keine Daten sehen",
              "this role may not see data for this"};
    case Rule::stored_for_other_purpose:
      return {"stored_for_other_purpose", "die Daten wurden für anderes gespeichert",
              "the data was stored for something else"};
    case Rule::region_closed:
      return {"region_closed", "die Daten dürfen von hier aus nicht genutzt werden",
              "the data may not be used from here"};
    case Rule::purpose_undeclared:
      return {"purpose_undeclared", "dieser Zweck ist nicht vorgesehen", "this purpose has not been provided for"};
    case Rule::recipient_without_purpose:
      return {"recipient_without_purpose", "dieser Empfänger darf dafür keine Daten erhalten",
              "this recipient may not be given data for this"};
    case Rule::moves_home:
      return {"moves_home", "die Daten ziehen dorthin, wo die Person lebt", "the data goes to where the person lives"};
    case Rule::not_their_home:
      return {"not_their_home", "die Daten dieser Person gehören nicht in diese Region",
              "this person's data does not belong in that region"};
    case Rule::none:
      break;
  }
  return {"none", "keine Regel erlaubt es", "no rule allows it"};
}

}  // namespace

Ruling rule(const Question& question) {
  switch (question.use) {
    case Use::store:
      return rule_store(question);
    case Use::view:
      return rule_view(question);
    case Use::export_:
      return rule_export(question);
    case Use::move:
      return rule_move(question);
    case Use::contact:
    case Use::decide:
    case Use::train:
      break;
  }
  return rule_other(question);
}

std::string_view name_of(Rule rule) {
  return texts_of(rule).name;
}

std::optional<Rule> find_rule(std::string_view name) {
  for (int number = 1; number <= static_cast<int>(Rule::not_their_home); ++number) {
    const Rule rule = static_cast<Rule>(number);
    if (texts_of(rule).name == name) return rule;
  }
  return std::nullopt;
}

std::string_view text_of(Rule rule, std::string_view language) {
  return language == "de" ? texts_of(rule).german : texts_of(rule).english;
}

std::string_view name_of(Decision decision) {
  switch (decision) {
    case Decision::allow:
      return "allow";
    case Decision::allow_unlinked:
      return "allow_unlinked";
    case Decision::deny:
      break;
  }
  return "deny";
}

std::string_view name_of(Use use) {
  switch (use) {
    case Use::store:
      return "store";
    case Use::view:
      return "view";
    case Use::contact:
      return "contact";
    case Use::decide:
      return "decide";
    case Use::export_:
      return "export";
    case Use::move:
      return "move";
    case Use::train:
      break;
  }
  return "train";
}

std::string reason(const Ruling& ruling, Purpose purpose, std::string_view language) {
  bool german = language == "de";
  std::string text;
  for (Rule rule : ruling.rules) {
    if (rule == Rule::none) break;
    text += fmt::format("{}{}", text.empty() ? "" : "; ", german ? texts_of(rule).german : texts_of(rule).english);
  }
  if (text.empty()) text = german ? texts_of(Rule::none).german : texts_of(Rule::none).english;
  if (german) {
    return fmt::format("{} für den Zweck „{}“: {}.", ruling.allowed() ? "Erlaubt" : "Nicht erlaubt",
                       info(purpose).german, text);
  }
  return fmt::format("{} for the purpose “{}”: {}.", ruling.allowed() ? "Allowed" : "Not allowed",
                     info(purpose).english, text);
}

}  // namespace handschlag::gate
