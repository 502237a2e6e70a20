#include "features/preferences/preferences.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "features/preferences/obstacles.h"
#include "platform/base/cursor.h"
#include "platform/text/text.h"

namespace handschlag::preferences {
namespace {

using gate::Channel;
using gate::Purpose;

constexpr std::chrono::minutes kAhead{5};  // by which the clock of whoever notes may be fast
constexpr int kNoon = 12 * 60;

// What somebody may want to know of everybody: may we?
constexpr std::array kAsked = {
    consent::Consents::Use{Purpose::DirectMarketing, Channel::email},
    consent::Consents::Use{Purpose::DirectMarketing, Channel::phone},
    consent::Consents::Use{Purpose::DirectMarketing, Channel::sms},
    consent::Consents::Use{Purpose::DirectMarketing, Channel::post},
    consent::Consents::Use{Purpose::SatisfactionSurvey, Channel::email},
    consent::Consents::Use{Purpose::SatisfactionSurvey, Channel::phone},
};

std::unexpected<Error> wrong(std::string field, std::string reason) {
  std::vector<FieldError> fields;
  fields.push_back({std::move(field), std::move(reason)});
  return fail(ErrorKind::invalid, "fields_invalid", "Some fields are wrong.", std::move(fields));
}

std::unexpected<Error> unknown_statement() {
  return fail(ErrorKind::not_found, "statement_unknown", "There is no such statement.");
}

std::unexpected<Error> unknown_region() {
  return fail(ErrorKind::not_found, "region_unknown", "There is no such region.");
}

// What a cursor is bound to.
std::string search_name(std::string_view region, const consent::Wanted& wanted) {
  auto number = [](const auto& wish) { return wish ? static_cast<std::int64_t>(*wish) : -1; };
  auto time = [](const std::optional<Time>& at) { return at ? to_millis(*at) : -1; };
  return fmt::format("consents|{}|{}|{}|{}|{}|{}|{}|{}|{}", region, number(wanted.act), number(wanted.purpose),
                     number(wanted.channel), number(wanted.way), wanted.notice, wanted.version, time(wanted.from),
                     time(wanted.to));
}

struct Numbered {
  std::string region;
  consent::StatementId id;
};

std::optional<Numbered> parse_statement(std::string_view text) {
  const auto dash = text.rfind("-c");
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  Numbered out{std::string(text.substr(0, dash)), {}};
  const std::string_view digits = text.substr(dash + 2);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.id.value);
  if (error != std::errc{} || end != digits.data() + digits.size() || out.id.value <= 0) return std::nullopt;
  return out;
}

// The countries whose law protects a customer; "" where none is known.
std::vector<std::string> countries_of(const identity::Customer& customer) {
  std::set<std::string> out;
  for (const identity::Identity& member : customer.identities) out.insert(member.country);
  if (out.size() > 1) out.erase("");
  return {out.begin(), out.end()};
}

std::vector<IdentityId> ids_of(const identity::Customer& customer) {
  std::vector<IdentityId> out;
  for (const identity::Identity& member : customer.identities) out.push_back(member.id);
  return out;
}

// Whose law decides, and whether they may be children.
struct Whose {
  std::vector<std::string> countries;  // "" where none is known
  bool for_children = false;
};

gate::Question message_of(const consent::Standing& standing, gate::Basis basis, bool weighed, std::string_view country,
                          bool for_children, Time now) {
  gate::Question question;
  question.use = gate::Use::contact;
  question.purpose = standing.purpose;
  question.basis = basis;
  question.interest_weighed = weighed;
  question.channel = standing.channel;
  question.country = country;
  question.for_children = for_children;
  question.controller = sources::kOwnController;
  question.tells_objection = true;  // no message leaves without
  question.local_minute = kNoon;
  question.at = now;
  standing.fill(question);
  return question;
}

class PreferencesImpl final : public Preferences {
 public:
  explicit PreferencesImpl(Parts parts) : parts_(std::move(parts)) {}

  void set_outbox(const Outbox& outbox) override { outbox_ = outbox; }

  Result<Consents> of(const customers::Viewer& viewer, std::string_view handle) override {
    const customers::Page page = TRY(parts_.customers->page(viewer, handle));
    Consents out{page.region, page.handle, {}, {}};
    const std::vector<IdentityId> members = ids_of(page.customer);
    const Time now = parts_.clock->now();
    std::vector<consent::Standing> standings;
    TRY(read(page.region, [&](consent::Consents& consents, db::Transaction& tx) -> Result<void> {
      standings = TRY(consents.standings(tx, members, now, kAsked));
      out.history = TRY(consents.history(tx, members));
      return {};
    }));
    withhold(viewer, page.customer, out.history);
    const Whose whose = whose_of(page.customer);
    const auto law = parts_.law->current();
    for (consent::Standing& standing : standings) {
      out.lines.push_back(line_of(std::move(standing), whose, law, now));
    }
    TRY(add_obstacles(viewer, page, out.lines));
    return out;
  }

