#include "features/webhooks/webhooks.h"

#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <limits>
#include <random>

#include "features/webhooks/delivery.h"
#include "features/webhooks/watcher.h"
#include "platform/base/cursor.h"
#include "platform/base/label.h"
#include "platform/http_client/webhook.h"
#include "platform/log/log.h"

namespace handschlag::webhooks {
namespace {

constexpr std::size_t kMaxEndpoints = 200;
constexpr std::size_t kMaxDescription = 500;
constexpr std::int64_t kMaxConcurrency = 16;
constexpr std::int64_t kMaxRate = 1'000;
constexpr std::chrono::minutes kTidyEvery{10};
constexpr std::int64_t kPurgeStep = 1'000;
constexpr jobs::Options kJobs{.workers = 32};  // endpoints that are served at once on this node; most wait for answers

std::unexpected<Error> unknown() {
  return fail(ErrorKind::not_found, "webhook_unknown", "There is no such webhook; list the webhooks.");
}

std::unexpected<Error> invalid(std::vector<FieldError> fields) {
  std::string detail = fmt::format("{} {}.", fields.front().pointer, fields.front().reason);
  return fail(ErrorKind::invalid, "fields_invalid", std::move(detail), std::move(fields));
}

std::int64_t random_generation() {
  std::random_device device;
  return std::uniform_int_distribution<std::int64_t>(1, std::numeric_limits<std::int64_t>::max())(device);
}

std::string target(std::string_view id) {
  return fmt::format("webhook:{}", id);
}

constexpr std::chrono::seconds kTestRetry{5};

Result<void> check_version(const Status& status, std::optional<std::int64_t> wanted) {
  if (!wanted || *wanted == status.version) return {};
  return fail(ErrorKind::conflict, "version_changed", "Somebody else changed it meanwhile; read it again.");
}

class WebhooksImpl final : public Webhooks {
 public:
  WebhooksImpl(db::Database& control, feed::Feed& feed, events::Events& events, sources::Sources& sources,
               staff::Staff& staff, http_client::Client& client, const Clock& clock, metrics::Registry& metrics)
      : control_(control),
        feed_(feed),
        staff_(staff),
        client_(client),
        clock_(clock),
        secrets_(events),
        delivery_(control, feed, events, sources, staff, client, clock, metrics) {}
  ~WebhooksImpl() override { stop(); }

  Result<Added> add(const staff::Actor& actor, const Endpoint& endpoint) override;
  Result<std::vector<Status>> list() override;
  Result<Status> get(std::string_view id) override;
  Result<Status> change(const staff::Actor& actor, std::string_view id, const Change& change) override;
  Result<void> remove(const staff::Actor& actor, std::string_view id, std::optional<std::int64_t> if_version) override;
  Result<std::string> rotate_secret(const staff::Actor& actor, std::string_view id,
                                    std::chrono::seconds overlap) override;
  Result<Attempt> test(const staff::Actor& actor, std::string_view id) override;
  Result<void> replay(const staff::Actor& actor, std::string_view id, std::int64_t after) override;
  Result<ListPage<Attempt>> attempts(std::string_view id, std::string_view outcome, std::string_view cursor,
                                     std::size_t limit) override;
  Result<ListPage<DeadLetter>> dead_letters(std::string_view id, std::string_view cursor, std::size_t limit) override;
  Result<std::int64_t> redeliver(const staff::Actor& actor, std::string_view id,
                                 std::span<const std::int64_t> seqs) override;
  Result<void> start() override;
  void stop() override;
  Result<Round> deliver(std::string_view id, const Guard& guard, const std::function<bool()>& should_stop) override {
    return delivery_.run(id, guard, should_stop);
  }

 private:
  Result<void> check(const Endpoint& endpoint) const;
  Result<void> check_four_eyes(const staff::Actor& actor, const Endpoint& before, const Endpoint& after) const;
  std::int64_t behind(const Status& status) const;
  // Changes an endpoint that is there, in one transaction with its audit entry.
  Result<void> alter(const staff::Actor& actor, std::string_view id, std::string_view operation,
                     const std::function<Result<void>(db::Transaction&, Status&)>& body);
  Result<void> run_job(jobs::Lease& lease);
  Result<void> tidy();
  void wake();

