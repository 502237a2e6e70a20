#include "app/doctor.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

namespace handschlag::app {
namespace {

constexpr std::uintmax_t kLowDisk = 1ULL << 30;  // bytes

Finding permissions(std::string part, const std::filesystem::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return {std::move(part), false, fmt::format("{} is missing.", path.string())};
  if ((info.st_mode & 077U) == 0) return {std::move(part), true, "only you can read it"};
  return {std::move(part), false, fmt::format("others can read it; run: chmod go= {}", path.string())};
}

Finding disk(const std::filesystem::path& folder) {
  std::error_code error;
  auto space = std::filesystem::space(folder, error);
  if (error) return {"disk", false, error.message()};
  std::string free = fmt::format("{:.1f} GB free", static_cast<double>(space.available) / 1e9);
  if (space.available < kLowDisk) return {"disk", false, free + "; make room before it is full"};
  return {"disk", true, free};
}

// A running server looks by itself.
void add_parts(App& app, std::vector<Finding>& out) {
  if (app.server() == nullptr) app.health().look();
  for (const PartHealth& health : app.health().parts()) {
    bool ready = health.standing == Standing::ready;
    if (health.part == "disk" && ready) {
      out.push_back(disk(app.settings().regions.data_folder));
    } else {
      out.push_back({health.part, ready, ready ? "ready" : health.reason});
    }
  }
}

Finding four_eyes(App& app) {
  if (!app.staff().four_eyes()) return {"four eyes", true, "off: one person alone rotates keys and makes admins"};
  auto admins = app.staff().admins();
  if (!admins) return {"four eyes", false, admins.error().detail};
  if (*admins >= 2) return {"four eyes", true, fmt::format("on, with {} admins", *admins)};
  return {"four eyes", false,
          fmt::format("on, but with {} admins nobody can approve; add one with: handschlag staff add --role admin",
                      *admins)};
}

}  // namespace

std::vector<Finding> examine(App& app) {
  std::vector<Finding> out;
  const auto& settings = app.settings().regions;
  out.push_back(permissions("data folder", settings.data_folder));
  if (std::filesystem::exists(settings.key_folder)) {
    out.push_back(permissions("key folder", settings.key_folder));
    for (const auto& entry : std::filesystem::directory_iterator(settings.key_folder)) {
      out.push_back(permissions(fmt::format("key {}", entry.path().filename().string()), entry.path()));
    }
  }
  add_parts(app, out);
  auto audit = app.staff().verify_audit();
  if (!audit) {
    out.push_back({"audit", false, audit.error().detail});
  } else if (audit->broken_at) {
    out.push_back({"audit", false, fmt::format("record {} was changed, removed or added by hand.", *audit->broken_at)});
  } else {
    out.push_back({"audit", true, fmt::format("{} records, unbroken", audit->records)});
  }
  out.push_back(four_eyes(app));
  if (app.sources().list().empty()) {
    out.push_back({"sources", true, "none yet; add one with: handschlag source add --help"});
  } else {
    out.push_back({"sources", true, fmt::format("{}", app.sources().list().size())});
  }
  return out;
}

Result<int> run_doctor(const CommandLine& line, App& app, Console& console) {
  bool good = true;
  json::Value items = json::Value::array();
  for (const Finding& finding : examine(app)) {
    good = good && finding.good;
    items.push_back({{"part", finding.part}, {"good", finding.good}, {"detail", finding.detail}});
    if (!line.json)
      console.out(fmt::format("{:<4} {:<22} {}\n", finding.good ? "ok" : "BAD", finding.part, finding.detail));
  }
  if (line.json) console.out(json::dump({{"good", good}, {"findings", items}}) + "\n");
  return good ? 0 : 1;
}

}  // namespace handschlag::app