  Result<Receipt> note(const customers::Viewer& viewer, std::string_view handle, const Note& note) override {
    const Time now = parts_.clock->now();
    TRY(check(note, now));
    const customers::Page page = TRY(parts_.customers->page(viewer, handle));
    consent::Statement statement = TRY(statement_of(viewer, page, note, now));
    const std::string target =
        fmt::format("customer:{} {}:{} {}", customers::format_handle(page.region, statement.identity),
                    gate::info(note.purpose).name, law::name_of(note.channel), consent::name_of(note.act));
    TRY(parts_.staff->record({viewer.principal, viewer.operation, target, viewer.trace_id, staff::Outcome::ok}));
    Receipt out{page.region, page.handle, statement, country_of(page.customer, statement.identity), {}, {}};
    auto written = write(page.region, [&](consent::Consents& consents, db::Transaction& tx) -> Result<void> {
      out.statement.id = TRY(consents.record(tx, statement));
      return {};
    });
    if (!written) {
      TRY(parts_.staff->record({viewer.principal, viewer.operation, target, viewer.trace_id, staff::Outcome::failed}));
      return std::unexpected(written.error());
    }
    complete(out);
    return out;
  }

  Result<Found> search(const customers::Viewer& viewer, std::string_view region, const consent::Wanted& wanted,
                       std::string_view cursor, std::size_t limit) override {
    Found out;
    out.region = !region.empty()         ? region
                 : viewer.region.empty() ? parts_.events->cells()[0].region->id()
                                         : viewer.region;
    if (!viewer.region.empty() && viewer.region != out.region) return unknown_region();
    const std::string name = search_name(out.region, wanted);
    consent::StatementId before;
    if (!cursor.empty()) before.value = TRY(decode_cursor(cursor, name, 1))[0];
    consent::Matching found;
    TRY(read(out.region, [&](consent::Consents& consents, db::Transaction& tx) -> Result<void> {
      found = TRY(consents.matching(tx, wanted, before, std::min(limit, kMostFound)));
      return {};
    }));
    std::map<IdentityId, Seen> people;
    for (consent::Statement& statement : found.statements) {
      auto known = people.find(statement.identity);
      if (known == people.end()) {
        known = people.emplace(statement.identity, TRY(seen_as(viewer, out.region, statement.identity))).first;
      }
      const Seen& who = known->second;
      if (who.mode != viewer.mode) continue;
      if (who.handle.empty()) {
        ++out.withheld;
      } else {
        out.items.push_back({who.handle, std::move(statement)});
      }
    }
    if (found.more) out.next = encode_cursor(name, {found.through.value});
    return out;
  }

  Result<Receipt> receipt(const customers::Viewer& viewer, std::string_view id) override {
    const auto numbered = parse_statement(id);
    if (!numbered || parts_.events->cell(numbered->region) == nullptr) return unknown_statement();
    if (!viewer.region.empty() && viewer.region != numbered->region) return unknown_statement();
    Receipt out;
    out.region = numbered->region;
    IdentityId who;
    TRY(read(out.region, [&](consent::Consents& consents, db::Transaction& tx) -> Result<void> {
      who = TRY(consents.whose(tx, numbered->id));
      return {};
    }));
    // Before anything of it is opened: the gate, the ledger, and whether it is one of the viewer's own.
    auto page = parts_.customers->page(viewer, customers::format_handle(out.region, who));
    if (!page && page.error().kind == ErrorKind::not_found) return unknown_statement();
    const customers::Page seen = TRY(std::move(page));
    out.handle = seen.handle;
    out.country = country_of(seen.customer, who);
    TRY(read(out.region, [&](consent::Consents& consents, db::Transaction& tx) -> Result<void> {
      out.statement = TRY(consents.find(tx, numbered->id));
      return {};
    }));
    withhold(viewer, seen.customer, {&out.statement, 1});
    complete(out);
    return out;
  }

 private:
  template <class Body>
  Result<void> read(std::string_view region, Body body) {
    consent::Consents& consents = *TRY(consents_of(region));
    return parts_.events->cell(region)->region->data().read(
        [&](db::Transaction& tx) -> Result<void> { return body(consents, tx); });
  }
  template <class Body>
  Result<void> write(std::string_view region, Body body) {
    consent::Consents& consents = *TRY(consents_of(region));
    return parts_.events->cell(region)->region->writer().run(
        [&](db::Transaction& tx) -> Result<void> { return body(consents, tx); });
  }

