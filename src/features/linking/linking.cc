#include "features/linking/linking.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "features/customers/customers.h"
#include "features/linking/people.h"
#include "features/linking/proofs.h"
#include "platform/mail/mail.h"

namespace handschlag::linking {
namespace {

using gate::Purpose;
using identity::Standing;

constexpr int kAttempts = 3;               // while people move
constexpr std::size_t kLeastBrowser = 16;  // characters of an id that nobody guesses
constexpr std::string_view kEvidence[] = {
    "signed in by a code that was sent to one address; control of the other was shown by a code that was sent to it",
    "signed in by a code that was sent to an address; control of the customer number was shown by a code that was sent "
    "to the address on file of it",
    "signed in by a code that was sent to an address; control of the browser was shown by the id that it keeps"};

std::unexpected<Error> wrong(std::string field, std::string reason) {
  std::vector<FieldError> fields;
  fields.push_back({std::move(field), std::move(reason)});
  return fail(ErrorKind::invalid, "fields_invalid", "Some fields are wrong.", std::move(fields));
}

std::unexpected<Error> refuse(std::string_view code, std::string_view detail) {
  return fail(ErrorKind::conflict, std::string(code), std::string(detail));
}

Result<identity::Key> key_of(std::string_view address) {
  auto key = identity::make_key(identity::KeyKind::email, address, {"", sources::kOwnController, ""});
  if (!key || !mail::is_address(key->value))
    return wrong("/value", "must be an e-mail address such as name@example.org");
  return *std::move(key);
}

bool by_leave(const identity::Link& link) {
  return link.origin == identity::kByCustomer && link.basis == gate::Basis::consent;
}

// For what a leave under this notice joins: for service, and for whatever else the notice speaks of; never to sell.
gate::PurposeSet purposes_of(const notices::NoticeVersion& notice, const Member& one, const Member& other) {
  const gate::PurposeSet service = gate::linkable_purposes({Purpose::CustomerCare}, {Purpose::CustomerCare});
  auto out = gate::linkable_purposes(one.outline.stored_for, other.outline.stored_for) & (service | notice.purposes);
  out.remove(Purpose::SellDataToThirdParties);
  return out;
}

// Two of one region that are to be one.
struct Pair {
  Member one;
  Member other;
  gate::PurposeSet purposes;
};

class LinkingImpl final : public Linking {
 public:
  LinkingImpl(Parts parts, Settings settings, std::unique_ptr<Proofs> proofs)
      : parts_(std::move(parts)), people_(parts_), settings_(std::move(settings)), proofs_(std::move(proofs)) {}

  const Settings& settings() const override { return settings_; }
  Result<void> purge() override { return proofs_->purge(); }

  Result<Overview> of(const portal::Request& request) override {
    const Members members = TRY(people_.members_of(request.customer.address));
    TRY(people_.permit(request, members));
    Overview out;
    out.notice = notice_now();
    out.about = parts_.notices->entry(Purpose::IdentityLinking);
    out.known = anybody(members);
    std::vector<std::set<IdentityId>> seen(parts_.places.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      TRY(people_.read(i, [&](db::Transaction& tx) { return add(tx, i, members[i], out, seen[i]); }));
    }
    std::stable_sort(out.links.begin(), out.links.end(),
                     [](const Line& a, const Line& b) { return a.since > b.since; });
    std::stable_sort(out.history.begin(), out.history.end(), [](const Said& a, const Said& b) { return a.at > b.at; });
    for (std::size_t i = 0; i < seen.size(); ++i)
      TRY(people_.looks().record(request, i, seen[i], people_.looks().rule("")));
    return out;
  }

