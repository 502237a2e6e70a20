#include <string>
#include <utility>
#include <vector>

#include "features/demo/demo.h"

namespace handschlag::demo {
namespace {

using enum gate::Purpose;
using law::Channel;
using notices::Entry;
using notices::NoticeVersion;
using notices::Recipient;
using notices::Since;
using Unit = law::Term::Unit;

const Recipient& host() {
  static const Recipient kHost{"Kontorhaus Rechenzentrum AG", "DE", Recipient::Role::processor, ""};
  return kHost;
}
const Recipient& mailer() {
  static const Recipient kMailer{"Brieftaube Mailversand GmbH", "DE", Recipient::Role::processor, ""};
  return kMailer;
}
const Recipient& carrier() {
  static const Recipient kCarrier{"Flinkrad Paketdienst GmbH", "DE", Recipient::Role::controller, ""};
  return kCarrier;
}
const Recipient& call_centre() {
  static const Recipient kCallCentre{"Harbour Desk Ltd", "GB", Recipient::Role::processor,
                                     "adequacy decision of the European Commission"};
  return kCallCentre;
}

struct Said {
  gate::Purpose purpose;
  std::vector<std::string> categories;
  std::vector<Recipient> recipients;
  law::Term retention;
  Since since;
  notices::Both benefit;
  notices::Both description;
};

std::vector<Said> of_service() {
  return {
      {CustomerOrderManagement,
       {"name", "e-mail", "phone", "address", "orders", "payments"},
       {host(), carrier()},
       {10, Unit::years},
       Since::contract_end,
       {"Was Sie bestellt haben, kommt an, und auf die Garantie können Sie sich verlassen.",
        "What you ordered arrives, and you can rely on its guarantee."},
       {"Wir nehmen Bestellungen an, liefern sie, rechnen sie ab und nehmen zurück, was nicht passt.",
        "We take orders, deliver and bill them, and take back what does not fit."}},
      {CustomerCare,
       {"name", "e-mail", "phone", "orders", "messages"},
       {host(), call_centre()},
       {3, Unit::years},
       Since::case_closed,
       {"Sie müssen nichts zweimal erzählen.", "You need not tell anything twice."},
       {"Wir helfen bei Fragen zu Bestellungen, Rädern und Werkstatt.",
        "We help with questions on orders, bicycles and repairs."}},
      {CommunicationForCustomerCare,
       {"name", "e-mail", "social handle", "messages"},
       {host(), call_centre()},
       {1, Unit::years},
       Since::case_closed,
       {"Sie bekommen eine Antwort dort, wo Sie fragen.", "You get an answer where you asked."},
       {"Wir antworten auf Nachrichten, auch auf unserer Seite im sozialen Netz.",
        "We answer messages, also those on our social page."}},
      {CustomerClaimsManagement,
       {"name", "e-mail", "phone", "orders", "complaints"},
       {host(), call_centre()},
       {3, Unit::years},
       Since::case_closed,
       {"Was schiefging, wird in Ordnung gebracht, und Sie sehen, wie weit wir sind.",
        "What went wrong is put right, and you see how far we are."},
       {"Wir bearbeiten Beschwerden und Reklamationen und lernen daraus.",
        "We handle complaints and claims, and learn from them."}},
      {PersonalisedBenefits,
       {"customer card", "orders"},
       {host()},
       {2, Unit::years},
       Since::last_use,
       {"Punkte für jeden Einkauf und eine kostenlose Durchsicht im Jahr.",
        "Points for each purchase, and a free check of your bicycle each year."},
       {"Wir führen das Punktekonto der Kundenkarte.", "We keep the account of the customer card."}},
  };
}

std::vector<Said> of_leave() {
  return {
      {DirectMarketing,
       {"name", "e-mail", "orders", "interests"},
       {host(), mailer()},
       {2, Unit::years},
       Since::last_use,
       {"Angebote eine Woche früher, und zum Geburtstag zehn Prozent.",
        "Offers a week early, and ten per cent off on your birthday."},
       {"Wir schreiben höchstens zweimal im Monat, was es Neues gibt.",
        "We write at most twice a month about what is new."}},
      {ServiceUsageAnalytics,
       {"page views", "device type"},
       {host()},
       {14, Unit::months},
       Since::collected,
       {"Ein Shop, in dem Sie schneller finden, was Sie suchen.", "A shop in which you find faster what you look for."},
       {"Wir zählen, welche Seiten besucht werden und wo Besucher nicht weiterkommen.",
        "We count which pages are visited, and where visitors get stuck."}},
      {ServicePersonalisation,
       {"interests", "orders", "app usage"},
       {host()},
       {2, Unit::years},
       Since::last_use,
       {"Zeigt Ihnen zuerst, was zu Ihrem Rad passt.", "Shows first what fits your bicycle."},
       {"Wir ordnen Shop und App nach dem, was Sie haben und ansehen.",
        "We arrange shop and app by what you have and look at."}},
      {ProvidePersonalisedRecommendations,
       {"orders", "interests"},
       {host()},
       {2, Unit::years},
       Since::last_use,
       {"Empfehlungen, die zu Ihrem Rad und Ihrem Weg passen.", "Recommendations that fit your bicycle and your way."},
       {"Wir schlagen vor, was zu früheren Käufen passt.", "We suggest what fits earlier purchases."}},
      {SatisfactionSurvey,
       {"e-mail", "orders", "answers"},
       {host(), mailer()},
       {2, Unit::years},
       Since::collected,
       {"Was Sie stört, ändern wir, und wir sagen Ihnen, was daraus wurde.",
        "What bothers you we change, and we tell you what became of it."},
       {"Wir fragen nach Lieferung, Werkstatt und Beratung, höchstens viermal im Jahr.",
        "We ask about delivery, repairs and advice, at most four times a year."}},
      {IdentityLinking,
       {"account", "customer card", "social handle"},
       {host()},
       {2, Unit::years},
       Since::consent_end,
       {"Punkte, Käufe und Fragen an einem Ort, gleich ob im Netz oder in der Filiale.",
        "Points, purchases and questions in one place, online or in the branch."},
       {"Wir verbinden Ihr Konto, Ihre Kundenkarte und Ihr Profil im sozialen Netz.",
        "We connect your account, your customer card and your social profile."}},
      {LocationOffers,
       {"location", "app usage"},
       {host()},
       {30, Unit::days},
       Since::collected,
       {"Hinweise auf Werkstätten und Angebote, wenn Sie in der Nähe sind.",
        "Hints at repair shops and offers when you are near."},
       {"Die App sagt uns, in welcher Stadt Sie sind, nicht wo genau.",
        "The app tells us in which town you are, not where exactly."}},
  };
}

NoticeVersion notice(std::string id, gate::PurposeSet purposes, std::vector<Channel> channels, law::Term validity,
                     std::vector<notices::Text> texts) {
  NoticeVersion out;
  out.id = std::move(id);
  out.purposes = purposes;
  out.channels = std::move(channels);
  out.validity = validity;
  out.texts = std::move(texts);
  return out;
}

NoticeVersion newsletter() {
  return notice(
      "newsletter", {DirectMarketing}, {Channel::email}, {2, Unit::years},
      {{"de", "Neues von Möwe & Moos",
        "Höchstens **zweimal im Monat** schreiben wir Ihnen, was es Neues gibt: Räder, Zelte, Termine der "
        "Werkstatt.\n\n"
        "- Angebote sehen Sie eine Woche früher.\n"
        "- Zum Geburtstag gibt es zehn Prozent.\n\n"
        "Wir nutzen dafür Ihre Adresse und was Sie bei uns gekauft haben. Den Versand übernimmt für uns die Brieftaube "
        "Mailversand GmbH in Deutschland. Zwei Jahre nach dem letzten Öffnen hören wir von selbst auf.\n\n"
        "Bestellen können Sie auch ohne.",
        "Ja, schicken Sie mir Neues und Angebote per E-Mail.",
        "Jederzeit mit einem Klick am Ende jeder E-Mail oder unter „Meine Daten“."},
       {"en", "News from Möwe & Moos",
        "At most **twice a month** we write what is new: bicycles, tents, dates of the workshop.\n\n"
        "- You see offers a week early.\n"
        "- On your birthday you get ten per cent off.\n\n"
        "For this we use your address and what you bought from us. Brieftaube Mailversand GmbH in Germany sends the "
        "mails for us. Two years after you last opened one we stop by ourselves.\n\n"
        "You can order without it, too.",
        "Yes, send me news and offers by e-mail.",
        "At any time with one click at the end of each e-mail, or under “My data”."}});
}

NoticeVersion survey() {
  return notice(
      "satisfaction", {SatisfactionSurvey}, {Channel::email, Channel::web}, {2, Unit::years},
      {{"de", "Wie war es bei uns?",
        "Nach einer Lieferung oder einem Besuch in der Werkstatt fragen wir, wie es war: **zwei Fragen, eine Minute**, "
        "höchstens viermal im Jahr.\n\n"
        "Was Sie stört, ändern wir, und wir sagen Ihnen, was daraus wurde. Sie können auch antworten, ohne dass wir "
        "wissen, wer Sie sind.",
        "Ja, fragen Sie mich, wie zufrieden ich bin.",
        "Jederzeit mit einem Klick in jeder Frage oder unter „Meine Daten“."},
       {"en", "How was it with us?",
        "After a delivery or a visit to the workshop we ask how it was: **two questions, one minute**, at most four "
        "times a year.\n\n"
        "What bothers you we change, and we tell you what became of it. You can also answer without our knowing who "
        "you are.",
        "Yes, ask me how satisfied I am.", "At any time with one click in each question, or under “My data”."}});
}

NoticeVersion recommendations() {
  return notice(
      "recommendations", {ProvidePersonalisedRecommendations, ServicePersonalisation}, {Channel::none},
      {2, Unit::years},
      {{"de", "Was zu Ihrem Rad passt",
        "Aus dem, was Sie gekauft und angesehen haben, schließen wir, was zu Ihrem Rad passt, und zeigen es zuerst.\n\n"
        "- Preise ändern sich dadurch nie.\n"
        "- Niemand außer uns erfährt davon.\n\n"
        "Bei jeder Empfehlung können Sie nachsehen, warum Sie sie bekommen.",
        "Ja, zeigen Sie mir, was zu mir passt.", "Jederzeit unter „Meine Daten“ oder in der App."},
       {"en", "What fits your bicycle",
        "From what you bought and looked at we conclude what fits your bicycle, and show it first.\n\n"
        "- Prices never change by it.\n"
        "- Nobody but us learns of it.\n\n"
        "With each recommendation you can see why you get it.",
        "Yes, show me what fits me.", "At any time under “My data” or in the app."}});
}

NoticeVersion linking() {
  return notice(
      "one-account", {IdentityLinking}, {Channel::none}, {},
      {{"de", "Alles an einem Ort",
        "Wir verbinden Ihr **Konto im Shop**, Ihre **Kundenkarte** und Ihr **Profil im sozialen Netz**. Dann sehen Sie "
        "Punkte, Käufe und Fragen an einem Ort, und in der Filiale müssen Sie nichts zweimal erzählen.\n\n"
        "Nehmen Sie es zurück, wird alles sofort wieder getrennt.",
        "Ja, verbinden Sie meine Konten.", "Jederzeit unter „Meine Daten“; die Trennung gilt sofort."},
       {"en", "Everything in one place",
        "We connect your **account in the shop**, your **customer card** and your **social profile**. You then see "
        "points, purchases and questions in one place, and need not tell anything twice in the branch.\n\n"
        "If you take it back, everything is taken apart at once.",
        "Yes, connect my accounts.", "At any time under “My data”; it takes effect at once."}});
}

// The first holds for long; the second is about to expire, as such things are.
std::vector<notices::Assessment> assessments(law::Day today) {
  notices::Assessment answers;
  answers.purpose = CommunicationForCustomerCare;
  answers.interest =
      "Wer uns auf unserer Seite im sozialen Netz schreibt, erwartet dort eine Antwort. Wir möchten sie geben und beim "
      "nächsten Mal wissen, worum es ging.";
  answers.necessity =
      "Ohne den Namen des Profils und den Text der Nachricht gibt es keine Antwort. Alles andere, etwa Freunde oder "
      "Beiträge, lesen wir nicht.";
  answers.balancing =
      "Die Person hat sich selbst an uns gewandt. Wir nutzen nichts davon für Werbung, verbinden es nur auf Wunsch mit "
      "dem Kundenkonto und löschen es ein Jahr nach der letzten Nachricht. Widerspruch genügt mit einem Wort.";
  answers.assessed_by = "Dr. Frauke Petersen, Datenschutzbeauftragte";
  answers.decided = today - std::chrono::days{40};
  answers.expires = answers.decided + std::chrono::days{2 * 365};

  notices::Assessment fraud;
  fraud.purpose = FraudPreventionAndDetection;
  fraud.interest = "Bestellungen auf fremde Rechnung schaden uns und denen, deren Daten missbraucht werden.";
  fraud.necessity =
      "Geprüft werden nur Bestellungen über 500 Euro an eine neue Adresse; milder ginge es nur ohne Prüfung.";
  fraud.balancing =
      "Niemand wird allein durch die Prüfung abgelehnt: ein Mensch ruft an. Was die Prüfung ergab, wird nach 90 Tagen "
      "gelöscht.";
  fraud.assessed_by = "Dr. Frauke Petersen, Datenschutzbeauftragte";
  fraud.decided = today - std::chrono::days{345};
  fraud.expires = today + std::chrono::days{20};
  return {answers, fraud};
}

}  // namespace

Result<void> disclose(notices::Notices& notices, const staff::Actor& actor, const Clock& clock) {
  const auto weighed = notices.assessments();
  for (const notices::Assessment& each : assessments(law::day_of(clock.now()))) {
    bool there = false;
    for (const auto& other : weighed) there = there || other->purpose == each.purpose;
    if (!there) TRY(notices.assess(actor, each));
  }
  for (const auto& list : {of_service(), of_leave()}) {
    for (const Said& said : list) {
      if (notices.entry(said.purpose)) continue;
      TRY(notices.put(actor, Entry{said.purpose,
                                   said.categories,
                                   said.recipients,
                                   said.retention,
                                   said.since,
                                   said.benefit,
                                   said.description,
                                   {},
                                   {}}));
    }
  }
  const auto known = notices.all();
  for (const NoticeVersion& each : {newsletter(), survey(), recommendations(), linking()}) {
    bool there = false;
    for (const auto& other : known) there = there || other->id == each.id;
    if (there) continue;
    const auto draft = TRY(notices.draft(actor, each));
    TRY(notices.publish(actor, draft->id, draft->version, draft->hash));
  }
  return {};
}

}  // namespace handschlag::demo
