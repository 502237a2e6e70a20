// What the gate's names and rules are called, for programs and for people.
#include <fmt/format.h>

#include "features/gate/gate.h"

namespace handschlag::gate {
namespace {

struct Texts {
  std::string_view name, german, english;
};

// In the order of the enumeration.
constexpr Texts kRules[] = {
    {"none", "keine Regel erlaubt es", "no rule allows it"},
    {"contract_suffices", "das gehört zum Vertrag", "this is part of the contract"},
    {"law_suffices", "das Gesetz verlangt oder erlaubt es", "the law demands or permits it"},
    {"interest_suffices", "ein berechtigtes Interesse besteht, und niemand hat widersprochen",
     "there is a legitimate interest, and nobody has objected"},
    {"consent_given", "die Person hat zugestimmt", "the person has agreed"},
    {"consent_missing", "es liegt keine Zustimmung vor", "there is no record of the person's leave"},
    {"consent_refused", "die Person hat abgelehnt oder widersprochen", "the person said no or objected"},
    {"kept_unlinked", "es wird ohne jeden Bezug zur Person gezählt", "it is counted with no tie to the person"},
    {"no_person", "es ist niemand erkennbar", "nobody can be recognised in it"},
    {"global_privacy_control", "der Browser hat dem Verkauf und der Weitergabe widersprochen",
     "the browser objected to selling and sharing"},
    {"role_without_purpose", "diese Rolle darf dafür keine Daten sehen", "this role may not see data for this"},
    {"stored_for_other_purpose", "die Daten wurden für anderes gespeichert", "the data was stored for something else"},
    {"region_closed", "die Daten dürfen von hier aus nicht genutzt werden", "the data may not be used from here"},
    {"purpose_undeclared", "dieser Zweck ist nicht vorgesehen", "this purpose has not been provided for"},
    {"recipient_without_purpose", "dieser Empfänger darf dafür keine Daten erhalten",
     "this recipient may not be given data for this"},
    {"moves_home", "die Daten ziehen dorthin, wo die Person lebt", "the data goes to where the person lives"},
    {"not_their_home", "die Daten dieser Person gehören nicht in diese Region",
     "this person's data does not belong in that region"},
    {"forbidden_by_law", "das Recht des Landes erlaubt es nicht, oder wir wissen es nicht sicher",
     "the law of the country does not permit it, or it is not known for sure"},
    {"confirmation_missing", "die Zustimmung ist nicht bestätigt", "the agreement has not been confirmed"},
    {"not_explicit", "es liegt keine ausdrückliche Zustimmung für genau dies vor",
     "there is no explicit agreement to exactly this"},
    {"consent_expired", "die Zustimmung ist zu alt", "the agreement is too old"},
    {"guardian_missing", "die Person ist oder könnte zu jung sein, und kein Sorgeberechtigter hat zugestimmt",
     "the person is or may be too young, and no guardian has agreed"},
    {"restricted", "die Person hat die Nutzung ihrer Daten eingeschränkt",
     "the person had the use of their data restricted"},
    {"channel_missing", "es ist kein Kanal genannt", "no channel was named"},
    {"register_not_asked", "die Liste der Widersprüche wurde nicht befragt",
     "the register of objections was not consulted"},
    {"register_listed", "die Adresse steht auf der Liste der Widersprüche",
     "the address is in the register of objections"},
    {"quiet_hours", "bei der Person ist gerade Ruhezeit", "it is a time of rest where the person is"},
    {"quiet_hours_unknown", "wie spät es bei der Person ist, ist nicht bekannt",
     "what time it is where the person is, is not known"},
    {"customer_exception", "eine gesetzliche Ausnahme erlaubt es auch ohne Zustimmung",
     "an exception of the law permits it without agreement"},
    {"no_objection", "es ist erlaubt, solange niemand widerspricht", "it is permitted as long as nobody objects"},
    {"transfer_closed", "die Daten dürfen so nicht in dieses Land", "the data may not go to that country like this"},
    {"country_unknown", "es ist nicht bekannt, in welches Land die Daten gingen",
     "to which country the data would go is not known"},
    {"recipient_unnamed", "die Zustimmung nennt den Empfänger nicht", "the agreement does not name who gets the data"},
    {"review_missing", "kein Mensch kann die Entscheidung überprüfen", "nobody can review the decision"},
    {"signal_objects", "der Browser hat widersprochen", "the browser has objected"},
    {"interest_unassessed", "für das berechtigte Interesse ist keine gültige Abwägung festgehalten",
     "no valid assessment of the legitimate interest is recorded"},
};
static_assert(std::size(kRules) == static_cast<std::size_t>(kLastRule) + 1);

constexpr std::string_view kUses[] = {"store", "view", "contact", "decide", "export", "train", "move", "link"};
constexpr std::string_view kStrengths[] = {"none", "claimed", "stated", "confirmed"};

const Texts& texts_of(Rule rule) {
  const auto number = static_cast<std::size_t>(rule);
  return kRules[number < std::size(kRules) ? number : 0];
}

}  // namespace

std::string_view name_of(Rule rule) {
  return texts_of(rule).name;
}

std::optional<Rule> find_rule(std::string_view name) {
  for (std::size_t i = 1; i < std::size(kRules); ++i) {
    if (kRules[i].name == name) return static_cast<Rule>(i);
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
  return kUses[static_cast<std::size_t>(use)];
}

std::optional<Use> find_use(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kUses); ++i) {
    if (kUses[i] == name) return static_cast<Use>(i);
  }
  return std::nullopt;
}

std::string_view name_of(Strength strength) {
  return kStrengths[static_cast<std::size_t>(strength)];
}

std::vector<std::string> names_of_duties(std::uint32_t duties) {
  std::vector<std::string> out = law::names_of_duties(duties & 0xffffU);
  if ((duties & write_ledger) != 0) out.emplace_back("write_ledger");
  if ((duties & no_client_ids) != 0) out.emplace_back("no_client_ids");
  return out;
}

std::string reason(const Ruling& ruling, Purpose purpose, std::string_view language) {
  const bool german = language == "de";
  std::string text;
  for (Rule rule : ruling.rules) {
    if (rule == Rule::none) break;
    text += fmt::format("{}{}", text.empty() ? "" : "; ", text_of(rule, language));
  }
  if (text.empty()) text = text_of(Rule::none, language);
  if (german) {
    return fmt::format("{} für den Zweck „{}“: {}.", ruling.allowed() ? "Erlaubt" : "Nicht erlaubt",
                       info(purpose).german, text);
  }
  return fmt::format("{} for the purpose “{}”: {}.", ruling.allowed() ? "Allowed" : "Not allowed",
                     info(purpose).english, text);
}

}  // namespace handschlag::gate
