// A way out beside the mail server: messages of some channels are handed to a system of the house or its provider (an
// SMS gateway, a mail service), which sends them on. What leaves was ruled on like every message.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "features/gate/gate.h"
#include "platform/base/clock.h"
#include "platform/base/result.h"
#include "platform/http_client/http_client.h"
#include "platform/mail/smtp.h"

namespace handschlag::outreach {

struct Parcel {
  std::string id;  // the same in each attempt, so that the receiver takes it once
  gate::Channel channel = gate::Channel::sms;
  std::string address;  // an e-mail address or a telephone number (E.164)
  gate::Purpose purpose = gate::Purpose::CustomerCare;
  std::string language;
  std::string subject;
  std::string text;
  std::string html;         // "" for none
  std::string unsubscribe;  // where one POST ends such messages (RFC 8058); "" for none
};

// As of a mail server; `code` is of HTTP.
struct Handed {
  mail::Answer answer;
  std::chrono::seconds retry_after{0};  // not to be tried again before
};

// Thread-safe; one parcel at a time.
class Gateway {
 public:
  virtual ~Gateway() = default;
  virtual bool carries(gate::Channel channel) const = 0;
  // Accepted means that the receiver took it over. Where the connection ends before the answer it may arrive twice.
  virtual Handed hand_over(const Parcel& parcel) = 0;
  // What is under way, and comes after, ends with "interrupted".
  virtual void interrupt() = 0;
};

// Channels that a gateway can carry.
inline constexpr gate::Channel kCarried[] = {gate::Channel::email, gate::Channel::sms};

struct GatewaySettings {
  std::string url = {};                   // "" for none
  std::vector<std::string> secrets = {};  // the newest first; each signs
  std::vector<gate::Channel> channels = {gate::Channel::sms};
  std::chrono::milliseconds timeout{15'000};
};

// By a signed webhook (Standard Webhooks): POST of one message as JSON. Answers: 2xx accepted; 400, 413, 415 and 422
// this message never; 410 this address never; all else, also none, later. `client` and `clock` must outlive it. Errors:
// invalid "gateway_invalid".
Result<std::unique_ptr<Gateway>> create_gateway(GatewaySettings settings, http_client::Client& client,
                                                const Clock& clock);

}  // namespace handschlag::outreach
