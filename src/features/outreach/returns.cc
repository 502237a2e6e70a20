#include "features/outreach/returns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace handschlag::outreach {
namespace {

using Said = mail::Report::Kind;

constexpr std::size_t kNumberDigits = 12;
constexpr std::size_t kDayDigits = 4;
constexpr std::size_t kDigestBytes = 16;
constexpr std::size_t kTokenLength = kNumberDigits + kDayDigits + 2 * kDigestBytes;
constexpr std::int64_t kInARow = 3;  // messages that did not arrive, until the address is not written to any more

std::int64_t day_of(Time time) {
  return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

std::string token_of(const crypto::Key& key, std::string_view region, std::int64_t message, std::int64_t day) {
  const std::string digest =
      crypto::keyed_digest(key, fmt::format("outreach_return|{}|{}|{}", region, message, day), kDigestBytes);
  return fmt::format("{:0{}x}{:0{}x}{}", message, kNumberDigits, day, kDayDigits, crypto::to_hex(digest));
}

std::optional<std::int64_t> number_in(std::string_view hex) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
  if (error != std::errc{} || end != hex.data() + hex.size() || value < 0) return std::nullopt;
  return value;
}

std::string_view step_of(Said kind) {
  switch (kind) {
    case Said::failed:
      return "bounced";
    case Said::delayed:
      return "delayed";
    case Said::delivered:
      return "delivered";
    default:
      return "complained";
  }
}

}  // namespace

std::string return_address(const crypto::Key& key, std::string_view region, std::int64_t message, Time now,
                           std::string_view bounces) {
  const std::size_t at = bounces.find('@');
  return fmt::format("{}+{}{}", bounces.substr(0, at), token_of(key, region, message, day_of(now)), bounces.substr(at));
}

std::optional<Named> message_of(const crypto::Key& key, std::string_view region, std::string_view address, Time now) {
  std::string_view text = address.substr(0, address.find('@'));
  if (const std::size_t plus = text.rfind('+'); plus != std::string_view::npos) text.remove_prefix(plus + 1);
  if (text.size() != kTokenLength) return std::nullopt;
  std::string given(text);
  std::transform(given.begin(), given.end(), given.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto message = number_in(std::string_view(given).substr(0, kNumberDigits));
  const auto day = number_in(std::string_view(given).substr(kNumberDigits, kDayDigits));
  if (!message || !day || !crypto::equal(given, token_of(key, region, *message, *day))) return std::nullopt;
  return Named{*message, day_of(now) > *day + kReturnsWithin.count()};
}

std::string_view meaning_of(std::string_view status) {
  // RFC 3463: exact ones first, then what the middle number is about.
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kExact = {{{"1.2", "domain_unknown"},
                                                                                           {"4.4", "domain_unknown"},
                                                                                           {"2.1", "mailbox_closed"},
                                                                                           {"2.2", "mailbox_full"},
                                                                                           {"2.3", "message_too_large"},
                                                                                           {"3.4", "message_too_large"},
                                                                                           {"4.7", "not_in_time"}}};
  static constexpr std::array<std::string_view, 8> kAbout = {"refused",         "mailbox_unknown", "mailbox_unusable",
                                                             "server_failed",   "not_reached",     "refused",
                                                             "content_refused", "policy_refused"};
  if (status.size() < 5) return "refused";
  const std::string_view rest = status.substr(2);
  for (const auto& [exact, meaning] : kExact) {
    if (exact == rest) return meaning;
  }
  const bool known = rest[1] == '.' && rest[0] >= '0' && rest[0] <= '7';
  return known ? kAbout[static_cast<std::size_t>(rest[0] - '0')] : "refused";
}

bool is_unknown_address(std::string_view status) {
  for (std::string_view known : {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"}) {
    if (status == known) return true;
  }
  return false;
}

Result<Taken> Returns::take(const mail::Report& report) {
  if (report.kind == Said::none || report.kind == Said::automatic) return Taken::ignored;
  const Time now = house_.clock.now();
  const auto found = TRY(find(report.senders, now));
  if (!found) return Taken::unknown;
  if (found->named.expired) return Taken::expired;
  if (report.kind == Said::complained) {
    const Taken ended = TRY(end(*found->place, found->named.message));
    if (ended != Taken::done) return ended;
  }
  return write_down(*found->place, found->named.message, report, now);
}

// A token does not tell its region: whose secret made it, its region it is.
Result<std::optional<Returns::Found>> Returns::find(const std::vector<std::string>& addresses, Time now) {
  for (Place& place : places_) {
    const auto key = TRY(place.vault->find_secret(kReturnsSecret));
    if (!key) continue;
    for (const std::string& each : addresses) {
      if (const auto named = message_of(*key, place.region->id(), each, now))
        return std::optional(Found{&place, *named});
    }
  }
  return std::optional<Found>();
}

// A complaint says that they want no more of it; done before it is written down, so that a retry after a crash says it
// again and changes nothing.
Result<Taken> Returns::end(Place& place, std::int64_t message) {
  std::optional<store::Row> row;
  TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
    row = TRY(store::find(tx, place.region->id(), message));
    return {};
  }));
  if (!row) return Taken::unknown;
  const Message& one = row->message;
  // The same complaint again says nothing new: they may have agreed since.
  const bool known = std::any_of(one.trace.begin(), one.trace.end(),
                                 [](const Step& step) { return step.what == step_of(Said::complained); });
  if (known) return Taken::known;
  if (house_.links != nullptr && one.identity && templates::needs_unsubscribe(one.purpose)) {
    TRY(house_.links->end(place.region->id(), one.identity, one.purpose, one.channel));
  }
  return Taken::done;
}

Result<Taken> Returns::write_down(Place& place, std::int64_t message, const mail::Report& report, Time now) {
  Taken taken = Taken::done;
  TRY(place.region->writer().run([&](db::Transaction& tx) -> Result<void> {
    taken = Taken::done;
    auto row = TRY(store::find(tx, place.region->id(), message));
    if (!row) {
      taken = Taken::unknown;
      return {};
    }
    Message& one = row->message;
    const State before = one.state;
    // It can be back before its sender has written down that it left.
    if (before == State::sending || before == State::waiting) {
      taken = Taken::early;
      return {};
    }
    const std::string what(step_of(report.kind));
    const bool known = std::any_of(one.trace.begin(), one.trace.end(), [&](const Step& step) {
      return step.what == what && (report.kind != Said::delayed || step.status == report.status);
    });
    const bool over = before != State::sent && !(before == State::bounced && report.kind == Said::complained);
    if (known || over) {
      taken = Taken::known;
      return {};
    }
    Step step{now, what, {}, report.code, report.status};
    if (report.kind == Said::failed || report.kind == Said::delayed) {
      step.reasons = {std::string(meaning_of(report.status))};
    }
    one.trace.push_back(step);
    if (report.kind == Said::failed) one.state = State::bounced;
    TRY(store::change(tx, *row, before));
    return judge(tx, *row, step);
  }));
  if (taken == Taken::done) house_.meters.count(step_of(report.kind));
  return taken;
}

// Whether the address is written to again.
Result<void> Returns::judge(db::Transaction& tx, const store::Row& row, const Step& step) {
  if (step.what == "delivered") return store::set_reachable(tx, row.address);
  if (step.what != "bounced") return {};
  const bool gone = is_unknown_address(step.status) ||
                    TRY(store::bounced_in_a_row(tx, row.address, row.message.channel, kInARow)) >= kInARow;
  if (gone) TRY(store::set_unreachable(tx, row.address, step.at, step.status));
  return {};
}

}  // namespace handschlag::outreach
