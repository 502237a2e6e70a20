#include "features/webhooks/delivery.h"

#include <fmt/format.h>

#include <algorithm>

#include "features/customers/customers.h"
#include "platform/crypto/crypto.h"
#include "platform/log/log.h"

namespace handschlag::webhooks {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kRound{3};  // then other endpoints have their turn
constexpr std::chrono::seconds kPageTime{1};
constexpr std::size_t kFirstPage = 10;
constexpr std::size_t kLargestPage = 200;
constexpr std::int64_t kMaxWaiting = 10'000;  // in any order: beyond, nothing new is begun
constexpr int kGone = 410;
constexpr std::chrono::milliseconds kTestTimeout{5'000};  // somebody waits for it, and a worker

std::string context_of(const Endpoint& endpoint, std::int64_t number) {
  return fmt::format("webhooks_secret|{}|{}", endpoint.id, number);
}

Result<crypto::Key> key_of(events::Events& events, const Endpoint& endpoint) {
  events::Cell* cell = events.cell(endpoint.filter.region);
  if (cell == nullptr) {
    return fail(ErrorKind::unavailable, "region_missing", "The webhook's region is not among the settings any more.");
  }
  return cell->identities->vault().secret("webhooks");
}

feed::Recipient recipient_of(const Endpoint& endpoint) {
  return {.role = fmt::format("webhook:{}", endpoint.id),
          .operation = "deliverWebhook",
          .purpose = endpoint.purpose,
          .granted = {endpoint.purpose}};
}

// As many as are sent in about a second, so that no more is read and written to the ledger than soon leaves.
std::size_t next_page(std::size_t page, std::size_t sent, Steady::duration took) {
  if (sent == 0) return page;
  const auto each = std::max<std::int64_t>(std::chrono::nanoseconds(took).count() / static_cast<std::int64_t>(sent), 1);
  const auto fits = static_cast<std::size_t>(std::chrono::nanoseconds(kPageTime).count() / each);
  return std::clamp<std::size_t>(std::min(fits, page * 2), 1, kLargestPage);
}

}  // namespace

Result<store::Secret> Secrets::seal(const Endpoint& endpoint, std::int64_t number, std::string_view secret) const {
  const crypto::Key key = TRY(key_of(events_, endpoint));
  return store::Secret{number, crypto::seal(key, secret, context_of(endpoint, number))};
}

Result<std::vector<std::string>> Secrets::open(const Endpoint& endpoint, std::span<const store::Secret> sealed) const {
  const crypto::Key key = TRY(key_of(events_, endpoint));
  std::vector<std::string> out;
  for (const store::Secret& secret : sealed) {
    out.push_back(TRY(crypto::open(key, secret.sealed, context_of(endpoint, secret.number))));
  }
  return out;
}

Delivery::Delivery(db::Database& control, feed::Feed& feed, events::Events& events, sources::Sources& sources,
                   staff::Staff& staff, http_client::Client& client, const Clock& clock, metrics::Registry& metrics)
    : control_(control),
      feed_(feed),
      sources_(sources),
      staff_(staff),
      clock_(clock),
      metrics_(metrics),
      secrets_(events),
      courier_(client, clock) {}

Result<Webhooks::Round> Delivery::run(std::string_view id, const Webhooks::Guard& guard,
                                      const std::function<bool()>& should_stop) {
  const auto end = Steady::now() + kRound;
  std::size_t page = kFirstPage;
  for (;;) {
    if (should_stop() || Steady::now() >= end) return Webhooks::Round{.again = true, .next = {}};
    auto work = TRY(load(id, page));
    if (!work || !work->status.endpoint.enabled) return Webhooks::Round{};
    const Batch batch = TRY(next_batch(*work, page));
    if (batch.messages.empty() && batch.through == work->progress.position) return rest(id);
    const Endpoint& endpoint = work->status.endpoint;
    const bool strict = endpoint.order == Order::strict;
    const Sending sending{.url = endpoint.url,
                          .secrets = work->secrets,
                          .concurrency = strict ? 1 : endpoint.concurrency,
                          .rate = endpoint.rate,
                          .stop_at_failure = strict && batch.is_new};
    const auto begin = Steady::now();
    const auto outcomes = courier_.send(sending, batch.messages, should_stop);
    page = next_page(page, outcomes.size(), Steady::now() - begin);
    std::int64_t position = work->progress.position;
    if (batch.is_new && outcomes.size() == batch.messages.size()) {
      position = batch.through;
    } else if (batch.is_new && !outcomes.empty()) {
      position = outcomes.back().attempt.seq;
    }
    TRY(save(*work, position, outcomes, guard));
    count(outcomes);
  }
}

Result<std::optional<Delivery::Work>> Delivery::load(std::string_view id, std::size_t limit) {
  const Time now = clock_.now();
  std::optional<Work> out;
  std::vector<store::Secret> sealed;
  TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
    auto status = TRY(store::find(tx, id));
    auto progress = TRY(store::progress(tx, id));
    if (!status || !progress) return {};
    sealed = TRY(store::secrets(tx, id, now));
    out = Work{*std::move(status), {}, *progress, TRY(store::due(tx, id, now, limit))};
    return {};
  }));
  if (out && out->status.endpoint.enabled) out->secrets = TRY(secrets_.open(out->status.endpoint, sealed));
  return out;
}

Result<Delivery::Batch> Delivery::next_batch(const Work& work, std::size_t limit) {
  if (!work.due.empty()) return again(work);
  const bool blocked =
      work.status.endpoint.order == Order::strict ? work.progress.blocking > 0 : work.progress.waiting >= kMaxWaiting;
  if (blocked) return Batch{{}, work.progress.position, false};
  return fresh(work, limit);
}

