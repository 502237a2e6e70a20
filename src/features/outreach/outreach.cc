#include "features/outreach/outreach.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "features/outreach/returns.h"
#include "features/outreach/sender.h"
#include "platform/base/cursor.h"
#include "platform/base/label.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

namespace handschlag::outreach {
namespace {

constexpr std::chrono::days kUsualLife{3};
constexpr std::chrono::days kKeepStrangers{7};
constexpr std::chrono::seconds kEvery{1};
constexpr std::chrono::minutes kPurgeEvery{10};
constexpr std::chrono::seconds kShowEvery{10};
constexpr std::int64_t kPurgeRows = 1'000;
constexpr std::size_t kMaxNotTwice = 200;

std::unexpected<Error> unknown_message() {
  return fail(ErrorKind::not_found, "message_unknown", "There is no such message; what ended long ago is removed.");
}

// Where a message can say by a link how to end them.
bool has_link(gate::Channel channel) {
  return channel == gate::Channel::email || channel == gate::Channel::sms;
}

class OutreachImpl final : public Outreach {
 public:
  OutreachImpl(std::vector<Place> places, const law::InForce& law, templates::Shelf& shelf, mail::Mailer* mailer,
               Settings settings, const Clock& clock, metrics::Registry& metrics)
      : places_(std::move(places)),
        law_(law),
        settings_(std::move(settings)),
        clock_(clock),
        meters_(metrics),
        house_{law, shelf, mailer, settings_, clock, meters_},
        sender_(house_),
        returns_(places_, house_) {}

  ~OutreachImpl() override { stop(); }

  void set_facts(Facts& facts) override { house_.facts = &facts; }
  void set_unsubscribe_links(UnsubscribeLinks& links) override { house_.links = &links; }
  void set_gateway(Gateway& gateway) override { house_.gateway = &gateway; }
  bool carries(gate::Channel channel) const override { return house_.carries(channel); }
  bool has_unsubscribe_links() const override { return house_.links != nullptr; }

  std::string_view home() const override { return places_.front().region->id(); }

  Place* place(std::string_view region) override {
    const auto found =
        std::find_if(places_.begin(), places_.end(), [&](const Place& place) { return place.region->id() == region; });
    return found == places_.end() ? nullptr : &*found;
  }

  Result<Decision> propose(db::Transaction& tx, const Proposal& proposal) override {
    Place& place = *TRY(known_place(proposal.region));
    TRY(check(proposal));
    if (proposal.channel != gate::Channel::email && !carries(proposal.channel)) {
      return fail(ErrorKind::conflict, "channel_closed",
                  "No gateway carries text messages here; an operator sets one up under [gateway].");
    }
    const templates::Template& one = *proposal.message;
    const bool ends = templates::needs_unsubscribe(one.purpose);
    // Whatever can't be rendered is told now, to whom it concerns.
    templates::Parameters parameters = proposal.parameters;
    if (ends) parameters.emplace(templates::kUnsubscribe, "https://unsubscribe.invalid/");
    const auto rendered = TRY(templates::render(one, proposal.language, parameters));

    store::Row row;
    Message& message = row.message;
    const Time now = clock_.now();
    message.region = proposal.region;
    // First: it lets proposals wait for each other, so that none slips past a cap.
    message.id = TRY(store::next_id(tx));
    message.identity = proposal.identity;
    message.purpose = one.purpose;
    message.channel = proposal.channel;
    message.template_id = one.id;
    message.version = one.version;
    message.language = rendered.language;
    message.reason = proposal.reason;
    message.requested_by = proposal.requested_by;
    message.created_at = now;
    message.due_at = std::max(now, proposal.not_before.value_or(now));
    message.expires_at = proposal.expires_at.value_or(message.due_at + kUsualLife);
    row.kind = kind_of(one.purpose);
    row.country = proposal.identity ? "" : proposal.country;
    row.token = crypto::random_token(144);
    row.address = TRY(address_digest(*place.vault, proposal.address));

    Asked asked{&place, proposal.identity, proposal.address, one.purpose, message.channel, proposal.country};
    if (proposal.identity) {
      const auto country = TRY(place.identities->country_of(tx, proposal.identity));
      if (!country) return unknown_customer();
      asked.country = *country;
    }
    Ruled ruled = TRY(rule(tx, asked, house_.facts, *law_.current(), ends && house_.links != nullptr, message.due_at));
    message.rule_set = ruled.ruling.rule_set;
    Against against = ruled.denied() ? Against{ruled.reasons, {}} : TRY(what_is_against(tx, row, ruled.agreed_at));
    if (against.reasons.empty() && !proposal.not_twice.empty()) {
      const std::string digest = TRY(once_digest(*place.vault, proposal.identity, proposal.not_twice));
      if (!TRY(store::say_once(tx, digest, proposal.identity, message.id))) against.reasons = {"said_before"};
    }
    if (ruled.later) message.due_at = ruled.due;
    if (ruled.later && message.due_at >= message.expires_at) message.expires_at = message.due_at + kUsualLife;
    return write_down(tx, place, row, proposal, ruled, std::move(against));
  }

