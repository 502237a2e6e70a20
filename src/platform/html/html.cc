#include "platform/html/html.h"

#include <fmt/format.h>

#include <algorithm>

#include "platform/crypto/crypto.h"

namespace handschlag::html {
namespace {

constexpr std::size_t kMostFields = 100;
constexpr std::string_view kStyle =
    ":root{color-scheme:light dark;--ink:#1d2320;--soft:#59645e;--back:#f4f6f4;--card:#fff;--line:#dbe1dc;"
    "--deed:#1c6b4a;--word:#fff}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8ece9;--soft:#a5b0a9;--back:#141816;--card:#1d2320;"
    "--line:#343d38;--deed:#7fd0aa;--word:#10281d}}"
    "*{box-sizing:border-box}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.25rem;background:var(--back);"
    "color:var(--ink);font:1.0625rem/1.55 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}"
    "main{width:100%;max-width:34rem;background:var(--card);border:1px solid var(--line);border-radius:14px;"
    "padding:clamp(1.25rem,5vw,2.5rem)}"
    "header{color:var(--soft);font-size:.95rem;margin-bottom:.75rem}"
    "h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem;text-wrap:balance}"
    "p{margin:0 0 1rem;overflow-wrap:anywhere}p.small{color:var(--soft);font-size:.95rem}"
    "blockquote{margin:0 0 1.25rem;padding:.75rem 1rem;border-left:3px solid var(--deed);background:var(--back);"
    "border-radius:0 8px 8px 0;white-space:pre-line;overflow-wrap:anywhere}"
    "form{margin:1.5rem 0 1rem}label{display:block;margin-bottom:.4rem}"
    "input{width:100%;min-height:3rem;padding:.5rem .75rem;margin-bottom:1rem;font:inherit;color:inherit;"
    "background:var(--back);border:1px solid var(--soft);border-radius:8px}"
    "button{width:100%;min-height:3rem;padding:.6rem 1.25rem;font:inherit;font-weight:600;color:var(--word);"
    "background:var(--deed);border:0;border-radius:8px;cursor:pointer}"
    "button:focus-visible,input:focus-visible{outline:3px solid var(--ink);outline-offset:2px}"
    "main>:last-child{margin-bottom:0}";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Thousandths: 1000 for "de", 500 for "de;q=0.5"; what can't be read is 0.
int weight_of(std::string_view parameters) {
  const auto at = parameters.find("q=");
  if (at == parameters.npos) return 1000;
  const std::string_view digits = trimmed(parameters.substr(at + 2));
  if (digits.empty() || (digits[0] != '0' && digits[0] != '1')) return 0;
  int weight = (digits[0] - '0') * 1000;
  int unit = 100;
  for (std::size_t i = 2; i < digits.size() && unit > 0 && digits[1] == '.'; ++i, unit /= 10) {
    if (digits[i] < '0' || digits[i] > '9') return 0;
    weight += (digits[i] - '0') * unit;
  }
  return std::min(weight, 1000);
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && digit_of(text[i + 1]) >= 0 && digit_of(text[i + 2]) >= 0;
    if (escape) {
      out += static_cast<char>(digit_of(text[i + 1]) * 16 + digit_of(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\0':
        break;
      default:
        out += c;
    }
  }
  return out;
}

http::Response document(int status, std::string_view language, std::string_view title, std::string_view style,
                        std::string_view body) {
  std::string text = fmt::format(
      "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" "
      "content=\"noindex\">"
      "<title>{}</title><style>{}</style></head><body>{}</body></html>\n",
      escape(language), escape(title), style, body);
  return http::Response::text(status, std::move(text), "text/html; charset=utf-8")
      .with("Content-Security-Policy",
            fmt::format("default-src 'none'; style-src 'sha256-{}'; form-action 'self'; base-uri 'none'; "
                        "frame-ancestors 'none'",
                        crypto::to_base64(crypto::sha256(style))))
      .with("Cache-Control", "no-store")
      .with("X-Robots-Tag", "noindex, nofollow")
      .with("Cross-Origin-Opener-Policy", "same-origin")
      .with("Content-Language", language)
      .with("Vary", "Accept-Language");
}

http::Response page(int status, const Page& page) {
  std::string house;
  if (!page.house.empty()) house = fmt::format("<header>{}</header>", escape(page.house));
  return document(status, page.language, page.title, kStyle,
                  fmt::format("<main>{}<h1>{}</h1>{}</main>", house, escape(page.title), page.body));
}

std::string_view language_of(const http::Request& request) {
  int german = 0;
  int english = 0;
  for (std::string_view member : http::list_header(request.headers, "Accept-Language")) {
    const auto end = std::min(member.find(';'), member.size());
    const std::string_view tag = trimmed(member.substr(0, end)).substr(0, 2);
    const int weight = weight_of(member.substr(end));
    if (http::equal_ignoring_case(tag, "de")) german = std::max(german, weight);
    if (http::equal_ignoring_case(tag, "en")) english = std::max(english, weight);
  }
  return german > english ? "de" : "en";
}

std::string form_field(std::string_view body, std::string_view name) {
  for (std::size_t i = 0; i < kMostFields && !body.empty(); ++i) {
    const std::string_view field = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(field.size() + 1, body.size()));
    const auto equals = std::min(field.find('='), field.size());
    if (decoded(field.substr(0, equals)) == name) {
      return decoded(field.substr(std::min(equals + 1, field.size())));
    }
  }
  return {};
}

}  // namespace handschlag::html
