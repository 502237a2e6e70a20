#include "app/webhook_commands.h"

#include <fmt/format.h>

namespace handschlag::app {
namespace {

constexpr std::size_t kLogLines = 50;

const staff::Actor kActor{"cli", ""};

Result<webhooks::Endpoint> endpoint_of(const CommandLine& line) {
  webhooks::Endpoint endpoint{.id = line.id, .url = line.url, .description = line.name, .filter = {}};
  auto purpose = gate::find_purpose(line.purposes.empty() ? "" : line.purposes.front());
  if (!purpose || line.purposes.size() != 1) {
    return fail(ErrorKind::invalid, "purpose_unknown",
                "--purpose must be the name of one purpose, as in CustomerCare.");
  }
  endpoint.purpose = *purpose;
  endpoint.filter.region = line.region;
  endpoint.filter.mode = sources::find_mode(line.mode).value_or(sources::Mode::live);
  endpoint.filter.sources = line.sources;
  endpoint.filter.names = line.names;
  for (const std::string& name : line.types) {
    if (auto type = events::find_type(name)) endpoint.filter.types.push_back(*type);
  }
  endpoint.payload = feed::find_payload(line.payload).value_or(endpoint.payload);
  endpoint.order = webhooks::find_order(line.order).value_or(endpoint.order);
  endpoint.concurrency = line.concurrency;
  endpoint.rate = line.rate;
  return endpoint;
}

void print(const CommandLine& line, Console& console, const json::Value& value, const std::string& text) {
  console.out(line.json ? json::dump(value) + "\n" : text);
}

Result<int> add(const CommandLine& line, App& app, Console& console) {
  auto added = TRY(app.webhooks().add(kActor, TRY(endpoint_of(line))));
  print(line, console, {{"id", line.id}, {"secret", added.secret}},
        fmt::format("Webhook {} added. Its secret, shown only now:\n{}\n", line.id, added.secret));
  if (added.status.disabled_reason == "waits") {
    console.err(
        fmt::format("It sends nothing before a second person approves it. Ask for it: handschlag approvals ask "
                    "--operation open_webhook --target webhook:{} --as YOUR-LOGIN --reason WHY\n",
                    line.id));
  }
  return kGood;
}

std::string state_of(const webhooks::Status& status) {
  if (!status.endpoint.enabled) return fmt::format("disabled ({})", status.disabled_reason);
  if (status.failing_since) return fmt::format("failing since {}", format_time(*status.failing_since));
  return "enabled";
}

Result<int> list(const CommandLine& line, App& app, Console& console) {
  json::Value items = json::Value::array();
  for (const webhooks::Status& status : TRY(app.webhooks().list())) {
    const webhooks::Endpoint& endpoint = status.endpoint;
    items.push_back(
        {{"id", endpoint.id},
         {"url", endpoint.url},
         {"region", endpoint.filter.region},
         {"mode", sources::name_of(endpoint.filter.mode)},
         {"purpose", gate::info(endpoint.purpose).name},
         {"enabled", endpoint.enabled},
         {"disabled_reason", status.disabled_reason.empty() ? json::Value() : json::Value(status.disabled_reason)},
         {"failing_since", status.failing_since ? json::Value(format_time(*status.failing_since)) : json::Value()},
         {"behind", status.behind},
         {"waiting", status.waiting},
         {"dead_letters", status.dead}});
    if (line.json) continue;
    console.out(fmt::format("{:<20} {:<4} {:<32} {} behind, {} tried in vain, {} dead; {}\n{:<20} {}\n", endpoint.id,
                            endpoint.filter.region, gate::info(endpoint.purpose).name, status.behind, status.waiting,
                            status.dead, state_of(status), "", endpoint.url));
  }
  if (line.json) console.out(json::dump({{"items", items}}) + "\n");
  if (!line.json && items.empty()) console.out("No webhook yet. Add one with: handschlag webhook add --help\n");
  return kGood;
}

Result<int> enable(const CommandLine& line, App& app, Console& console, bool enabled) {
  TRY(app.webhooks().change(kActor, line.id, {.enabled = enabled}));
  print(line, console, {{"id", line.id}, {"enabled", enabled}},
        fmt::format("Webhook {} is {}.\n", line.id, enabled ? "enabled" : "disabled"));
  return kGood;
}

Result<int> rotate(const CommandLine& line, App& app, Console& console) {
  auto secret = TRY(app.webhooks().rotate_secret(kActor, line.id, std::chrono::hours{line.overlap_hours}));
  print(line, console, {{"id", line.id}, {"secret", secret}},
        fmt::format("The new secret of {}, shown only now; the old one signs too for {} more hours:\n{}\n", line.id,
                    line.overlap_hours, secret));
  return kGood;
}

Result<int> test(const CommandLine& line, App& app, Console& console) {
  auto attempt = TRY(app.webhooks().test(kActor, line.id));
  const bool delivered = attempt.outcome == "delivered";
  print(line, console,
        {{"delivered", delivered},
         {"status", attempt.status},
         {"duration_ms", attempt.duration.count()},
         {"error", attempt.error}},
        delivered ? fmt::format("Delivered in {} ms.\n", attempt.duration.count())
                  : fmt::format("Not delivered: {}.\n", attempt.error));
  return delivered ? kGood : kFailed;
}

Result<int> log(const CommandLine& line, App& app, Console& console) {
  const std::string region = TRY(app.webhooks().get(line.id)).endpoint.filter.region;
  json::Value items = json::Value::array();
  const auto page = TRY(app.webhooks().attempts(line.id, "", "", kLogLines));
  for (const webhooks::Attempt& attempt : page.items) {
    const std::string event = attempt.seq == 0 ? "test" : customers::format_event_id(region, attempt.seq);
    items.push_back({{"event", event},
                     {"at", format_time(attempt.at)},
                     {"attempt", attempt.attempt},
                     {"outcome", attempt.outcome},
                     {"status", attempt.status},
                     {"duration_ms", attempt.duration.count()},
                     {"error", attempt.error}});
    if (line.json) continue;
    console.out(fmt::format("{}  {:<14} {:>2}  {:<10} {:>6} ms  {}\n", format_time(attempt.at), event, attempt.attempt,
                            attempt.outcome, attempt.duration.count(), attempt.error));
  }
  if (line.json) console.out(json::dump({{"items", items}}) + "\n");
  if (!line.json && items.empty()) console.out("Nothing was sent yet.\n");
  return kGood;
}

Result<int> redeliver(const CommandLine& line, App& app, Console& console) {
  const auto count = TRY(app.webhooks().redeliver(kActor, line.id, {}));
  print(line, console, {{"redelivered", count}}, fmt::format("{} dead letters are tried again.\n", count));
  return kGood;
}

Result<int> replay(const CommandLine& line, App& app, Console& console) {
  const std::string region = TRY(app.webhooks().get(line.id)).endpoint.filter.region;
  TRY(app.webhooks().replay(kActor, line.id,
                            line.after == "start" ? 0 : TRY(webhooks::parse_event_id(region, line.after))));
  print(line, console, {{"id", line.id}, {"replayed", true}}, "What came after it is sent again.\n");
  return kGood;
}

Result<int> remove(const CommandLine& line, App& app, Console& console) {
  TRY(app.webhooks().remove(kActor, line.id));
  print(line, console, {{"id", line.id}, {"removed", true}}, fmt::format("Webhook {} is gone.\n", line.id));
  return kGood;
}

}  // namespace

Result<int> run_webhook_command(const CommandLine& line, App& app, Console& console) {
  if (line.command == "webhook add") return add(line, app, console);
  if (line.command == "webhook list") return list(line, app, console);
  if (line.command == "webhook enable") return enable(line, app, console, true);
  if (line.command == "webhook disable") return enable(line, app, console, false);
  if (line.command == "webhook rotate") return rotate(line, app, console);
  if (line.command == "webhook test") return test(line, app, console);
  if (line.command == "webhook log") return log(line, app, console);
  if (line.command == "webhook redeliver") return redeliver(line, app, console);
  if (line.command == "webhook replay") return replay(line, app, console);
  if (line.command == "webhook remove") return remove(line, app, console);
  return fail(ErrorKind::invalid, "command_unknown", fmt::format("'{}' is no command.", line.command));
}

}  // namespace handschlag::app