  Result<std::string> obstacle(db::Transaction& tx, const Probe& probe) override {
    Place& place = *TRY(known_place(probe.region));
    const auto country = TRY(place.identities->country_of(tx, probe.identity));
    if (!country) return unknown_customer();
    store::Row row;
    row.message.identity = probe.identity;
    row.message.purpose = probe.purpose;
    row.message.channel = probe.channel;
    row.message.created_at = clock_.now();
    row.kind = kind_of(probe.purpose);
    row.address = TRY(address_digest(*place.vault, probe.address));
    const Asked asked{&place, probe.identity, probe.address, probe.purpose, probe.channel, *country, probe.law_at};
    const bool tells =
        templates::needs_unsubscribe(probe.purpose) && (!has_link(probe.channel) || house_.links != nullptr);
    const Ruled ruled =
        TRY(rule(tx, asked, house_.facts, *(probe.law ? probe.law : law_.current()), tells, row.message.created_at));
    const Against against =
        ruled.denied() ? Against{ruled.reasons, {}} : TRY(what_is_against(tx, row, ruled.agreed_at));
    return against.reasons.empty() ? std::string() : against.reasons.front();
  }

  Result<Decision> send_service(db::Transaction& tx, const Service& service) override {
    const templates::Template* one = templates::find_built_in(service.built_in);
    if (one == nullptr) return fail(ErrorKind::internal, "template_unknown", "There is no such built-in template.");
    Proposal proposal;
    proposal.region = service.region;
    proposal.identity = service.identity;
    proposal.address = service.address;
    proposal.message = one;
    proposal.language = service.language;
    proposal.parameters = service.parameters;
    proposal.reason = one->id;
    proposal.expires_at = service.expires_at;
    proposal.country = service.country;
    return propose(tx, proposal);
  }

  void wake() override {
    {
      std::lock_guard lock(mutex_);
      woken_ = true;
    }
    changed_.notify_one();
  }