  db::Database& control_;
  feed::Feed& feed_;
  staff::Staff& staff_;
  http_client::Client& client_;
  const Clock& clock_;
  const Secrets secrets_;
  Delivery delivery_;
  std::atomic<bool> stopping_{false};
  std::atomic_flag testing_;
  std::mutex mutex_;  // of what follows
  std::unique_ptr<jobs::Runner> runner_;
  std::unique_ptr<Watcher> watcher_;
};

Result<void> WebhooksImpl::check(const Endpoint& endpoint) const {
  std::vector<FieldError> errors;
  if (!is_slug(endpoint.id, 64)) errors.push_back({"/id", "must be a short name, as in crm: a-z, 0-9, - and _"});
  if (auto good = http_client::check_url(endpoint.url, client_.policy()); !good) {
    std::string reason = good.error().detail;
    if (reason.ends_with('.')) reason.pop_back();
    errors.push_back({"/url", std::move(reason)});
  }
  if (!endpoint.description.empty() && !is_label(endpoint.description, kMaxDescription)) {
    errors.push_back({"/description", fmt::format("must have at most {} bytes", kMaxDescription)});
  }
  if (auto good = feed_.check(endpoint.filter); !good) {
    for (const FieldError& field : good.error().fields) errors.push_back({"/" + field.pointer, field.reason});
  }
  if (endpoint.concurrency < 1 || endpoint.concurrency > kMaxConcurrency) {
    errors.push_back({"/concurrency", fmt::format("must be 1 to {}", kMaxConcurrency)});
  } else if (endpoint.concurrency > 1 && endpoint.order == Order::strict) {
    errors.push_back({"/concurrency", "must be 1 where the order is strict"});
  }
  if (endpoint.rate < 1 || endpoint.rate > kMaxRate) {
    errors.push_back({"/rate", fmt::format("must be 1 to {}", kMaxRate)});
  }
  if (!errors.empty()) return invalid(std::move(errors));
  return {};
}

// Where events of people go, and which: that one person alone does not choose.
Result<void> WebhooksImpl::check_four_eyes(const staff::Actor& actor, const Endpoint& before,
                                           const Endpoint& after) const {
  if (after.filter.mode == sources::Mode::test || !after.enabled) return {};
  const bool same = before.enabled && before.url == after.url && before.payload == after.payload &&
                    before.filter.sources == after.filter.sources && before.filter.types == after.filter.types &&
                    before.filter.names == after.filter.names;
  return same ? Result<void>{} : staff_.check_four_eyes(actor, "open_webhook", target(after.id));
}

Result<Webhooks::Added> WebhooksImpl::add(const staff::Actor& actor, const Endpoint& endpoint) {
  TRY(check(endpoint));
  const Time now = clock_.now();
  Status status{.endpoint = endpoint,
                .disabled_reason = endpoint.enabled ? "" : "staff",
                .version = 1,
                .created_at = now,
                .changed_at = now,
                .position = TRY(feed_.last(endpoint.filter.region))};
  Endpoint nobody = endpoint;
  nobody.enabled = false;
  if (endpoint.enabled && !check_four_eyes(actor, nobody, endpoint)) {
    status.endpoint.enabled = false;
    status.disabled_reason = "waits";
  }
  const std::string secret = http_client::make_secret();
  const auto sealed = TRY(secrets_.seal(endpoint, 1, secret));
  auto written = control_.write([&](db::Transaction& tx) -> Result<void> {
    if (TRY(store::list(tx)).size() >= kMaxEndpoints) {
      return fail(ErrorKind::conflict, "too_many_webhooks",
                  fmt::format("There are {} webhooks already; remove one.", kMaxEndpoints));
    }
    TRY(store::insert(tx, status, random_generation()));
    TRY(store::insert_secret(tx, endpoint.id, sealed, 1));
    return staff_.record(tx, {actor.principal, "createWebhook", target(endpoint.id), actor.trace_id});
  });
  if (!written && written.error().code == "unique") {
    return fail(ErrorKind::conflict, "webhook_exists", "There is a webhook with this id already; choose another.");
  }
  TRY(written);
  wake();
  return Added{std::move(status), secret};
}

// Of a region that is no longer in the settings: none.
std::int64_t WebhooksImpl::behind(const Status& status) const {
  auto last = feed_.last(status.endpoint.filter.region);
  return last ? std::max<std::int64_t>(0, *last - status.position) : 0;
}

Result<std::vector<Status>> WebhooksImpl::list() {
  std::vector<Status> out;
  TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(store::list(tx));
    return {};
  }));
  for (Status& status : out) status.behind = behind(status);
  return out;
}

Result<Status> WebhooksImpl::get(std::string_view id) {
  std::optional<Status> out;
  TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(store::find(tx, id));
    return {};
  }));
  if (!out) return unknown();
  out->behind = behind(*out);
  return *std::move(out);
}

Result<void> WebhooksImpl::alter(const staff::Actor& actor, std::string_view id, std::string_view operation,
                                 const std::function<Result<void>(db::Transaction&, Status&)>& body) {
  TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
    auto status = TRY(store::find(tx, id));
    if (!status) return unknown();
    TRY(body(tx, *status));
    return staff_.record(tx, {actor.principal, std::string(operation), target(id), actor.trace_id});
  }));
  wake();
  return {};
}

