// Pages of HTML that need nothing else: no script, nothing from elsewhere, a small style for light and dark and for
// phones. Such a page is stored nowhere, found by no search engine and framed by nobody. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "platform/http/http.h"

namespace handschlag::html {

// As text or as the value of an attribute in quotes. What is no UTF-8 is left to the browser; it can't end either.
std::string escape(std::string_view text);

// A whole document. `language` and `title` are text; `style` is CSS, which the policy names by its digest; `body` is
// HTML, in which whatever came from elsewhere is escaped.
http::Response document(int status, std::string_view language, std::string_view title, std::string_view style,
                        std::string_view body);

// For people who came by a link in a message: a title, some text, perhaps a form.
struct Page {
  std::string_view language = "en";
  std::string title;  // text
  std::string house;  // text: whose page it is, above the title; may be empty
  std::string body;   // HTML: whatever came from elsewhere in it is escaped
};

http::Response page(int status, const Page& page);

// "de" where the reader's browser prefers German to English, else "en".
std::string_view language_of(const http::Request& request);

// The first value of a field of a form (application/x-www-form-urlencoded); "" where there is none. At most 100 fields
// are looked at.
std::string form_field(std::string_view body, std::string_view name);

}  // namespace handschlag::html
