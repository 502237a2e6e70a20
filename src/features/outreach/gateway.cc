#include "features/outreach/gateway.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "platform/http_client/webhook.h"
#include "platform/json/json.h"

namespace handschlag::outreach {
namespace {

// The answer, which may come after nobody waits for it any more.
struct Pending {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<http_client::Response>> answer;
  bool interrupted = false;
};

// Of what the client says went wrong; the reasons of a mail server have the same names.
std::string_view reason_of(std::string_view code) {
  static constexpr std::array<std::string_view, 6> kKnown = {"address_refused", "host_unknown", "connection_failed",
                                                             "tls_failed",      "timeout",      "connection_closed"};
  const auto known = std::find(kKnown.begin(), kKnown.end(), code);
  return known == kKnown.end() ? std::string_view("interrupted") : *known;
}

bool is_final(int status) {
  for (int one : {400, 410, 413, 415, 422}) {
    if (one == status) return true;
  }
  return false;
}

Handed handed(const http_client::Response& answer) {
  Handed out;
  out.answer.code = answer.status;
  if (answer.status >= 200 && answer.status < 300) {
    out.answer.outcome = mail::Outcome::accepted;
    out.answer.reason = "accepted";
    return out;
  }
  const bool locked_out = answer.status == 401 || answer.status == 403;
  out.answer.outcome = is_final(answer.status) ? mail::Outcome::permanent : mail::Outcome::temporary;
  out.answer.reason = locked_out ? "login_refused" : "refused";
  if (answer.status == 410) out.answer.status = "5.1.1";  // RFC 3463: no such address
  out.retry_after = http_client::parse_retry_after(answer.header("Retry-After"));
  return out;
}

std::string body_of(const Parcel& parcel) {
  json::Value body = {{"type", "message"},
                      {"id", parcel.id},
                      {"channel", law::name_of(parcel.channel)},
                      {"to", parcel.address},
                      {"purpose", gate::info(parcel.purpose).name},
                      {"language", parcel.language},
                      {"text", parcel.text}};
  for (const auto& [name, value] : {std::pair<const char*, const std::string&>{"subject", parcel.subject},
                                    {"html", parcel.html},
                                    {"unsubscribe", parcel.unsubscribe}}) {
    if (!value.empty()) body[name] = value;
  }
  return json::dump(body);
}

class WebhookGateway final : public Gateway {
 public:
  WebhookGateway(GatewaySettings settings, http_client::Client& client, const Clock& clock)
      : settings_(std::move(settings)), client_(client), clock_(clock) {}

  bool carries(gate::Channel channel) const override {
    return std::find(settings_.channels.begin(), settings_.channels.end(), channel) != settings_.channels.end();
  }

  Handed hand_over(const Parcel& parcel) override {
    Handed failed;
    failed.answer.reason = "interrupted";
    auto request = http_client::signed_post(settings_.url, settings_.secrets, parcel.id, clock_.now(), body_of(parcel),
                                            settings_.timeout);
    if (!request) return failed;
    auto pending = std::make_shared<Pending>();
    {
      std::lock_guard lock(mutex_);
      if (interrupted_) return failed;
      pending_ = pending;
    }
    client_.send(*std::move(request), [pending](Result<http_client::Response> answer) {
      std::lock_guard lock(pending->mutex);
      pending->answer = std::move(answer);
      pending->changed.notify_one();
    });
    std::unique_lock lock(pending->mutex);
    pending->changed.wait(lock, [&] { return pending->answer || pending->interrupted; });
    if (!pending->answer) return failed;
    if (*pending->answer) return handed(**pending->answer);
    failed.answer.reason = reason_of(pending->answer->error().code);
    return failed;
  }

  void interrupt() override {
    std::lock_guard lock(mutex_);
    interrupted_ = true;
    if (!pending_) return;
    std::lock_guard inner(pending_->mutex);
    pending_->interrupted = true;
    pending_->changed.notify_one();
  }

 private:
  const GatewaySettings settings_;
  http_client::Client& client_;
  const Clock& clock_;
  std::mutex mutex_;
  std::shared_ptr<Pending> pending_;
  bool interrupted_ = false;
};

}  // namespace

Result<std::unique_ptr<Gateway>> create_gateway(GatewaySettings settings, http_client::Client& client,
                                                const Clock& clock) {
  auto wrong = [](std::string text) { return fail(ErrorKind::invalid, "gateway_invalid", std::move(text)); };
  if (auto good = http_client::check_url(settings.url, client.policy()); !good) return wrong(good.error().detail);
  if (settings.secrets.empty()) return wrong("A gateway needs a secret, by which it knows who sends.");
  for (const std::string& secret : settings.secrets) {
    if (!http_client::is_secret(secret)) return wrong("The secret must be whsec_ and what follows in base64.");
  }
  return std::unique_ptr<Gateway>(std::make_unique<WebhookGateway>(std::move(settings), client, clock));
}

}  // namespace handschlag::outreach
