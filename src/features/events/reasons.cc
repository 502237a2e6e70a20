#include "features/events/reasons.h"

#include "features/gate/gate.h"

namespace handschlag::events {
namespace {

struct Text {
  std::string_view reason;
  Meaning meaning;
};

constexpr Text kTexts[] = {
    // of plans, and of people who are gone
    {"event_undeclared", {"der Plan nennt das Ereignis nicht", "the plan does not name the event"}},
    {"field_undeclared", {"der Plan nennt das Feld nicht", "the plan does not name the field"}},
    {"erased", {"diese Person wurde gelöscht", "this person was erased"}},
    // of input
    {"batch_empty", {"die Sendung ist leer", "the batch is empty"}},
    {"batch_missing", {"die Liste „batch“ fehlt", "the list “batch” is missing"}},
    {"batch_too_large", {"zu viele Ereignisse in einer Sendung", "too many events in one batch"}},
    {"event_missing", {"der Name des Ereignisses fehlt", "the event’s name is missing"}},
    {"event_not_object", {"ein Ereignis ist kein Objekt", "an event is no object"}},
    {"event_too_large", {"das Ereignis ist zu groß", "the event is too large"}},
    {"event_too_long", {"der Name des Ereignisses ist zu lang", "the event’s name is too long"}},
    {"identity_missing", {"die Felder userId und anonymousId fehlen", "the fields userId and anonymousId are missing"}},
    {"identity_unusable", {"die Kennung steht für niemanden", "the id stands for nobody"}},
    {"json_malformed", {"kein gültiges JSON", "not valid JSON"}},
    {"message_id_too_long", {"das Feld messageId ist zu lang", "the field messageId is too long"}},
    {"origin_not_listed", {"die Quelle nennt diese Seite nicht", "the source does not list this page’s origin"}},
    {"source_disabled", {"die Quelle ist abgeschaltet", "the source is switched off"}},
    {"source_over_quota", {"die Quelle sendet mehr, als sie darf", "the source sends more than it may"}},
    {"type_unknown", {"die Art des Ereignisses ist unbekannt", "the kind of event is unknown"}},
    {"write_key_unknown", {"der Schreibschlüssel fehlt oder ist unbekannt", "the write key is missing or unknown"}},
};

}  // namespace

Meaning meaning_of(std::string_view reason) {
  if (auto rule = gate::find_rule(reason)) return {gate::text_of(*rule, "de"), gate::text_of(*rule, "en")};
  for (const Text& text : kTexts) {
    if (text.reason == reason) return text.meaning;
  }
  return {reason, reason};
}

}  // namespace handschlag::events
