#include "features/portal/access.h"

#include <fmt/format.h>

#include <algorithm>

#include "features/portal/store.h"
#include "features/sources/sources.h"
#include "platform/crypto/crypto.h"
#include "platform/mail/mail.h"

namespace handschlag::portal {
namespace {

constexpr std::string_view kPrefix = "hsc_";
constexpr std::size_t kTextBytes = 47;  // of a session: the prefix and 256 bits in base64url
constexpr std::size_t kDigits = 8;
constexpr std::chrono::minutes kSeenEvery{1};
constexpr std::int64_t kAskSeconds = 60;  // until a caller may ask once more than at once
constexpr std::int64_t kTrySeconds = 15;

std::unexpected<Error> wrong_address() {
  std::vector<FieldError> fields;
  fields.push_back({"/address", "must be an e-mail address such as name@example.org"});
  return fail(ErrorKind::invalid, "fields_invalid", "This is no e-mail address that mail can be sent to.",
              std::move(fields));
}

std::unexpected<Error> refuse(std::string_view code, std::string_view detail) {
  return fail(ErrorKind::unauthenticated, std::string(code), std::string(detail));
}

Result<identity::Key> key_of(std::string_view address) {
  auto key = identity::make_key(identity::KeyKind::email, address, {"", sources::kOwnController, ""});
  if (!key || !mail::is_address(key->value)) return wrong_address();
  return *std::move(key);
}

std::string_view session_text(const http::Request& request) {
  return request.cookie(kSessionCookie);
}

// Nothing to store: whoever has the session's text can derive it, nobody else can.
std::string csrf_token_of(std::string_view text) {
  return crypto::to_base64url(crypto::digest("csrf " + std::string(text)));
}

std::string context_of(std::string_view digest) {
  return "portal_session|" + std::string(digest);
}

// One in `seconds`, and so many at once.
std::optional<std::chrono::milliseconds> take(http::Buckets& buckets, std::string_view caller, std::int64_t at_once,
                                              std::int64_t seconds) {
  return buckets.take(caller, {.per_second = 1, .burst = at_once * seconds}, seconds, std::chrono::steady_clock::now());
}

}  // namespace

Result<std::unique_ptr<Access>> Access::create(const Place& home, outreach::Outreach& outreach, const Clock& clock,
                                               const Settings& settings) {
  crypto::Key secret = TRY(home.vault->secret("portal"));
  return std::unique_ptr<Access>(new Access(home, std::move(secret), outreach, clock, settings));
}

std::string Access::address_digest(const identity::Key& address) const {
  return crypto::keyed_digest(secret_, "address|" + identity::message_of(address));
}

std::string Access::code_digest(const identity::Key& address, std::string_view code) const {
  return crypto::keyed_digest(secret_, fmt::format("code|{}|{}", code, identity::message_of(address)));
}

Result<crypto::Key> Access::session_key(std::string_view text) const {
  return crypto::Key::from_bytes(crypto::keyed_digest(secret_, "session|" + std::string(text), crypto::Key::kBytes));
}

Result<void> Access::ask(std::string_view address, std::string_view language, std::string_view caller) {
  const identity::Key key = TRY(key_of(address));
  if (!outreach_.carries(gate::Channel::email)) {
    return fail(ErrorKind::unavailable, "mail_missing", "No mail can be sent from here; please write to us instead.");
  }
  const bool too_often = take(askers_, caller, settings_.asked_at_once, kAskSeconds).has_value();
  const std::string digest = address_digest(key);
  const std::string code = crypto::random_digits(kDigits);
  const Time now = clock_.now();
  TRY(home_.region->writer().run([&](db::Transaction& tx) -> Result<void> {
    const store::Asked asked = TRY(store::count(tx, digest, now));
    if (too_often || asked.hour > settings_.codes_an_hour || asked.day > settings_.codes_a_day) return {};
    outreach::Outreach::Service service;
    service.region = home_.region->id();
    service.address = key;
    service.built_in = "access_code";
    service.language = language;
    service.parameters = {{"code", fmt::format("{} {}", code.substr(0, kDigits / 2), code.substr(kDigits / 2))},
                          {"link", fmt::format("{}/me#{}", settings_.base_url, code)}};
    service.expires_at = now + settings_.code_life;
    const outreach::Decision decision = TRY(outreach_.send_service(tx, service));
    // What is held back leads nowhere, and the code before it stays good.
    if (decision.outcome != outreach::Outcome::queued) return {};
    return store::put_code(tx, digest, code_digest(key, code), now + settings_.code_life);
  }));
  outreach_.wake();
  return {};
}

Result<Session> Access::sign_in(std::string_view address, std::string_view code, std::string_view caller) {
  const identity::Key key = TRY(key_of(address));
  if (auto wait = take(triers_, caller, settings_.tried_at_once, kTrySeconds)) {
    return http::over_rate("codes_too_many", "Too many codes were tried from here; wait a little.", *wait);
  }
  const std::string digest = address_digest(key);
  const std::string wanted = code_digest(key, crypto::digits_in(code));
  const Time now = clock_.now();
  Result<Session> out =
      refuse("code_wrong", "This is not the code of the newest mail; look again, or ask for a new one.");
  TRY(home_.region->writer().run([&](db::Transaction& tx) -> Result<void> {
    const auto row = TRY(store::attempt(tx, digest));
    const bool right = crypto::equal(row ? row->digest : std::string(wanted.size(), '\0'), wanted);
    if (!row || row->digest.empty()) return {};
    if (row->attempts > settings_.attempts) {
      out = refuse("code_used_up", "This code was tried too often; ask for a new one.");
    } else if (row->expires_at <= now) {
      out = refuse("code_expired", "This code is too old; ask for a new one.");
    } else if (right) {
      TRY(store::use_code(tx, digest));
      out = TRY(open_session(tx, key, now));
    }
    return {};
  }));
  return out;
}

Result<Session> Access::open_session(db::Transaction& tx, const identity::Key& address, Time now) const {
  const std::string text = std::string(kPrefix) + crypto::random_token();
  const std::string digest = crypto::digest(text);
  const std::string sealed = crypto::seal(TRY(session_key(text)), address.value, context_of(digest));
  const Time end = now + settings_.session_lifetime;
  TRY(store::insert(tx, {digest, sealed, now, end}));
  return Session{text, csrf_token_of(text), address.value, end};
}

Result<Access::Open> Access::find(std::string_view text) {
  const auto over = [] { return refuse("session_invalid", "You are signed out; ask for a new code."); };
  if (text.size() != kTextBytes || !text.starts_with(kPrefix)) return over();
  const std::string digest = crypto::digest(text);
  const Time now = clock_.now();
  std::optional<store::Session> row;
  TRY(home_.region->data().read([&](db::Transaction& tx) -> Result<void> {
    row = TRY(store::find(tx, digest));
    return {};
  }));
  if (!row || !crypto::equal(row->digest, digest)) return over();
  if (row->expires_at <= now || row->seen_at + settings_.session_idle <= now) return over();
  // A mailbox may be shared, so this says which address was proven, and not who it was.
  const std::string address = TRY(crypto::open(TRY(session_key(text)), row->sealed, context_of(digest)));
  if (row->seen_at + kSeenEvery <= now) {
    TRY(home_.region->writer().run([&](db::Transaction& tx) { return store::see(tx, digest, now); }));
  }
  return Open{{TRY(key_of(address)), digest}, row->expires_at};
}

Result<http::Principal> Access::authenticate(const http::Request& request) {
  const std::string_view text = session_text(request);
  Open open = TRY(find(text));
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads && !crypto::equal(request.header(kCsrfHeader), csrf_token_of(text))) {
    return fail(ErrorKind::forbidden, "csrf_invalid",
                fmt::format("Send the session's csrf_token in the header {}.", kCsrfHeader));
  }
  // A name for limits and logs that leads nobody to the session.
  const std::string id = "customer:" + crypto::to_hex(crypto::digest("name " + open.customer.digest)).substr(0, 16);
  return http::Principal{id, "", std::move(open.customer)};
}

Result<Session> Access::session(const http::Request& request) {
  const std::string_view text = session_text(request);
  const Open open = TRY(find(text));
  return Session{std::string(text), csrf_token_of(text), open.customer.address.value, open.expires_at};
}

Result<void> Access::sign_out(const Customer& customer) {
  return home_.region->writer().run([&](db::Transaction& tx) { return store::remove(tx, customer.digest); });
}

Result<void> Access::purge() {
  const Time now = clock_.now();
  return home_.region->writer().run([&](db::Transaction& tx) {
    return store::purge(tx, now, now - settings_.session_idle, now - std::chrono::days{1});
  });
}

}  // namespace handschlag::portal
