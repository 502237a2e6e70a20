#include "features/customers/calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <future>
#include <utility>

#include "features/customers/sight.h"
#include "platform/crypto/crypto.h"
#include "platform/text/text.h"

namespace handschlag::customers {
namespace {

constexpr std::array<std::string_view, 2> kTouchpoints = {"phone", "hotline"};
constexpr std::array<std::string_view, 4> kFields = {"direction", "verification", "summary", "team"};
constexpr std::chrono::minutes kAhead{5};  // by which the clock of whoever notes may be fast
constexpr std::size_t kIdBytes = 8;

template <class Enum, std::size_t kCount>
std::optional<Enum> find(const std::array<std::string_view, kCount>& names, std::string_view name) {
  const auto* it = std::find(names.begin(), names.end(), name);
  if (it == names.end()) return std::nullopt;
  return static_cast<Enum>(it - names.begin());
}

constexpr std::array<std::string_view, 2> kDirections = {"inbound", "outbound"};
constexpr std::array<std::string_view, 5> kVerifications = {"not_verified", "callback", "knowledge", "authenticated",
                                                            "known_in_person"};

bool takes_notes(const sources::Source& source) {
  const bool there = std::find(kTouchpoints.begin(), kTouchpoints.end(), source.touchpoint) != kTouchpoints.end();
  const bool cares = std::any_of(source.purposes.begin(), source.purposes.end(), [](const auto& declared) {
    return declared.purpose == gate::Purpose::CustomerCare && declared.basis != gate::Basis::consent;
  });
  if (!there || !cares || !source.enabled || source.trust != sources::Trust::server) return false;
  if (!source.plan.declared) return true;
  auto planned = source.plan.events.find(std::string(kCallEvent));
  if (planned == source.plan.events.end()) return false;
  if (planned->second.contains("*")) return true;
  return std::all_of(kFields.begin(), kFields.end(),
                     [&](std::string_view field) { return planned->second.contains(std::string(field)); });
}

std::unexpected<Error> no_source() {
  return fail(ErrorKind::conflict, "call_source_missing",
              "No source takes notes of calls: add one of the touchpoint phone, sent by a server, for CustomerCare "
              "with a basis other than consent; if it has a plan, with the event Phone Call Noted and its fields.");
}

Result<void> check(const CallNote& note, Time now) {
  std::vector<FieldError> fields;
  if (note.customer.empty() == note.phone.empty()) {
    fields.push_back({"/customer", "or /phone is required, and not both"});
  }
  if (text::is_blank(note.summary)) {
    fields.push_back({"/summary", "must say what it was about"});
  }
  if (note.at && (*note.at > now + kAhead || *note.at < now - kOldestCall)) {
    fields.push_back({"/at", "must lie within the last 30 days"});
  }
  if (fields.empty()) return {};
  return fail(ErrorKind::invalid, "fields_invalid", "Some fields are wrong.", std::move(fields));
}

}  // namespace

std::optional<Direction> find_direction(std::string_view name) {
  return find<Direction>(kDirections, name);
}
std::string_view name_of(Direction direction) {
  return kDirections[static_cast<std::size_t>(direction)];
}
std::optional<Verification> find_verification(std::string_view name) {
  return find<Verification>(kVerifications, name);
}
std::string_view name_of(Verification verification) {
  return kVerifications[static_cast<std::size_t>(verification)];
}

Calls::Calls(events::Events& events, sources::Sources& sources, const law::InForce& law, staff::Staff& staff,
             std::vector<ledger::Ledger*> ledgers, const Clock& clock, const gate::Interests& interests)
    : events_(events),
      sources_(sources),
      staff_(staff),
      ledgers_(std::move(ledgers)),
      clock_(clock),
      look_(law, interests, ledgers_, clock),
      places_(events),
      profiles_(events) {}

std::vector<sources::SourcePointer> Calls::sources_for(const Viewer& viewer) const {
  std::vector<sources::SourcePointer> out;
  for (const auto& source : sources_.list()) {
    const bool seen = viewer.unit.empty() || staff::is_within(source->unit, viewer.unit);
    if (seen && source->mode == viewer.mode && takes_notes(*source)) out.push_back(source);
  }
  return out;
}

Result<sources::SourcePointer> Calls::choose(const Viewer& viewer, std::string_view wanted) const {
  const auto able = sources_for(viewer);
  if (able.empty()) return no_source();
  if (wanted.empty() && able.size() > 1) {
    return fail(ErrorKind::conflict, "call_source_ambiguous", "Several sources take notes of calls: name one.",
                {{"/source", "is required where several sources take notes"}});
  }
  for (const auto& source : able) {
    if (wanted.empty() || source->id == wanted) return source;
  }
  return fail(ErrorKind::invalid, "fields_invalid", "This source takes no notes of calls.",
              {{"/source", "must be a source that takes notes of calls"}});
}

Result<NotedCall> Calls::note(const Viewer& viewer, const CallNote& note) {
  const Time now = clock_.now();
  TRY(check(note, now));
  if (!note.phone.empty() && !viewer.region.empty()) {
    return fail(ErrorKind::forbidden, "region_bound",
                "This token is bound to one region; it may note calls of customers who are known there.");
  }
  const sources::SourcePointer source = TRY(choose(viewer, note.source));
  events::Intake intake;
  intake.name = kCallEvent;
  intake.received = now;
  intake.occurred = std::min(note.at.value_or(now), now);
  intake.original = intake.occurred;
  // The team, never the name: the customer may read it.
  intake.properties = json::Value{{"direction", name_of(note.direction)},
                                  {"verification", name_of(note.verification)},
                                  {"summary", note.summary},
                                  {"team", viewer.role}};
  intake.message_id = TRY(message_id_of(viewer, note));
  std::string target = fmt::format("call:{}", intake.message_id);
  if (note.customer.empty()) {
    TRY(look_.allowed(viewer));
    auto key = identity::make_key(identity::KeyKind::phone, note.phone,
                                  {source->id_space(), source->address_space(), source->country});
    if (!key && key.error().code == "phone_short") {
      return fail(ErrorKind::invalid, "phone_short", "This is an emergency or service number, which is nobody's own.",
                  {{"/phone", "must be somebody's own number; note the call without it, at the customer's page"}});
    }
    if (!key) {
      return fail(ErrorKind::invalid, "fields_invalid", "This is no usable telephone number.",
                  {{"/phone", "must be a telephone number, such as +49 30 123456"}});
    }
    intake.keys.emplace_back(identity::KeyKind::phone, key->value);
  } else {
    intake.person = TRY(key_of(viewer, note.customer, source->mode));
    target += fmt::format(" customer:{}", note.customer);
  }
  TRY(staff_.record({viewer.principal, viewer.operation, target, viewer.trace_id, staff::Outcome::ok}));
  const NotedCall noted{intake.message_id, source->id, intake.occurred};
  if (auto stored = store(source, std::move(intake)); !stored) {
    TRY(staff_.record({viewer.principal, viewer.operation, target, viewer.trace_id, staff::Outcome::failed}));
    return std::unexpected(stored.error());
  }
  return noted;
}

// Keyed, so that who reads it in a timeline can't try out who noted the call.
Result<std::string> Calls::message_id_of(const Viewer& viewer, const CallNote& note) {
  std::string out = crypto::random_token();
  if (!note.retry_key.empty()) {
    events::Cell& cell = events_.cells().front();
    TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
      auto digester = TRY(cell.identities->digester(tx));
      out = crypto::to_hex(digester->digest(fmt::format("call|{}|{}", viewer.principal, note.retry_key)));
      return {};
    }));
  }
  out.resize(2 * kIdBytes);
  return out;
}

