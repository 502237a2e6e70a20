#include "features/consent_imports/consent_imports.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>

#include "features/consent_imports/file_run.h"
#include "features/consent_imports/lines.h"

namespace handschlag::consent_imports {
namespace {

// In the audit: nothing was taken over, but somebody learned who is known.
constexpr std::string_view kDryRun = "consents checked";

// Who a line is about.
struct Who {
  const Place* place = nullptr;
  IdentityId id;
  bool erased = false;  // they were known, and are to stay unknown
  identity::Key key;
  std::optional<identity::Key> address;
};

// A line on its way.
struct Item {
  const Line* line;
  LineReport* report;
  Who who;
  std::optional<std::size_t> made;  // whose number: that of so many sightings
};

// What is being taken, and of a dry run what would have been; by digest, since a file may be long.
struct Taking {
  sources::SourcePointer source;
  const By& by;
  bool dry = false;
  std::unordered_set<std::size_t> made;
  std::unordered_set<std::size_t> said;
};

void refuse(LineReport& report, std::string field, std::string reason) {
  report.outcome = Outcome::refused;
  report.field = std::move(field);
  report.reason = std::move(reason);
}

class Impl final : public ConsentImports {
 public:
  explicit Impl(Parts parts) : parts_(std::move(parts)) {}

  Result<Report> take(const File& file, const By& by) override {
    Taking taking{TRY(source_of(file.source)), by, file.dry_run, {}, {}};
    const std::vector<Read> lines = TRY(read_lines(file.format, file.text, parts_.clock->now()));
    Report report;
    report.lines.resize(lines.size());
    TRY(audited(taking, fmt::format(" lines:{}", lines.size()), [&]() -> Result<void> {
      for (std::size_t from = 0; from < lines.size(); from += kAtOnce) {
        const std::size_t some = std::min(kAtOnce, lines.size() - from);
        TRY(take_some(taking, std::span(lines).subspan(from, some), std::span(report.lines).subspan(from, some)));
      }
      return {};
    }));
    for (const LineReport& line : report.lines) count(line, report);
    return report;
  }

  Result<FileReport> take_file(const Job& job, const By& by, imports::Progress& progress) override {
    Taking taking{TRY(source_of(job.source)), by, job.dry_run, {}, {}};
    FileReport report;
    TRY(audited(taking, "", [&]() -> Result<void> {
      report = TRY(run_file(job, parts_.clock->now(), progress,
                            [&](auto lines, auto reports) { return take_some(taking, lines, reports); }));
      return {};
    }));
    return report;
  }

 private:
  Result<sources::SourcePointer> source_of(std::string_view id) const {
    auto source = parts_.sources->find(id);
    if (!source) return fail(ErrorKind::not_found, "source_unknown", "There is no such source.");
    return source;
  }

  template <class Body>
  Result<void> audited(const Taking& taking, std::string_view more, Body body) {
    const By& by = taking.by;
    const std::string target = fmt::format("source:{}{}", taking.source->id, more);
    const std::string operation = taking.dry ? std::string(kDryRun) : by.operation;
    TRY(parts_.staff->record({by.principal, operation, target, by.trace_id, staff::Outcome::ok}));
    auto done = body();
    if (!done) TRY(parts_.staff->record({by.principal, operation, target, by.trace_id, staff::Outcome::failed}));
    return done;
  }

  static void count(const LineReport& line, Report& report) {
    if (line.outcome == Outcome::taken) ++report.taken;
    if (line.outcome == Outcome::there_already) ++report.there_already;
    if (line.outcome == Outcome::refused) ++report.refused;
    if (line.made) ++report.made;
    if (line.proof_gaps) ++report.proof_gaps;
  }

  Result<void> take_some(Taking& taking, std::span<const Read> lines, std::span<LineReport> reports) {
    std::map<const Place*, std::vector<Item>> by_place;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const Read& read = lines[i];
      LineReport& told = reports[i];
      told.line = read.number;
      if (!read.line) {
        refuse(told, read.field, read.reason);
        continue;
      }
      const auto who = TRY(find(*taking.source, *read.line, told));
      if (who) by_place[who->place].push_back({&*read.line, &told, *who, {}});
    }
    for (auto& [place, items] : by_place) {
      auto work = [&, there = place, some = &items](db::Transaction& tx) {
        return taking.dry ? judge(tx, *there, taking, *some) : write(tx, *there, *taking.source, taking.by, *some);
      };
      TRY(taking.dry ? place->region->data().read(work) : place->region->writer().run(work));
    }
    return {};
  }