Result<Status> WebhooksImpl::change(const staff::Actor& actor, std::string_view id, const Change& change) {
  TRY(alter(actor, id, "changeWebhook", [&](db::Transaction& tx, Status& status) -> Result<void> {
    TRY(check_version(status, change.if_version));
    const Endpoint before = status.endpoint;
    Endpoint& endpoint = status.endpoint;
    endpoint.url = change.url.value_or(endpoint.url);
    endpoint.description = change.description.value_or(endpoint.description);
    endpoint.filter.sources = change.sources.value_or(endpoint.filter.sources);
    endpoint.filter.types = change.types.value_or(endpoint.filter.types);
    endpoint.filter.names = change.names.value_or(endpoint.filter.names);
    endpoint.payload = change.payload.value_or(endpoint.payload);
    endpoint.order = change.order.value_or(endpoint.order);
    endpoint.concurrency = change.concurrency.value_or(endpoint.concurrency);
    endpoint.rate = change.rate.value_or(endpoint.rate);
    endpoint.enabled = change.enabled.value_or(endpoint.enabled);
    if (change.enabled) status.disabled_reason = *change.enabled ? "" : "staff";
    status.changed_at = clock_.now();
    TRY(check(endpoint));
    TRY(check_four_eyes(actor, before, endpoint));
    TRY(store::update(tx, status));
    TRY(store::hasten(tx, id, clock_.now()));  // who mends an endpoint need not wait for the next attempt
    return endpoint.enabled ? ask_to_deliver(tx, id) : Result<void>{};
  }));
  return get(id);
}

Result<void> WebhooksImpl::remove(const staff::Actor& actor, std::string_view id,
                                  std::optional<std::int64_t> if_version) {
  return alter(actor, id, "deleteWebhook", [&](db::Transaction& tx, Status& status) -> Result<void> {
    TRY(check_version(status, if_version));
    return store::remove(tx, id);
  });
}

Result<std::string> WebhooksImpl::rotate_secret(const staff::Actor& actor, std::string_view id,
                                                std::chrono::seconds overlap) {
  const Endpoint endpoint = TRY(get(id)).endpoint;
  const std::string secret = http_client::make_secret();
  TRY(alter(actor, id, "rotateWebhookSecret", [&](db::Transaction& tx, Status&) -> Result<void> {
    const Time now = clock_.now();
    const std::int64_t number = TRY(store::end_secrets(tx, id, now + overlap, now));
    return store::insert_secret(tx, id, TRY(secrets_.seal(endpoint, number, secret)), number);
  }));
  return secret;
}

Result<Attempt> WebhooksImpl::test(const staff::Actor& actor, std::string_view id) {
  if (testing_.test_and_set()) {
    Error error{ErrorKind::too_many, "webhook_test_running", "Another webhook is being tested; try again in a moment."};
    error.retry_after = kTestRetry;
    return std::unexpected(std::move(error));
  }
  // Others do not wait: a receiver that hangs would hold the workers of the whole server.
  const std::unique_ptr<std::atomic_flag, void (*)(std::atomic_flag*)> done(&testing_,
                                                                            [](auto* flag) { flag->clear(); });
  const Status status = TRY(get(id));
  auto attempt = delivery_.test(status);
  const bool delivered = attempt && attempt->outcome == "delivered";
  TRY(staff_.record({actor.principal, "testWebhook", target(id), actor.trace_id,
                     delivered ? staff::Outcome::ok : staff::Outcome::failed}));
  return attempt;
}

Result<void> WebhooksImpl::replay(const staff::Actor& actor, std::string_view id, std::int64_t after) {
  const Status before = TRY(get(id));
  if (after < 0 || after > TRY(feed_.last(before.endpoint.filter.region))) {
    return invalid({{"/after", "must not lie beyond the region's last event"}});
  }
  return alter(actor, id, "replayWebhook", [&](db::Transaction& tx, Status& status) -> Result<void> {
    TRY(store::move(tx, id, after, random_generation()));
    return status.endpoint.enabled ? ask_to_deliver(tx, id) : Result<void>{};
  });
}

Result<ListPage<Attempt>> WebhooksImpl::attempts(std::string_view id, std::string_view outcome, std::string_view cursor,
                                                 std::size_t limit) {
  const std::string list = fmt::format("webhook-attempts|{}|{}", id, outcome);
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  if (!cursor.empty()) before = TRY(decode_cursor(cursor, list, 1)).front();
  TRY(get(id));
  ListPage<Attempt> page;
  TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
    page.items = TRY(store::attempts(tx, id, outcome, before, limit + 1));
    return {};
  }));
  if (page.items.size() > limit) {
    page.items.resize(limit);
    page.next = encode_cursor(list, {page.items.back().number});
  }
  return page;
}

