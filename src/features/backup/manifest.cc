#include "features/backup/manifest.h"

#include <fmt/format.h>

#include "platform/json/json.h"

namespace handschlag::backup {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kMaxParts = 1'000;
constexpr std::size_t kMaxSteps = 10'000;
constexpr std::int64_t kMaxBytes = std::int64_t{1} << 50;

json::Value to_json(const PartInfo& part) {
  json::Value schema = json::Value::array();
  for (const db::AppliedStep& step : part.schema) {
    schema.push_back(
        {{"slice", step.slice}, {"number", step.number}, {"name", step.name}, {"checksum", step.checksum}});
  }
  return {{"name", part.name},     {"file", part.file},
          {"bytes", part.bytes},   {"sealed_bytes", part.sealed_bytes},
          {"sha256", part.sha256}, {"copied_at", format_time(part.copied_at)},
          {"schema", schema}};
}

json::Value to_json(const Manifest& manifest) {
  json::Value parts = json::Value::array();
  for (const PartInfo& part : manifest.parts) parts.push_back(to_json(part));
  json::Value secrets = json::Value::object();
  for (const auto& [name, sealed] : manifest.secrets) secrets[name] = crypto::to_base64(sealed);
  return {{"format", kFormat},
          {"id", manifest.id},
          {"program", manifest.program},
          {"storage", manifest.storage},
          {"created_at", format_time(manifest.created_at)},
          {"expires_at", format_time(manifest.expires_at)},
          {"parts", parts},
          {"secrets", secrets}};
}

std::string seal_of(std::string_view text, const crypto::Key& key) {
  return crypto::to_hex(crypto::keyed_digest(key, fmt::format("backup-manifest|{}", text), 32));
}

std::unexpected<Error> damaged() {
  return fail(ErrorKind::invalid, "manifest_damaged", "manifest.json is damaged; use another backup.");
}

Time read_time(json::Reader& reader, std::string_view name) {
  auto time = parse_time(reader.text(name));
  if (!time) reader.error(name, "is no time");
  return time.value_or(Time{});
}

PartInfo read_part(json::Reader& reader) {
  PartInfo part;
  part.name = reader.text("name");
  part.file = reader.text("file");
  if (part.file.find('/') != std::string::npos) reader.error("file", "is no plain name");
  part.bytes = static_cast<std::uint64_t>(reader.integer("bytes", 0, kMaxBytes));
  part.sealed_bytes = static_cast<std::uint64_t>(reader.integer("sealed_bytes", 0, kMaxBytes));
  part.sha256 = reader.text("sha256");
  part.copied_at = read_time(reader, "copied_at");
  if (const json::Value* schema = reader.array("schema", kMaxSteps)) {
    for (const json::Value& value : *schema) {
      json::Reader step(value);
      part.schema.push_back(
          {step.text("slice"), step.integer("number", 1, 1'000'000), step.text("name"), step.text("checksum")});
      reader.merge(step);
    }
  }
  return part;
}

Result<Manifest> from_json(const json::Value& value) {
  json::Reader reader(value);
  reader.allow_unknown();
  Manifest manifest;
  std::int64_t format = reader.integer("format", 1, 1'000'000);
  if (format > kFormat) {
    return fail(ErrorKind::invalid, "backup_newer",
                "This backup was taken by a newer version in a form that this one does not know; use that version.");
  }
  manifest.id = reader.text("id", {.max_length = 64});
  if (manifest.id.find('/') != std::string::npos) reader.error("id", "is no plain name");
  manifest.program = reader.text("program");
  manifest.storage = reader.text("storage");
  manifest.created_at = read_time(reader, "created_at");
  manifest.expires_at = read_time(reader, "expires_at");
  if (const json::Value* parts = reader.array("parts", kMaxParts)) {
    for (const json::Value& part_value : *parts) {
      json::Reader part(part_value);
      part.allow_unknown();
      manifest.parts.push_back(read_part(part));
      reader.merge(part);
    }
  }
  if (const json::Value* secrets = reader.object("secrets")) {
    for (const auto& [name, sealed] : secrets->items()) {
      auto bytes = crypto::from_base64(sealed.is_string() ? sealed.get<std::string>() : "!");
      if (!bytes) return damaged();
      manifest.secrets.emplace(name, *bytes);
    }
  }
  if (!reader.finish()) return damaged();
  return manifest;
}

}  // namespace

std::string write_manifest(const Manifest& manifest, const crypto::Key& key) {
  json::Value value = to_json(manifest);
  json::Value out = {{"backup", value}, {"seal", seal_of(json::dump(value), key)}};
  return out.dump(2) + "\n";
}

Result<SignedManifest> read_manifest(std::string_view text) {
  auto value = json::parse(text);
  if (!value || !value->is_object()) return damaged();
  json::Reader reader(*value);
  const json::Value* backup = reader.object("backup");
  SignedManifest out;
  out.seal = reader.text("seal");
  if (!reader.finish() || backup == nullptr) return damaged();
  out.text = json::dump(*backup);
  out.manifest = TRY(from_json(*backup));
  return out;
}

bool is_true(const SignedManifest& manifest, const crypto::Key& key) {
  return crypto::equal(manifest.seal, seal_of(manifest.text, key));
}

}  // namespace handschlag::backup