  // Nothing: it was refused.
  Result<std::optional<Who>> find(const sources::Source& source, const Line& line, LineReport& told) {
    const std::string ids = source.id_space();
    const std::string addresses = source.address_space();
    const std::string& country = line.country.empty() ? source.country : line.country;
    const identity::Place where{ids, addresses, country};
    auto key = identity::make_key(line.kind, line.key, where);
    if (!key) {
      refuse(told, "key", "is no usable value of its kind");
      return std::optional<Who>();
    }
    Who who;
    who.key = *std::move(key);
    if (!take_address(line, where, who, told)) return std::optional<Who>();
    TRY(find_person(who));
    if (who.place == nullptr) who.place = place_of(parts_.regions->of_country(country).id());
    if (who.place == nullptr) return fail(ErrorKind::internal, "region_unknown", "A region is not served.");
    return std::optional(std::move(who));
  }

  static bool take_address(const Line& line, const identity::Place& where, Who& who, LineReport& told) {
    const auto kind = consent::address_kind(line.channel);
    if (line.address.empty()) {
      if (kind && who.key.kind == *kind) who.address = who.key;
    } else if (!kind) {
      refuse(told, "address", "must be empty: this channel is for the person");
      return false;
    } else {
      auto made = identity::make_key(*kind, line.address, where);
      if (!made) {
        refuse(told, "address", "must be an address by which this channel reaches people");
        return false;
      }
      who.address = *std::move(made);
    }
    if (kind && !who.address && consent::is_yes(line.act)) {
      refuse(told, "address", "is required: a yes for this channel is one for an address");
      return false;
    }
    return true;
  }

