#include "platform/text/zone.h"

#include <fmt/format.h>
#include <unicode/basictz.h>
#include <unicode/strenum.h>
#include <unicode/timezone.h>

#include <array>
#include <mutex>
#include <string>
#include <vector>

namespace handschlag::text {

struct Zone::Impl {
  std::unique_ptr<icu::BasicTimeZone> zone;
};

Zone::Zone(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Zone::Zone(Zone&&) noexcept = default;
Zone& Zone::operator=(Zone&&) noexcept = default;
Zone::~Zone() = default;

Result<Zone> Zone::find(std::string_view name) {
  auto id = icu::UnicodeString::fromUTF8(icu::StringPiece(name.data(), static_cast<int32_t>(name.size())));
  std::unique_ptr<icu::TimeZone> zone(icu::TimeZone::createTimeZone(id));
  icu::UnicodeString found;
  // ICU answers an unknown name with a zone of that name; offsets such as "GMT+2" it makes up as asked.
  bool named = zone && *zone != icu::TimeZone::getUnknown() && zone->getID(found) == id && !id.startsWith("GMT");
  auto* basic = named ? dynamic_cast<icu::BasicTimeZone*>(zone.get()) : nullptr;
  if (basic == nullptr) {
    return fail(ErrorKind::invalid, "zone_unknown",
                fmt::format("'{}' is no time zone; write an IANA name such as Europe/Berlin, or UTC.", name));
  }
  (void)zone.release();  // NOLINT(bugprone-unused-return-value): the same object, owned below
  return Zone(std::make_unique<const Impl>(std::unique_ptr<icu::BasicTimeZone>(basic)));
}

Time Zone::to_utc(LocalTime local) const {
  UErrorCode status = U_ZERO_ERROR;
  int32_t offset = 0;
  int32_t daylight = 0;
  auto millis = local.time_since_epoch();
  impl_->zone->getOffsetFromLocal(static_cast<UDate>(millis.count()), UCAL_TZ_LOCAL_FORMER, UCAL_TZ_LOCAL_FORMER,
                                  offset, daylight, status);
  return Time{millis - std::chrono::milliseconds{offset + daylight}};
}

LocalTime Zone::to_local(Time time) const {
  UErrorCode status = U_ZERO_ERROR;
  int32_t offset = 0;
  int32_t daylight = 0;
  const auto millis = time.time_since_epoch();
  impl_->zone->getOffset(static_cast<UDate>(millis.count()), false, offset, daylight, status);
  return LocalTime{millis + std::chrono::milliseconds{offset + daylight}};
}

namespace {

constexpr std::size_t kLetters = 26;

std::vector<Zone> look_up(const std::string& country) {
  std::vector<Zone> out;
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<icu::StringEnumeration> names(
      icu::TimeZone::createTimeZoneIDEnumeration(UCAL_ZONE_TYPE_CANONICAL_LOCATION, country.c_str(), nullptr, status));
  if (U_FAILURE(status) != 0 || !names) return out;
  while (const icu::UnicodeString* name = names->snext(status)) {
    if (U_FAILURE(status) != 0) break;
    std::string text;
    if (auto zone = Zone::find(name->toUTF8String(text))) out.push_back(*std::move(zone));
  }
  return out;
}

}  // namespace

std::span<const Zone> zones_of(std::string_view country) {
  struct Kept {
    std::once_flag once;
    std::vector<Zone> zones;
  };
  static std::array<Kept, kLetters * kLetters> kept;
  const auto is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (country.size() != 2 || !is_letter(country[0]) || !is_letter(country[1])) return {};
  const auto place = static_cast<std::size_t>(country[0] - 'A') * kLetters + static_cast<std::size_t>(country[1] - 'A');
  std::call_once(kept[place].once, [&] { kept[place].zones = look_up(std::string(country)); });
  return kept[place].zones;
}

}  // namespace handschlag::text
