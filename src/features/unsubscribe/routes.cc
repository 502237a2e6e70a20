#include <fmt/format.h>

#include "features/unsubscribe/unsubscribe.h"
#include "platform/html/html.h"

namespace handschlag::unsubscribe {
namespace {

struct Words {
  std::string_view language;
  std::string_view question;
  std::string_view before;  // what is ended stands behind it
  std::string_view button;
  std::string_view done;
  std::string_view after;
  std::string_view mistake;
  std::string_view unknown;
  std::string_view way_out;
  std::string_view failed;
  std::string_view again;
};

constexpr Words kGerman = {
    "de",
    "Keine solchen Nachrichten mehr?",
    "Ein Klick, und wir schreiben Ihnen an diese Adresse nicht mehr, um:",
    "Ja, abbestellen",
    "Abbestellt",
    "An diese Adresse schreiben wir Ihnen nicht mehr, um:",
    "Das gilt ab sofort; nur was schon unterwegs ist, kann noch ankommen. War es ein Versehen? Dann melden Sie sich "
    "dort wieder an, wo Sie sich damals angemeldet haben.",
    "Dieser Link passt zu nichts",
    "Vielleicht hat Ihr Mailprogramm ihn abgeschnitten: Öffnen Sie ihn bitte noch einmal aus der Nachricht, oder "
    "antworten Sie auf die Nachricht mit „Stopp“.",
    "Das ging gerade nicht",
    "Bitte versuchen Sie es in einer Minute noch einmal. Es ist noch nichts abbestellt."};

constexpr Words kEnglish = {
    "en",
    "No more messages like this?",
    "One click, and we no longer write to this address for:",
    "Yes, unsubscribe",
    "Unsubscribed",
    "We no longer write to this address for:",
    "This holds from now on; only what is on its way already may still arrive. Was it a mistake? Then sign up again "
    "where you signed up before.",
    "This link fits nothing",
    "Your mail program may have cut it off: please open it once more from the message, or answer the message with "
    "“stop”.",
    "That did not work just now",
    "Please try again in a minute. Nothing is unsubscribed yet."};

const Words& words_for(const http::Request& request) {
  return html::language_of(request) == "de" ? kGerman : kEnglish;
}

std::string what_of(const Ends& ends, const Words& words) {
  const gate::PurposeInfo& info = gate::info(ends.purpose);
  return std::string(words.language == "de" ? info.german : info.english);
}

class Pages {
 public:
  Pages(Unsubscribe& unsubscribe, std::string house) : unsubscribe_(unsubscribe), house_(std::move(house)) {}

  http::Response open(const http::Request& request) const {
    const Words& words = words_for(request);
    const auto ends = unsubscribe_.look(request.path_param("token"));
    if (!ends) return failed(words);
    if (!*ends) return unknown(words);
    return page(200, words, words.question,
                fmt::format("<p>{}</p><blockquote>{}</blockquote><form method=\"post\"><button>{}</button></form>",
                            words.before, html::escape(what_of(**ends, words)), words.button));
  }

  http::Response press(const http::Request& request) const {
    const Words& words = words_for(request);
    const std::string_view token = request.path_param("token");
    const auto seen = unsubscribe_.look(token);
    if (!seen) return failed(words);
    if (!*seen) return unknown(words);
    Pressed pressed;
    pressed.language = words.language;
    pressed.shown = fmt::format("{}\n\n{}\n\n{}", words.question, words.before, what_of(**seen, words));
    // Mail programs may also send it as multipart/form-data.
    pressed.one_click = request.body.find("List-Unsubscribe") != std::string::npos;
    const auto ended = unsubscribe_.press(token, pressed);
    if (!ended) return failed(words);
    return page(200, words, words.done,
                fmt::format("<p>{}</p><blockquote>{}</blockquote><p class=\"small\">{}</p>", words.after,
                            html::escape(what_of(**seen, words)), words.mistake));
  }

 private:
  http::Response page(int status, const Words& words, std::string_view title, std::string body) const {
    return html::page(status, {words.language, std::string(title), house_, std::move(body)});
  }
  http::Response unknown(const Words& words) const {
    return page(404, words, words.unknown, fmt::format("<p>{}</p>", words.way_out));
  }
  http::Response failed(const Words& words) const {
    return page(503, words, words.failed, fmt::format("<p>{}</p>", words.again)).with("Retry-After", "60");
  }

  Unsubscribe& unsubscribe_;
  const std::string house_;
};

}  // namespace

void bind_routes(http::Router& router, Unsubscribe& unsubscribe, std::string house) {
  auto pages = std::make_shared<Pages>(unsubscribe, std::move(house));
  router.bind("openUnsubscribe", [pages](const http::Request& request) { return pages->open(request); });
  router.bind("unsubscribe", [pages](const http::Request& request) { return pages->press(request); });
}

}  // namespace handschlag::unsubscribe