Result<void> Calls::store(const sources::SourcePointer& source, events::Intake intake) {
  std::promise<Result<events::Outcome>> answer;
  std::vector<events::Intake> batch;
  batch.push_back(std::move(intake));
  events_.submit(source, std::move(batch),
                 [&answer](Result<events::Outcome> outcome) { answer.set_value(std::move(outcome)); });
  const events::Outcome outcome = TRY(answer.get_future().get());
  if (outcome.stored + outcome.duplicates > 0) return {};
  if (!outcome.rejected.empty()) {
    return fail(ErrorKind::invalid, "note_unusable", outcome.rejected.front().reason);
  }
  return fail(ErrorKind::conflict, "person_erased",
              "Nothing is kept of this person any more, so no note can be; they were erased.");
}

Result<identity::Key> Calls::key_of(const Viewer& viewer, const std::string& handle, sources::Mode mode) {
  return places_.with(viewer, handle, [&](const Handle& place) { return key_at(viewer, place, mode); });
}

// Naming somebody in a note is a use of what is known of them, and ruled and written down like a look.
Result<identity::Key> Calls::key_at(const Viewer& viewer, const Handle& place, sources::Mode mode) {
  events::Cell& cell = events_.cells()[place.cell];
  Sight sight(viewer, events_, sources_, profiles_, look_);
  bool seen = false;
  TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
    seen = TRY(sight.sees(tx, place.cell, place.identity));
    return {};
  }));
  sight.save();  // also of somebody hidden, of whom it must take no longer than of nobody
  if (!seen) return fail(ErrorKind::not_found, "customer_unknown", "There is no such customer.");
  const Permit permit = TRY(look_.allowed(viewer, Look::About{place.cell, place.identity}));
  identity::Customer customer;
  std::optional<identity::Key> key;
  TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
    customer = TRY(sight.customer(tx, place.cell, place.identity, permit.purposes));
    // By the keys that they were made from, also where another source told of these; nobody is shown them.
    auto whole = TRY(cell.identities->customer(tx, place.identity, permit.purposes));
    // Whose page is open first, then the others, the oldest first.
    std::stable_partition(whole.identities.begin(), whole.identities.end(),
                          [&](const identity::Identity& member) { return member.id == place.identity; });
    for (const identity::Identity& member : whole.identities) {
      if (!key && TRY(sight.sees(tx, place.cell, member.id))) key = TRY(own_key(tx, place.cell, member));
    }
    return {};
  }));
  TRY(look_.check_stored(viewer, place.cell, customer.identities));
  if (!key) {
    return fail(ErrorKind::conflict, "person_erased",
                "Nothing is kept of this person any more, so no note can be; they were erased.");
  }
  auto maker = sources_.find(Id<sources::Source>{customer.identities.front().source});
  if (maker && maker->mode != mode) {
    return fail(ErrorKind::invalid, "modes_differ", "What a test source made up is never joined with a person.",
                {{"/source", "must be of the same mode as the customer"}});
  }
  TRY(look_.record(viewer, place.cell, customer, permit));
  return *key;
}

// The key that an identity is made from, as it is looked up: in the namespace in which it counts.
Result<std::optional<identity::Key>> Calls::own_key(db::Transaction& tx, std::size_t cell,
                                                    const identity::Identity& member) {
  if (member.keys.empty() || member.keys.front().standing != identity::Standing::own) return std::nullopt;
  const identity::HeldKey& held = member.keys.front();
  std::vector<identity::Key> spelled;
  for (const auto& source : sources_.list()) {
    auto made =
        identity::make_key(held.kind, held.value, {source->id_space(), source->address_space(), source->country});
    if (made && std::find(spelled.begin(), spelled.end(), *made) == spelled.end()) spelled.push_back(*std::move(made));
  }
  const auto known = TRY(events_.cells()[cell].identities->knows(tx, spelled));
  for (std::size_t i = 0; i < spelled.size(); ++i) {
    if (known[i].id == member.id) return spelled[i];
  }
  return std::nullopt;
}

}  // namespace handschlag::customers
