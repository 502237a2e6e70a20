// What people said to the company before the year began, as the program for its newsletter kept it.
#include <fmt/format.h>

#include "features/demo/cast.h"
#include "features/demo/demo.h"
#include "features/demo/people.h"
#include "platform/base/clock.h"
#include "platform/json/json.h"

namespace handschlag::demo {
namespace {

constexpr std::size_t kLinesInAPart = 2'000;
constexpr std::uint32_t kLateChange = 7;  // every so many took their yes back on the telephone

json::Value said(const Person& person, std::string_view act, std::string_view way, Time at) {
  return {{"key_kind", "user_id"},
          {"key", person.user_id},
          {"country", person.country->code},
          {"act", act},
          {"purpose", "DirectMarketing"},
          {"channel", "email"},
          {"address", person.email},
          {"said_at", format_time(at)},
          {"way", way}};
}

json::Value agreed(const Person& person, Time at) {
  const bool german = person.country->language == "de";
  json::Value out = said(person, "given", "form", at);
  out["language"] = german ? "de" : "en";
  out["declaration"] =
      german ? "Ja, schicken Sie mir Angebote und Neues von Möwe & Moos per E-Mail. Ich kann das jederzeit beenden."
             : "Yes, send me offers and news of Möwe & Moos by e-mail. I can end this at any time.";
  out["evidence"] = german ? fmt::format("Formular der früheren Website, Eintrag {}", person.number)
                           : fmt::format("form of the former website, entry {}", person.number);
  out["strength"] = "confirmed";
  return out;
}

}  // namespace

std::vector<std::string> declarations(std::size_t people, Time until) {
  std::vector<std::string> out;
  std::size_t lines = 0;
  auto add = [&](const json::Value& line) {
    if (lines++ % kLinesInAPart == 0) out.emplace_back();
    out.back() += json::dump(line) + "\n";
  };
  for (const Person& person : make_crowd(people)) {
    if (person.user_id.empty() || person.email.empty() || person.marketing == Answer::none) continue;
    const Time at = until - std::chrono::days{400 + person.number % 300} + std::chrono::minutes{person.number % 1'000};
    if (person.marketing == Answer::refused) {
      add(said(person, "refused", "form", at));
      continue;
    }
    add(agreed(person, at));
    if (person.number % kLateChange != 0) continue;
    add(said(person, "withdrawn", "phone", until - std::chrono::days{20 + person.number % 300}));
  }
  return out;
}

}  // namespace handschlag::demo
