#include "features/feed/feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <unordered_map>

#include "features/customers/customers.h"
#include "features/events/on_record.h"
#include "features/feed/waiting.h"
#include "platform/base/label.h"

namespace handschlag::feed {
namespace {

constexpr std::chrono::milliseconds kLookEvery{100};
constexpr std::size_t kWaiters = 200;
constexpr std::size_t kAskAtOnce = 50;  // events whose people's consents are looked up in one snapshot

std::unexpected<Error> invalid(std::string field, std::string reason) {
  std::string detail = fmt::format("{} {}.", field, reason);
  return fail(ErrorKind::invalid, "fields_invalid", std::move(detail), {{std::move(field), std::move(reason)}});
}

// Asks the gate, once for each set of purposes that events were stored for.
class Rulings {
 public:
  Rulings(const Recipient& recipient, const law::RuleSet& law, const gate::Interests& interests, Time now)
      : recipient_(recipient), law_(law), weighed_(interests.weighed(now)), now_(now) {}

  const gate::Ruling& of(gate::PurposeSet stored_for) {
    auto [it, fresh] = known_.try_emplace(stored_for.bits());
    if (fresh) it->second = rule(stored_for);
    return it->second;
  }

  gate::Ruling rule(gate::PurposeSet stored_for) const { return gate::rule(question_of(stored_for), law_); }

  // Of a source of special kinds of data: by what holds of its person's consent now.
  Result<gate::Ruling> rule_on_record(db::Transaction& tx, events::OnRecord& record, const events::Event& event) const {
    gate::Question question = question_of(event.purposes);
    TRY(record.fill(tx, event.source, event.identity, question));
    return gate::rule(question, law_);
  }

 private:
  gate::Question question_of(gate::PurposeSet stored_for) const {
    gate::Question question;
    question.use = gate::Use::export_;
    question.purpose = recipient_.purpose;
    question.basis = gate::info(recipient_.purpose).default_basis;
    question.interest_weighed = weighed_.has(recipient_.purpose);
    question.consent = gate::ConsentState::given;  // what is stored for it was given for it
    question.stored_for = stored_for;
    question.granted = recipient_.granted;
    question.role = recipient_.role;
    question.at = now_;
    return question;
  }

  const Recipient& recipient_;
  const law::RuleSet& law_;
  const gate::PurposeSet weighed_;
  const Time now_;
  std::unordered_map<std::int64_t, gate::Ruling> known_;
};

class FeedImpl final : public Feed {
 public:
  FeedImpl(events::Events& events, sources::Sources& sources, const law::InForce& law,
           std::vector<ledger::Ledger*> ledgers, const Clock& clock, const gate::Interests& interests)
      : events_(events),
        sources_(sources),
        law_(law),
        interests_(interests),
        ledgers_(std::move(ledgers)),
        clock_(clock),
        waiting_([this](const std::string& region) { return last(region).value_or(0); }, kLookEvery, kWaiters) {}

  Result<void> check(const Filter& filter) const override {
    if (events_.cell(filter.region) == nullptr) return invalid("region", "must be the name of a region");
    TRY(numbers_of(filter));
    if (filter.names.size() > kMaxNames) return invalid("names", fmt::format("must be at most {}", kMaxNames));
    for (const std::string& name : filter.names) {
      if (!is_label(name, kMaxNameBytes)) {
        return invalid("names", fmt::format("must have 1 to {} bytes each", kMaxNameBytes));
      }
    }
    return {};
  }

  Result<Page> read(const Recipient& recipient, const Filter& filter, std::int64_t after, std::size_t limit) override {
    TRY(check(filter));
    if (after > TRY(last(filter.region))) {
      return fail(
          ErrorKind::conflict, "cursor_ahead",
          "The cursor lies beyond the region's last event, as after a restored backup; begin without a cursor.");
    }
    events::FeedQuery query = TRY(query_of(recipient, filter));
    query.after = after;
    query.limit = std::min(limit, kMaxPage);
    return release(recipient, filter, query);
  }

  Result<std::optional<events::Event>> read_one(const Recipient& recipient, const Filter& filter,
                                                std::int64_t seq) override {
    TRY(check(filter));
    events::FeedQuery query = TRY(query_of(recipient, filter));
    query.after = seq - 1;
    query.through = seq;
    query.limit = 1;
    Page page = TRY(release(recipient, filter, query));
    std::optional<events::Event> out;
    if (!page.items.empty()) out = std::move(page.items.front());
    return out;
  }

  Result<std::int64_t> last(std::string_view region) override {
    events::Cell* cell = events_.cell(region);
    if (cell == nullptr) return fail(ErrorKind::not_found, "region_unknown", "There is no such region.");
    std::int64_t seq = 0;
    TRY(cell->region->data().read([&](db::Transaction& tx) -> Result<void> {
      seq = TRY(events_.last_seq(tx));
      return {};
    }));
    return seq;
  }

  bool wait(std::string_view region, std::int64_t after, std::chrono::milliseconds time,
            std::function<void()> ready) override {
    return waiting_.add(std::string(region), after, time, std::move(ready));
  }
  void stop() override { waiting_.stop(); }

 private:
  Result<std::vector<std::int64_t>> numbers_of(const Filter& filter) const {
    if (filter.sources.size() > events::kMaxFeedSources) {
      return invalid("sources", fmt::format("must be at most {}; leave them out for all", events::kMaxFeedSources));
    }
    std::vector<std::int64_t> out;
    for (const std::string& id : filter.sources) {
      auto source = sources_.find(id);
      if (!source) return invalid("sources", "must be ids of sources that are there");
      if (source->mode != filter.mode) {
        return invalid("sources", fmt::format("must be of one mode; {} is a {} source, ask with mode {}", id,
                                              name_of(source->mode), name_of(source->mode)));
      }
      out.push_back(source->number.value);
    }
    return out;
  }

