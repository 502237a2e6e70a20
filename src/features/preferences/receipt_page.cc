// The receipt as a page to be printed.
#include <fmt/format.h>

#include <array>
#include <utility>

#include "features/preferences/json.h"
#include "features/preferences/preferences.h"
#include "platform/html/html.h"

namespace handschlag::preferences {
namespace {

constexpr std::string_view kStyle =
    ":root{color-scheme:light dark;--ink:#24211c;--soft:#645e54;--line:#e4dfd6;--ground:#fffefc;--accent:#0e625c}"
    "@media(prefers-color-scheme:dark){:root{--ink:#ece7de;--soft:#aea698;--line:#38342e;--ground:#171614;"
    "--accent:#6cc3b6}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);"
    "font:1rem/1.5 system-ui,sans-serif}main{max-width:44rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}"
    "h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem;text-wrap:balance}h2{font-size:1.05rem;margin:2rem 0 .5rem}"
    "p{margin:.25rem 0}.soft{color:var(--soft)}dl{margin:1.75rem 0 0;display:grid;grid-template-columns:12rem 1fr}"
    "dt,dd{margin:0;padding:.6rem 0;border-top:1px solid var(--line);overflow-wrap:anywhere}"
    "dt{color:var(--soft);padding-right:1rem}blockquote{margin:.5rem 0 0;padding:.25rem 0 .25rem 1rem;"
    "border-left:3px solid var(--accent);white-space:pre-line}footer{margin-top:2.5rem;font-size:.875rem}"
    "@media(max-width:34rem){dl{grid-template-columns:1fr}dt{padding-bottom:0}dd{border-top:0;padding-top:.1rem}}"
    "@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--line:#bbb;--ground:#fff;--accent:#444}"
    "main{padding:0;max-width:none}dt,dd,blockquote{break-inside:avoid}@page{margin:20mm}}";

struct Word {
  std::string_view name;
  std::string_view german;
  std::string_view english;
};

constexpr std::array kActs = {
    Word{"requested", "Anfrage zu Ihrer Einwilligung", "A consent that waits for its confirmation"},
    Word{"given", "Ihre Einwilligung", "Your consent"},
    Word{"renewed", "Ihre erneuerte Einwilligung", "Your renewed consent"},
    Word{"refused", "Ihre Ablehnung", "Your refusal"},
    Word{"withdrawn", "Ihr Widerruf", "Your withdrawal"},
    Word{"objected", "Ihr Widerspruch", "Your objection"},
};
constexpr std::array kWays = {
    Word{"form", "über ein Formular", "by a form"},
    Word{"banner", "über den Hinweis auf einer Webseite", "by the banner of a web page"},
    Word{"preference_centre", "auf Ihrer Seite der Einwilligungen", "on your page of consents"},
    Word{"mail_link", "über den Link in einer Nachricht", "by the link in a message"},
    Word{"phone", "am Telefon", "on the phone"},
    Word{"in_person", "persönlich", "in person"},
    Word{"paper", "auf Papier", "on paper"},
    Word{"imported", "aus einem anderen System übernommen", "taken over from another system"},
    Word{"browser_signal", "durch ein Signal Ihres Browsers", "by a signal of your browser"},
    Word{"message", "in einer Nachricht an uns", "in a message to us"},
};
constexpr std::array kChannels = {
    Word{"none", "ohne Nachricht, oder jeder Weg", "no message, or every way"},
    Word{"email", "E-Mail", "e-mail"},
    Word{"sms", "SMS", "text message"},
    Word{"phone", "Telefon", "telephone"},
    Word{"post", "Brief", "letter"},
    Word{"push", "Mitteilung der App", "notification of the app"},
    Word{"web", "auf unseren Seiten", "on our pages"},
    Word{"social", "soziale Netzwerke", "social networks"},
};
constexpr std::array kStrengths = {
    Word{"none", "nicht belegt", "not proven"},
    Word{"claimed", "so kam es bei uns an", "as it reached us"},
    Word{"stated", "von Ihnen gesagt und aufgeschrieben", "said by you, and written down"},
    Word{"confirmed", "bestätigt: Sie haben gezeigt, dass die Adresse Ihre ist",
         "confirmed: you have shown that the address is yours"},
};
constexpr std::array kUnits = {
    Word{"hours", "Stunden", "hours"},
    Word{"days", "Tage", "days"},
    Word{"working_days", "Arbeitstage", "working days"},
    Word{"months", "Monate", "months"},
    Word{"years", "Jahre", "years"},
};
constexpr std::array kOneUnit = {
    Word{"hours", "Stunde", "hour"},  Word{"days", "Tag", "day"},    Word{"working_days", "Arbeitstag", "working day"},
    Word{"months", "Monat", "month"}, Word{"years", "Jahr", "year"},
};
constexpr std::array kSince = {
    Word{"collected", "nach der Erhebung", "after collection"},
    Word{"last_use", "nach der letzten Nutzung", "after the last use"},
    Word{"contract_end", "nach dem Ende des Vertrags", "after the end of the contract"},
    Word{"case_closed", "nach dem Abschluss des Vorgangs", "after the case is closed"},
    Word{"consent_end", "nach dem Ende der Einwilligung", "after the end of the consent"},
};

class Page {
 public:
  Page(const Receipt& receipt, bool german) : receipt_(receipt), said_(receipt.statement), german_(german) {}

