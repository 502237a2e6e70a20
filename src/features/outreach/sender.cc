#include "features/outreach/sender.h"

#include <fmt/format.h>

#include <algorithm>

#include "features/outreach/returns.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

namespace handschlag::outreach {
namespace {

constexpr std::int64_t kAtOnce = 100;
constexpr std::chrono::minutes kClaim{10};  // longer than a mail server may take
constexpr std::chrono::minutes kFirstPause{1};
constexpr std::chrono::hours kLongestPause{4};
constexpr std::chrono::seconds kServerPause{30};  // after the mail server could not be reached at all

std::chrono::milliseconds pause_after(std::int64_t attempts) {
  const auto doubled = kFirstPause * (std::int64_t{1} << std::clamp<std::int64_t>(attempts - 1, 0, 10));
  return std::min<std::chrono::milliseconds>(doubled, kLongestPause);
}

void end(store::Row& row, State state, Step step) {
  row.message.state = state;
  row.message.trace.push_back(std::move(step));
}

}  // namespace

void Meters::count(std::string_view outcome) {
  registry_
      .counter("handschlag_outreach_total", "Messages to customers, by what became of them",
               {{"outcome", std::string(outcome)}})
      .add();
}

void Meters::report(std::string_view outcome) {
  registry_
      .counter("handschlag_outreach_reports_total", "Mail that came back about messages, by what became of it",
               {{"outcome", std::string(outcome)}})
      .add();
}

void Meters::show(const std::string& region, State state, std::int64_t count) {
  registry_
      .gauge("handschlag_outreach_messages", "Messages to customers that wait, or were given up",
             {{"region", region}, {"state", std::string(name_of(state))}})
      .set(static_cast<double>(count));
}

Result<std::int64_t> Sender::send_due(Place& place) {
  std::int64_t looked_at = 0;
  while (looked_at < kAtOnce && !house_.stopping) {
    const Time now = house_.clock.now();
    bool due = false;
    TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
      due = TRY(store::has_due(tx, now));
      return {};
    }));
    if (!due) break;
    TRY(tell_denials(place));
    const std::vector<gate::Channel> channels = open_channels(now);
    if (channels.empty()) break;
    std::optional<store::Row> row;
    TRY(place.region->writer().run([&](db::Transaction& tx) -> Result<void> {
      row = TRY(store::claim(tx, place.region->id(), channels, now, now + kClaim));
      return {};
    }));
    if (!row) break;
    TRY(deliver(place, *row));
    ++looked_at;
  }
  return looked_at;
}

// What was denied when it was proposed, in a transaction that could not wait for the ledger.
Result<void> Sender::tell_denials(Place& place) {
  std::vector<store::Row> rows;
  TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
    rows = TRY(store::untold(tx, place.region->id(), kAtOnce));
    return {};
  }));
  if (rows.empty()) return {};
  for (const store::Row& row : rows) {
    const Step& step = row.message.trace.front();
    TRY(tell(place, row.message, nullptr, step.reasons, step.at));
  }
  return place.region->writer().run([&](db::Transaction& tx) -> Result<void> {
    for (const store::Row& row : rows) TRY(store::set_told(tx, row.message.id));
    return {};
  });
}

Result<void> Sender::tell(Place& place, const Message& message, const gate::Ruling* ruling,
                          const std::vector<std::string>& reasons, Time at) {
  if (!message.identity) return {};
  ledger::Entry entry;
  entry.identity = message.identity;
  entry.at = at;
  entry.use = gate::Use::contact;
  entry.purposes = {message.purpose};
  entry.decision = ruling == nullptr ? gate::Decision::deny : ruling->decision;
  entry.rules = rules_of(reasons);
  entry.rule_set = ruling == nullptr ? message.rule_set : ruling->rule_set;
  entry.role = "outreach";
  entry.operation = "sendMessage";
  return place.ledger->record({std::move(entry)});
}

