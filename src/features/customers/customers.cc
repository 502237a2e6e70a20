#include "features/customers/customers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "features/customers/look.h"
#include "features/customers/places.h"
#include "features/customers/profiles.h"
#include "features/customers/search.h"
#include "features/customers/sight.h"
#include "platform/base/cursor.h"

namespace handschlag::customers {
namespace {

std::unexpected<Error> no_customer() {
  return fail(ErrorKind::not_found, "customer_unknown", "There is no such customer.");
}

std::unexpected<Error> no_source() {
  return fail(ErrorKind::not_found, "source_unknown", "There is no such source.");
}

class CustomersImpl final : public Customers {
 public:
  CustomersImpl(events::Events& events, sources::Sources& sources, const law::InForce& law, staff::Staff& staff,
                std::vector<ledger::Ledger*> ledgers, const Clock& clock, const gate::Interests& interests)
      : events_(events),
        sources_(sources),
        staff_(staff),
        ledgers_(std::move(ledgers)),
        clock_(clock),
        look_(law, interests, ledgers_, clock),
        places_(events),
        profiles_(events),
        search_(events, sources, look_, places_, profiles_) {}

  Result<std::vector<Found>> find_by_key(const Viewer& viewer, std::string_view key) override {
    return search_.by_key(viewer, key);
  }
  Result<std::vector<Found>> find_by_name(const Viewer& viewer, std::string_view name) override {
    return search_.by_name(viewer, name);
  }
  Result<std::vector<Found>> find_by_order(const Viewer& viewer, std::string_view order) override {
    return search_.by_order(viewer, order);
  }

  Result<Page> page(const Viewer& viewer, std::string_view handle) override {
    return places_.with(viewer, handle, [&](const Handle& place) { return page_at(viewer, place); });
  }

  Result<Timeline> timeline(const Viewer& viewer, std::string_view handle, const TimelineFilter& filter) override {
    return places_.with(viewer, handle,
                        [&](const Handle& place) { return timeline_at(viewer, place, handle, filter); });
  }

  Result<Uses> uses(const Viewer& viewer, std::string_view handle, std::string_view cursor,
                    std::size_t limit) override {
    return places_.with(viewer, handle,
                        [&](const Handle& place) { return uses_at(viewer, place, handle, cursor, limit); });
  }

  Result<void> link(const Viewer& viewer, std::string_view a, std::string_view b, gate::Basis basis,
                    gate::PurposeSet purposes) override {
    TRY(check_seen(viewer, {a, b}));
    return places_.with_pair(viewer, a, b,
                             [&](const Pair& pair) { return link_at(viewer, pair, a, b, basis, purposes); });
  }

  Result<void> unlink(const Viewer& viewer, std::string_view a, std::string_view b) override {
    TRY(check_seen(viewer, {a, b}));
    return places_.with_pair(viewer, a, b, [&](const Pair& pair) -> Result<void> {
      TRY(look_.allowed(viewer, Look::About{pair.one.cell, pair.one.identity}));
      return audited_write(viewer, pair.one.cell, fmt::format("link:{}+{}", a, b), [&](db::Transaction& tx) {
        return identities(pair.one.cell).unlink(tx, pair.one.identity, pair.two.identity, clock_.now());
      });
    });
  }

  Result<void> change_leave(const Viewer& viewer, std::string_view handle, gate::PurposeSet purposes,
                            Leave leave) override {
    TRY(check_seen(viewer, {handle}));
    return places_.with(viewer, handle,
                        [&](const Handle& place) { return change_leave_at(viewer, place, handle, purposes, leave); });
  }