  Result<MessagePage> list(std::string_view region, const Filter& filter, std::string_view cursor,
                           std::size_t limit) override {
    Place& place = *TRY(known_place(region));
    const std::string name = fmt::format("messages|{}|{}|{}|{}|{}", region, filter.state ? name_of(*filter.state) : "",
                                         filter.purposes.bits(), filter.identity.value, filter.requested_by);
    std::int64_t before = 0;
    if (!cursor.empty()) before = TRY(decode_cursor(cursor, name, 1))[0];
    MessagePage page;
    TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
      page.items = TRY(store::list(tx, region, filter, before, static_cast<std::int64_t>(limit) + 1));
      return {};
    }));
    if (page.items.size() > limit) {
      page.items.pop_back();
      page.next = encode_cursor(name, {page.items.back().id});
    }
    return page;
  }

  Result<Message> get(std::string_view region, std::int64_t id) override {
    Place& place = *TRY(known_place(region));
    std::optional<store::Row> row;
    TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
      row = TRY(store::find(tx, region, id));
      return {};
    }));
    if (!row) return unknown_message();
    return row->message;
  }

  Result<Message> revive(std::string_view region, std::int64_t id) override {
    return change(
        region, id, {State::dead, State::cancelled}, [&](db::Transaction& tx, store::Row& row) -> Result<void> {
          if (row.sealed_content.empty()) {
            return fail(ErrorKind::conflict, "message_not_dead", "Nothing of this message is left to be sent.");
          }
          if (const auto cap = TRY(reached(tx, row, clock_.now()))) {
            return fail(ErrorKind::conflict, "too_often", "At most " + to_text(*cap) + " to a person: try later.");
          }
          row.message.state = State::waiting;
          row.message.due_at = clock_.now();
          row.message.expires_at = clock_.now() + kUsualLife;
          row.message.trace.push_back({clock_.now(), "revived"});
          return {};
        });
  }

  Result<Message> cancel(std::string_view region, std::int64_t id) override {
    return change(region, id, {State::waiting}, [&](db::Transaction&, store::Row& row) -> Result<void> {
      row.message.state = State::cancelled;
      row.message.trace.push_back({clock_.now(), "cancelled"});
      return {};
    });
  }

  Result<Taken> take_back(const mail::Report& report) override {
    const Taken taken = TRY(returns_.take(report));
    meters_.report(name_of(taken));
    return taken;
  }

  Result<std::int64_t> send_due(std::string_view region) override {
    Place* found = place(region);
    if (found == nullptr) return 0;
    std::lock_guard lock(sending_);
    return sender_.send_due(*found);
  }

  Result<std::int64_t> purge(std::string_view region) override {
    Place& place = *TRY(known_place(region));
    std::int64_t removed = 0;
    const Time now = clock_.now();
    TRY(place.region->writer().run([&](db::Transaction& tx) -> Result<void> {
      removed = TRY(store::purge(tx, now - settings_.keep, now - kKeepStrangers, kPurgeRows));
      return {};
    }));
    return removed;
  }

  void start() override {
    std::lock_guard lock(mutex_);
    if (thread_.joinable() || house_.stopping) return;
    thread_ = std::thread([this] { run(); });
  }

  void stop() override {
    {
      std::lock_guard lock(mutex_);
      house_.stopping = true;
    }
    if (house_.mailer != nullptr) house_.mailer->interrupt();
    if (house_.gateway != nullptr) house_.gateway->interrupt();
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  static std::unexpected<Error> unknown_customer() {
    return fail(ErrorKind::not_found, "customer_unknown", "There is nobody of that number here.");
  }

  Result<Place*> known_place(std::string_view region) {
    if (Place* found = place(region)) return found;
    return fail(ErrorKind::not_found, "region_unknown", "There is no such region; see the settings.");
  }

  static Result<void> check(const Proposal& proposal) {
    const bool mails = proposal.channel == gate::Channel::email && proposal.address.kind == identity::KeyKind::email &&
                       mail::is_address(proposal.address.value);
    const bool texts = proposal.channel == gate::Channel::sms && proposal.address.kind == identity::KeyKind::phone;
    if (!mails && !texts) {
      return fail(ErrorKind::invalid, "address_unsupported",
                  "Mail goes to e-mail addresses of ASCII letters, text messages to telephone numbers.");
    }
    const bool good = proposal.message != nullptr && proposal.not_twice.size() <= kMaxNotTwice &&
                      (proposal.reason.empty() || is_slug(proposal.reason, 64)) && proposal.country.size() <= 6;
    if (!good) {
      return fail(ErrorKind::invalid, "proposal_invalid",
                  "The reason is a label of letters, digits, - and _, and what is not said twice has 200 bytes.");
    }
    if (proposal.parameters.contains(std::string(templates::kUnsubscribe))) {
      return fail(ErrorKind::invalid, "parameters_invalid", "Where a message is ended is said by the program.");
    }
    if (!proposal.identity && kind_of(proposal.message->purpose) != Kind::service) {
      return fail(ErrorKind::invalid, "proposal_invalid", "Whoever nobody knows gets messages of service alone.");
    }
    return {};
  }

  struct Against {
    std::vector<std::string> reasons;
    std::optional<Cap> cap;
  };

  // What the law leaves open and decency does not.
  Result<Against> what_is_against(db::Transaction& tx, const store::Row& row, Time agreed_at) {
    const Message& message = row.message;
    const bool by_link = has_link(message.channel) && templates::needs_unsubscribe(message.purpose);
    if (by_link && house_.links == nullptr) return Against{{"no_way_to_unsubscribe"}, {}};
    if (TRY(store::is_unreachable(tx, row.address, agreed_at))) return Against{{"unreachable"}, {}};
    if (const auto cap = TRY(reached(tx, row, std::max(message.created_at, message.due_at))))
      return Against{{"too_often"}, cap};
    return Against{};
  }

  // The cap that one more message at that time would exceed; what is planned for another month does not count.
  Result<std::optional<Cap>> reached(db::Transaction& tx, const store::Row& row, Time at) {
    for (const Cap& cap : settings_.caps) {
      if (cap.kind != row.kind) continue;
      const auto there = TRY(store::count_around(tx, cap.kind, row.message.identity, row.address, at, cap.within));
      if (there >= cap.count) return cap;
    }
    return std::nullopt;
  }

  Result<Decision> write_down(db::Transaction& tx, Place& place, store::Row& row, const Proposal& proposal,
                              const Ruled& ruled, Against against) {
    Message& message = row.message;
    Decision decision;
    decision.message = message.id;
    decision.ruling = ruled.ruling;
    decision.due = message.due_at;
    if (!against.reasons.empty()) {
      decision.outcome = Outcome::denied;
      decision.ruling.decision = gate::Decision::deny;
      decision.reasons = std::move(against.reasons);
      message.state = State::denied;
      row.address.clear();
      row.told = !message.identity;
    } else {
      decision.outcome = ruled.later || message.due_at > message.created_at ? Outcome::later : Outcome::queued;
      decision.reasons = ruled.reasons;
      auto key = sealing_key(*place.vault, message.identity);
      if (!key && key.error().code == "key_destroyed") return unknown_customer();
      if (!key) return std::unexpected(key.error());
      json::Value content = json::Value::object();
      for (const auto& [name, value] : proposal.parameters) content[name] = value;
      const json::Value address = {{"name_space", proposal.address.name_space}, {"value", proposal.address.value}};
      row.sealed_address = crypto::seal(*key, json::dump(address), context_of(message.id, message.identity, "address"));
      row.sealed_content = crypto::seal(*key, json::dump(content), context_of(message.id, message.identity, "content"));
    }
    message.trace.push_back(
        {message.created_at, std::string(name_of(decision.outcome)), decision.reasons, 0, {}, against.cap});
    TRY(store::insert(tx, row));
    meters_.count(name_of(decision.outcome));
    return decision;
  }

  template <class Body>
  Result<Message> change(std::string_view region, std::int64_t id, std::initializer_list<State> from,
                         const Body& body) {
    Place& place = *TRY(known_place(region));
    std::optional<store::Row> row;
    TRY(place.region->writer().run([&](db::Transaction& tx) -> Result<void> {
      row = TRY(store::find(tx, region, id));
      if (!row) return unknown_message();
      const State before = row->message.state;
      const bool fits = std::find(from.begin(), from.end(), before) != from.end();
      if (fits) TRY(body(tx, *row));
      if (fits && TRY(store::change(tx, *row, before))) return {};
      if (*from.begin() == State::waiting) {
        return fail(ErrorKind::conflict, "message_not_waiting",
                    "This message does not wait any more, so it can't be held back.");
      }
      return fail(ErrorKind::conflict, "message_not_dead",
                  "This message was neither given up nor held back; only those can be sent again.");
    }));
    wake();
    return row->message;
  }

  void run() {
    using Steady = std::chrono::steady_clock;
    Steady::time_point purge_due = Steady::now();
    Steady::time_point show_due = Steady::now();
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, kEvery, [this] { return house_.stopping || woken_; });
        if (house_.stopping) return;
        woken_ = false;
      }
      const bool purges = Steady::now() >= purge_due;
      const bool shows = Steady::now() >= show_due;
      for (Place& place : places_) {
        const std::string& region = place.region->id();
        auto sent = send_due(region);
        if (sent && purges) sent = purge(region);
        if (sent && shows) show(place);
        if (!sent) log::warning("messages can't be looked after", {{"code", std::string_view(sent.error().code)}});
      }
      if (purges) purge_due = Steady::now() + kPurgeEvery;
      if (shows) show_due = Steady::now() + kShowEvery;
    }
  }

  void show(Place& place) {
    (void)place.region->data().read([&](db::Transaction& tx) -> Result<void> {
      for (const store::Count& one : TRY(store::counts(tx))) meters_.show(place.region->id(), one.state, one.count);
      return {};
    });
  }

  std::vector<Place> places_;
  const law::InForce& law_;
  const Settings settings_;
  const Clock& clock_;
  Meters meters_;
  Sender::House house_;
  std::mutex sending_;  // one round at a time
  Sender sender_;
  Returns returns_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  std::thread thread_;
};

