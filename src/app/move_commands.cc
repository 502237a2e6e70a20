#include "app/move_commands.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace handschlag::app {
namespace {

constexpr std::chrono::milliseconds kLookEvery{100};
constexpr std::size_t kShown = 200;

std::string new_handle(const moves::Move& move) {
  return move.target.value == 0 ? "" : customers::format_handle(move.to, move.target);
}

json::Value to_json(const moves::Move& move) {
  std::string now = new_handle(move);
  return {{"id", move.id.value},
          {"customer", customers::format_handle(move.from, move.identity)},
          {"now", now.empty() ? json::Value() : json::Value(now)},
          {"from", move.from},
          {"to", move.to},
          {"country", move.country},
          {"purpose", gate::info(move.purpose).name},
          {"state", moves::name_of(move.state)},
          {"identities", move.people},
          {"events", move.events}};
}

// Whoever may use the command line has the data folder and its keys; the gate is asked all the same.
customers::Viewer viewer() {
  customers::Viewer out;
  out.role = "admin";
  out.principal = "cli";
  out.operation = "move";
  return out;
}

void tell(const CommandLine& line, const moves::Move& move, Console& console) {
  if (line.json) return console.out(json::dump(to_json(move)) + "\n");
  if (move.state == moves::State::ended) {
    return console.out(
        fmt::format("Move {}: nobody was left to be moved; erased meanwhile, or moved already.\n", move.id.value));
  }
  console.out(fmt::format(
      "Move {}: {} is {} now, with {} identities and {} events.{}\n", move.id.value,
      customers::format_handle(move.from, move.identity), new_handle(move), move.people, move.events,
      move.state == moves::State::moved ? fmt::format(" What is left in {} is destroyed in some seconds.", move.from)
                                        : ""));
}

Result<int> move_customer(const CommandLine& line, App& app, Console& console) {
  auto purpose = gate::find_purpose(line.purposes.empty() ? "RightsFulfilment" : line.purposes.front());
  if (!purpose) return fail(ErrorKind::invalid, "purpose_unknown", "--purpose must be the name of a purpose.");
  moves::Move move = TRY(app.moves().request(viewer(), line.id, {line.region, line.country, *purpose}));
  if (app.server() == nullptr) {
    TRY(app.moves().carry_out(move.id, [&] { return console.cancelled(); }));
    tell(line, TRY(app.moves().find(move.id)), console);
    return kGood;
  }
  while (move.state == moves::State::copying) {
    if (console.cancelled()) {
      console.err("The server goes on with it.\n");
      return kInterrupted;
    }
    std::this_thread::sleep_for(kLookEvery);
    move = TRY(app.moves().find(move.id));
  }
  tell(line, move, console);
  return kGood;
}

Result<int> list_moves(const CommandLine& line, App& app, Console& console) {
  moves::Page page = TRY(app.moves().list("", kShown));
  json::Value items = json::Value::array();
  for (const moves::Move& move : page.items) {
    items.push_back(to_json(move));
    if (line.json) continue;
    console.out(fmt::format("{:<6} {:<12} {:<12} {:<8} {} {}\n", move.id.value,
                            customers::format_handle(move.from, move.identity), new_handle(move),
                            moves::name_of(move.state), format_time(move.requested_at), gate::info(move.purpose).name));
  }
  if (line.json) console.out(json::dump({{"items", items}}) + "\n");
  if (!line.json && items.empty()) console.out("Nobody was moved yet.\n");
  return kGood;
}

}  // namespace

std::optional<Result<int>> run_move_command(const CommandLine& line, App& app, Console& console) {
  if (line.command == "move") return move_customer(line, app, console);
  if (line.command == "moves") return list_moves(line, app, console);
  return std::nullopt;
}

}  // namespace handschlag::app