  Result<std::vector<Refusal>> refused_links(const Viewer& viewer) override {
    std::vector<Refusal> out;
    for (std::size_t place = 0; place < events_.cells().size(); ++place) {
      if (!may_see(viewer, place)) continue;
      Sight sight = sight_of(viewer);
      TRY(data(place).read([&](db::Transaction& tx) -> Result<void> {
        for (identity::Refusal& refusal : TRY(identities(place).refusals(tx, 1'000))) {
          if (!TRY(sight.sees(tx, place, refusal.a)) || !TRY(sight.sees(tx, place, refusal.b))) continue;
          out.push_back({region_id(place), std::move(refusal)});
        }
        return {};
      }));
      sight.save();
    }
    return out;
  }

  Result<Whereabouts> where(const Viewer& viewer, std::string_view handle) override {
    TRY(check_seen(viewer, {handle}));
    Handle place = TRY(places_.resolve(viewer, handle));
    return Whereabouts{region_id(place.cell), place.identity};
  }

  Result<std::vector<CountryCount>> count_by_country(std::string_view source, std::string_view unit) override {
    auto found = sources::find_within(sources_, unit, source);
    if (!found) return no_source();
    std::map<std::string, std::int64_t> counts;
    for (std::size_t place = 0; place < events_.cells().size(); ++place) {
      TRY(data(place).read([&](db::Transaction& tx) -> Result<void> {
        for (const auto& row :
             TRY(identities(place).count_by_country(tx, found->number.value, identity::KeyKind::user_id))) {
          counts[row.country] += row.identities;
        }
        return {};
      }));
    }
    std::vector<CountryCount> out;
    for (const auto& [country, customers] : counts) out.push_back({country, customers});
    return out;
  }

 private:
  Result<void> link_at(const Viewer& viewer, const Pair& pair, std::string_view a, std::string_view b,
                       gate::Basis basis, gate::PurposeSet purposes) {
    const auto& [one, two] = pair;
    gate::PurposeSet permitted = TRY(look_.allowed(viewer, Look::About{one.cell, one.identity})).purposes;
    if ((permitted | purposes) != permitted) {
      return fail(ErrorKind::forbidden, "use_denied", "Your role may not link people for all of these purposes.");
    }
    if (basis == gate::Basis::consent) {
      return fail(ErrorKind::invalid, "consent_unproven",
                  "A link on consent needs its proof, which can't be given here.",
                  {{"/basis", "must be another than A6-1-a"}});
    }
    TRY(check_linkable(viewer, pair, purposes));
    return audited_write(viewer, one.cell, fmt::format("link:{}+{}", a, b),
                         [&, first = one, second = two](db::Transaction& tx) {
                           return identities(first.cell)
                               .link(tx, first.identity, second.identity, basis, purposes, "staff", clock_.now());
                         });
  }

  Result<void> change_leave_at(const Viewer& viewer, const Handle& place, std::string_view handle,
                               gate::PurposeSet purposes, Leave leave) {
    // Whoever hears of a withdrawal must be able to carry it out, whatever else they may look for.
    if (leave == Leave::regrant) {
      gate::PurposeSet permitted = TRY(look_.allowed(viewer, Look::About{place.cell, place.identity})).purposes;
      if ((permitted | purposes) != permitted) {
        return fail(ErrorKind::forbidden, "use_denied", "Your role may not link people for all of these purposes.");
      }
    }
    return audited_write(viewer, place.cell, fmt::format("identity:{}", handle), [&](db::Transaction& tx) {
      identity::Identities& people = identities(place.cell);
      return leave == Leave::withdraw ? people.withdraw(tx, place.identity, purposes, clock_.now())
                                      : people.regrant(tx, place.identity, purposes, clock_.now());
    });
  }

  Result<Page> page_at(const Viewer& viewer, const Handle& place) {
    TRY(check_seen_at(viewer, place));
    Permit permit = TRY(look_.allowed(viewer, Look::About{place.cell, place.identity}));
    Page out;
    out.region = region_id(place.cell);
    out.purposes = permit.purposes;
    Sight sight = sight_of(viewer);
    TRY(data(place.cell).read([&](db::Transaction& tx) -> Result<void> {
      out.customer = TRY(sight.customer(tx, place.cell, place.identity, permit.purposes));
      out.sums = TRY(sight.sums(tx, place.cell, out.customer));
      out.withheld = sight.withheld();
      return {};
    }));
    TRY(look_.check_stored(viewer, place.cell, out.customer.identities));
    out.handle = format_handle(out.region, out.customer.identities.front().id);
    out.mode = mode_of(sources_, out.customer.identities.front());
    TRY(look_.record(viewer, place.cell, out.customer, permit));
    sight.save();
    return out;
  }

  Result<Timeline> timeline_at(const Viewer& viewer, const Handle& place, std::string_view handle,
                               const TimelineFilter& filter) {
    TRY(check_seen_at(viewer, place));
    Permit permit = TRY(look_.allowed(viewer, Look::About{place.cell, place.identity}));
    std::string list = fmt::format("timeline|{}|{}|{}|{}|{}", region_id(place.cell), handle, permit.purposes.bits(),
                                   filter.touchpoint, filter.type ? events::name_of(*filter.type) : "");
    if (!viewer.unit.empty()) list += "|" + viewer.unit;
    events::TimelineQuery query;
    query.limit = filter.limit + 1;  // one more, to know whether there is a next page
    query.type = filter.type;
    Sight sight = sight_of(viewer);
    if (!filter.touchpoint.empty()) query.sources = TRY(sources_at(sight, filter.touchpoint));
    if (!filter.cursor.empty()) {
      auto position = TRY(decode_cursor(filter.cursor, list, 2));
      query.before = events::Position{from_millis(position[0]), position[1]};
    }
    Timeline out;
    out.region = region_id(place.cell);
    std::vector<identity::Reached> reached;
    identity::Customer customer;
    TRY(data(place.cell).read([&](db::Transaction& tx) -> Result<void> {
      customer = TRY(sight.customer(tx, place.cell, place.identity, permit.purposes));
      for (const identity::Identity& member : customer.identities) reached.push_back({member.id, member.purposes});
      query.identities = reached;
      if (query.sources.empty()) query.sources = sight.sources_of(place.cell, customer);
      out.items = TRY(sight.timeline(tx, place.cell, query));
      out.withheld = sight.withheld();
      return {};
    }));
    if (out.items.size() > filter.limit) {
      out.items.resize(filter.limit);
      const events::Event& last = out.items.back();
      out.next = encode_cursor(list, {to_millis(last.occurred_at), last.seq});
    }
    TRY(look_.check_stored(viewer, place.cell, customer.identities));
    TRY(look_.record(viewer, place.cell, reached, permit));
    sight.save();
    return out;
  }

  Result<Uses> uses_at(const Viewer& viewer, const Handle& place, std::string_view handle, std::string_view cursor,
                       std::size_t limit) {
    TRY(check_seen_at(viewer, place));
    Permit permit = TRY(look_.allowed(viewer, Look::About{place.cell, place.identity}));
    std::string list = fmt::format("uses|{}|{}|{}", region_id(place.cell), handle, permit.purposes.bits());
    if (!viewer.unit.empty()) list += "|" + viewer.unit;
    std::int64_t before = 0;
    if (!cursor.empty()) before = TRY(decode_cursor(cursor, list, 1)).front();
    std::vector<identity::Reached> reached;
    Sight sight = sight_of(viewer);
    TRY(data(place.cell).read([&](db::Transaction& tx) -> Result<void> {
      auto customer = TRY(sight.customer(tx, place.cell, place.identity, permit.purposes));
      for (const identity::Identity& member : customer.identities) reached.push_back({member.id, member.purposes});
      return {};
    }));
    TRY(look_.record(viewer, place.cell, reached, permit));
    Uses out{region_id(place.cell), {}, {}};
    for (const identity::Reached& member : reached) {
      // One more, to know whether there is a next page.
      TRY(read_uses(viewer, *ledgers_[place.cell], member.id, before, limit + 1, out.items));
    }
    std::sort(out.items.begin(), out.items.end(), [](const auto& a, const auto& b) { return a.seq > b.seq; });
    if (out.items.size() > limit) {
      out.items.resize(limit);
      out.next = encode_cursor(list, {out.items.back().seq});
    }
    return out;
  }

  // The newest entries before a position that the viewer may see, at most `limit`: to those of a unit, what is done
  // with their customers elsewhere would tell that there is somebody elsewhere.
  static Result<void> read_uses(const Viewer& viewer, ledger::Ledger& ledger, IdentityId identity, std::int64_t before,
                                std::size_t limit, std::vector<ledger::Record>& out) {
    for (std::size_t found = 0; found < limit;) {
      auto records = TRY(ledger.read(identity, before, limit));
      for (ledger::Record& record : records) {
        before = record.seq;
        const bool theirs = !record.entry.unit.empty() && staff::is_within(record.entry.unit, viewer.unit);
        if (found == limit || !(viewer.unit.empty() || theirs)) continue;
        out.push_back(std::move(record));
        ++found;
      }
      if (records.size() < limit) break;
    }
    return {};
  }

  Sight sight_of(const Viewer& viewer) { return {viewer, events_, sources_, profiles_, look_}; }

  // Whoever is hidden from a viewer is not there: said before anything else is looked at, so that nothing else tells.
  Result<void> check_seen_at(const Viewer& viewer, const Handle& place) {
    if (viewer.unit.empty()) return {};
    Sight sight = sight_of(viewer);
    bool seen = false;
    TRY(data(place.cell).read([&](db::Transaction& tx) -> Result<void> {
      seen = TRY(sight.sees(tx, place.cell, place.identity));
      return {};
    }));
    // Also of somebody hidden: to fold a big one again each time would take longer than to know nobody, and so tell.
    sight.save();
    return seen ? Result<void>{} : Result<void>(no_customer());
  }
  Result<void> check_seen(const Viewer& viewer, std::initializer_list<std::string_view> handles) {
    if (viewer.unit.empty()) return {};
    for (std::string_view handle : handles) {
      TRY(places_.with(viewer, handle, [&](const Handle& place) { return check_seen_at(viewer, place); }));
    }
    return {};
  }

  events::Cell& cell(std::size_t place) { return events_.cells()[place]; }
  identity::Identities& identities(std::size_t place) { return *cell(place).identities; }
  db::Database& data(std::size_t place) { return cell(place).region->data(); }
  const std::string& region_id(std::size_t place) { return cell(place).region->id(); }
  bool may_see(const Viewer& viewer, std::size_t place) { return places_.may_see(viewer, place); }

  // The audit first: what is not recorded is not done. What then fails is recorded as failed.
  Result<void> audited_write(const Viewer& viewer, std::size_t place, const std::string& target,
                             db::Writer::Body body) {
    TRY(staff_.record({viewer.principal, viewer.operation, target, viewer.trace_id, staff::Outcome::ok}));
    auto done = cell(place).region->writer().run(std::move(body));
    if (!done) {
      TRY(staff_.record({viewer.principal, viewer.operation, target, viewer.trace_id, staff::Outcome::failed}));
    }
    return done;
  }

  // Whether each side has anything for which the two may be joined.
  Result<void> check_linkable(const Viewer& viewer, const Pair& pair, gate::PurposeSet purposes) {
    gate::PurposeSet stored[2];
    sources::Mode modes[2] = {};
    Sight sight = sight_of(viewer);
    TRY(data(pair.one.cell).read([&](db::Transaction& tx) -> Result<void> {
      for (std::size_t side = 0; side < 2; ++side) {
        IdentityId id = side == 0 ? pair.one.identity : pair.two.identity;
        auto customer = TRY(sight.customer(tx, pair.one.cell, id, gate::PurposeSet::all()));
        for (const identity::Identity& member : customer.identities) {
          if (member.id != id) continue;
          stored[side] = member.stored_for;
          modes[side] = mode_of(sources_, member);
        }
      }
      return {};
    }));
    if (modes[0] != modes[1]) {
      return fail(ErrorKind::invalid, "modes_differ", "What a test source made up is never joined with a person.",
                  {{"/b", "must be of the same mode"}});
    }
    gate::PurposeSet linkable = gate::linkable_purposes(stored[0], stored[1]);
    if ((linkable | purposes) == linkable) return {};
    return fail(ErrorKind::invalid, "purposes_not_shared",
                "Both sides' data must have been stored for these purposes, or both for service.",
                {{"/purposes", "must be purposes that both sides share"}});
  }

  Result<std::vector<std::int64_t>> sources_at(const Sight& sight, std::string_view touchpoint) {
    std::vector<std::int64_t> out;
    for (const auto& source : sources_.list()) {
      if (source->touchpoint == touchpoint && sight.sees_source(source->number.value))
        out.push_back(source->number.value);
    }
    if (out.empty()) {
      return fail(ErrorKind::invalid, "touchpoint_unknown", "No source has this touchpoint.",
                  {{"touchpoint", "is not known"}});
    }
    return out;
  }

  events::Events& events_;
  sources::Sources& sources_;
  staff::Staff& staff_;
  std::vector<ledger::Ledger*> ledgers_;
  const Clock& clock_;
  Look look_;
  Places places_;
  Profiles profiles_;
  Search search_;
};

}  // namespace

std::unique_ptr<Customers> Customers::create(events::Events& events, sources::Sources& sources, const law::InForce& law,
                                             staff::Staff& staff, std::vector<ledger::Ledger*> ledgers,
                                             const Clock& clock, const gate::Interests& interests) {
  return std::make_unique<CustomersImpl>(events, sources, law, staff, std::move(ledgers), clock, interests);
}

}  // namespace handschlag::customers