  Result<Asking> ask(const portal::Request& request, Way way, std::string_view value, std::string_view language,
                     std::string_view caller) override {
    Asking out{request, way, {}, {}, std::string(language), false};
    if (way == Way::email) {
      out.address = TRY(key_of(value));
      if (out.address == request.customer.address) return wrong("/value", "must be another than that of this session");
    } else {
      auto key = identity::make_key(identity::KeyKind::user_id, value, {"any", sources::kOwnController, ""});
      if (!key) return wrong("/value", "must be a customer number");
      out.number = key->value;
    }
    if (!notice_now()) return refuse("notice_missing", "Nothing can be brought together here at present.");
    if (!parts_.outreach->carries(gate::Channel::email)) {
      return fail(ErrorKind::unavailable, "mail_missing", "No mail can be sent from here; please write to us instead.");
    }
    out.too_often = proofs_->asks_too_often(caller);
    return out;
  }

  Result<void> send(const Asking& asking) override {
    if (asking.way == Way::email) return proofs_->send(asking, Target{asking.way, asking.address, {}});
    return proofs_->send(asking, TRY(on_file(asking)));
  }

  Result<Overview> agree(const portal::Request& request, const Agreement& agreement, std::string_view caller) override {
    const notices::NoticePointer notice = TRY(notice_of(agreement));
    TRY(proofs_->admit(caller));
    Target target;
    if (agreement.browser.empty()) {
      target = TRY(proofs_->prove(request.customer, agreement.code));
    } else {
      if (agreement.browser.size() < kLeastBrowser) return wrong("/browser", "must be the id that this browser keeps");
      target.way = Way::browser;
    }
    Result<void> done;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      done = join(request, target, agreement, notice);
      // Whoever went to another region meanwhile is found there.
      if (done || done.error().code != "customer_moved") break;
    }
    TRY(std::move(done));
    return of(request);
  }

  Result<Overview> end(const portal::Request& request, std::string_view id, std::string_view language) override {
    const Members members = TRY(people_.members_of(request.customer.address));
    TRY(people_.permit(request, members));
    for (std::size_t i = 0; i < members.size(); ++i) {
      std::optional<identity::Link> found;
      TRY(people_.read(i, [&](db::Transaction& tx) -> Result<void> {
        for (identity::Link& link : TRY(parts_.places[i].identities->links(tx, ids_of(members[i])))) {
          if (by_leave(link) && link.standing == Standing::confirmed && name(i, link) == id) found = std::move(link);
        }
        return {};
      }));
      if (!found) continue;
      TRY(part(request, i, *found, language));
      return of(request);
    }
    return fail(ErrorKind::not_found, "link_unknown", "This was not brought together here, or it is apart already.");
  }

 private:
  std::string name(std::size_t place, const identity::Link& link) const {
    return customers::format_handle(people_.region_of(place), link.a) + "." +
           customers::format_handle(people_.region_of(place), link.b);
  }

  // Where a leave would end by itself, nobody would take the two apart: such a notice is not offered.
  static bool is_usable(const notices::NoticeVersion& notice) {
    return notice.covers(Purpose::IdentityLinking, gate::Channel::none) && notice.validity.count == 0;
  }

  notices::NoticePointer notice_now() {
    notices::NoticePointer out;
    for (const auto& notice : parts_.notices->in_force()) {
      if (is_usable(*notice) && (!out || notice->published_at > out->published_at)) out = notice;
    }
    return out;
  }

  Result<notices::NoticePointer> notice_of(const Agreement& agreement) {
    auto notice = parts_.notices->published(agreement.notice);
    if (!notice || (*notice)->version != agreement.version) {
      return refuse("notice_changed", "The text was changed meanwhile; read the new one, and decide then.");
    }
    if (!is_usable(**notice)) return wrong("/notice", "must be the one of GET /api/v1/me/links");
    return *notice;
  }

  // Whose number it is, and the one address on file of them all; nothing where there is none, or more than one.
  Result<std::optional<Target>> on_file(const Asking& asking) {
    const auto keys = people_.keys_of(identity::KeyKind::user_id, asking.number, true);
    if (keys.empty()) return std::optional<Target>();
    const Members owners = TRY(people_.holders_of(keys, true));
    Target out{Way::customer_number, {}, {}};
    std::set<std::string> addresses;
    for (std::size_t i = 0; i < owners.size(); ++i) {
      for (const Member& owner : owners[i]) {
        const gate::Ruling ruling = people_.looks().rule(owner.outline.country);
        TRY(people_.looks().record(asking.request, i, {owner.id}, ruling));
        if (!ruling.allowed()) continue;
        if (auto address = TRY(people_.address_of(i, owner.id))) {
          addresses.insert(address->value);
          out.address = *std::move(address);
          out.people.emplace_back(people_.region_of(i), owner.id);
        }
      }
    }
    return addresses.size() == 1 ? std::optional(std::move(out)) : std::optional<Target>();
  }

