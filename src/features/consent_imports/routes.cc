#include "features/consent_imports/consent_imports.h"
#include "platform/json/json.h"

namespace handschlag::consent_imports {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kMaxText = std::size_t{3} << 20;

Result<File> file_of(const Request& request) {
  const json::Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  File file;
  file.source = reader.text("source", {.max_length = 64});
  const std::string format = reader.text("format", {.max_length = 16});
  file.text = reader.text("text", {.max_length = kMaxText});
  file.dry_run = reader.optional_boolean("dry_run").value_or(false);
  if (format != "csv" && format != "jsonl") reader.error("format", "must be csv or jsonl");
  file.format = format == "csv" ? Format::csv : Format::json_lines;
  TRY(reader.finish());
  return file;
}

json::Value text_or_null(const std::string& text) {
  return text.empty() ? json::Value() : json::Value(text);
}

json::Value to_json(const Report& report) {
  json::Value lines = json::Value::array();
  for (const LineReport& line : report.lines) {
    lines.push_back(
        {{"line", line.line},
         {"outcome", name_of(line.outcome)},
         {"statement", text_or_null(line.statement)},
         {"strength", line.outcome == Outcome::taken ? json::Value(gate::name_of(line.strength)) : json::Value()},
         {"made", line.made},
         {"proof_gaps", line.proof_gaps},
         {"field", text_or_null(line.field)},
         {"reason", text_or_null(line.reason)}});
  }
  return {{"taken", report.taken}, {"there_already", report.there_already}, {"refused", report.refused},
          {"made", report.made},   {"proof_gaps", report.proof_gaps},       {"lines", std::move(lines)}};
}

}  // namespace

void bind_routes(http::Router& router, ConsentImports& imports) {
  router.bind("importConsents", [&](const Request& request) {
    return Response::of([&]() -> Result<json::Value> {
      const File file = TRY(file_of(request));
      const By by{request.principal.id, request.principal.role, request.operation, request.trace_id};
      return to_json(TRY(imports.take(file, by)));
    }());
  });
}

}  // namespace handschlag::consent_imports
