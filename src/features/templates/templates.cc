#include "features/templates/templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "platform/text/text.h"

namespace handschlag::templates {
namespace {

constexpr std::size_t kMaxSubject = 200;
constexpr std::size_t kMaxText = 20'000;
constexpr std::size_t kMaxHtml = 100'000;
constexpr std::size_t kMaxParameters = 20;
constexpr std::size_t kMaxValue = 2'000;
constexpr std::array<std::string_view, 2> kLanguages = {"de", "en"};

// What runs, loads or sends something when a message is opened.
constexpr std::array<std::string_view, 18> kRefusedInHtml = {
    "<script", "<iframe", "<object", "<embed", "<form", "<link",       "<meta", "<base",       "<img",
    "<svg",    "<video",  "<audio",  "<style", "url(",  "javascript:", "data:", "background=", "src="};

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

enum class Where { subject, text, html, link };

// Walks over a text: `literal` for what stands there, `place` for each parameter and where it stands. False where a
// brace has no other, or a parameter stands inside a tag and is no link.
bool walk(std::string_view source, Where in, const std::function<void(std::string_view)>& literal,
          const std::function<void(std::string_view, Where)>& place) {
  bool in_tag = false;
  while (!source.empty()) {
    const std::size_t open = std::min(source.find("{{"), source.size());
    const std::string_view before = source.substr(0, open);
    if (before.find("}}") != std::string_view::npos) return false;
    literal(before);
    if (in == Where::html) {
      const std::size_t bracket = before.find_last_of("<>");
      if (bracket != std::string_view::npos) in_tag = before[bracket] == '<';
    }
    if (open == source.size()) return true;
    const std::size_t close = source.find("}}", open);
    if (close == std::string_view::npos) return false;
    const std::string_view name = text::trim(source.substr(open + 2, close - open - 2));
    source.remove_prefix(close + 2);
    if (!is_name(name)) return false;
    const bool link = in_tag && before.ends_with("href=\"") && source.starts_with('"');
    if (in_tag && !link) return false;
    place(name, link ? Where::link : in);
  }
  return true;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// " onclick=" and the like.
bool has_handler(const std::string& html) {
  for (std::size_t at = html.find("on"); at != std::string::npos; at = html.find("on", at + 2)) {
    if (at == 0 || std::string_view(" \t\r\n/\"'").find(html[at - 1]) == std::string_view::npos) continue;
    std::size_t end = at + 2;
    while (end < html.size() && html[end] >= 'a' && html[end] <= 'z') ++end;
    if (end > at + 2 && end < html.size() && html[end] == '=') return true;
  }
  return false;
}

std::string escaped(std::string_view value, Where where) {
  std::string out;
  for (char c : value) {
    const bool control = (c >= 0 && c < ' ') || c == '\x7f';
    if (where == Where::subject || where == Where::link) {
      out += control ? ' ' : c;
    } else if (!control || c == '\n' || c == '\t') {
      out += c;
    }
  }
  if (where != Where::html && where != Where::link) return out;
  std::string html;
  for (char c : out) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      case '\n':
        html += "<br>";
        break;
      default:
        html += c;
    }
  }
  return html;
}

bool is_link(std::string_view value) {
  return (value.starts_with("https://") || value.starts_with("http://")) &&
         std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

void check_text(const std::string& pointer, std::string_view source, Where where, std::size_t most, const Template& one,
                std::set<std::string>& used, std::vector<FieldError>& wrong) {
  if (source.size() > most) {
    wrong.push_back({pointer, fmt::format("must have at most {} bytes", most)});
    return;
  }
  if (!text::is_utf8(source) || source.find('\0') != source.npos) {
    wrong.push_back({pointer, "must be UTF-8"});
    return;
  }
  const bool good = walk(
      source, where, [](std::string_view) {},
      [&](std::string_view name, Where) {
        used.insert(std::string(name));
        const bool known = std::find(one.parameters.begin(), one.parameters.end(), name) != one.parameters.end();
        if (!known && name != kUnsubscribe) {
          wrong.push_back({pointer, fmt::format("names {{{{{}}}}}, which is not among the parameters", name)});
        }
      });
  if (!good) wrong.push_back({pointer, "has {{ or }} that is no {{parameter}}, or one inside a tag that is no link"});
}

void check_language(const std::string& language, const Template& one, std::set<std::string>& used,
                    std::vector<FieldError>& wrong) {
  const std::string pointer = "/texts/" + language;
  auto found = one.texts.find(language);
  if (found == one.texts.end()) {
    wrong.push_back({pointer, "is missing"});
    return;
  }
  const Text& text = found->second;
  if (text::is_blank(text.subject) || text.subject.find_first_of("\r\n") != std::string::npos) {
    wrong.push_back({pointer + "/subject", "must be one line"});
  }
  if (text::is_blank(text.text)) wrong.push_back({pointer + "/text", "must not be empty"});
  check_text(pointer + "/subject", text.subject, Where::subject, kMaxSubject, one, used, wrong);
  std::set<std::string> in_text;
  check_text(pointer + "/text", text.text, Where::text, kMaxText, one, in_text, wrong);
  if (needs_unsubscribe(one.purpose) && !in_text.contains(std::string(kUnsubscribe))) {
    wrong.push_back({pointer + "/text", "must say how to end these messages: {{unsubscribe}}"});
  }
  used.merge(in_text);
  if (text.html.empty()) return;
  std::set<std::string> in_html;
  check_text(pointer + "/html", text.html, Where::html, kMaxHtml, one, in_html, wrong);
  if (needs_unsubscribe(one.purpose) && !in_html.contains(std::string(kUnsubscribe))) {
    wrong.push_back({pointer + "/html", "must say how to end these messages: {{unsubscribe}}"});
  }
  used.merge(in_html);
  const std::string html = lower(text.html);
  for (std::string_view refused : kRefusedInHtml) {
    if (html.find(refused) != std::string::npos) {
      wrong.push_back({pointer + "/html", fmt::format("must not hold '{}': it runs or loads something", refused)});
    }
  }
  if (has_handler(html)) wrong.push_back({pointer + "/html", "must not hold event handlers"});
}

std::string fill(std::string_view source, Where where, const Parameters& parameters) {
  std::string out;
  walk(
      source, where, [&](std::string_view literal) { out += literal; },
      [&](std::string_view name, Where at) { out += escaped(parameters.find(std::string(name))->second, at); });
  return out;
}

}  // namespace

bool needs_unsubscribe(gate::Purpose purpose) {
  using gate::Purpose;
  switch (purpose) {
    case Purpose::CustomerOrderManagement:
    case Purpose::CustomerCare:
    case Purpose::CommunicationForCustomerCare:
    case Purpose::CustomerClaimsManagement:
    case Purpose::FraudPreventionAndDetection:
    case Purpose::IdentityVerification:
    case Purpose::LegalCompliance:
    case Purpose::RightsFulfilment:
      return false;
    default:
      return true;
  }
}

Result<void> check(const Template& one) {
  std::vector<FieldError> wrong;
  if (!is_name(one.id)) wrong.push_back({"/id", "must be lower-case letters, digits and _, up to 64"});
  if (one.parameters.size() > kMaxParameters) wrong.push_back({"/parameters", "must be at most 20"});
  std::set<std::string> seen;
  for (const std::string& name : one.parameters) {
    if (!is_name(name)) wrong.push_back({"/parameters", "must be lower-case letters, digits and _, up to 64"});
    if (name == kUnsubscribe) wrong.push_back({"/parameters", "must not name unsubscribe, which is always there"});
    if (!seen.insert(name).second) wrong.push_back({"/parameters", "must not name one twice"});
  }
  std::set<std::string> used;
  for (std::string_view language : kLanguages) check_language(std::string(language), one, used, wrong);
  if (one.texts.size() > kLanguages.size()) wrong.push_back({"/texts", "must be in de and en"});
  if (!needs_unsubscribe(one.purpose) && used.contains(std::string(kUnsubscribe))) {
    wrong.push_back({"/texts", "must not name {{unsubscribe}}: what serves a person is not ended by a click"});
  }
  for (const std::string& name : one.parameters) {
    if (!used.contains(name)) wrong.push_back({"/parameters", fmt::format("has {}, which no text names", name)});
  }
  if (wrong.empty()) return {};
  return fail(ErrorKind::invalid, "template_invalid", "The template can't be published; see the fields.", wrong);
}

Result<Rendered> render(const Template& one, std::string_view language, const Parameters& parameters) {
  std::vector<FieldError> wrong;
  auto wrong_with = [&](std::string_view name, std::string_view reason) {
    wrong.push_back({fmt::format("/parameters/{}", name), std::string(reason)});
  };
  const bool ends = needs_unsubscribe(one.purpose);
  auto expected = one.parameters;
  if (ends) expected.emplace_back(kUnsubscribe);
  for (const std::string& name : expected) {
    if (!parameters.contains(name)) wrong_with(name, "is missing");
  }
  for (const auto& [name, value] : parameters) {
    if (std::find(expected.begin(), expected.end(), name) == expected.end()) {
      wrong_with(is_name(name) ? name : "", "is none of the template's");
    } else if (value.size() > kMaxValue || !text::is_utf8(value)) {
      wrong_with(name, "must be UTF-8 of at most 2,000 bytes");
    }
  }
  const bool german = language.starts_with("de");
  auto found = one.texts.find(german ? "de" : "en");
  if (found == one.texts.end()) wrong_with("", "can't be put in: the template lacks that language");
  if (wrong.empty()) {
    walk(
        found->second.html, Where::html, [](std::string_view) {},
        [&](std::string_view name, Where where) {
          const std::string& value = parameters.find(std::string(name))->second;
          if (where == Where::link && !is_link(value)) wrong_with(name, "must be an https address: a link leads there");
        });
  }
  if (!wrong.empty()) {
    return fail(ErrorKind::invalid, "parameters_invalid", "The parameters do not fit the template; see the fields.",
                wrong);
  }
  const Text& text = found->second;
  return Rendered{found->first, fill(text.subject, Where::subject, parameters),
                  fill(text.text, Where::text, parameters), fill(text.html, Where::html, parameters)};
}

}  // namespace handschlag::templates
