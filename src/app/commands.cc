#include "app/commands.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <sstream>

#include "app/approval_commands.h"
#include "app/bounce_command.h"
#include "app/doctor.h"
#include "app/import_commands.h"
#include "app/move_commands.h"
#include "app/upkeep_commands.h"
#include "app/webhook_commands.h"

namespace handschlag::app {
namespace {

constexpr std::size_t kTokensAtOnce = 1'000;
constexpr std::int64_t kUsualBurstSeconds = 10;

staff::Actor actor() {
  return {"cli", ""};
}

sources::Companion audited(App& app, std::string_view operation) {
  return [&app, operation = std::string(operation)](db::Transaction& tx, const sources::Source& source) {
    return app.staff().record(tx, {"cli", operation, "source:" + source.id, "", staff::Outcome::ok});
  };
}

void print_json(Console& console, const json::Value& value) {
  console.out(json::dump(value) + "\n");
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  if (!stream) return fail(ErrorKind::not_found, "file_unreadable", fmt::format("{} can't be read.", path));
  return text.str();
}

Result<sources::Source> source_of(const CommandLine& line) {
  sources::Source source;
  source.id = line.id;
  source.name = line.name;
  source.touchpoint = line.touchpoint;
  source.name_space = line.name_space;
  source.country = line.country;
  source.unit = line.unit;
  source.for_children = line.for_children;
  for (const std::string& name : line.data_categories) {
    source.data_categories |= gate::find_category(name).value_or(gate::ordinary);
  }
  source.trust = sources::find_trust(line.trust).value_or(sources::Trust::public_);
  source.mode = sources::find_mode(line.mode).value_or(sources::Mode::live);
  for (const std::string& purpose : line.purposes)
    source.purposes.push_back(TRY(gate::parse_declared_purpose(purpose)));
  for (const std::string& mapping : line.consent_categories) {
    std::size_t equals = mapping.find('=');
    auto purpose = equals == std::string::npos ? std::nullopt : gate::find_purpose(mapping.substr(equals + 1));
    if (!purpose) {
      return fail(ErrorKind::invalid, "consent_category_malformed",
                  fmt::format("--consent-category {}: write CATEGORY=PURPOSE with a known purpose.", mapping));
    }
    source.consent_categories[mapping.substr(0, equals)].add(*purpose);
  }
  if (!line.plan.empty()) source.plan = TRY(sources::parse_plan(TRY(read_file(line.plan))));
  return source;
}

Result<int> source_add(const CommandLine& line, App& app, Console& console) {
  auto added = TRY(app.sources().add(TRY(source_of(line)), audited(app, "source add")));
  if (line.json) {
    print_json(console, {{"id", added.source->id}, {"write_key", added.write_key}});
  } else {
    console.out(
        fmt::format("Source {} added. Its write key, shown only now:\n{}\n", added.source->id, added.write_key));
  }
  return kGood;
}

Result<int> source_list(const CommandLine& line, App& app, Console& console) {
  json::Value items = json::Value::array();
  for (const auto& source : app.sources().list()) {
    std::vector<std::string> purposes;
    for (const auto& declared : source->purposes) {
      purposes.push_back(fmt::format("{}:{}", gate::info(declared.purpose).name, gate::code_of(declared.basis)));
    }
    items.push_back({{"id", source->id},
                     {"name", source->name},
                     {"touchpoint", source->touchpoint},
                     {"namespace", source->name_space},
                     {"trust", sources::name_of(source->trust)},
                     {"country", source->country},
                     {"unit", source->unit},
                     {"enabled", source->enabled},
                     {"purposes", purposes}});
    if (line.json) continue;
    console.out(fmt::format("{:<20} {:<12} {:<16} {:<7} {:<3} {:<9} {}\n", source->id, source->touchpoint, source->unit,
                            sources::name_of(source->trust), source->country, source->enabled ? "" : "disabled",
                            fmt::join(purposes, ", ")));
  }
  if (line.json) print_json(console, {{"items", items}});
  if (!line.json && items.empty()) console.out("No source yet. Add one with: handschlag source add --help\n");
  return kGood;
}

Result<int> source_rotate(const CommandLine& line, App& app, Console& console) {
  auto rotated =
      TRY(app.sources().rotate_key(line.id, std::chrono::hours{line.overlap_hours}, audited(app, "source rotate")));
  if (line.json) {
    print_json(console, {{"id", rotated.source->id}, {"write_key", rotated.write_key}});
  } else {
    console.out(fmt::format("The new write key of {}, shown only now; the old one is valid for {} more hours:\n{}\n",
                            rotated.source->id, line.overlap_hours, rotated.write_key));
  }
  return kGood;
}

Result<int> source_quota(const CommandLine& line, App& app, Console& console) {
  http::Rate quota{.per_second = line.events_per_second, .burst = line.burst};
  if (quota.burst == 0) quota.burst = quota.per_second * kUsualBurstSeconds;
  auto source = TRY(app.sources().set_quota(line.id, quota, audited(app, "source quota")));
  if (line.json) {
    print_json(console,
               {{"id", source->id}, {"events_per_second", source->quota.per_second}, {"burst", source->quota.burst}});
  } else if (quota.per_second == 0) {
    console.out(fmt::format("Source {} has no quota of its own now; what holds for all holds.\n", source->id));
  } else {
    console.out(fmt::format("Source {} may send {} events a second, {} at once after a pause.\n", source->id,
                            quota.per_second, quota.burst));
  }
  return kGood;
}

Result<int> source_unit(const CommandLine& line, App& app, Console& console) {
  auto source = TRY(app.sources().set_unit(line.id, line.unit, audited(app, "source unit")));
  if (line.json) {
    print_json(console, {{"id", source->id}, {"unit", source->unit}});
  } else if (source->unit.empty()) {
    console.out(fmt::format("Source {} belongs to the whole company now.\n", source->id));
  } else {
    console.out(fmt::format("Source {} belongs to {} now.\n", source->id, source->unit));
  }
  return kGood;
}

Result<int> reload(const CommandLine& line, App& app, Console& console) {
  const SettingChanges changes = TRY(app.reload());
  if (line.json) {
    print_json(console, {{"changed", changes.live}, {"need_restart", changes.restart}});
    return kGood;
  }
  console.out(fmt::format("Settings read again. Changed: {}.\n",
                          changes.live.empty() ? "nothing" : fmt::format("{}", fmt::join(changes.live, ", "))));
  if (!changes.restart.empty()) {
    console.out(fmt::format("These hold from the next start on: {}.\n", fmt::join(changes.restart, ", ")));
  }
  return kGood;
}

Result<int> source_enable(const CommandLine& line, App& app, Console& console, bool enabled) {
  auto source = TRY(app.sources().set_enabled(line.id, enabled, audited(app, line.command)));
  if (line.json) {
    print_json(console, {{"id", source->id}, {"enabled", source->enabled}});
  } else {
    console.out(fmt::format("Source {} is {}.\n", source->id, source->enabled ? "enabled" : "disabled"));
  }
  return kGood;
}

Result<staff::Role> role_of(const CommandLine& line) {
  if (auto role = staff::find_role(line.role)) return *role;
  std::vector<std::string_view> names;
  for (const auto& info : staff::roles()) names.push_back(info.name);
  return fail(ErrorKind::invalid, "role_unknown",
              fmt::format("--role {} is unknown; roles are {}.", line.role, fmt::join(names, ", ")));
}

Result<int> token_add(const CommandLine& line, App& app, Console& console) {
  staff::NewToken token{line.name, TRY(role_of(line)), line.region, std::nullopt};
  token.unit = line.unit;
  for (const std::string& name : line.purposes) {
    auto purpose = gate::find_purpose(name);
    if (!purpose) return fail(ErrorKind::invalid, "purpose_unknown", fmt::format("'{}' is not a known purpose.", name));
    token.purposes.add(*purpose);
  }
  if (line.days > 0) token.expires_at = app.clock().now() + std::chrono::days{line.days};
  if (!line.region.empty() && app.regions().find(line.region) == nullptr) {
    return fail(ErrorKind::invalid, "region_unknown", fmt::format("There is no region '{}'.", line.region));
  }
  auto issued = TRY(app.staff().add_token(actor(), token));
  if (line.json) {
    print_json(console, {{"id", issued.id.value}, {"token", issued.text}, {"waits", issued.waits}});
  } else {
    console.out(fmt::format("Token {} added. Its text, shown only now:\n{}\n", issued.id.value, issued.text));
  }
  if (issued.waits) {
    console.err(
        fmt::format("It is good for nothing before a second person approves it. Ask for it: handschlag approvals ask "
                    "--operation admit_token --target token:{} --as YOUR-LOGIN --reason WHY\n",
                    issued.id.value));
  }
  return kGood;
}

json::Value time_or_null(const std::optional<Time>& time) {
  return time ? json::Value(format_time(*time)) : json::Value();
}

std::string state_of(const staff::Token& token, Time now) {
  if (token.revoked_at) return "revoked";
  if (token.waits) return "waits";
  return token.expires_at && *token.expires_at <= now ? "expired" : "valid";
}

Result<int> token_list(const CommandLine& line, App& app, Console& console) {
  constexpr std::string_view kRow = "{:<5} {:<24} {:<24} {:<8} {:<16} {:<10}  {:<10}  {}\n";
  json::Value items = json::Value::array();
  std::vector<staff::Token> tokens;
  std::optional<std::string> next = "";
  while (next) {
    auto page = TRY(app.staff().tokens(*next, kTokensAtOnce));
    tokens.insert(tokens.end(), page.tokens.begin(), page.tokens.end());
    next = std::move(page.next);
  }
  if (!line.json && !tokens.empty()) {
    console.out(fmt::format(kRow, "id", "name", "role", "region", "unit", "made", "expires", "state"));
  }
  for (const staff::Token& token : tokens) {
    std::string state = state_of(token, app.clock().now());
    items.push_back({{"id", token.id.value},
                     {"name", token.name},
                     {"role", staff::name_of(token.role)},
                     {"region", token.region},
                     {"unit", token.unit},
                     {"created_at", format_time(token.created_at)},
                     {"expires_at", time_or_null(token.expires_at)},
                     {"last_used_at", time_or_null(token.last_used_at)},
                     {"state", state}});
    if (line.json) continue;
    console.out(fmt::format(kRow, token.id.value, token.name, staff::name_of(token.role), token.region, token.unit,
                            format_day(token.created_at), token.expires_at ? format_day(*token.expires_at) : "never",
                            state));
  }
  if (line.json) print_json(console, {{"items", items}});
  if (!line.json && items.empty()) {
    console.out("No token yet. Make one with: handschlag token add --role agent --name NAME\n");
  }
  return kGood;
}

Result<int> token_revoke(const CommandLine& line, App& app, Console& console) {
  TRY(app.staff().revoke_token(actor(), {line.number}));
  if (line.json) {
    print_json(console, {{"id", line.number}, {"revoked", true}});
  } else {
    console.out(fmt::format("Token {} is revoked.\n", line.number));
  }
  return kGood;
}

Result<int> staff_add(const CommandLine& line, App& app, Console& console) {
  auto member =
      TRY(app.staff().add_member(actor(), {line.login, line.name, TRY(role_of(line)), line.password, line.unit}));
  if (line.json) {
    print_json(console, {{"id", member.id.value}});
  } else {
    console.out(fmt::format("Member {} added.\n", member.id.value));
  }
  return kGood;
}

Result<int> staff_link(const CommandLine& line, App& app, Console& console) {
  const std::string link = fmt::format("{}/first#{}", base_url(app), TRY(app.staff().first_admin_link()));
  if (line.json) {
    print_json(console, {{"link", link}});
  } else {
    console.out(fmt::format("Open this in your browser; it is good once, for a day:\n{}\n", link));
  }
  return kGood;
}

Result<int> dispatch(const CommandLine& line, App& app, Console& console) {
  if (line.command == "source add") return source_add(line, app, console);
  if (line.command == "source list") return source_list(line, app, console);
  if (line.command == "source rotate") return source_rotate(line, app, console);
  if (line.command == "source quota") return source_quota(line, app, console);
  if (line.command == "source unit") return source_unit(line, app, console);
  if (line.command == "source enable") return source_enable(line, app, console, true);
  if (line.command == "source disable") return source_enable(line, app, console, false);
  if (line.command == "token add") return token_add(line, app, console);
  if (line.command == "token list") return token_list(line, app, console);
  if (line.command == "token revoke") return token_revoke(line, app, console);
  if (line.command == "staff add") return staff_add(line, app, console);
  if (line.command == "staff link") return staff_link(line, app, console);
  if (line.command.starts_with("approvals ")) return run_approval_command(line, app, console);
  if (line.command.starts_with("webhook ")) return run_webhook_command(line, app, console);
  if (line.command == "bounce") return take_bounce(line, app, console);
  if (line.command.starts_with("import ")) return run_import_command(line, app, console);
  if (line.command == "reload") return reload(line, app, console);
  if (auto upkeep = run_upkeep(line, app, console)) return *upkeep;
  if (auto moved = run_move_command(line, app, console)) return *moved;
  if (line.command == "doctor") return run_doctor(line, app, console);
  return fail(ErrorKind::invalid, "command_unknown", fmt::format("'{}' is no command.", line.command));
}

}  // namespace

std::string base_url(App& app) {
  const auto& options = app.settings().server;
  bool six = options.address.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", options.tls_certificate_file.empty() ? "http" : "https", six ? "[" : "",
                     options.address, six ? "]" : "", app.server() == nullptr ? options.port : app.server()->port());
}

int print_error(const CommandLine& line, const Error& error, Console& console) {
  if (line.json) {
    json::Value fields = json::Value::array();
    for (const FieldError& field : error.fields)
      fields.push_back({{"pointer", field.pointer}, {"reason", field.reason}});
    console.err(json::dump({{"error", {{"code", error.code}, {"detail", error.detail}, {"errors", fields}}}}) + "\n");
  } else {
    console.err(fmt::format("handschlag: {}\n", error.detail));
    // One that the sentence names already is not said twice.
    if (error.fields.size() == 1 && error.detail.find(error.fields.front().reason) != std::string::npos) {
      return kFailed;
    }
    for (const FieldError& field : error.fields) console.err(fmt::format("  {}: {}\n", field.pointer, field.reason));
  }
  return kFailed;
}

int run_command(const CommandLine& line, App& app, Console& console) {
  auto result = dispatch(line, app, console);
  return result ? *result : print_error(line, result.error(), console);
}

}  // namespace handschlag::app