  Result<events::FeedQuery> query_of(const Recipient& recipient, const Filter& filter) const {
    gate::Ruling ruling = Rulings(recipient, *law_.current(), interests_, clock_.now()).rule({recipient.purpose});
    if (!ruling.allowed()) {
      return fail(ErrorKind::forbidden, "use_denied", gate::reason(ruling, recipient.purpose, recipient.language));
    }
    events::FeedQuery query;
    query.purposes = {recipient.purpose};
    query.sources = TRY(numbers_of(filter));
    query.types = filter.types;
    query.mode = filter.mode;
    return query;
  }

  // Reads, rules, writes the ledger, and only then lets go of anything.
  Result<Page> release(const Recipient& recipient, const Filter& filter, const events::FeedQuery& query) {
    events::Cell& cell = *events_.cell(filter.region);
    events::FeedPage found = TRY(events_.feed(cell, query));
    Page page{{}, found.through, found.more};
    const auto law = law_.current();
    Rulings rulings(recipient, *law, interests_, clock_.now());
    std::set<IdentityId> people;
    std::vector<ledger::Entry> entries;
    std::erase_if(found.items, [&](const events::Event& event) { return !is_named(filter, event); });
    const auto special = TRY(rule_on_record(cell, rulings, found.items));
    for (events::Event& event : found.items) {
      const auto own = special.find(event.seq);
      const gate::Ruling& ruling = own != special.end() ? own->second : rulings.of(event.purposes);
      if (!ruling.allowed()) continue;
      if (people.insert(event.identity).second) entries.push_back(entry_of(recipient, event.identity, ruling));
      page.items.push_back(std::move(event));
    }
    TRY(ledgers_[static_cast<std::size_t>(&cell - events_.cells().data())]->record(std::move(entries)));
    return page;
  }

  // The rulings on events of sources of special kinds of data, by their positions.
  Result<std::map<std::int64_t, gate::Ruling>> rule_on_record(events::Cell& cell, const Rulings& rulings,
                                                              std::span<const events::Event> items) const {
    events::OnRecord record(sources_, cell, clock_.now());
    std::vector<const events::Event*> special;
    for (const events::Event& event : items) {
      if (record.concerns(event.source)) special.push_back(&event);
    }
    std::map<std::int64_t, gate::Ruling> out;
    for (std::size_t from = 0; from < special.size(); from += kAskAtOnce) {
      TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
        for (std::size_t i = from; i < std::min(special.size(), from + kAskAtOnce); ++i) {
          out[special[i]->seq] = TRY(rulings.rule_on_record(tx, record, *special[i]));
        }
        return {};
      }));
    }
    return out;
  }

  static bool is_named(const Filter& filter, const events::Event& event) {
    if (filter.names.empty()) return true;
    auto name = event.body.find("name");
    return name != event.body.end() && name->is_string() &&
           std::find(filter.names.begin(), filter.names.end(), name->get_ref<const std::string&>()) !=
               filter.names.end();
  }

  ledger::Entry entry_of(const Recipient& recipient, IdentityId identity, const gate::Ruling& ruling) const {
    ledger::Entry entry;
    entry.identity = identity;
    entry.at = clock_.now();
    entry.use = gate::Use::export_;
    entry.purposes = {recipient.purpose};
    entry.decision = ruling.decision;
    entry.rules = {ruling.rules[0]};
    entry.rule_set = ruling.rule_set;
    entry.role = recipient.role;
    entry.operation = recipient.operation;
    return entry;
  }

  events::Events& events_;
  sources::Sources& sources_;
  const law::InForce& law_;
  const gate::Interests& interests_;
  const std::vector<ledger::Ledger*> ledgers_;
  const Clock& clock_;
  Waiting waiting_;  // last: its thread uses all of the above
};

}  // namespace

std::string_view name_of(Payload payload) {
  return payload == Payload::full ? "full" : "slim";
}

std::optional<Payload> find_payload(std::string_view name) {
  if (name == "full") return Payload::full;
  if (name == "slim") return Payload::slim;
  return std::nullopt;
}

json::Value to_json(const sources::Sources& sources, std::string_view region, const events::Event& event,
                    Payload payload) {
  auto source = sources.find(Id<sources::Source>{event.source});
  json::Value out = {{"id", customers::format_event_id(region, event.seq)},
                     {"type", events::name_of(event.type)},
                     {"region", region},
                     {"source", source ? source->id : std::to_string(event.source)},
                     {"mode", sources::name_of(source ? source->mode : sources::Mode::live)},
                     {"touchpoint", source ? json::Value(source->touchpoint) : json::Value()},
                     {"identity", customers::format_handle(region, event.identity)},
                     {"occurred_at", format_time(event.occurred_at)},
                     {"received_at", format_time(event.received_at)}};
  if (payload == Payload::slim) return out;
  out["purposes"] = event.purposes.names();
  customers::add_body(out, event);
  return out;
}

std::unique_ptr<Feed> Feed::create(events::Events& events, sources::Sources& sources, const law::InForce& law,
                                   std::vector<ledger::Ledger*> ledgers, const Clock& clock,
                                   const gate::Interests& interests) {
  return std::make_unique<FeedImpl>(events, sources, law, std::move(ledgers), clock, interests);
}

}  // namespace handschlag::feed
