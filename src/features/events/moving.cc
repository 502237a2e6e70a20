#include "features/events/moving.h"

#include <fmt/format.h>

#include <algorithm>

#include "features/events/group.h"
#include "features/events/prepare.h"

namespace handschlag::events {
namespace {

constexpr std::int64_t kComparedAtOnce = 200;

std::unexpected<Error> erased() {
  return fail(ErrorKind::not_found, "key_destroyed", "This data was erased.");
}

Result<crypto::Key> key_of(Cell& cell, IdentityId identity) {
  return cell.identities->vault().get(identity, vault::RetentionClass::ordinary);
}

}  // namespace

Result<std::vector<Carrier::Carried>> Carrier::read(db::Transaction& from_tx, const Passage& passage,
                                                    std::int64_t after, std::size_t limit) {
  std::vector<Carried> out;
  auto rows = TRY(store::next_of(from_tx, passage.identity.value, after, static_cast<std::int64_t>(limit)));
  if (rows.empty()) return out;
  crypto::Key from = TRY(key_of(*passage.from, passage.identity));
  crypto::Key to = TRY(key_of(*passage.to, passage.target));
  out.reserve(rows.size());
  for (store::StoredRow& row : rows) out.push_back(TRY(carry(std::move(row), passage, from, to)));
  return out;
}

Result<Carrier::Carried> Carrier::carry(store::StoredRow row, const Passage& passage, const crypto::Key& from,
                                        const crypto::Key& to) {
  Carried out;
  out.body = TRY(crypto::open(from, row.sealed, event_context(passage.identity, row.event_id)));
  json::Tree tree = TRY(json::Tree::parse(out.body));
  auto text = [&](std::string_view name) {
    auto value = tree->find(name);
    return std::string(value ? value->text() : std::string_view());
  };
  out.intake.type = row.type;
  out.intake.name = text("name");
  out.intake.message_id = text("message_id");
  if (auto traits = tree->find("traits")) out.intake.traits = tree.part(*traits);
  if (auto properties = tree->find("properties")) out.intake.properties = tree.part(*properties);
  out.intake.occurred = from_millis(row.occurred_at);
  out.intake.received = from_millis(row.received_at);
  out.source = sources_.find(Id<sources::Source>{row.source});
  row.event_id = event_id_of(std::string_view(row.event_id).substr(0, kEventIdTimeBytes), row.source,
                             out.intake.message_id, passage.to->identities->vault().first_digest_key());
  row.identity = passage.target.value;
  row.sealed = crypto::seal(to, out.body, event_context(passage.target, row.event_id));
  out.row = std::move(row);
  return out;
}

Result<void> Carrier::write(db::Transaction& to_tx, const Passage& passage, std::span<Carried> events) {
  if (events.empty()) return {};
  std::int64_t seq = TRY(store::allocate(to_tx, std::ssize(events)));
  // After the order: an erasure that destroys the key later finds these rows.
  if (!TRY(passage.to->identities->vault().find({&passage.target, 1}, vault::RetentionClass::ordinary))[0]) {
    return erased();
  }
  auto arrival = TRY(subjects::arrivals(to_tx, {&passage.target, 1}));
  if (arrival.empty() || arrival.front().settled != 0) {
    return fail(ErrorKind::conflict, "moved_already", "This customer has moved already.");
  }
  auto fresh = std::find_if(events.begin(), events.end(),
                            [&](const Carried& event) { return event.row.seq > arrival.front().copied; });
  events = events.subspan(static_cast<std::size_t>(fresh - events.begin()));
  if (events.empty()) return {};
  const std::int64_t copied = events.back().row.seq;
  TRY(keep_apart(to_tx, passage, events));
  std::vector<store::Row> rows;
  rows.reserve(events.size());
  for (Carried& event : events) {
    event.row.seq = seq++;
    rows.push_back({event.row.seq, event.row.event_id, passage.target.value, event.row.type, event.row.source,
                    event.row.purposes, event.intake.occurred, event.intake.received, event.row.sealed});
  }
  TRY(store::insert_events(to_tx, rows));
  TRY(project(to_tx, passage, events));
  return subjects::set_copied(to_tx, passage.target, copied);
}

// Two sources' clients may have used an id twice, in two regions. Both events were accepted, so both stay; a retry of
// either is recognised by the one that was here first.
Result<void> Carrier::keep_apart(db::Transaction& to_tx, const Passage& passage, std::span<Carried> events) {
  std::vector<std::string_view> ids;
  ids.reserve(events.size());
  for (const Carried& event : events) ids.push_back(event.row.event_id);
  std::vector<bool> known = TRY(store::known(to_tx, ids));
  if (std::find(known.begin(), known.end(), true) == known.end()) return {};
  vault::Vault& vault = passage.to->identities->vault();
  crypto::Key key = TRY(key_of(*passage.to, passage.target));
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (!known[i]) continue;
    store::StoredRow& row = events[i].row;
    std::string message = fmt::format("moved|{}|{}", passage.from->region->id(), row.seq);
    row.event_id =
        row.event_id.substr(0, kEventIdTimeBytes) +
        crypto::keyed_digest(vault.first_digest_key(), message).substr(0, row.event_id.size() - kEventIdTimeBytes);
    row.sealed = crypto::seal(key, events[i].body, event_context(passage.target, row.event_id));
  }
  return {};
}

Result<void> Carrier::project(db::Transaction& to_tx, const Passage& passage, std::span<const Carried> events) {
  std::vector<Stored> stored;
  stored.reserve(events.size());
  for (const Carried& event : events) {
    if (!event.source) continue;
    stored.push_back({event.row.seq, passage.target, event.source.get(), &event.intake, event.row.purposes});
  }
  if (stored.empty()) return {};
  for (Projection* projection : projections_) TRY(projection->apply(to_tx, *passage.to, stored));
  return {};
}

Result<Carrier::Compared> Carrier::compare(db::Transaction& from_tx, db::Transaction& to_tx, const Passage& passage,
                                           Positions& positions) {
  auto arrival = TRY(subjects::arrivals(to_tx, {&passage.target, 1}));
  if (arrival.empty()) return erased();
  auto left = TRY(store::next_of(from_tx, passage.identity.value, positions.from, kComparedAtOnce));
  std::erase_if(left, [&](const store::StoredRow& row) { return row.seq > arrival.front().copied; });
  auto right =
      TRY(store::next_of(to_tx, passage.target.value, positions.to, std::max<std::int64_t>(std::ssize(left), 1)));
  if (left.size() != right.size()) return Compared::different;
  if (left.empty()) return Compared::end;
  crypto::Key from = TRY(key_of(*passage.from, passage.identity));
  crypto::Key to = TRY(key_of(*passage.to, passage.target));
  for (std::size_t i = 0; i < left.size(); ++i) {
    const store::StoredRow& a = left[i];
    const store::StoredRow& b = right[i];
    bool alike = a.type == b.type && a.source == b.source && a.purposes == b.purposes &&
                 a.occurred_at == b.occurred_at && a.received_at == b.received_at;
    if (!alike || TRY(crypto::open(from, a.sealed, event_context(passage.identity, a.event_id))) !=
                      TRY(crypto::open(to, b.sealed, event_context(passage.target, b.event_id)))) {
      return Compared::different;
    }
  }
  positions = {left.back().seq, right.back().seq};
  return Compared::alike;
}

}  // namespace handschlag::events