  Result<consent::Consents*> consents_of(std::string_view region) {
    const auto cells = parts_.events->cells();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (cells[i].region->id() == region) return parts_.consents[i];
    }
    return unknown_region();
  }

  // The customer behind an identity, by a look.
  struct Seen {
    std::string handle;  // empty: the gate does not let the viewer, or nobody is there
    sources::Mode mode = sources::Mode::live;
  };
  Result<Seen> seen_as(const customers::Viewer& viewer, std::string_view region, IdentityId who) {
    auto page = parts_.customers->page(viewer, customers::format_handle(region, who));
    if (page) return Seen{std::move(page->handle), page->mode};
    const Error& error = page.error();
    if (error.code == "use_denied" || error.kind == ErrorKind::not_found) return Seen{{}, viewer.mode};
    return std::unexpected(error);
  }

  // Who is limited to a unit sees that and when something was said, and neither what another unit noted of it nor an
  // address that their own sources did not bring.
  static void withhold(const customers::Viewer& viewer, const identity::Customer& seen,
                       std::span<consent::Statement> statements) {
    if (viewer.unit.empty()) return;
    std::set<std::pair<identity::KeyKind, std::string_view>> known;
    for (const identity::Identity& member : seen.identities) {
      for (const identity::HeldKey& key : member.keys) known.emplace(key.kind, key.value);
    }
    for (consent::Statement& statement : statements) {
      statement.proof.declaration.clear();
      statement.proof.evidence.clear();
      statement.proof.role.clear();
      if (statement.address && !known.contains({statement.address->kind, statement.address->value})) {
        statement.address.reset();
      }
    }
  }

  static std::string country_of(const identity::Customer& customer, IdentityId who) {
    for (const identity::Identity& member : customer.identities) {
      if (member.id == who) return member.country;
    }
    return {};
  }

  Whose whose_of(const identity::Customer& customer) const {
    Whose out{countries_of(customer)};
    for (const identity::Identity& member : customer.identities) {
      const auto source = parts_.sources->find(Id<sources::Source>{member.source});
      out.for_children = out.for_children || (source && source->for_children);
    }
    return out;
  }

  // What the outbox would say is said here too: the law alone lets nothing leave.
  Result<void> add_obstacles(const customers::Viewer& viewer, const customers::Page& page, std::vector<Line>& lines) {
    if (!outbox_) return {};
    identity::Identities& identities = *parts_.events->cell(page.region)->identities;
    return read(page.region, [&](consent::Consents&, db::Transaction& tx) -> Result<void> {
      for (Line& line : lines) {
        if (!line.ruling || !line.ruling->allowed()) continue;
        const auto [purpose, channel] = std::pair(line.standing.purpose, line.standing.channel);
        // By the addresses that were taken for it; who is limited to a unit, by those that they see.
        identity::Customer customer = page.customer;
        if (viewer.unit.empty()) {
          customer = TRY(identities.customer(tx, page.customer.identities.front().id, {purpose}));
        }
        line.obstacle = TRY(obstacle_of(tx, *outbox_, page.region, customer, purpose, channel));
      }
      return {};
    });
  }

  Line line_of(consent::Standing standing, const Whose& whose, const std::shared_ptr<const law::RuleSet>& law,
               Time now) {
    Line line;
    line.law = law;
    const law::Day today = law::day_of(now);
    const bool weighed = parts_.notices->weighed(now).has(standing.purpose);
    for (const std::string& country : whose.countries) {
      if (standing.last_no && standing.state != gate::ConsentState::given) {
        const law::Norm& pause = law->norm(country, law::Topic::re_ask_pause, Channel::none, today);
        const Time again = law::after(*standing.last_no, pause.term);
        if (again > now && (!line.ask_again_at || *line.ask_again_at < again)) line.ask_again_at = again;
      }
      if (standing.channel == Channel::none) continue;
      // Of several countries the strictest decides.
      if (line.ruling && !line.ruling->allowed()) continue;
      const gate::Question question =
          message_of(standing, gate::Basis::consent, weighed, country, whose.for_children, now);
      line.ruling = gate::rule(question, *law);
      line.country = country;
      if (line.ruling->allowed()) continue;
      // Where the law permits it until somebody objects, no consent is needed.
      const gate::Ruling without = gate::rule(
          message_of(standing, gate::Basis::legitimate_interest, weighed, country, whose.for_children, now), *law);
      if (without.allowed()) {
        line.ruling = without;
      } else {
        line.remedies = gate::remedies(question, *law);
      }
    }
    line.standing = std::move(standing);
    return line;
  }

