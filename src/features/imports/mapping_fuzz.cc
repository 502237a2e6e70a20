// A mapping and a file, both any text: what is wrong with the mapping is told by field; what a mapping makes of the
// lines are events that live ones could be, and every line becomes part of one or is told of.
#include <sstream>

#include "features/imports/csv.h"
#include "features/imports/documents.h"
#include "features/imports/intake.h"
#include "platform/base/testing/fuzz.h"

namespace {

using namespace handschlag;
using fuzz::require;

constexpr std::string_view kFileFollows = "\n--- file ---\n";

void check(const imports::Mapping& mapping, const imports::Document& document, Time now) {
  require(!document.broken && !document.lines.empty() && !document.message_id.empty());
  require(document.country.empty() || document.country.size() == 2);
  auto intake = imports::make_intake(mapping, document, now);
  require(intake.occurred >= Time{} && intake.occurred <= now);
  require(!intake.name.empty() && !intake.message_id.empty());
  require(json::parse(intake.properties->dump()).has_value());
}

void run(const imports::Mapping& mapping, std::string_view text, Time now) {
  std::istringstream in{std::string(text)};
  imports::CsvReader reader(in, mapping.delimiter, {.record_bytes = 4096, .field_bytes = 512, .block_bytes = 64});
  std::vector<std::string> header = mapping.header;
  if (header.empty()) {
    const imports::CsvRecord* first = reader.next();
    if (first == nullptr) return;
    header.assign(first->fields.begin(), first->fields.end());
  }
  auto layout = imports::find_columns(mapping, header);
  if (!layout) {
    require(layout.error().kind == ErrorKind::invalid);
    return;
  }
  std::int64_t rejected = 0;
  imports::Documents documents(mapping, *layout, [&](std::int64_t, std::string_view reason) {
    require(!reason.empty());
    ++rejected;
  });
  std::int64_t kept = 0;
  auto take = [&] {
    while (auto document = documents.take()) {
      check(mapping, *document, now);
      kept += static_cast<std::int64_t>(document->lines.size());
    }
  };
  while (const imports::CsvRecord* record = reader.next()) {
    documents.add(*record);
    take();
  }
  documents.finish();
  take();
  require(kept + rejected == documents.records());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view all = fuzz::text_of(data, size);
  std::size_t end = all.find(kFileFollows);
  auto mapping = imports::parse_mapping(std::string(all.substr(0, end)), "fuzz.toml");
  if (!mapping) {
    require(mapping.error().kind == ErrorKind::invalid && !mapping.error().detail.empty());
    return 0;
  }
  if (end == std::string_view::npos) return 0;
  run(*mapping, all.substr(end + kFileFollows.size()), from_millis(1'795'000'000'000));
  return 0;
}
