#include "platform/text/country_names.h"

#include <unicode/locdspnm.h>
#include <unicode/locid.h>

#include <memory>

#include "platform/text/text.h"

namespace handschlag::text {

CountryNames::CountryNames(std::span<const std::string> languages) {
  // Codes first: a name never takes the place of a code.
  for (const char* const* code = icu::Locale::getISOCountries(); *code != nullptr; ++code) {
    if (!country_code(*code)) continue;  // ICU lists withdrawn ones too
    codes_.emplace(fold(*code), *code);
    codes_.emplace(fold(icu::Locale("", *code).getISO3Country()), *code);
  }
  for (const std::string& language : languages) {
    for (UDisplayContext length : {UDISPCTX_LENGTH_FULL, UDISPCTX_LENGTH_SHORT}) {
      UDisplayContext contexts[] = {length};
      std::unique_ptr<icu::LocaleDisplayNames> names(
          icu::LocaleDisplayNames::createInstance(icu::Locale(language.c_str()), contexts, 1));
      for (const char* const* code = icu::Locale::getISOCountries(); *code != nullptr; ++code) {
        if (!country_code(*code)) continue;
        icu::UnicodeString shown;
        names->regionDisplayName(*code, shown);
        std::string name;
        shown.toUTF8String(name);
        codes_.emplace(fold(name), *code);
      }
    }
  }
}

std::optional<std::string> CountryNames::find(std::string_view name) const {
  auto it = codes_.find(fold(trim(name)));
  return it == codes_.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace handschlag::text
