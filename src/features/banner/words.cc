#include "features/banner/words.h"

#include <fmt/format.h>

#include <array>

namespace handschlag::banner {
namespace {

// In the order of Language.
using Pair = std::array<std::string_view, 2>;

std::string_view in(const Pair& pair, Language language) {
  return pair[static_cast<std::size_t>(language)];
}

struct Word {
  std::string_view name;
  Pair text;
};

constexpr std::array kWords = {
    Word{"title", {"Dürfen wir?", "May we?"}},
    Word{"intro",
         {"Ja oder Nein: Die Seite funktioniert mit beidem, und Sie können es sich jederzeit anders überlegen.",
          "Yes or no: the page works with either, and you can change your mind at any time."}},
    Word{"yes", {"Ja zu allem", "Yes to all"}},
    Word{"no", {"Nein zu allem", "No to all"}},
    Word{"choose", {"Auswählen", "Choose"}},
    Word{"save", {"Auswahl speichern", "Save choice"}},
    Word{"close", {"Schließen", "Close"}},
    Word{"benefit", {"Was Sie davon haben", "What you get"}},
    Word{"recipients", {"Wer es bekommt", "Who gets it"}},
    Word{"nobody", {"niemand außer uns", "nobody but us"}},
    Word{"retention", {"Wie lange", "How long"}},
    Word{"details", {"Wozu genau Sie Ja sagen", "What exactly you agree to"}},
    Word{"signal",
         {"Ihr Browser sagt dazu für Sie Nein (Global Privacy Control), und daran halten wir uns.",
          "Your browser says no to this for you (Global Privacy Control), and we respect that."}},
};

struct Unit {
  Pair one;
  Pair many;
};

// In the order of law::Term::Unit.
constexpr std::array kUnits = {
    Unit{{"Stunde", "hour"}, {"Stunden", "hours"}},
    Unit{{"Tag", "day"}, {"Tage", "days"}},
    Unit{{"Werktag", "working day"}, {"Werktage", "working days"}},
    Unit{{"Monat", "month"}, {"Monate", "months"}},
    Unit{{"Jahr", "year"}, {"Jahre", "years"}},
};

// In the order of notices::Since.
constexpr std::array kSince = {
    Pair{"ab Erhebung", "from collection"},
    Pair{"ab der letzten Nutzung", "from the last use"},
    Pair{"ab Ende des Vertrags", "from the end of the contract"},
    Pair{"ab Abschluss des Falls", "from the closing of the case"},
    Pair{"ab Ende der Einwilligung", "from the end of the consent"},
};

// In the order of notices::Recipient::Role.
constexpr std::array kRoles = {
    Pair{"in unserem Auftrag", "on our behalf"},
    Pair{"in eigener Verantwortung", "responsible by themselves"},
    Pair{"gemeinsam mit uns verantwortlich", "responsible jointly with us"},
};

}  // namespace

Language language_of(std::string_view asked) {
  const bool german = asked.size() >= 2 && (asked[0] | 0x20) == 'd' && (asked[1] | 0x20) == 'e' &&
                      (asked.size() == 2 || asked[2] == '-' || asked[2] == '_');
  return german ? Language::german : Language::english;
}

std::string_view code_of(Language language) {
  return language == Language::german ? "de" : "en";
}

json::Value words_in(Language language) {
  json::Value out = json::Value::object();
  for (const Word& word : kWords) out[std::string(word.name)] = in(word.text, language);
  return out;
}

std::string say(const law::Term& term, notices::Since since, Language language) {
  const Unit& unit = kUnits[static_cast<std::size_t>(term.unit)];
  return fmt::format("{} {} {}", term.count, in(term.count == 1 ? unit.one : unit.many, language),
                     in(kSince[static_cast<std::size_t>(since)], language));
}

std::string_view say(notices::Recipient::Role role, Language language) {
  return in(kRoles[static_cast<std::size_t>(role)], language);
}

}  // namespace handschlag::banner
