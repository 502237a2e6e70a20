// Any text is a file of consents of some sort: what is read has all that it needs, and never more strength than its
// proof.
#include "features/consent_imports/lines.h"
#include "platform/base/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace handschlag;
  using fuzz::require;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const Time now = *parse_time("2026-11-23T10:00:00Z");
  const auto format = data[0] % 2 == 0 ? consent_imports::Format::csv : consent_imports::Format::json_lines;
  const auto lines = consent_imports::read_lines(format, text, now);
  if (!lines) return 0;
  require(!lines->empty() && lines->size() <= consent_imports::kMostLines);
  std::int64_t before = 0;
  for (const consent_imports::Read& read : *lines) {
    require(read.number > before);
    before = read.number;
    require(read.line.has_value() == read.reason.empty() && read.line.has_value() == read.field.empty());
    if (!read.line) continue;
    const consent_imports::Line& line = *read.line;
    require(!line.key.empty() && line.act != consent::Act::requested);
    require(!consent::is_yes(line.act) || line.said_at);
    require(!line.said_at || *line.said_at <= now + std::chrono::minutes{5});
    require(!consent::is_yes(line.act) || line.proven() || line.strength_kept() == gate::Strength::claimed);
  }
  return 0;
}