  Result<void> check(const Note& note, Time now) {
    const bool yes = consent::is_yes(note.act);
    if (note.said_at && *note.said_at > now + kAhead) return wrong("/said_at", "must not lie in the future");
    if (yes && note.notice.empty() && text::is_blank(note.declaration)) {
      return wrong("/declaration", "or /notice is required: what exactly was agreed to");
    }
    if (yes && text::is_blank(note.evidence)) {
      return wrong("/evidence", "is required: how this can be shown later, such as the number of the recording");
    }
    return {};
  }

  Result<consent::Statement> statement_of(const customers::Viewer& viewer, const customers::Page& page,
                                          const Note& note, Time now) {
    consent::Statement out;
    out.act = note.act;
    out.purpose = note.purpose;
    out.channel = note.channel;
    out.way = note.way;
    out.strength = gate::Strength::stated;
    out.guardian = note.guardian;
    out.received_at = now;
    out.occurred_at = std::min(note.said_at.value_or(now), now);
    out.proof = {note.language, note.declaration, note.evidence, viewer.role};
    out.identity = page.customer.identities.front().id;
    TRY(take_address(page, note, out));
    TRY(take_notice(note, out));
    const law::Norm& proof = parts_.law->current()->norm(country_of(page.customer, out.identity),
                                                         law::Topic::consent_proof, out.channel, law::day_of(now));
    out.keep_until = law::after(out.occurred_at, proof.term);
    return out;
  }

  // The identity that holds the address speaks; an address that nobody of them holds is taken all the same: people have
  // new ones.
  Result<void> take_address(const customers::Page& page, const Note& note, consent::Statement& out) {
    const auto kind = consent::address_kind(note.channel);
    if (note.address.empty()) {
      if (kind && !consent::is_no(note.act)) return wrong("/address", "is required: a yes for this channel is for one");
      return {};
    }
    if (!kind) return wrong("/address", "must be left out: this channel is for the person");
    std::string space;
    for (const identity::Identity& member : page.customer.identities) {
      const auto source = parts_.sources->find(Id<sources::Source>{member.source});
      if (!source) continue;
      auto key = identity::make_key(*kind, note.address, {source->id_space(), source->address_space(), member.country});
      if (!key) return wrong("/address", "must be an address by which this channel reaches people");
      if (!out.address) out.address = *key;
      const bool held = std::any_of(member.keys.begin(), member.keys.end(), [&](const identity::HeldKey& each) {
        return each.kind == key->kind && each.value == key->value;
      });
      if (!held) continue;
      out.address = std::move(*key);
      out.identity = member.id;
      break;
    }
    if (!out.address) return wrong("/address", "can't be understood without a source of this customer");
    return {};
  }

  Result<void> take_notice(const Note& note, consent::Statement& out) {
    if (note.notice.empty()) return {};
    auto notice =
        note.version == 0 ? parts_.notices->published(note.notice) : parts_.notices->find(note.notice, note.version);
    if (!notice) return std::unexpected(notice.error());
    const notices::NoticeVersion& shown = **notice;
    if (!shown.covers(note.purpose, note.channel)) {
      return wrong("/notice", "must be one that speaks of this purpose and channel");
    }
    // What was said before it was retired may still be taken down.
    if (consent::is_yes(note.act) && shown.retired_at && out.occurred_at >= *shown.retired_at) {
      return fail(ErrorKind::conflict, "notice_retired",
                  "Nobody can agree under this version any more; show the newest and ask anew.");
    }
    if (consent::is_yes(note.act) && shown.published_at && out.occurred_at < *shown.published_at) {
      return wrong("/said_at", "must not lie before the notice was published");
    }
    const notices::Text* text = shown.text_in(note.language);
    if (text == nullptr) return wrong("/language", "must be one in which the notice is written");
    out.notice = {shown.id, shown.version, shown.hash};
    out.proof.language = text->language;
    out.proof.declaration = text->whole();
    if (!note.declaration.empty()) out.proof.declaration += "\n\n" + note.declaration;
    out.explicit_consent = shown.explicit_consent;
    out.quiet_hours = shown.quiet_hours;
    out.recipient_named = shown.names_recipients;
    if (consent::is_yes(note.act) && shown.validity.count > 0) {
      out.expires_at = law::after(out.occurred_at, shown.validity);
    }
    return {};
  }

  void complete(Receipt& receipt) {
    if (auto notice = parts_.notices->find(receipt.statement.notice.id, receipt.statement.notice.version)) {
      receipt.notice = *notice;
    }
    receipt.entry = parts_.notices->entry(receipt.statement.purpose);
  }

  Parts parts_;
  std::optional<Outbox> outbox_;
};

}  // namespace

std::string format_statement(std::string_view region, consent::StatementId id) {
  return fmt::format("{}-c{}", region, id.value);
}

std::unique_ptr<Preferences> Preferences::create(Parts parts) {
  return std::make_unique<PreferencesImpl>(std::move(parts));
}

}  // namespace handschlag::preferences