Result<Delivery::Batch> Delivery::again(const Work& work) {
  const Endpoint& endpoint = work.status.endpoint;
  Batch batch{{}, work.progress.position, false};
  for (const store::Pending& pending : work.due) {
    auto event = TRY(feed_.read_one(recipient_of(endpoint), endpoint.filter, pending.seq));
    Message message{.seq = pending.seq, .attempt = pending.attempts + 1, .id = {}, .body = {}};
    if (event) message = message_of(endpoint, *event, pending.attempts + 1);
    message.by_hand = pending.by_hand;
    batch.messages.push_back(std::move(message));
  }
  return batch;
}

Result<Delivery::Batch> Delivery::fresh(const Work& work, std::size_t limit) {
  const Endpoint& endpoint = work.status.endpoint;
  auto page = feed_.read(recipient_of(endpoint), endpoint.filter, work.progress.position, limit);
  if (!page && page.error().code == "cursor_ahead") {
    log::warning("a webhook was ahead of its region, as after a restored backup; it goes on from the region's end",
                 {{"webhook", std::string_view(endpoint.id)}});
    return Batch{{}, TRY(feed_.last(endpoint.filter.region)), true};
  }
  if (!page) return std::unexpected(page.error());
  Batch batch{{}, page->through, true};
  for (const events::Event& event : page->items) batch.messages.push_back(message_of(endpoint, event, 1));
  return batch;
}

Message Delivery::message_of(const Endpoint& endpoint, const events::Event& event, std::int64_t attempt) const {
  const json::Value body = {
      {"type", fmt::format("event.{}", events::name_of(event.type))},
      {"timestamp", format_time(event.occurred_at)},
      {"data", feed::to_json(sources_, endpoint.filter.region, event, endpoint.payload)},
  };
  return {.seq = event.seq,
          .attempt = attempt,
          .id = customers::format_event_id(endpoint.filter.region, event.seq),
          .body = json::dump(body)};
}

Result<void> Delivery::save(const Work& work, std::int64_t position, std::span<const store::Outcome> outcomes,
                            const Webhooks::Guard& guard) {
  const Endpoint& endpoint = work.status.endpoint;
  const Time now = clock_.now();
  const bool gone =
      std::any_of(outcomes.begin(), outcomes.end(), [](const auto& o) { return o.attempt.status == kGone; });
  return control_.write([&](db::Transaction& tx) -> Result<void> {
    TRY(guard(tx));
    const auto saved = TRY(store::save(tx, endpoint.id, work.progress.generation, position, outcomes, now));
    if (!saved.exists) return {};
    if (endpoint.order == Order::strict) {
      const auto progress = TRY(store::progress(tx, endpoint.id));
      const bool blocked = progress && progress->blocking > 0;
      TRY(store::set_blocked_until(tx, endpoint.id, blocked ? TRY(store::next_due(tx, endpoint.id)) : std::nullopt));
    }
    if (gone) return disable(tx, work, "gone");
    if (saved.failing_since && now - *saved.failing_since >= kDisableAfter) return disable(tx, work, "failing");
    return {};
  });
}

Result<void> Delivery::disable(db::Transaction& tx, const Work& work, std::string_view reason) {
  auto status = TRY(store::find(tx, work.status.endpoint.id));
  // Whoever changed it meanwhile has looked at it: it gets another chance.
  if (!status || !status->endpoint.enabled || status->version != work.status.version) return {};
  status->endpoint.enabled = false;
  status->disabled_reason = reason;
  status->changed_at = clock_.now();
  TRY(store::update(tx, *status));
  log::warning("a webhook was disabled", {{"webhook", std::string_view(work.status.endpoint.id)}, {"reason", reason}});
  return staff_.record(tx, {.principal = "job:webhooks",
                            .operation = "disableWebhook",
                            .target = fmt::format("webhook:{}", work.status.endpoint.id),
                            .outcome = staff::Outcome::ok});
}

Result<Webhooks::Round> Delivery::rest(std::string_view id) {
  Webhooks::Round round;
  TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
    round.next = TRY(store::next_due(tx, id));
    return {};
  }));
  return round;
}

Result<Attempt> Delivery::test(const Status& status) {
  const Endpoint& endpoint = status.endpoint;
  std::vector<store::Secret> sealed;
  TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
    sealed = TRY(store::secrets(tx, endpoint.id, clock_.now()));
    return {};
  }));
  Sending sending{.url = endpoint.url, .secrets = TRY(secrets_.open(endpoint, sealed)), .timeout = kTestTimeout};
  const json::Value body = {{"type", "webhook.test"},
                            {"timestamp", format_time(clock_.now())},
                            {"data", {{"webhook", endpoint.id}, {"region", endpoint.filter.region}}}};
  const Message message{.id = fmt::format("test-{}", crypto::random_token(96)), .body = json::dump(body)};
  auto outcomes = courier_.send(sending, {&message, 1}, [] { return false; });
  TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
    // A test says nothing about how deliveries go: neither position nor five days depend on it.
    TRY(store::log_test(tx, endpoint.id, outcomes.front().attempt));
    return {};
  }));
  return outcomes.front().attempt;
}

void Delivery::count(std::span<const store::Outcome> outcomes) {
  for (const store::Outcome& outcome : outcomes) {
    metrics_
        .counter("handschlag_webhook_attempts_total",
                 "Attempts to deliver an event to a webhook, by what became of them",
                 {{"outcome", outcome.attempt.outcome}})
        .add();
  }
}

}  // namespace handschlag::webhooks