Result<ListPage<DeadLetter>> WebhooksImpl::dead_letters(std::string_view id, std::string_view cursor,
                                                        std::size_t limit) {
  const std::string list = fmt::format("webhook-dead-letters|{}", id);
  std::int64_t after = 0;
  if (!cursor.empty()) after = TRY(decode_cursor(cursor, list, 1)).front();
  TRY(get(id));
  ListPage<DeadLetter> page;
  TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
    page.items = TRY(store::dead_letters(tx, id, after, limit + 1));
    return {};
  }));
  if (page.items.size() > limit) {
    page.items.resize(limit);
    page.next = encode_cursor(list, {page.items.back().seq});
  }
  return page;
}

Result<std::int64_t> WebhooksImpl::redeliver(const staff::Actor& actor, std::string_view id,
                                             std::span<const std::int64_t> seqs) {
  std::int64_t revived = 0;
  TRY(alter(actor, id, "redeliverWebhook", [&](db::Transaction& tx, Status& status) -> Result<void> {
    revived = TRY(store::revive(tx, id, seqs, clock_.now()));
    return status.endpoint.enabled ? ask_to_deliver(tx, id) : Result<void>{};
  }));
  return revived;
}

Result<void> WebhooksImpl::start() {
  std::lock_guard lock(mutex_);
  runner_ = std::make_unique<jobs::Runner>(control_, kJobs);
  runner_->on(std::string(kDeliverJob), [this](jobs::Lease& lease) { return run_job(lease); });
  runner_->every("webhooks_tidy", kTidyEvery, [this](jobs::Lease&) { return tidy(); });
  TRY(runner_->start());
  watcher_ = std::make_unique<Watcher>(control_, feed_, *runner_, clock_);
  return {};
}

void WebhooksImpl::stop() {
  stopping_ = true;
  std::lock_guard lock(mutex_);
  watcher_.reset();
  if (runner_) runner_->stop();
}

void WebhooksImpl::wake() {
  std::lock_guard lock(mutex_);
  if (watcher_) watcher_->look_anew();
  if (runner_) runner_->wake();
}

Result<void> WebhooksImpl::run_job(jobs::Lease& lease) {
  const std::string id = lease.job().payload;
  auto should_stop = [&] { return stopping_ || lease.should_stop(); };
  const Round round = TRY(delivery_.run(id, [&](db::Transaction& tx) { return lease.check(tx); }, should_stop));
  if (should_stop()) return jobs::Lease::interrupted();
  return control_.write([&](db::Transaction& tx) -> Result<void> {
    TRY(lease.check(tx));
    if (round.again) {
      TRY(ask_to_deliver(tx, id));
    } else if (round.next) {
      // By the database's clock, as jobs are.
      const auto pause = std::max(*round.next - clock_.now(), std::chrono::milliseconds{0});
      TRY(ask_to_deliver(tx, id, from_millis(TRY(tx.now_ms())) + pause));
    }
    return lease.complete(tx);
  });
}

Result<void> WebhooksImpl::tidy() {
  const Time now = clock_.now();
  std::int64_t removed = kPurgeStep;
  while (removed == kPurgeStep && !stopping_) {
    TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
      removed = TRY(store::purge(tx, now - kKeepLog, now - kKeepDeadLetters, kPurgeStep));
      return {};
    }));
  }
  // What a job would have asked for itself, had it not died.
  std::vector<std::string> due;
  TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
    due = TRY(store::overdue(tx, now));
    return {};
  }));
  if (due.empty()) return {};
  return control_.write([&](db::Transaction& tx) -> Result<void> {
    for (const std::string& id : due) TRY(ask_to_deliver(tx, id));
    return {};
  });
}

}  // namespace

std::string_view name_of(Order order) {
  return order == Order::any ? "any" : "strict";
}

std::optional<Order> find_order(std::string_view name) {
  if (name == "strict") return Order::strict;
  if (name == "any") return Order::any;
  return std::nullopt;
}

Result<std::int64_t> hold_all(db::Transaction& tx, Time now) {
  return store::disable_all(tx, "restored", now);
}

Result<std::int64_t> parse_event_id(std::string_view region, std::string_view id) {
  const std::string prefix = fmt::format("{}-e", region);
  const std::string_view digits = id.starts_with(prefix) ? id.substr(prefix.size()) : "";
  std::int64_t seq = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seq, 36);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || seq < 1) {
    return fail(ErrorKind::invalid, "event_id_malformed",
                fmt::format("This is no id of an event of region {}, as in {}-e2s.", region, region));
  }
  return seq;
}

std::unique_ptr<Webhooks> Webhooks::create(db::Database& control, feed::Feed& feed, events::Events& events,
                                           sources::Sources& sources, staff::Staff& staff, http_client::Client& client,
                                           const Clock& clock, metrics::Registry& metrics) {
  return std::make_unique<WebhooksImpl>(control, feed, events, sources, staff, client, clock, metrics);
}

}  // namespace handschlag::webhooks
