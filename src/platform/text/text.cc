#include "platform/text/text.h"

#include <phonenumbers/phonenumberutil.h>
#include <phonenumbers/shortnumberinfo.h>
#include <unicode/normalizer2.h>
#include <unicode/region.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

namespace handschlag::text {
namespace {

icu::UnicodeString folded(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  // Never fails: the data is compiled into ICU.
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFKCCasefoldInstance(status);
  auto source = icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  return normalizer->normalize(source, status);
}

}  // namespace

bool is_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  auto size = static_cast<int32_t>(text.size());
  for (int32_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT(bytes, i, size, c);  // NOLINT(bugprone-inc-dec-in-conditions)
    if (c < 0) return false;
  }
  return true;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool is_blank(std::string_view text) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  auto size = static_cast<int32_t>(text.size());
  for (int32_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT(bytes, i, size, c);  // NOLINT(bugprone-inc-dec-in-conditions)
    if (c < 0) return false;
    const bool shapeless =
        u_iscntrl(c) || u_charType(c) == U_FORMAT_CHAR || u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
    constexpr UChar32 kBlankBraille = 0x2800;  // a letter by its type, and drawn as nothing
    if (!u_isUWhiteSpace(c) && !shapeless && c != kBlankBraille) return false;
  }
  return true;
}

std::string fold(std::string_view text) {
  std::string out;
  folded(text).toUTF8String(out);
  return out;
}

std::vector<std::string> words(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString source = icu::Normalizer2::getNFDInstance(status)->normalize(folded(text), status);
  std::vector<std::string> out;
  icu::UnicodeString word;
  auto finish = [&] {
    if (!word.isEmpty()) word.toUTF8String(out.emplace_back());
    word.remove();
  };
  for (int32_t i = 0; i < source.length(); i = source.moveIndex32(i, 1)) {
    UChar32 c = source.char32At(i);
    if (u_charType(c) == U_NON_SPACING_MARK) continue;
    if (u_isalnum(c)) {
      word.append(c);
    } else {
      finish();
    }
  }
  finish();
  return out;
}

std::optional<std::string> phone_e164(std::string_view text, std::string_view country) {
  using i18n::phonenumbers::PhoneNumber;
  using i18n::phonenumbers::PhoneNumberUtil;
  if (text.size() > 64) return std::nullopt;
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  std::string region(country.empty() ? "ZZ" : country);
  if (util.Parse(std::string(text), region, &number) != PhoneNumberUtil::NO_PARSING_ERROR) return std::nullopt;
  if (!util.IsPossibleNumber(number)) return std::nullopt;
  std::string out;
  util.Format(number, PhoneNumberUtil::E164, &out);
  return out;
}

bool is_short_phone(std::string_view e164) {
  using i18n::phonenumbers::PhoneNumber;
  using i18n::phonenumbers::PhoneNumberUtil;
  static const i18n::phonenumbers::ShortNumberInfo kShort;
  constexpr std::size_t kLongest = 11;  // "+49116117" and some more: all others cost no look
  if (e164.size() > kLongest) return false;
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  if (util.Parse(std::string(e164), "ZZ", &number) != PhoneNumberUtil::NO_PARSING_ERROR) return false;
  return kShort.IsValidShortNumber(number) && !util.IsValidNumber(number);
}

std::optional<std::string> country_code(std::string_view text) {
  if (text.size() != 2) return std::nullopt;
  std::string code;
  for (char c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c < 'A' || c > 'Z') return std::nullopt;
    code += c;
  }
  UErrorCode status = U_ZERO_ERROR;
  const icu::Region* region = icu::Region::getInstance(code.c_str(), status);
  if (U_FAILURE(status) != 0 || region == nullptr || region->getType() != URGN_TERRITORY) return std::nullopt;
  if (code != region->getRegionCode()) return std::nullopt;  // a withdrawn code, kept as an alias
  return code;
}

}  // namespace handschlag::text