class OutreachSubject final : public subjects::SubjectData {
 public:
  // Whoever is erased or moves gets nothing any more from here.
  Result<void> hide(db::Transaction& tx, IdentityId identity, subjects::Removal) override {
    return store::drop_pending(tx, identity);
  }
  Result<std::int64_t> erase(db::Transaction& tx, IdentityId identity, Time, std::int64_t limit,
                             subjects::Removal) override {
    return store::erase(tx, identity, limit);
  }
  Result<std::int64_t> forget(db::Transaction& tx, IdentityId identity, std::int64_t limit) override {
    return store::erase(tx, identity, limit);
  }
};

constexpr std::array<std::pair<State, std::string_view>, 7> kStates = {{{State::waiting, "waiting"},
                                                                        {State::sending, "sending"},
                                                                        {State::sent, "sent"},
                                                                        {State::denied, "denied"},
                                                                        {State::dead, "dead"},
                                                                        {State::cancelled, "cancelled"},
                                                                        {State::bounced, "bounced"}}};

}  // namespace

std::string_view name_of(State state) {
  for (const auto& [known, name] : kStates) {
    if (known == state) return name;
  }
  return "cancelled";
}

std::optional<State> find_state(std::string_view name) {
  for (const auto& [state, known] : kStates) {
    if (known == name) return state;
  }
  return std::nullopt;
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::queued:
      return "queued";
    case Outcome::later:
      return "later";
    case Outcome::denied:
      break;
  }
  return "denied";
}

std::string_view name_of(Taken taken) {
  static constexpr std::array<std::string_view, 6> kNames = {"done", "known", "ignored", "unknown", "expired", "early"};
  return kNames[static_cast<std::size_t>(taken)];
}

Kind kind_of(gate::Purpose purpose) {
  if (!templates::needs_unsubscribe(purpose)) return Kind::service;
  const bool survey =
      purpose == gate::Purpose::SatisfactionSurvey || purpose == gate::Purpose::ImproveExistingProductsAndServices;
  return survey ? Kind::survey : Kind::marketing;
}

std::unique_ptr<subjects::SubjectData> create_subject_data() {
  return std::make_unique<OutreachSubject>();
}

Result<std::int64_t> hold_all(db::Transaction& tx, Time now) {
  return store::cancel_all(tx, now);
}

std::unique_ptr<Outreach> Outreach::create(std::vector<Place> places, const law::InForce& law, templates::Shelf& shelf,
                                           mail::Mailer* mailer, Settings settings, const Clock& clock,
                                           metrics::Registry& metrics) {
  return std::make_unique<OutreachImpl>(std::move(places), law, shelf, mailer, std::move(settings), clock, metrics);
}

}  // namespace handschlag::outreach