// Nothing where the key is gone: whoever was erased gets no message.
Result<std::optional<Sender::Opened>> Sender::open(Place& place, const store::Row& row) {
  const Message& message = row.message;
  auto key = sealing_key(*place.vault, message.identity);
  if (!key && key.error().code == "key_destroyed") return std::optional<Opened>();
  if (!key) return std::unexpected(key.error());
  Opened out;
  out.address.kind = message.channel == gate::Channel::sms ? identity::KeyKind::phone : identity::KeyKind::email;
  const auto address = TRY(
      json::parse(TRY(crypto::open(*key, row.sealed_address, context_of(message.id, message.identity, "address")))));
  out.address.name_space = address.value("name_space", "");
  out.address.value = address.value("value", "");
  const auto content = TRY(
      json::parse(TRY(crypto::open(*key, row.sealed_content, context_of(message.id, message.identity, "content")))));
  for (const auto& [name, value] : content.items()) out.parameters[name] = value.get<std::string>();
  return std::optional(std::move(out));
}

std::vector<gate::Channel> Sender::open_channels(Time now) const {
  std::vector<gate::Channel> out;
  for (gate::Channel channel : kCarried) {
    const Time paused_until = house_.by_gateway(channel) ? gateway_paused_until_ : mail_paused_until_;
    if (house_.carries(channel) && now >= paused_until) out.push_back(channel);
  }
  return out;
}

Result<templates::Rendered> Sender::render(const Message& message, const Opened& opened,
                                           const std::string& unsubscribe) {
  const templates::Template one = TRY(house_.shelf.find(message.template_id, message.version));
  templates::Parameters parameters = opened.parameters;
  if (!unsubscribe.empty()) parameters.emplace(templates::kUnsubscribe, unsubscribe);
  return templates::render(one, message.language, parameters);
}

Result<Handed> Sender::hand_over(Place& place, const store::Row& row, const Opened& opened,
                                 const std::string& unsubscribe) {
  const Message& message = row.message;
  templates::Rendered rendered = TRY(render(message, opened, unsubscribe));
  if (house_.by_gateway(message.channel)) {
    const bool mails = message.channel == gate::Channel::email;
    return house_.gateway->hand_over({.id = fmt::format("{}.{}", place.region->id(), row.token),
                                      .channel = message.channel,
                                      .address = opened.address.value,
                                      .purpose = message.purpose,
                                      .language = std::move(rendered.language),
                                      .subject = mails ? std::move(rendered.subject) : std::string(),
                                      .text = std::move(rendered.text),
                                      .html = mails ? std::move(rendered.html) : std::string(),
                                      .unsubscribe = unsubscribe});
  }
  const std::string bytes = TRY(write(place, row, opened, std::move(rendered), unsubscribe));
  const std::string from = TRY(envelope_sender(place, message));
  return Handed{house_.mailer->send(from, opened.address.value, bytes)};
}

Result<std::string> Sender::write(Place& place, const store::Row& row, const Opened& opened,
                                  templates::Rendered rendered, const std::string& unsubscribe) {
  const Message& message = row.message;
  const mail::Mailbox& sender = house_.settings.sender;
  return mail::compose({.from = sender,
                        .to = {"", opened.address.value},
                        .subject = std::move(rendered.subject),
                        .text = std::move(rendered.text),
                        .html = std::move(rendered.html),
                        .language = std::move(rendered.language),
                        .message_id = fmt::format("{}.{}@{}", place.region->id(), row.token,
                                                  sender.address.substr(sender.address.find('@') + 1)),
                        .date = message.created_at,
                        .unsubscribe = unsubscribe});
}