  Result<Members> targets_of(const Target& target, const Agreement& agreement) {
    if (target.way == Way::email) return people_.members_of(target.address);
    if (target.way == Way::browser) {
      return people_.holders_of(people_.keys_of(identity::KeyKind::anonymous_id, agreement.browser, false), true);
    }
    Members out(parts_.places.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      TRY(people_.read(i, [&](db::Transaction& tx) -> Result<void> {
        for (const auto& [region, id] : target.people) {
          if (region == people_.region_of(i)) TRY(people_.add_member(tx, i, id, out[i]));
        }
        return {};
      }));
    }
    return out;
  }

  // What the law of where they live makes of a leave under this notice.
  gate::Ruling rule_link(const Member& member, const std::string& region, const notices::NoticeVersion& notice) {
    gate::Question question;
    question.use = gate::Use::link;
    question.purpose = Purpose::IdentityLinking;
    question.basis = gate::Basis::consent;
    question.consent = gate::ConsentState::given;
    question.strength = gate::Strength::confirmed;
    question.explicit_consent = notice.explicit_consent;
    question.recipient_named = notice.names_recipients;
    question.consented_at = question.at = parts_.clock->now();
    question.stored_for = member.outline.stored_for;
    question.controller = sources::kOwnController;
    question.country = member.outline.country;
    question.region = region;
    return gate::rule(question, *parts_.law->current());
  }

  // What is joined with somebody, and what they said of it.
  Result<void> add(db::Transaction& tx, std::size_t place, const std::vector<Member>& members, Overview& out,
                   std::set<IdentityId>& seen) {
    const portal::Place& there = parts_.places[place];
    const std::vector<IdentityId> ids = ids_of(members);
    seen.insert(ids.begin(), ids.end());
    if (ids.empty()) return {};
    std::vector<Said> said;
    for (const consent::Statement& one : TRY(there.consents->history(tx, ids))) {
      if (one.purpose != Purpose::IdentityLinking || one.address) continue;
      said.push_back({preferences::format_statement(people_.region_of(place), one.id), one.act, one.occurred_at});
    }
    for (const identity::Link& link : TRY(there.identities->links(tx, ids))) {
      if (link.standing != Standing::confirmed || link.withdrawn == link.purposes) continue;
      const IdentityId other =
          seen.contains(link.a) && std::find(ids.begin(), ids.end(), link.a) != ids.end() ? link.b : link.a;
      const auto outline = TRY(there.identities->outline(tx, other));
      if (!outline) continue;
      seen.insert(other);
      Line line{name(place, link), outline->kind, link.basis, by_leave(link), link.changed_at, {}};
      const auto leave = std::find_if(said.begin(), said.end(), [&](const Said& each) {
        return each.act == consent::Act::given && each.at == link.changed_at;
      });
      if (line.by_leave && leave != said.end()) line.statement = leave->id;
      out.links.push_back(std::move(line));
    }
    std::move(said.begin(), said.end(), std::back_inserter(out.history));
    return {};
  }

