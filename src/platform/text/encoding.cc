#include "platform/text/encoding.h"

#include <unicode/ucnv.h>
#include <unicode/unistr.h>

#include <memory>

#include "platform/text/text.h"

namespace handschlag::text {
namespace {

struct EncodingName {
  Encoding encoding;
  const char* name;  // also what ICU calls it
};
constexpr EncodingName kEncodings[] = {{Encoding::utf8, "utf-8"},
                                       {Encoding::iso_8859_1, "iso-8859-1"},
                                       {Encoding::windows_1252, "windows-1252"},
                                       {Encoding::iso_8859_15, "iso-8859-15"}};

const char* name_of(Encoding encoding) {
  for (const EncodingName& entry : kEncodings) {
    if (entry.encoding == encoding) return entry.name;
  }
  return "utf-8";
}

}  // namespace

std::optional<Encoding> find_encoding(std::string_view name) {
  std::string folded = fold(name);
  for (const EncodingName& entry : kEncodings) {
    if (folded == entry.name) return entry.encoding;
  }
  return std::nullopt;
}

std::optional<std::string> to_utf8(std::string_view bytes, Encoding encoding) {
  if (is_ascii(bytes)) return std::string(bytes);
  if (encoding == Encoding::utf8) return is_utf8(bytes) ? std::optional(std::string(bytes)) : std::nullopt;
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<UConverter, decltype(&ucnv_close)> converter(ucnv_open(name_of(encoding), &status), &ucnv_close);
  ucnv_setToUCallBack(converter.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &status);
  icu::UnicodeString decoded(bytes.data(), static_cast<int32_t>(bytes.size()), converter.get(), status);
  if (U_FAILURE(status) != 0) return std::nullopt;
  std::string out;
  decoded.toUTF8String(out);
  return out;
}

}  // namespace handschlag::text