Result<void> Sender::deliver(Place& place, store::Row& row) {
  Message& message = row.message;
  const Time now = house_.clock.now();
  if (now >= message.expires_at) {
    end(row, State::dead, {now, "dead", {"expired"}});
    return settle(place, row, false);
  }
  const auto opened = TRY(open(place, row));
  if (!opened) {
    end(row, State::cancelled, {now, "cancelled", {"erased"}});
    return settle(place, row, false);
  }
  Ruled ruled;
  std::string unsubscribe;
  TRY(place.region->writer().run([&](db::Transaction& tx) -> Result<void> {
    Asked asked{&place, message.identity, opened->address, message.purpose, message.channel, row.country};
    if (message.identity) asked.country = TRY(place.identities->country_of(tx, message.identity)).value_or("");
    const bool ends = templates::needs_unsubscribe(message.purpose);
    ruled = TRY(rule(tx, asked, house_.facts, *house_.law.current(), ends && house_.links != nullptr, now));
    if (ends && house_.links == nullptr) {
      ruled.ruling.decision = gate::Decision::deny;
      ruled.reasons = {"no_way_to_unsubscribe"};
    } else if (TRY(store::is_unreachable(tx, row.address, ruled.agreed_at))) {
      ruled.ruling.decision = gate::Decision::deny;
      ruled.reasons = {"unreachable"};
    } else if (ends && ruled.ruling.allowed()) {
      unsubscribe = TRY(house_.links->unsubscribe_url(tx, place.region->id(), message.identity, opened->address,
                                                      message.purpose, message.channel));
    }
    return {};
  }));
  message.rule_set = ruled.ruling.rule_set;
  if (ruled.later && !ruled.ruling.allowed()) {
    end(row, State::waiting, {now, "later", ruled.reasons});
    message.due_at = ruled.due;
    return settle(place, row, false);
  }
  TRY(tell(place, message, &ruled.ruling, ruled.reasons, now));
  if (!ruled.ruling.allowed()) {
    end(row, State::denied, {now, "denied", ruled.reasons});
    house_.meters.count("denied");
    return settle(place, row, false);
  }
  const auto handed = hand_over(place, row, *opened, unsubscribe);
  if (!handed) {
    const ErrorKind kind = handed.error().kind;
    if (kind != ErrorKind::invalid && kind != ErrorKind::not_found) return std::unexpected(handed.error());
    end(row, State::dead, {now, "dead", {handed.error().code}});
    return settle(place, row, false);
  }
  take_answer(row, *handed, house_.clock.now());
  const mail::Answer& answer = handed->answer;
  return settle(place, row, answer.outcome == mail::Outcome::permanent && is_unknown_address(answer.status));
}

Result<std::string> Sender::envelope_sender(Place& place, const Message& message) {
  const Settings& settings = house_.settings;
  if (settings.bounces.empty()) return settings.sender.address;
  const crypto::Key key = TRY(place.vault->secret(kReturnsSecret));
  return return_address(key, place.region->id(), message.id, house_.clock.now(), settings.bounces);
}

void Sender::take_answer(store::Row& row, const Handed& handed, Time now) {
  const mail::Answer& answer = handed.answer;
  Message& message = row.message;
  Step step{now, "sent", {std::string(answer.reason)}, answer.code, answer.status};
  if (answer.outcome == mail::Outcome::accepted) {
    end(row, State::sent, std::move(step));
    house_.meters.count("sent");
    return;
  }
  const auto asked_for = std::min<std::chrono::milliseconds>(handed.retry_after, kLongestPause);
  message.due_at = answer.reason == "interrupted" ? now : now + std::max(pause_after(message.attempts), asked_for);
  const bool give_up = answer.outcome == mail::Outcome::permanent || message.due_at >= message.expires_at;
  step.what = give_up ? "dead" : "failed";
  end(row, give_up ? State::dead : State::waiting, std::move(step));
  house_.meters.count(give_up ? "dead" : "failed");
  // Nobody answered: the others would fare no better.
  if (answer.outcome != mail::Outcome::temporary || answer.reason == "refused") return;
  (house_.by_gateway(message.channel) ? gateway_paused_until_ : mail_paused_until_) = now + kServerPause;
}

// Of what is over nothing is kept but numbers; of what may be sent again, all.
Result<void> Sender::settle(Place& place, store::Row& row, bool unreachable) {
  const State state = row.message.state;
  if (state == State::sent || state == State::denied || state == State::cancelled) {
    row.sealed_address.clear();
    row.sealed_content.clear();
  }
  row.told = true;
  const Time now = house_.clock.now();
  return place.region->writer().run([&](db::Transaction& tx) -> Result<void> {
    const bool ours = TRY(store::settle(tx, row, row.message.attempts));
    if (!ours) return {};
    if (state == State::denied) TRY(store::may_say_again(tx, row.message.id));
    if (unreachable) TRY(store::set_unreachable(tx, row.address, now, row.message.trace.back().status));
    return {};
  });
}

}  // namespace handschlag::outreach
