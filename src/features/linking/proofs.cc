#include "features/linking/proofs.h"

#include <fmt/format.h>

#include "features/linking/store.h"
#include "platform/json/json.h"

namespace handschlag::linking {
namespace {

constexpr std::size_t kDigits = 8;
constexpr std::int64_t kAskSeconds = 60;  // until a caller may ask once more than at once
constexpr std::int64_t kTrySeconds = 15;

std::string context_of(std::string_view session) {
  return "linking_proof|" + std::string(session);
}

std::string pack(const Target& target) {
  json::Value people = json::Value::array();
  for (const auto& [region, identity] : target.people) people.push_back({{"region", region}, {"id", identity.value}});
  return json::dump({{"way", static_cast<int>(target.way)},
                     {"name_space", target.address.name_space},
                     {"address", target.address.value},
                     {"people", std::move(people)}});
}

Result<Target> unpack(const std::string& text) {
  const json::Value value = TRY(json::parse(text));
  Target out;
  out.way = static_cast<Way>(value.value("way", 0));
  out.address = {identity::KeyKind::email, value.value("name_space", ""), value.value("address", "")};
  for (const json::Value& one : value["people"]) {
    out.people.emplace_back(one.value("region", ""), IdentityId{one.value("id", std::int64_t{0})});
  }
  return out;
}

std::optional<std::chrono::milliseconds> take(http::Buckets& buckets, std::string_view caller, std::int64_t at_once,
                                              std::int64_t seconds) {
  return buckets.take(caller, {.per_second = 1, .burst = at_once * seconds}, seconds, std::chrono::steady_clock::now());
}

std::unexpected<Error> no_proof(std::string_view code, std::string_view detail) {
  return fail(ErrorKind::invalid, std::string(code), std::string(detail));
}

}  // namespace

Result<std::unique_ptr<Proofs>> Proofs::create(const portal::Place& home, outreach::Outreach& outreach,
                                               const Clock& clock, const Settings& settings) {
  crypto::Key secret = TRY(home.vault->secret("linking"));
  return std::unique_ptr<Proofs>(new Proofs(home, std::move(secret), outreach, clock, settings));
}

std::string Proofs::code_digest(const portal::Customer& customer, std::string_view code) const {
  return crypto::keyed_digest(secret_, fmt::format("code|{}|{}", code, crypto::to_hex(customer.digest)));
}

bool Proofs::asks_too_often(std::string_view caller) {
  return take(askers_, caller, settings_.asked_at_once, kAskSeconds).has_value();
}

Result<void> Proofs::admit(std::string_view caller) {
  const auto wait = take(triers_, caller, settings_.tried_at_once, kTrySeconds);
  if (!wait) return {};
  return http::over_rate("codes_too_many", "Too many codes were tried from here; wait a little.", *wait);
}

Result<bool> Proofs::within_limits(db::Transaction& tx, const Asking& asking, Time now) const {
  const std::string wanted = asking.way == Way::email ? identity::message_of(asking.address) : asking.number;
  const auto digest = [&](std::string_view what, const std::string& of) {
    return crypto::keyed_digest(secret_, fmt::format("{}|{}", what, of));
  };
  const auto asker = TRY(store::count(tx, digest("asker", identity::message_of(asking.request.customer.address)), now));
  const auto target = TRY(store::count(tx, digest(name_of(asking.way), wanted), now));
  return !asking.too_often && asker.hour <= settings_.asker_an_hour && asker.day <= settings_.asker_a_day &&
         target.hour <= settings_.target_an_hour && target.day <= settings_.target_a_day;
}

Result<void> Proofs::send(const Asking& asking, const std::optional<Target>& target) {
  const Time now = clock_.now();
  const std::string code = crypto::random_digits(kDigits);
  const std::string& session = asking.request.customer.digest;
  TRY(home_.region->writer().run([&](db::Transaction& tx) -> Result<void> {
    if (!TRY(within_limits(tx, asking, now)) || !target) return {};
    outreach::Outreach::Service service;
    service.region = home_.region->id();
    service.address = target->address;
    service.built_in = "link_code";
    service.language = asking.language;
    service.parameters = {{"code", fmt::format("{} {}", code.substr(0, kDigits / 2), code.substr(kDigits / 2))}};
    service.expires_at = now + settings_.code_life;
    const outreach::Decision decision = TRY(outreach_.send_service(tx, service));
    // What is held back leads nowhere, and the code before it stays good.
    if (decision.outcome != outreach::Outcome::queued) return {};
    return store::put(tx, session,
                      {code_digest(asking.request.customer, code), 0, now + settings_.code_life,
                       crypto::seal(secret_, pack(*target), context_of(session))});
  }));
  outreach_.wake();
  return {};
}

Result<Target> Proofs::prove(const portal::Customer& customer, std::string_view code) {
  const std::string wanted = code_digest(customer, crypto::digits_in(code));
  const Time now = clock_.now();
  Result<Target> out =
      no_proof("code_wrong", "This is not the code of the newest mail; look again, or ask for a new one.");
  TRY(home_.region->writer().run([&](db::Transaction& tx) -> Result<void> {
    const auto row = TRY(store::attempt(tx, customer.digest));
    const bool right = crypto::equal(row ? row->code : std::string(wanted.size(), '\0'), wanted);
    if (!row) return {};
    if (row->attempts > settings_.attempts) {
      out = no_proof("code_used_up", "This code was tried too often; ask for a new one.");
    } else if (row->expires_at <= now) {
      out = no_proof("code_expired", "This code is too old; ask for a new one.");
    } else if (right) {
      TRY(store::remove(tx, customer.digest));
      out = unpack(TRY(crypto::open(secret_, row->sealed, context_of(customer.digest))));
    }
    return {};
  }));
  return out;
}

Result<void> Proofs::purge() {
  const Time now = clock_.now();
  return home_.region->writer().run(
      [&](db::Transaction& tx) { return store::purge(tx, now, now - std::chrono::days{1}); });
}

}  // namespace handschlag::linking