  http::Response response() const {
    const std::string title(of(kActs, name_of(said_.act)));
    const std::string_view kind = in("Beleg", "Receipt");
    std::string body = fmt::format("<main><h1>{}</h1><p class=\"soft\">{} {}</p><dl>{}</dl>", title, kind,
                                   html::escape(number()), rows());
    if (!said_.proof.declaration.empty()) {
      body += fmt::format("<h2>{}</h2><blockquote>{}</blockquote>",
                          in("Das war Ihnen gezeigt worden", "This is what you were shown"),
                          html::escape(said_.proof.declaration));
    }
    body += footer() + "</main>";
    return html::document(200, german_ ? "de" : "en", fmt::format("{} · {}", kind, title), kStyle, body);
  }

 private:
  std::string_view in(std::string_view german, std::string_view english) const { return german_ ? german : english; }
  template <std::size_t N>
  std::string_view of(const std::array<Word, N>& words, std::string_view name) const {
    for (const Word& word : words) {
      if (word.name == name) return in(word.german, word.english);
    }
    return name;
  }

  std::string number() const { return format_statement(receipt_.region, said_.id); }

  static std::string row(std::string_view name, std::string_view value) {
    return value.empty() ? "" : fmt::format("<dt>{}</dt><dd>{}</dd>", name, html::escape(value));
  }

  // "23.11.2026, 06:30 UTC"
  std::string when(Time time) const {
    const std::string text = format_time(time);
    const std::string clock = text.substr(11, 5);
    if (!german_) return fmt::format("{}, {} UTC", text.substr(0, 10), clock);
    return fmt::format("{}.{}.{}, {} Uhr (UTC)", text.substr(8, 2), text.substr(5, 2), text.substr(0, 4), clock);
  }

  std::string retention() const {
    if (!receipt_.entry || receipt_.entry->retention.count == 0) return "";
    const law::Term& term = receipt_.entry->retention;
    const auto unit = static_cast<std::size_t>(term.unit);
    const Word& word = term.count == 1 ? kOneUnit[unit] : kUnits[unit];
    return fmt::format("{} {} {}", term.count, in(word.german, word.english),
                       of(kSince, notices::name_of(receipt_.entry->since)));
  }

  std::string recipients() const {
    std::string out;
    if (!receipt_.entry) return out;
    for (const notices::Recipient& each : receipt_.entry->recipients) {
      out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", each.name, each.country);
    }
    return out;
  }

  std::string rows() const {
    const gate::PurposeInfo& info = gate::info(said_.purpose);
    std::string out = row(in("Wofür", "For what"), in(info.german, info.english));
    out += row(in("Auf welchem Weg wir uns melden", "How we get in touch"), of(kChannels, law::name_of(said_.channel)));
    if (said_.address) out += row(in("Adresse", "Address"), said_.address->value);
    out += row(in("Gesagt am", "Said at"), when(said_.occurred_at));
    if (said_.received_at != said_.occurred_at) {
      out += row(in("Aufgenommen am", "Taken down at"), when(said_.received_at));
    }
    if (said_.expires_at) out += row(in("Gilt bis", "Holds until"), when(*said_.expires_at));
    out += row(in("Wie Sie es gesagt haben", "How you said it"), of(kWays, consent::name_of(said_.way)));
    out += row(in("Wie sicher das ist", "How sure that is"), of(kStrengths, gate::name_of(said_.strength)));
    if (receipt_.entry) {
      const notices::Both& benefit = receipt_.entry->benefit;
      out += row(in("Was Sie davon haben", "What you get for it"), in(benefit.german, benefit.english));
    }
    out += row(in("Wer Daten bekommt", "Who gets data"), recipients());
    out += row(in("Wie lange wir sie behalten", "How long we keep them"), retention());
    if (!said_.notice.id.empty()) {
      out += row(in("Fassung des Textes", "Version of the text"),
                 fmt::format("{} {} · SHA-256 {}", said_.notice.id, said_.notice.version, said_.notice.hash));
    }
    return out;
  }

  std::string footer() const {
    return fmt::format(
        "<footer class=\"soft\"><p>{}</p><p>{}</p></footer>",
        in("Eine Einwilligung können Sie jederzeit so leicht zurücknehmen, wie Sie sie gegeben haben. Sie haben das "
           "Recht auf Auskunft, Berichtigung, Löschung, Einschränkung, Übertragung und Widerspruch und können sich bei "
           "einer Aufsichtsbehörde beschweren.",
           "You can take a consent back at any time as easily as you gave it. You have the right of access, "
           "rectification, erasure, restriction, portability and objection, and can complain to an authority."),
        in("Dieser Beleg steht auch in maschinenlesbarer Form nach ISO/IEC TS 27560 bereit.",
           "This receipt is also there in a form for machines, after ISO/IEC TS 27560."));
  }

  const Receipt& receipt_;
  const consent::Statement& said_;
  const bool german_;
};

bool wants_german(const http::Request& request) {
  if (const auto asked = request.query_param("language")) return *asked == "de";
  return html::language_of(request) == "de";
}

}  // namespace

http::Response receipt_response(const http::Request& request, const Receipt& receipt) {
  const bool page = request.header("Accept").find("text/html") != std::string_view::npos;
  http::Response out =
      page ? Page(receipt, wants_german(request)).response() : http::Response::json(200, receipt_json(receipt));
  return out.with("Vary", "Accept");
}

}  // namespace handschlag::preferences
