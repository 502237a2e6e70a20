#include "features/customers/customers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "features/customers/look.h"
#include "features/customers/names.h"
#include "features/customers/places.h"
#include "features/customers/store.h"
#include "platform/base/cursor.h"

namespace handschlag::customers {
namespace {

constexpr std::size_t kMaxFoundByKey = 100;
constexpr std::size_t kMaxFoundByName = 50;
constexpr std::size_t kMaxNamed = 25;  // of those found; for a name all that is known of somebody is folded
constexpr std::int64_t kMaxWordMatches = 1'000;
constexpr std::int64_t kFoldBeforeSaving = 100;  // events; below, folding again is cheaper than a write

std::string profile_context(IdentityId identity) {
  return fmt::format("customers_profile|{}", identity.value);
}

class CustomersImpl final : public Customers {
 public:
  CustomersImpl(events::Events& events, sources::Sources& sources, staff::Staff& staff,
                std::vector<ledger::Ledger*> ledgers, const Clock& clock)
      : events_(events),
        sources_(sources),
        staff_(staff),
        ledgers_(std::move(ledgers)),
        clock_(clock),
        look_(ledgers_, clock),
        places_(events) {}

  Result<std::vector<Found>> find_by_key(const Viewer& viewer, std::string_view key) override {
    auto parsed = TRY(identity::parse_key(key));
    Permit permit = TRY(look_.allowed(viewer));
    gate::PurposeSet purposes = permit.purposes;
    std::vector<identity::Key> keys = TRY(spellings(parsed, viewer.mode));
    auto out =
        TRY(places_.over_all(viewer, [&](std::size_t cell, std::vector<Found>& all, bool& again) -> Result<void> {
          std::vector<identity::Identities::Found> found;
          std::vector<IdentityId> gone;
          TRY(data(cell).read([&](db::Transaction& tx) -> Result<void> {
            found = TRY(identities(cell).find(tx, keys, purposes));
            if (TRY(subjects::gone(tx)).empty()) return {};
            for (const auto& known : TRY(identities(cell).knows(tx, keys))) gone.push_back(known.id);
            return {};
          }));
          again = TRY(places_.settle_gone(cell, gone)) || again;
          return add_found(viewer, cell, permit, found, kMaxFoundByKey, all);
        }));
    return sorted(std::move(out), kMaxFoundByKey);
  }

  Result<std::vector<Found>> find_by_name(const Viewer& viewer, std::string_view name) override {
    return find_by_words(viewer, [&](const identity::Digester& digester) -> Result<std::vector<WordDigest>> {
      auto words = digests_of_query(digester, name, viewer.mode);
      if (!words.empty()) return words;
      return fail(ErrorKind::invalid, "name_empty", "Type at least one word of the name.", {{"name", "is empty"}});
    });
  }

  Result<std::vector<Found>> find_by_order(const Viewer& viewer, std::string_view order) override {
    return find_by_words(viewer, [&](const identity::Digester& digester) -> Result<std::vector<WordDigest>> {
      return std::vector{digest_of_order(digester, order, viewer.mode)};
    });
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
    return places_.with_pair(viewer, a, b,
                             [&](const Pair& pair) { return link_at(viewer, pair, a, b, basis, purposes); });
  }

  Result<void> unlink(const Viewer& viewer, std::string_view a, std::string_view b) override {
    return places_.with_pair(viewer, a, b, [&](const Pair& pair) -> Result<void> {
      TRY(look_.allowed(viewer, Look::About{pair.one.cell, pair.one.identity}));
      return audited_write(viewer, pair.one.cell, fmt::format("link:{}+{}", a, b), [&](db::Transaction& tx) {
        return identities(pair.one.cell).unlink(tx, pair.one.identity, pair.two.identity, clock_.now());
      });
    });
  }

  Result<void> change_leave(const Viewer& viewer, std::string_view handle, gate::PurposeSet purposes,
                            Leave leave) override {
    return places_.with(viewer, handle,
                        [&](const Handle& place) { return change_leave_at(viewer, place, handle, purposes, leave); });
  }

