#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "features/signups/signups.h"
#include "features/sources/origins.h"
#include "platform/html/html.h"
#include "platform/http/rate.h"
#include "platform/log/log.h"

namespace handschlag::signups {
namespace {

using http::Request;
using http::Response;

// Of each address of the network, for public sources: a person, a family, an office behind one address.
constexpr http::Rate kVisitors = {.per_second = 1, .burst = 30};
constexpr std::size_t kRemembered = 100'000;

// What was typed on a website, and how it is taken: the same answer for every address.
class Door {
 public:
  Door(Signups& signups, sources::Sources& sources) : signups_(signups), sources_(sources), visitors_(kRemembered) {}

  void sign_up(const Request& request, http::Responder responder) {
    const auto source = source_of(request);
    if (!source) return responder.send(Response::problem(source.error()));
    const auto wish = wish_of(request);
    if (!wish) return responder.send(Response::problem(wish.error()));
    const auto taken = signups_.take(*source, *wish);
    if (!taken) return responder.send(Response::problem(taken.error()));
    sources_.charge(**source, 1);
    // First the answer: what is done for one address and not for another can't be told by the time.
    responder.send(Response::json(202, {{"accepted", true}}));
    if (auto written = signups_.write(*taken); !written) {
      log::warning("a sign-up is written to later", {{"code", std::string_view(written.error().code)}});
    }
  }

  Response confirm(const Request& request) {
    return Response::of([&]() -> Result<json::Value> {
      const auto source = TRY(source_of(request));
      const json::Value body = TRY(json::parse(request.body));
      json::Reader reader(body);
      const std::string address = reader.text("address", {.max_length = 320});
      const std::string code = reader.text("code", {.max_length = 32});
      TRY(reader.finish());
      sources_.charge(*source, 1);
      const Outcome outcome = TRY(signups_.confirm_code(source, address, code));
      return json::Value{{"confirmed", outcome == Outcome::confirmed}};
    }());
  }

 private:
  Result<sources::SourcePointer> source_of(const Request& request) {
    const std::string key = request.basic_user().value_or("");
    auto source = key.empty() ? nullptr : sources_.by_write_key(key);
    if (!source) {
      return fail(ErrorKind::unauthenticated, "write_key_unknown",
                  "The write key is missing or unknown; send it as the user name of basic authentication.");
    }
    if (!source->enabled) return fail(ErrorKind::not_found, "source_disabled", "This source is switched off.");
    if (!sources::allows_origin(*source, request.header("origin"))) {
      return fail(ErrorKind::forbidden, "origin_not_listed", "Pages of this origin may not send to this source.");
    }
    TRY(sources_.admit(*source));
    if (source->trust == sources::Trust::public_) {
      const auto wait = visitors_.take(request.client_address, kVisitors, 1, std::chrono::steady_clock::now());
      if (wait) return http::over_rate("too_many_signups", "Too much was sent from here; try again shortly.", *wait);
    }
    return source;
  }

