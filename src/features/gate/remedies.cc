// What would have to change for a denied use to be allowed: found by trying, so that it is true.
#include "features/gate/gate.h"

namespace handschlag::gate {
namespace {

struct Change {
  std::string_view name, german, english;
  void (*apply)(Question&);
};

void agree(Question& question, Strength strength) {
  question.consent = ConsentState::given;
  question.strength = strength;
  question.consented_at = question.at;
}

// From the least to ask for to the most; each alone, or as a whole.
constexpr Change kChanges[] = {
    {"renew", "Die Zustimmung erneuern lassen.", "Have the agreement renewed.",
     [](Question& q) {
       if (q.consent == ConsentState::given) q.consented_at = q.at;
     }},
    {"confirm", "Die Zustimmung über diesen Kanal bestätigen lassen (Double-Opt-in).",
     "Have the agreement confirmed by this channel (double opt-in).",
     [](Question& q) {
       if (q.consent == ConsentState::given) agree(q, Strength::confirmed);
     }},
    {"ask_register", "Die Liste der Widersprüche befragen; steht die Adresse nicht darin, ist es erlaubt.",
     "Consult the register of objections; if the address is not in it, it is permitted.",
     [](Question& q) {
       if (q.objections == Register::not_asked) q.objections = Register::clear;
     }},
    {"assess", "Das berechtigte Interesse abwägen und die Abwägung festhalten.",
     "Assess the legitimate interest, and record the assessment.", [](Question& q) { q.interest_weighed = true; }},
    {"say_how_to_object", "In der Nachricht sagen, wie man widerspricht.", "Say in the message how to object.",
     [](Question& q) { q.tells_objection = true; }},
    {"ask", "Die Person um Zustimmung bitten, auf einem erlaubten Weg.",
     "Ask the person to agree, in a way that is permitted.",
     [](Question& q) {
       if (q.consent == ConsentState::unknown) agree(q, Strength::stated);
     }},
    {"ask_and_confirm", "Die Person um Zustimmung bitten und sie bestätigen lassen (Double-Opt-in).",
     "Ask the person to agree, and have it confirmed (double opt-in).",
     [](Question& q) {
       if (q.consent == ConsentState::unknown) agree(q, Strength::confirmed);
     }},
    {"ask_expressly", "Um die ausdrückliche Zustimmung für genau dies bitten, mit dem Namen des Empfängers.",
     "Ask for agreement to exactly this, naming who gets the data.",
     [](Question& q) {
       if (q.consent == ConsentState::refused) return;
       agree(q, Strength::confirmed);
       q.explicit_consent = true;
       q.recipient_named = true;
     }},
    {"guardian", "Einen Sorgeberechtigten zustimmen lassen.", "Have a guardian agree.",
     [](Question& q) { q.guardian = true; }},
    {"wait", "Warten, bis die Ruhezeit vorbei ist.", "Wait until the time of rest is over.",
     [](Question& q) {
       if (q.local_minute >= 0) q.local_minute = 12 * 60;
     }},
    {"learn_time_zone", "In Erfahrung bringen, in welcher Zeitzone die Person lebt.",
     "Find out in which time zone the person lives.",
     [](Question& q) {
       if (q.local_minute < 0) q.local_minute = 12 * 60;
     }},
    {"review", "Einen Menschen die Entscheidung überprüfen lassen.", "Have somebody review the decision.",
     [](Question& q) { q.reviewed = true; }},
    {"safeguards", "Den Empfänger durch Standardvertragsklauseln binden.",
     "Bind the recipient by standard contractual clauses.", [](Question& q) { q.safeguards = true; }},
    {"person_changes_mind", "Nur die Person selbst kann es sich anders überlegen.",
     "Only the person themselves can think better of it.",
     [](Question& q) {
       if (q.consent != ConsentState::refused) return;
       agree(q, Strength::confirmed);
       q.explicit_consent = true;
     }},
};

}  // namespace

std::vector<Remedy> remedies(const Question& question, const law::RuleSet& law) {
  std::vector<Remedy> out;
  if (rule(question, law).decision == Decision::allow) return out;
  for (const Change& change : kChanges) {
    Question changed = question;
    change.apply(changed);
    const Ruling ruling = rule(changed, law);
    if (ruling.decision == Decision::allow) out.push_back({change.name, change.german, change.english, ruling});
  }
  return out;
}

}  // namespace handschlag::gate