  Result<std::vector<Refusal>> refused_links(const Viewer& viewer) override {
    std::vector<Refusal> out;
    for (std::size_t place = 0; place < events_.cells().size(); ++place) {
      if (!may_see(viewer, place)) continue;
      TRY(data(place).read([&](db::Transaction& tx) -> Result<void> {
        for (identity::Refusal& refusal : TRY(identities(place).refusals(tx, 1'000))) {
          out.push_back({region_id(place), std::move(refusal)});
        }
        return {};
      }));
    }
    return out;
  }

  Result<Whereabouts> where(const Viewer& viewer, std::string_view handle) override {
    Handle place = TRY(places_.resolve(viewer, handle));
    return Whereabouts{region_id(place.cell), place.identity};
  }

  Result<std::vector<CountryCount>> count_by_country(std::string_view source) override {
    auto found = sources_.find(source);
    if (!found) return fail(ErrorKind::not_found, "source_unknown", "There is no such source.");
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
    TRY(check_linkable(one, two, purposes));
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
    Permit permit = TRY(look_.allowed(viewer, Look::About{place.cell, place.identity}));
    gate::PurposeSet purposes = permit.purposes;
    Page out;
    out.region = region_id(place.cell);
    out.purposes = purposes;
    std::vector<std::pair<IdentityId, Profile>> to_save;
    std::int64_t removals = 0;
    TRY(data(place.cell).read([&](db::Transaction& tx) -> Result<void> {
      removals = TRY(events::removals(tx));
      out.customer = TRY(identities(place.cell).customer(tx, place.identity, purposes));
      for (const identity::Identity& member : out.customer.identities) {
        std::int64_t saved = 0;
        Profile profile = TRY(fold(tx, place.cell, member.id, saved));
        out.sums.add(profile.for_purposes(member.purposes));
        if (profile.through_seq > saved && profile.events() >= kFoldBeforeSaving)
          to_save.emplace_back(member.id, profile);
      }
      return {};
    }));
    TRY(look_.check_stored(viewer, place.cell, out.customer.identities));
    out.handle = format_handle(out.region, out.customer.identities.front().id);
    out.mode = mode_of(out.customer.identities.front());
    TRY(look_.record(viewer, place.cell, out.customer, permit));
    for (const auto& [identity, profile] : to_save) save(place.cell, identity, profile, removals);
    return out;
  }

  Result<Timeline> timeline_at(const Viewer& viewer, const Handle& place, std::string_view handle,
                               const TimelineFilter& filter) {
    Permit permit = TRY(look_.allowed(viewer, Look::About{place.cell, place.identity}));
    gate::PurposeSet purposes = permit.purposes;
    std::string list = fmt::format("timeline|{}|{}|{}|{}|{}", region_id(place.cell), handle, purposes.bits(),
                                   filter.touchpoint, filter.type ? events::name_of(*filter.type) : "");
    events::TimelineQuery query;
    query.limit = filter.limit + 1;  // one more, to know whether there is a next page
    query.type = filter.type;
    if (!filter.touchpoint.empty()) query.sources = TRY(sources_at(filter.touchpoint));
    if (!filter.cursor.empty()) {
      auto position = TRY(decode_cursor(filter.cursor, list, 2));
      query.before = events::Position{from_millis(position[0]), position[1]};
    }
    Timeline out;
    out.region = region_id(place.cell);
    std::vector<identity::Reached> reached;
    identity::Customer customer;
    TRY(data(place.cell).read([&](db::Transaction& tx) -> Result<void> {
      customer = TRY(identities(place.cell).customer(tx, place.identity, purposes));
      for (const identity::Identity& member : customer.identities) reached.push_back({member.id, member.purposes});
      query.identities = reached;
      out.items = TRY(events_.timeline(tx, cell(place.cell), query));
      return {};
    }));
    if (out.items.size() > filter.limit) {
      out.items.resize(filter.limit);
      const events::Event& last = out.items.back();
      out.next = encode_cursor(list, {to_millis(last.occurred_at), last.seq});
    }
    TRY(look_.check_stored(viewer, place.cell, customer.identities));
    TRY(look_.record(viewer, place.cell, reached, permit));
    return out;
  }

  Result<Uses> uses_at(const Viewer& viewer, const Handle& place, std::string_view handle, std::string_view cursor,
                       std::size_t limit) {
    Permit permit = TRY(look_.allowed(viewer, Look::About{place.cell, place.identity}));
    const std::string list = fmt::format("uses|{}|{}|{}", region_id(place.cell), handle, permit.purposes.bits());
    std::int64_t before = 0;
    if (!cursor.empty()) before = TRY(decode_cursor(cursor, list, 1)).front();
    std::vector<identity::Reached> reached;
    TRY(data(place.cell).read([&](db::Transaction& tx) -> Result<void> {
      auto customer = TRY(identities(place.cell).customer(tx, place.identity, permit.purposes));
      for (const identity::Identity& member : customer.identities) reached.push_back({member.id, member.purposes});
      return {};
    }));
    TRY(look_.record(viewer, place.cell, reached, permit));
    Uses out{region_id(place.cell), {}, {}};
    for (const identity::Reached& member : reached) {
      // One more, to know whether there is a next page.
      auto records = TRY(ledgers_[place.cell]->read(member.id, before, limit + 1));
      std::move(records.begin(), records.end(), std::back_inserter(out.items));
    }
    std::sort(out.items.begin(), out.items.end(), [](const auto& a, const auto& b) { return a.seq > b.seq; });
    if (out.items.size() > limit) {
      out.items.resize(limit);
      out.next = encode_cursor(list, {out.items.back().seq});
    }
    return out;
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
  Result<void> check_linkable(const Handle& one, const Handle& two, gate::PurposeSet purposes) {
    gate::PurposeSet stored[2];
    sources::Mode modes[2] = {};
    TRY(data(one.cell).read([&](db::Transaction& tx) -> Result<void> {
      for (std::size_t side = 0; side < 2; ++side) {
        IdentityId id = side == 0 ? one.identity : two.identity;
        auto customer = TRY(identities(one.cell).customer(tx, id, gate::PurposeSet::all()));
        for (const identity::Identity& member : customer.identities) {
          if (member.id != id) continue;
          stored[side] = member.stored_for;
          modes[side] = mode_of(member);
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

  // Test sources make their identities in namespaces of their own, so all of a customer's are of one mode.
  sources::Mode mode_of(const identity::Identity& member) const {
    auto source = sources_.find(Id<sources::Source>{member.source});
    return source ? source->mode : sources::Mode::live;
  }

  // A key in each namespace, and spelled as in each country, that a source has: which one is meant nobody said.
  Result<std::vector<identity::Key>> spellings(const identity::KindAndValue& key, sources::Mode mode) {
    std::vector<identity::Key> out;
    std::optional<Error> error;
    auto add = [&](const identity::Place& place) {
      auto made = identity::make_key(key.kind, key.value, place);
      if (!made) error = made.error();
      if (made && std::find(out.begin(), out.end(), *made) == out.end()) out.push_back(std::move(*made));
    };
    for (const auto& source : sources_.list()) {
      if (source->mode == mode) add({source->id_space(), source->address_space(), source->country});
    }
    if (out.empty() && error) {
      error->fields = {{"key", "is no usable value of its kind"}};
      return std::unexpected(*error);
    }
    return out;
  }

  Result<std::vector<Found>> find_by_words(const Viewer& viewer, const MakeWords& make_words) {
    Permit permit = TRY(look_.allowed(viewer));
    auto out =
        TRY(places_.over_all(viewer, [&](std::size_t cell, std::vector<Found>& all, bool& again) -> Result<void> {
          std::vector<identity::Identities::Found> found;
          std::vector<IdentityId> ids;
          TRY(data(cell).read([&](db::Transaction& tx) -> Result<void> {
            auto words = TRY(make_words(*TRY(identities(cell).digester(tx))));
            found = TRY(having_all(tx, words, permit.purposes));
            for (const auto& entry : found) ids.push_back(entry.id);
            return {};
          }));
          again = TRY(places_.settle_gone(cell, ids)) || again;
          return add_found(viewer, cell, permit, found, kMaxFoundByName, all);
        }));
    return sorted(std::move(out), kMaxFoundByName);
  }

  Result<std::vector<identity::Identities::Found>> having_all(db::Transaction& tx, const std::vector<WordDigest>& words,
                                                              gate::PurposeSet purposes) {
    // The rarest word leads: the list of a common one may be cut, and then it would hide people.
    std::vector<std::int64_t> fewest;
    for (std::size_t i = 0; i < words.size(); ++i) {
      auto matches = TRY(store::find_word(tx, words[i], purposes.bits(), kMaxWordMatches));
      if (i == 0 || matches.size() < fewest.size()) fewest = std::move(matches);
    }
    std::vector<identity::Identities::Found> out;
    for (std::int64_t id : TRY(store::having_words(tx, fewest, words, purposes.bits()))) {
      if (out.size() < kMaxFoundByName) out.push_back({{id}, identity::Standing::own});
    }
    return out;
  }

  // Turns identities into the customers they belong to, each once, and writes that they were shown.
  Result<void> add_found(const Viewer& viewer, std::size_t place, const Permit& permit,
                         const std::vector<identity::Identities::Found>& found, std::size_t limit,
                         std::vector<Found>& out) {
    std::map<std::int64_t, std::size_t> known;  // identity → place in out
    std::vector<identity::Reached> shown;
    std::vector<std::pair<std::size_t, identity::Customer>> to_name;  // by place in out
    TRY(data(place).read([&](db::Transaction& tx) -> Result<void> {
      for (const auto& entry : found) {
        if (auto it = known.find(entry.id.value); it != known.end()) {
          out[it->second].match = std::min(out[it->second].match, entry.standing);
          continue;
        }
        if (out.size() >= limit) break;
        auto found_customer = identities(place).customer(tx, entry.id, permit.purposes);
        if (!found_customer && found_customer.error().kind == ErrorKind::not_found) continue;  // being erased
        identity::Customer customer = TRY(std::move(found_customer));
        const identity::Identity& oldest = customer.identities.front();
        if (mode_of(oldest) != viewer.mode) continue;
        Found item{format_handle(region_id(place), oldest.id),
                   region_id(place),
                   oldest.country,
                   viewer.mode,
                   entry.standing,
                   oldest.created_at,
                   {}};
        for (const identity::Identity& member : customer.identities) {
          known[member.id.value] = out.size();
          item.kinds.push_back(member.kind);
          if (item.country.empty()) item.country = member.country;
          shown.push_back({member.id, member.purposes});
        }
        if (out.size() < kMaxNamed) to_name.emplace_back(out.size(), std::move(customer));
        out.push_back(std::move(item));
      }
      return {};
    }));
    // Apart: where their events can't be read, as after a fault of the disk, people are found without their names.
    (void)data(place).read([&](db::Transaction& tx) -> Result<void> {
      for (const auto& [index, customer] : to_name) out[index].name = TRY(name_of(tx, place, customer));
      return {};
    });
    return look_.record(viewer, place, shown, permit);
  }

  // The newest name that may be seen of somebody.
  Result<std::string> name_of(db::Transaction& tx, std::size_t place, const identity::Customer& customer) {
    Sums sums;
    for (const identity::Identity& member : customer.identities) {
      std::int64_t saved = 0;
      sums.add(TRY(fold(tx, place, member.id, saved)).for_purposes(member.purposes));
    }
    return name_in(sums);
  }

  static std::vector<Found> sorted(std::vector<Found> found, std::size_t limit) {
    std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.match < b.match; });
    if (found.size() > limit) found.resize(limit);
    return found;
  }

  Result<std::vector<std::int64_t>> sources_at(std::string_view touchpoint) {
    std::vector<std::int64_t> out;
    for (const auto& source : sources_.list()) {
      if (source->touchpoint == touchpoint) out.push_back(source->number.value);
    }
    if (out.empty()) {
      return fail(ErrorKind::invalid, "touchpoint_unknown", "No source has this touchpoint.",
                  {{"touchpoint", "is not known"}});
    }
    return out;
  }

  // The saved profile of an identity, brought up to date with the events that came since.
  Result<Profile> fold(db::Transaction& tx, std::size_t place, IdentityId id, std::int64_t& saved_through) {
    Profile profile;
    auto key = TRY(identities(place).vault().find({&id, 1}, vault::RetentionClass::ordinary))[0];
    if (!key) return profile;
    if (auto row = TRY(store::find_profile(tx, id.value))) {
      // A profile of another version is no loss: it is folded anew from the events.
      auto kept = Profile::from_text(TRY(crypto::open(*key, row->sealed, profile_context(id))), id.value);
      if (kept) profile = *std::move(kept);
    }
    saved_through = profile.through_seq;
    TRY(events_.since(tx, cell(place), id, profile.through_seq,
                      [&](const events::Event& event) { profile.add(event); }));
    return profile;
  }

  // Nobody waits for it, and when it is lost it is folded again. `removals`: as they were when it was folded.
  void save(std::size_t place, IdentityId id, const Profile& profile, std::int64_t removals) {
    auto key = identities(place).vault().get(id, vault::RetentionClass::ordinary);
    if (!key) return;
    auto row = std::make_shared<store::ProfileRow>();
    row->through_seq = profile.through_seq;
    row->sealed = crypto::seal(*key, profile.to_text(), profile_context(id));
    (void)cell(place).region->writer().post(
        [this, place, id, row, removals](db::Transaction& tx) -> Result<void> {
          auto alive = TRY(identities(place).vault().find({&id, 1}, vault::RetentionClass::ordinary));
          if (!alive[0]) return {};                              // erased meanwhile
          if (TRY(events::removals(tx)) != removals) return {};  // it may count what is gone
          return store::save_profile(tx, id.value, *row);
        },
        [](const Result<void>&) {});
  }

  events::Events& events_;
  sources::Sources& sources_;
  staff::Staff& staff_;
  std::vector<ledger::Ledger*> ledgers_;
  const Clock& clock_;
  Look look_;
  Places places_;
};

}  // namespace

std::unique_ptr<Customers> Customers::create(events::Events& events, sources::Sources& sources, staff::Staff& staff,
                                             std::vector<ledger::Ledger*> ledgers, const Clock& clock) {
  return std::make_unique<CustomersImpl>(events, sources, staff, std::move(ledgers), clock);
}

}  // namespace handschlag::customers
