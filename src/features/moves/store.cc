#include "features/moves/store.h"

#include "embedded/migrations.h"

namespace handschlag::moves {

std::span<const db::Migration> migrations() {
  return embedded::moves_migrations;
}

namespace store {
namespace {

db::Param optional_time(const std::optional<Time>& time) {
  return time ? db::Param(to_millis(*time)) : db::Param(std::monostate{});
}

std::optional<Time> optional_time(const db::Row& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(from_millis(row.integer(column)));
}

State state_of(std::string_view name) {
  for (State state : {State::copying, State::moved, State::done}) {
    if (name_of(state) == name) return state;
  }
  return State::ended;
}

Move read(const db::Row& row) {
  Move move;
  move.id = {row.integer(0)};
  move.from = row.text(1);
  move.identity = {row.integer(2)};
  move.to = row.text(3);
  move.country = row.text(4);
  move.purpose = gate::find_purpose(row.text(5)).value_or(gate::Purpose::RightsFulfilment);
  move.role = row.text(6);
  move.state = state_of(row.text(7));
  move.people = row.integer(8);
  move.events = row.integer(9);
  move.target = {row.integer(10)};
  move.requested_at = from_millis(row.integer(11));
  move.moved_at = optional_time(row, 12);
  move.ended_at = optional_time(row, 13);
  return move;
}

}  // namespace

Result<void> insert(db::Transaction& tx, Move& move) {
  TRY(tx.query("UPDATE moves_head SET last_id = last_id + 1 WHERE one = 1 RETURNING last_id", {},
               [&](const db::Row& row) { move.id = {row.integer(0)}; }));
  TRY(
      tx.execute("INSERT INTO moves_move (id, from_region, origin, to_region, country, purpose, role, state, people, "
                 "events, target, requested_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $10)",
                 {move.id.value, move.from, move.identity.value, move.to, move.country, gate::info(move.purpose).name,
                  move.role, name_of(move.state), move.people, to_millis(move.requested_at)}));
  return {};
}

Result<void> update(db::Transaction& tx, const Move& move) {
  TRY(tx.execute(
      "UPDATE moves_move SET state = $1, people = $2, events = $3, target = $4, moved_at = $5, ended_at = $6 WHERE id "
      "= $7",
      {name_of(move.state), move.people, move.events, move.target.value, optional_time(move.moved_at),
       optional_time(move.ended_at), move.id.value}));
  return {};
}

Result<std::optional<Move>> find(db::Transaction& tx, Id<Move> id) {
  std::optional<Move> out;
  TRY(
      tx.query("SELECT id, from_region, origin, to_region, country, purpose, role, state, people, events, target, "
               "requested_at, moved_at, ended_at FROM moves_move WHERE id = $1",
               {id.value}, [&](const db::Row& row) { out = read(row); }));
  return out;
}

Result<std::optional<Move>> copying(db::Transaction& tx, std::string_view region, IdentityId identity) {
  std::optional<Move> out;
  TRY(
      tx.query("SELECT id, from_region, origin, to_region, country, purpose, role, state, people, events, target, "
               "requested_at, moved_at, ended_at FROM moves_move WHERE from_region = $1 AND origin = $2 AND state = "
               "'copying'",
               {region, identity.value}, [&](const db::Row& row) { out = read(row); }));
  return out;
}

Result<std::vector<Move>> list(db::Transaction& tx, std::int64_t before, std::int64_t limit) {
  std::vector<Move> out;
  TRY(
      tx.query("SELECT id, from_region, origin, to_region, country, purpose, role, state, people, events, target, "
               "requested_at, moved_at, ended_at FROM moves_move WHERE id < $1 OR $1 = 0 ORDER BY id DESC LIMIT $2",
               {before, limit}, [&](const db::Row& row) { out.push_back(read(row)); }));
  return out;
}

}  // namespace store
}  // namespace handschlag::moves