  static Result<Wish> wish_of(const Request& request) {
    const json::Value body = TRY(json::parse(request.body));
    json::Reader reader(body);
    Wish wish;
    if (const auto purpose = gate::find_purpose(reader.text("purpose", {.max_length = 64}))) {
      wish.purpose = *purpose;
    } else {
      reader.error("purpose", "must be one of the source's purposes");
    }
    if (reader.optional_text("channel", {.max_length = 32}).value_or("email") != "email") {
      reader.error("channel", "must be email, or left out");
    }
    wish.address = reader.text("address", {.max_length = 320});
    wish.language = reader.optional_text("language", {.max_length = 35}).value_or("en");
    wish.shown = reader.optional_text("shown", {.max_length = 4'000}).value_or("");
    wish.page = reader.optional_text("page", {.max_length = 500}).value_or("");
    wish.country = reader.optional_text("country", {.max_length = 2}).value_or("");
    const bool letters =
        std::all_of(wish.country.begin(), wish.country.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (!wish.country.empty() && (wish.country.size() != 2 || !letters)) {
      reader.error("country", "must be a code of ISO 3166 such as DE");
    }
    if (const json::Value* notice = reader.object("notice")) {
      json::Reader nested(*notice, "/notice");
      wish.notice = nested.text("id", {.max_length = 64});
      wish.version = nested.optional_integer("version", 1, 1'000'000).value_or(0);
      wish.hash = nested.optional_text("hash", {.max_length = 64}).value_or("");
      reader.merge(nested);
    } else {
      reader.error("notice", "is required: what was shown");
    }
    TRY(reader.finish());
    return wish;
  }

  Signups& signups_;
  sources::Sources& sources_;
  http::Buckets visitors_;
};

struct Words {
  std::string_view language;
  std::string_view question;
  std::string_view button;
  std::string_view wrong_person;
  std::string_view done;
  std::string_view thanks;
  std::string_view over;
  std::string_view anew;
  std::string_view gone;
  std::string_view said_no;
  std::string_view failed;
  std::string_view again;
};

constexpr Words kGerman = {"de",
                           "Möchten Sie das?",
                           "Ja, ich bestätige",
                           "Wenn Sie das nicht waren, schließen Sie diese Seite. Dann gilt nichts als zugestimmt.",
                           "Bestätigt, danke",
                           "Sie haben zugestimmt:",
                           "Dieser Link gilt nicht mehr",
                           "Er ist abgelaufen oder unvollständig. Melden Sie sich bitte noch einmal an, dort, wo Sie "
                           "es zuerst getan haben. Es gilt nichts als zugestimmt.",
                           "Der Text hat sich inzwischen geändert. Melden Sie sich bitte noch einmal an, dann sehen "
                           "Sie den neuen. Es gilt nichts als zugestimmt.",
                           "Nach der Anmeldung haben Sie uns gesagt, dass Sie das nicht möchten, und dabei bleibt es. "
                           "Wenn Sie es doch möchten, melden Sie sich bitte noch einmal an.",
                           "Das ging gerade nicht",
                           "Bitte versuchen Sie es in einer Minute noch einmal."};

constexpr Words kEnglish = {"en",
                            "Do you want this?",
                            "Yes, I confirm",
                            "If it was not you, close this page. Then nothing counts as agreed.",
                            "Confirmed, thank you",
                            "You agreed to:",
                            "This link is no longer good",
                            "It is over, or incomplete. Please sign up once more, where you did it first. Nothing "
                            "counts as agreed.",
                            "The text has changed meanwhile. Please sign up once more, and you see the new one. "
                            "Nothing counts as agreed.",
                            "After you signed up you told us that you do not want this, and that holds. If you do "
                            "want it, please sign up once more.",
                            "That did not work just now",
                            "Please try again in a minute."};

const Words& words_in(std::string_view language) {
  return language.starts_with("de") ? kGerman : kEnglish;
}

class Pages {
 public:
  Pages(Signups& signups, std::string house) : signups_(signups), house_(std::move(house)) {}

  Response open(const Request& request) const {
    const auto offer = signups_.look(request.path_param("token"));
    const Words& words = words_in(offer && *offer ? (*offer)->language : html::language_of(request));
    if (!offer) return failed(words);
    if (!*offer) return simple(404, words, words.over, words.anew);
    if ((*offer)->confirmed) return done(words, **offer);
    return page(200, words, words.question,
                fmt::format("<blockquote>{}</blockquote><form method=\"post\"><button>{}</button></form>"
                            "<p class=\"small\">{}</p>{}",
                            html::escape((*offer)->declaration), words.button, words.wrong_person, notice_of(**offer)));
  }

  Response confirm(const Request& request) const {
    const std::string_view token = request.path_param("token");
    const auto offer = signups_.look(token);
    const Words& words = words_in(offer && *offer ? (*offer)->language : html::language_of(request));
    if (!offer) return failed(words);
    if (!*offer) return simple(404, words, words.over, words.anew);
    const auto outcome = signups_.confirm_link(token);
    if (!outcome) return failed(words);
    switch (*outcome) {
      case Outcome::confirmed:
        return done(words, **offer);
      case Outcome::notice_gone:
      case Outcome::denied:
        return simple(409, words, words.over, words.gone);
      case Outcome::said_no:
        return simple(409, words, words.over, words.said_no);
      case Outcome::unknown:
        break;
    }
    return simple(404, words, words.over, words.anew);
  }

 private:
  Response page(int status, const Words& words, std::string_view title, std::string body) const {
    return html::page(status, {words.language, std::string(title), house_, std::move(body)});
  }
  Response simple(int status, const Words& words, std::string_view title, std::string_view text) const {
    return page(status, words, title, fmt::format("<p>{}</p>", text));
  }
  Response failed(const Words& words) const {
    return simple(503, words, words.failed, words.again).with("Retry-After", "60");
  }
  Response done(const Words& words, const Offer& offer) const {
    return page(200, words, words.done,
                fmt::format("<p>{}</p><blockquote>{}</blockquote><p class=\"small\">{}</p>", words.thanks,
                            html::escape(offer.declaration), html::escape(offer.withdrawal)));
  }
  // All that was shown when they signed up.
  static std::string notice_of(const Offer& offer) {
    return fmt::format("<p class=\"small\"><strong>{}</strong></p><blockquote>{}\n\n{}</blockquote>",
                       html::escape(offer.title), html::escape(offer.text), html::escape(offer.withdrawal));
  }

  Signups& signups_;
  const std::string house_;
};

}  // namespace

void bind_routes(http::Router& router, Signups& signups, sources::Sources& sources, std::string house) {
  auto door = std::make_shared<Door>(signups, sources);
  router.bind_async("signUp", [door](const std::shared_ptr<const Request>& request, http::Responder responder) {
    door->sign_up(*request, std::move(responder));
  });
  router.bind("confirmSignup", [door](const Request& request) { return door->confirm(request); });
  auto pages = std::make_shared<Pages>(signups, std::move(house));
  router.bind("openConfirmation", [pages](const Request& request) { return pages->open(request); });
  router.bind("confirmByLink", [pages](const Request& request) { return pages->confirm(request); });
}

}  // namespace handschlag::signups
