// The fixed words of a banner, German and English.
#pragma once

#include <string>
#include <string_view>

#include "features/law/law.h"
#include "features/notices/notices.h"
#include "platform/json/json.h"

namespace handschlag::banner {

enum class Language : std::size_t { german, english };

Language language_of(std::string_view asked);  // "de-AT"; English for all others
std::string_view code_of(Language language);   // "de"

// Every fixed text by its name; the banner in the browser knows none of its own.
json::Value words_in(Language language);

// "2 Jahre ab Erhebung".
std::string say(const law::Term& term, notices::Since since, Language language);
std::string_view say(notices::Recipient::Role role, Language language);

}  // namespace handschlag::banner