  // Who is made from the key, wherever they live now; else who surely holds it.
  Result<void> find_person(Who& who) {
    for (const Place& place : parts_.places) {
      identity::Sighting::Known known;
      TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
        known = TRY(place.identities->knows(tx, {&who.key, 1})).front();
        return {};
      }));
      if (!known.id) continue;
      const auto at = parts_.where(place.region->id(), known.id);
      if (!at && at.error().kind != ErrorKind::not_found) return std::unexpected(at.error());
      const Place* there = at ? place_of(at->region) : nullptr;
      if (there != nullptr && TRY(is_there(*there, at->identity))) {
        who.place = there;
        who.id = at->identity;
        return {};
      }
      who.erased = true;
    }
    for (const Place& place : parts_.places) {
      std::vector<identity::Identities::Found> holders;
      TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
        holders = TRY(place.identities->find(tx, {&who.key, 1}, gate::PurposeSet::all()));
        return {};
      }));
      for (const auto& holder : holders) {
        if (holder.standing == identity::Standing::claimed || !TRY(is_there(place, holder.id))) continue;
        who.place = &place;
        who.id = holder.id;
        return {};
      }
    }
    return {};
  }

  static Result<bool> is_there(const Place& place, IdentityId identity) {
    if (!TRY(place.vault->find({&identity, 1}, vault::RetentionClass::ordinary)).front()) return false;
    bool there = false;
    TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
      there = TRY(place.identities->source_of(tx, identity)) != 0;
      return {};
    }));
    return there;
  }

  const Place* place_of(std::string_view region) const {
    const auto found = std::find_if(parts_.places.begin(), parts_.places.end(),
                                    [&](const Place& each) { return each.region->id() == region; });
    return found == parts_.places.end() ? nullptr : &*found;
  }

  // What would become of them.
  Result<void> judge(db::Transaction& tx, const Place& place, Taking& taking, std::vector<Item>& items) {
    const std::hash<std::string> digest;
    const sources::Source& source = *taking.source;
    for (Item& item : items) {
      if (item.who.id || item.who.erased || !TRY(may_make(tx, place, source, item))) continue;
      item.report->made = taking.made.insert(digest(identity::message_of(item.who.key))).second;
    }
    for (Item& item : items) {
      const bool known = item.who.id || taking.made.contains(digest(identity::message_of(item.who.key)));
      if (!TRY(passes(tx, place, source, item, known))) continue;
      if (!taking.said.insert(digest(text_of(item))).second) {
        item.report->outcome = Outcome::there_already;
      } else {
        take(item);
      }
    }
    return {};
  }

  // What tells a statement apart.
  static std::string text_of(const Item& item) {
    const Line& line = *item.line;
    const auto address = address_of(item);
    return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", identity::message_of(item.who.key),
                       address ? identity::message_of(*address) : "", static_cast<int>(line.act),
                       static_cast<int>(line.purpose), static_cast<int>(line.channel),
                       to_millis(line.said_between.first), to_millis(line.said_between.second));
  }

  // May run twice: everything it says is said anew.
  Result<void> write(db::Transaction& tx, const Place& place, const sources::Source& source, const By& by,
                     std::vector<Item>& items) {
    for (Item& item : items) {
      const std::int64_t number = item.report->line;
      *item.report = {};
      item.report->line = number;
      item.made.reset();
    }
    std::vector<IdentityId> people = TRY(make_people(tx, place, source, items));
    for (const Item& item : items) {
      if (item.who.id) people.push_back(item.who.id);
    }
    std::sort(people.begin(), people.end());
    people.erase(std::unique(people.begin(), people.end()), people.end());
    TRY(place.vault->create(people, vault::RetentionClass::consent_proof));  // all at once: each is durable
    for (Item& item : items) TRY(write_one(tx, place, source, by, item));
    return {};
  }

  // Makes those who become known by a yes; their items know them then.
  Result<std::vector<IdentityId>> make_people(db::Transaction& tx, const Place& place, const sources::Source& source,
                                              std::vector<Item>& items) {
    std::vector<identity::Sighting> seen;
    std::map<std::string, std::size_t> numbers;
    for (Item& item : items) {
      if (item.who.id || item.who.erased || !TRY(may_make(tx, place, source, item))) continue;
      const auto [at, fresh] = numbers.try_emplace(identity::message_of(item.who.key), seen.size());
      if (fresh) seen.push_back(sighting_of(source, item));
      seen[at->second].purposes.add(item.line->purpose);
      item.report->made = fresh;
    }
    for (Item& item : items) {
      const auto found = numbers.find(identity::message_of(item.who.key));
      if (found != numbers.end()) item.made = found->second;
    }
    std::vector<const identity::Sighting*> pointers;
    for (const identity::Sighting& each : seen) pointers.push_back(&each);
    if (pointers.empty()) return std::vector<IdentityId>{};
    auto made = TRY(place.identities->record(tx, pointers));
    for (Item& item : items) {
      if (item.made) item.who.id = made[*item.made];
    }
    return made;
  }

  Result<bool> may_make(db::Transaction& tx, const Place& place, const sources::Source& source, const Item& item) {
    const Line& line = *item.line;
    if (!consent::is_yes(line.act) || line.strength_kept() < gate::Strength::stated) return false;
    if (!source.purpose_set().has(line.purpose)) return false;
    if (TRY(was_said(tx, place, item))) return false;
    gate::Question question;
    question.purpose = line.purpose;
    question.basis = gate::Basis::consent;
    question.consent = gate::ConsentState::given;
    question.strength = line.strength_kept();
    question.explicit_consent = line.explicit_consent;
    question.guardian = line.guardian;
    question.for_children = source.for_children;
    question.categories = source.data_categories;
    question.consented_at = *line.said_at;
    question.controller = source.controller;
    question.country = country_of(source, line);
    question.at = parts_.clock->now();
    return gate::rule(question, *parts_.law->current()).decision == gate::Decision::allow;
  }

  static const std::string& country_of(const sources::Source& source, const Line& line) {
    return line.country.empty() ? source.country : line.country;
  }

  identity::Sighting sighting_of(const sources::Source& source, const Item& item) const {
    const bool sure = source.trust == sources::Trust::server || item.line->strength_kept() == gate::Strength::confirmed;
    identity::Sighting seen;
    seen.own = item.who.key;
    if (item.who.address && *item.who.address != item.who.key) seen.attributes = {*item.who.address};
    seen.basis = gate::Basis::consent;
    seen.standing = sure ? identity::Standing::confirmed : identity::Standing::claimed;
    seen.source = source.number.value;
    seen.origin = source.id;
    seen.country = country_of(source, *item.line);
    seen.at = parts_.clock->now();
    return seen;
  }

  Result<bool> was_said(db::Transaction& tx, const Place& place, const Item& item) {
    consent::Statement said;
    said.identity = item.who.id;
    said.act = item.line->act;
    said.purpose = item.line->purpose;
    said.channel = item.line->channel;
    said.address = address_of(item);
    if (!said.identity && !said.address) return false;
    return place.consents->was_said(tx, said, item.line->said_between.first, item.line->said_between.second);
  }

  // A no of somebody unknown is one for the address by which they were named.
  static std::optional<identity::Key> address_of(const Item& item) {
    const bool by_address =
        item.who.key.kind == identity::KeyKind::email || item.who.key.kind == identity::KeyKind::phone;
    const auto kind = consent::address_kind(item.line->channel);
    if (item.who.address || item.who.id || !by_address || (kind && *kind != item.who.key.kind)) return item.who.address;
    return item.who.key;
  }

  // Whether it can be taken; else it says why not. `known`: its person is, or is made.
  Result<bool> passes(db::Transaction& tx, const Place& place, const sources::Source& source, Item& item, bool known) {
    if (TRY(was_said(tx, place, item))) {
      item.report->outcome = Outcome::there_already;
      return false;
    }
    if (known || (!consent::is_yes(item.line->act) && address_of(item))) return true;
    refuse_unknown(source, item);
    return false;
  }

  static void take(Item& item) {
    LineReport& told = *item.report;
    told.outcome = Outcome::taken;
    told.strength = item.line->strength_kept();
    told.proof_gaps = consent::is_yes(item.line->act) && told.strength < gate::Strength::stated;
  }

  Result<void> write_one(db::Transaction& tx, const Place& place, const sources::Source& source, const By& by,
                         Item& item) {
    const Line& line = *item.line;
    if (!TRY(passes(tx, place, source, item, bool(item.who.id)))) return {};
    consent::Statement said = statement_of(by, item);
    const std::string country = TRY(place.identities->country_of(tx, said.identity)).value_or(country_of(source, line));
    const law::Norm& proof =
        parts_.law->current()->norm(country, law::Topic::consent_proof, said.channel, law::day_of(parts_.clock->now()));
    said.keep_until = law::after(said.occurred_at, proof.term);
    const auto id = place.consents->record(tx, std::move(said));
    if (!id) return refuse_or_fail(id.error(), *item.report);
    take(item);
    if (item.who.id) item.report->statement = fmt::format("{}-c{}", place.region->id(), id->value);
    return {};
  }

  void refuse_unknown(const sources::Source& source, Item& item) const {
    const Line& line = *item.line;
    if (item.who.erased) return refuse(*item.report, "key", "was erased here, and does not come back by an import");
    if (consent::is_no(line.act)) {
      return refuse(*item.report, "address", "is required: nobody of this key is known, so the no needs an address");
    }
    if (!line.proven()) {
      return refuse(*item.report, "evidence",
                    "with declaration and said_at is required: nobody of this key is known, and a yes that can't be "
                    "shown makes nobody known");
    }
    if (!source.purpose_set().has(line.purpose)) {
      return refuse(*item.report, "purpose", "must be one of the source's: nobody of this key is known");
    }
    refuse(*item.report, "key", "is of nobody who is known, and the law does not let them be stored for this yes");
  }

  consent::Statement statement_of(const By& by, const Item& item) const {
    const Line& line = *item.line;
    const Time now = parts_.clock->now();
    consent::Statement out;
    out.identity = item.who.id;
    out.act = line.act;
    out.purpose = line.purpose;
    out.channel = line.channel;
    out.address = address_of(item);
    out.way = consent::Way::imported;
    out.strength = line.strength_kept();
    out.explicit_consent = line.explicit_consent && line.proven();
    out.guardian = line.guardian && line.proven();
    out.received_at = now;
    out.occurred_at = std::min(line.said_at.value_or(now), now);
    if (consent::is_yes(line.act)) out.expires_at = line.expires_at;
    out.proof = {line.language, line.declaration, line.evidence, by.role, line.way};
    return out;
  }

  static Result<void> refuse_or_fail(const Error& error, LineReport& told) {
    if (error.code == "customer_moved") {
      refuse(told, "key", "is of somebody who is being moved to another region; send the line again");
    } else if (error.code == "statements_too_many") {
      refuse(told, "key", "is of somebody of whom no more statements can be kept");
    } else if (error.code == "statement_invalid") {
      refuse(told, error.fields.empty() ? "line" : error.fields.front().pointer.substr(1),
             error.fields.empty() ? error.detail : error.fields.front().reason);
    } else {
      return std::unexpected(error);
    }
    return {};
  }

  const Parts parts_;
};

}  // namespace

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::taken:
      return "taken";
    case Outcome::there_already:
      return "there_already";
    case Outcome::refused:
      break;
  }
  return "refused";
}

std::unique_ptr<ConsentImports> ConsentImports::create(Parts parts) {
  return std::make_unique<Impl>(std::move(parts));
}

}  // namespace handschlag::consent_imports