  Result<void> join(const portal::Request& request, const Target& target, const Agreement& agreement,
                    const notices::NoticePointer& notice) {
    const Members members = TRY(people_.members_of(request.customer.address));
    const Members others = TRY(targets_of(target, agreement));
    TRY(people_.permit(request, members));
    if (!anybody(members) || !anybody(others)) {
      return refuse("nobody_known", "We know nobody by this, so there is nothing that could be brought together.");
    }
    std::vector<std::vector<Pair>> pairs(members.size());
    bool meet = false;
    bool joined = false;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i].empty() || others[i].empty()) continue;
      meet = true;
      TRY(people_.read(i, [&](db::Transaction& tx) -> Result<void> {
        pairs[i] = TRY(pairs_of(tx, i, members[i], others[i], *notice, joined));
        return {};
      }));
    }
    if (!meet) return refuse("regions_differ", "Links never cross regions: each person's data stays at home.");
    if (std::all_of(pairs.begin(), pairs.end(), [](const auto& there) { return there.empty(); })) {
      if (joined) return refuse("linked_already", "These belong together already.");
      return refuse("nothing_shared", "What is stored of the two is stored for different purposes, so it stays apart.");
    }
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      for (const Pair& pair : pairs[i]) TRY(check(request, i, pair, *notice, agreement.language));
    }
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      if (!pairs[i].empty()) TRY(write(request, i, pairs[i], target, agreement, notice));
    }
    return {};
  }

  // Whether all of these are one customer: who proved a mailbox that several share did not say whom they mean.
  Result<bool> are_one(db::Transaction& tx, std::size_t place, const std::vector<Member>& members) {
    if (members.size() < 2) return true;
    const std::set<IdentityId> whole = TRY(people_.reach(tx, place, members.front().id));
    return std::all_of(members.begin(), members.end(), [&](const Member& each) { return whole.contains(each.id); });
  }

  // Each that is not joined with them yet goes to the first of them with whom it shares a purpose.
  Result<std::vector<Pair>> pairs_of(db::Transaction& tx, std::size_t place, const std::vector<Member>& members,
                                     const std::vector<Member>& others, const notices::NoticeVersion& notice,
                                     bool& joined) {
    std::vector<Pair> out;
    if (!TRY(are_one(tx, place, members)) || !TRY(are_one(tx, place, others))) {
      return refuse("mailbox_shared",
                    "Several customers are known by this; please write to us, so that it is the right one.");
    }
    for (const Member& other : others) {
      const std::set<IdentityId> whole = TRY(people_.reach(tx, place, other.id));
      const auto is_joined = [&](const Member& member) { return whole.contains(member.id); };
      if (std::any_of(members.begin(), members.end(), is_joined)) {
        joined = true;
        continue;
      }
      // A browser speaks for nobody but itself: it may be somebody else's already, and its id may be known to others.
      if (other.outline.kind == identity::KeyKind::anonymous_id && whole.size() > 1) {
        return refuse("browser_of_another", "This browser belongs to another customer already.");
      }
      for (const Member& member : members) {
        const gate::PurposeSet purposes = purposes_of(notice, member, other);
        if (purposes.empty()) continue;
        out.push_back({member, other, purposes});
        break;
      }
    }
    return out;
  }

  Result<void> check(const portal::Request& request, std::size_t place, const Pair& pair,
                     const notices::NoticeVersion& notice, const std::string& language) {
    for (const Member& side : {pair.one, pair.other}) {
      const gate::Ruling ruling = rule_link(side, people_.region_of(place), notice);
      TRY(people_.looks().record(request, place, {side.id}, ruling, gate::Use::link));
      if (ruling.allowed()) continue;
      return fail(ErrorKind::forbidden, "use_denied", gate::reason(ruling, Purpose::IdentityLinking, language));
    }
    return {};
  }

  Result<void> write(const portal::Request& request, std::size_t place, const std::vector<Pair>& pairs,
                     const Target& target, const Agreement& agreement, const notices::NoticePointer& notice) {
    const Time now = parts_.clock->now();
    std::string names;
    for (const Pair& pair : pairs) names += "+" + customers::format_handle(people_.region_of(place), pair.other.id);
    names =
        fmt::format("link:{}{} given", customers::format_handle(people_.region_of(place), pairs.front().one.id), names);
    return audited(request, place, names, [&](db::Transaction& tx) -> Result<void> {
      const portal::Place& there = parts_.places[place];
      std::set<IdentityId> said;
      for (const Pair& pair : pairs) {
        TRY(there.identities->link(tx, pair.one.id, pair.other.id, gate::Basis::consent, pair.purposes,
                                   identity::kByCustomer, now));
        for (const Member& side : {pair.one, pair.other}) {
          if (!said.insert(side.id).second) continue;
          consent::Statement statement = statement_of(side, consent::Act::given, agreement.language, now);
          const notices::Text* text = notice->text_in(agreement.language);
          statement.notice = {notice->id, notice->version, notice->hash};
          statement.proof.language = text->language;
          statement.proof.declaration = text->whole();
          statement.proof.evidence = kEvidence[static_cast<std::size_t>(target.way)];
          statement.explicit_consent = notice->explicit_consent;
          statement.recipient_named = notice->names_recipients;
          TRY(there.consents->record(tx, std::move(statement)));
        }
      }
      return {};
    });
  }

  consent::Statement statement_of(const Member& member, consent::Act act, std::string_view language, Time now) {
    consent::Statement out;
    out.identity = member.id;
    out.act = act;
    out.purpose = Purpose::IdentityLinking;
    out.way = consent::Way::preference_centre;
    out.strength = gate::Strength::confirmed;
    out.occurred_at = out.received_at = now;
    out.proof.language = std::string(language);
    out.proof.evidence = "signed in by a code that was sent to an address";
    const law::Norm& proof =
        parts_.law->current()->norm(member.outline.country, law::Topic::consent_proof, out.channel, law::day_of(now));
    out.keep_until = law::after(now, proof.term);
    return out;
  }

  // The no is said of whoever has nothing else joined by leave; where both have, of both, and all of it comes apart.
  Result<void> part(const portal::Request& request, std::size_t place, const identity::Link& link,
                    std::string_view language) {
    const Time now = parts_.clock->now();
    return audited(
        request, place, fmt::format("link:{} withdrawn", name(place, link)), [&](db::Transaction& tx) -> Result<void> {
          const portal::Place& there = parts_.places[place];
          std::vector<Member> both;
          for (const IdentityId id : {link.a, link.b}) TRY(people_.add_member(tx, place, id, both));
          // Another request may have been quicker.
          const auto still = TRY(there.identities->links(tx, {&link.a, 1}));
          const bool there_still = std::any_of(still.begin(), still.end(), [&](const identity::Link& each) {
            return each.b == link.b && each.a == link.a && by_leave(each) && each.standing == Standing::confirmed;
          });
          if (!there_still) return {};
          TRY(there.identities->unlink(tx, link.a, link.b, now));
          std::vector<Member> bare;
          for (const Member& side : both) {
            const auto rest = TRY(there.identities->links(tx, {&side.id, 1}));
            const bool more = std::any_of(rest.begin(), rest.end(), [](const identity::Link& each) {
              return by_leave(each) && each.standing == Standing::confirmed;
            });
            if (!more) bare.push_back(side);
          }
          for (const Member& side : bare.empty() ? both : bare) {
            TRY(there.consents->record(tx, statement_of(side, consent::Act::withdrawn, language, now)));
          }
          return {};
        });
  }

  // The audit first: what is not recorded is not done.
  Result<void> audited(const portal::Request& request, std::size_t place, const std::string& target,
                       db::Writer::Body body) {
    const std::string role(portal::kRole);
    TRY(parts_.staff->record({role, request.operation, target, request.trace_id, staff::Outcome::ok}));
    auto done = parts_.places[place].region->writer().run(std::move(body));
    if (!done) {
      TRY(parts_.staff->record({role, request.operation, target, request.trace_id, staff::Outcome::failed}));
    }
    return done;
  }

  const Parts parts_;
  const People people_;
  const Settings settings_;
  const std::unique_ptr<Proofs> proofs_;
};

}  // namespace

std::string_view name_of(Way way) {
  switch (way) {
    case Way::email:
      return "email";
    case Way::customer_number:
      return "customer_number";
    case Way::browser:
      break;
  }
  return "browser";
}

Result<std::unique_ptr<Linking>> Linking::create(Parts parts, Settings settings) {
  auto proofs = TRY(Proofs::create(parts.places.front(), *parts.outreach, *parts.clock, settings));
  return std::make_unique<LinkingImpl>(std::move(parts), std::move(settings), std::move(proofs));
}

}  // namespace handschlag::linking
