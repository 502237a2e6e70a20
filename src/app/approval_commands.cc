#include "app/approval_commands.h"

#include <fmt/format.h>

namespace handschlag::app {
namespace {

using approvals::Approvals;
using approvals::Request;

constexpr std::size_t kShown = 50;

json::Value to_json(const Request& request) {
  return {{"id", request.id},
          {"operation", approvals::info(request.operation).name},
          {"target", request.target},
          {"asked_by", request.person},
          {"reason", request.reason},
          {"state", approvals::name_of(request.state)},
          {"expires_at", format_time(request.expires_at)},
          {"decided_by", request.decided_by},
          {"decision_reason", request.decision_reason},
          {"outcome", request.outcome}};
}

void print(const CommandLine& line, Console& console, const Request& request, const std::string& text) {
  console.out(line.json ? json::dump(to_json(request)) + "\n" : text);
}

// Whoever is at the command line says who they are, with the password of their account: two people, not two commands.
Result<staff::Caller> who_is_it(const CommandLine& line, App& app) {
  auto session = TRY(app.staff().sign_in(line.login, line.password, "cli", ""));
  TRY(app.staff().sign_out(session.text, ""));
  return staff::Caller{.role = session.member.role, .member = session.member.id};
}

// To whoever may wonder why nobody has to, or can, approve.
Result<void> advise(const CommandLine& line, App& app, Console& console) {
  if (line.json) return {};
  if (!app.staff().four_eyes()) {
    console.err(
        "Four eyes are off: whoever may do such things does them alone. To switch them on, once there are two admins, "
        "set four_eyes = true under [security] in the settings file, and run: handschlag reload\n");
  } else if (TRY(app.staff().admins()) < 2) {
    console.err(
        "There are not two admins, so nobody can approve. Add one: handschlag staff add --role admin --login LOGIN "
        "--name NAME\n");
  }
  return {};
}

Result<int> ask(const CommandLine& line, App& app, Console& console) {
  auto operation = approvals::find_operation(line.operation);
  if (!operation) return fail(ErrorKind::invalid, "operation_unknown", "There is no such operation.");
  auto request = TRY(app.approvals().ask(TRY(who_is_it(line, app)), "", *operation, line.target, line.reason));
  print(line, console, request,
        fmt::format("Request {} waits for another admin until {}: handschlag approvals approve --id {} --as LOGIN "
                    "--reason WHY\n",
                    request.id, format_time(request.expires_at), request.id));
  TRY(advise(line, app, console));
  return 0;
}

Result<int> list(const CommandLine& line, App& app, Console& console) {
  const auto page = TRY(app.approvals().list(std::nullopt, "", kShown));
  json::Value items = json::Value::array();
  for (const Request& request : page.requests) {
    items.push_back(to_json(request));
    if (line.json) continue;
    console.out(fmt::format("{:>5} {:<9} {} {} asked by {}: {}\n", request.id, approvals::name_of(request.state),
                            approvals::info(request.operation).name, request.target, request.person, request.reason));
    if (!request.decided_by.empty()) {
      console.out(fmt::format("      decided by {}: {}\n", request.decided_by, request.decision_reason));
    }
    if (!request.outcome.empty()) console.out(fmt::format("      {}\n", request.outcome));
  }
  if (line.json) console.out(json::dump({{"items", items}}) + "\n");
  TRY(advise(line, app, console));
  return 0;
}

Result<int> approve(const CommandLine& line, App& app, Console& console) {
  auto who = TRY(who_is_it(line, app));
  auto request = TRY(app.approvals().decide(who, "", line.number, Approvals::Decision::approve, line.reason));
  if (app.server() == nullptr) request = TRY(app.approvals().carry_out(request.id));
  const bool failed = request.state == approvals::State::failed;
  print(line, console, request,
        fmt::format("Request {} is {}{}{}\n", request.id, approvals::name_of(request.state), failed ? ": " : ".",
                    request.outcome));
  return failed ? 1 : 0;
}

Result<int> refuse(const CommandLine& line, App& app, Console& console, Approvals::Decision decision) {
  auto who = TRY(who_is_it(line, app));
  auto request = TRY(app.approvals().decide(who, "", line.number, decision, line.reason));
  print(line, console, request, fmt::format("Request {} is {}.\n", request.id, approvals::name_of(request.state)));
  return 0;
}

}  // namespace

Result<int> run_approval_command(const CommandLine& line, App& app, Console& console) {
  if (line.command == "approvals ask") return ask(line, app, console);
  if (line.command == "approvals list") return list(line, app, console);
  if (line.command == "approvals approve") return approve(line, app, console);
  if (line.command == "approvals decline") return refuse(line, app, console, Approvals::Decision::decline);
  if (line.command == "approvals withdraw") return refuse(line, app, console, Approvals::Decision::withdraw);
  return fail(ErrorKind::invalid, "command_unknown", fmt::format("'{}' is no command.", line.command));
}

}  // namespace handschlag::app
