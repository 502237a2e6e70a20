#include "features/portal/portal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

#include "features/customers/customers.h"
#include "features/portal/access.h"

namespace handschlag::portal {
namespace {

using gate::Channel;
using gate::ConsentState;
using gate::Purpose;

constexpr int kAttempts = 3;  // while people move
constexpr std::int64_t kSaidAtOnce = 100;
constexpr std::int64_t kSaySeconds = 60;  // until somebody may say something once more than at once

// What ends with all advertising, beside whatever was agreed to.
constexpr std::array kAdvertising = {Purpose::DirectMarketing,       Purpose::PersonalisedAdvertising,
                                     Purpose::PersonalisedBenefits,  Purpose::SatisfactionSurvey,
                                     Purpose::LocationOffers,        Purpose::ProvidePersonalisedRecommendations,
                                     Purpose::SellDataToThirdParties};
// What else is advertising when it is written to somebody, though the data is used for a contract too: the messages to
// this mailbox end, and not the use.
constexpr Purpose kWrittenOf = Purpose::CustomerRelationshipManagement;

std::unexpected<Error> wrong(std::string field, std::string reason) {
  std::vector<FieldError> fields;
  fields.push_back({std::move(field), std::move(reason)});
  return fail(ErrorKind::invalid, "fields_invalid", "Some fields are wrong.", std::move(fields));
}

std::unexpected<Error> unknown_statement() {
  return fail(ErrorKind::not_found, "statement_unknown", "There is no such statement.");
}

// A mailbox says nothing about whose telephone that is.
bool is_shown(Channel channel) {
  return consent::address_kind(channel) != identity::KeyKind::phone;
}
// Linking is agreed to with a proof, and has a section of its own (features/linking).
bool is_shown(Purpose purpose, Channel channel) {
  return purpose != Purpose::IdentityLinking && is_shown(channel);
}

// Somebody who is known by the address.
struct Member {
  IdentityId id;
  std::string country;
};
using Members = std::vector<std::vector<Member>>;  // as the places

bool anybody(const Members& members) {
  return std::any_of(members.begin(), members.end(), [](const auto& there) { return !there.empty(); });
}

std::vector<IdentityId> ids_of(const std::vector<Member>& members) {
  std::vector<IdentityId> out;
  for (const Member& member : members) out.push_back(member.id);
  return out;
}

// What one person, or nobody yet, is going to have said.
struct Speech {
  consent::Act act = consent::Act::withdrawn;
  Purpose purpose = Purpose::DirectMarketing;
  Channel channel = Channel::none;
  notices::NoticePointer notice;
  std::string language;
};

void take_notice(const Speech& speech, consent::Statement& out) {
  if (!speech.notice) return;
  const notices::NoticeVersion& shown = *speech.notice;
  const notices::Text* text = shown.text_in(speech.language);
  out.notice = {shown.id, shown.version, shown.hash};
  out.proof.language = text->language;
  out.proof.declaration = text->whole();
  out.explicit_consent = shown.explicit_consent;
  out.quiet_hours = shown.quiet_hours;
  out.recipient_named = shown.names_recipients;
  if (shown.validity.count > 0) out.expires_at = law::after(out.occurred_at, shown.validity);
}

// Of what holds in two regions the no, then the yes; of two alike the newer.
bool outweighs(const consent::Standing& a, const consent::Standing& b) {
  const auto rank = [](const consent::Standing& each) {
    return each.state == ConsentState::refused ? 2 : each.state == ConsentState::given ? 1 : 0;
  };
  if (rank(a) != rank(b)) return rank(a) > rank(b);
  return a.decided_by && (!b.decided_by || a.since > b.since);
}

class PortalImpl final : public Portal {
 public:
  PortalImpl(Parts parts, Settings settings, std::unique_ptr<Access> access)
      : parts_(std::move(parts)),
        looks_(parts_.places, *parts_.law, *parts_.clock),
        settings_(std::move(settings)),
        access_(std::move(access)) {}

  const Settings& settings() const override { return settings_; }
  Result<void> ask(std::string_view address, std::string_view language, std::string_view caller) override {
    return access_->ask(address, language, caller);
  }
  Result<Session> sign_in(std::string_view address, std::string_view code, std::string_view caller) override {
    return access_->sign_in(address, code, caller);
  }
  Result<http::Principal> authenticate(const http::Request& request) override { return access_->authenticate(request); }
  Result<Session> session(const http::Request& request) override { return access_->session(request); }
  Result<void> sign_out(const Customer& customer) override { return access_->sign_out(customer); }
  Result<void> purge() override { return access_->purge(); }

  Result<Overview> of(const Request& request) override {
    const identity::Key& address = request.customer.address;
    const Members members = TRY(members_of(address));
    TRY(permit(request, members));
    Overview out;
    out.address = address.value;
    out.known = anybody(members);
    std::vector<std::set<IdentityId>> seen(parts_.places.size());
    std::map<Purpose, std::set<Channel>> uses = asked_now();
    for (std::size_t i = 0; i < parts_.places.size(); ++i) {
      for (const Member& member : members[i]) seen[i].insert(member.id);
      TRY(read(i, [&](db::Transaction& tx) -> Result<void> {
        for (consent::Statement& said : TRY(parts_.places[i].consents->said_for(tx, address))) {
          seen[i].insert(said.identity);
          const bool whole = said.channel == Channel::none && consent::is_no(said.act);
          if (is_shown(said.purpose, said.channel) && !whole) uses[said.purpose].insert(said.channel);
          out.history.push_back({parts_.places[i].region->id(), std::move(said)});
        }
        return {};
      }));
    }
    std::stable_sort(out.history.begin(), out.history.end(),
                     [](const Said& a, const Said& b) { return a.statement.occurred_at > b.statement.occurred_at; });
    TRY(fill(out, uses, address, members));
    TRY(tell(request, seen));
    return out;
  }

  Result<Overview> say(const Request& request, const Wish& wish) override {
    const Speech speech = TRY(speech_of(wish));
    TRY(admit(request));
    TRY(speak(request, {&speech, 1}));
    return of(request);
  }

  Result<Overview> end_all(const Request& request, std::string_view language) override {
    TRY(admit(request));
    const Overview now = TRY(of(request));
    std::vector<Speech> speeches;
    for (Purpose purpose : kAdvertising) {
      speeches.push_back({consent::Act::objected, purpose, Channel::none, nullptr, std::string(language)});
    }
    speeches.push_back({consent::Act::objected, kWrittenOf, Channel::email, nullptr, std::string(language)});
    for (const Topic& topic : now.topics) {
      for (const Line& line : topic.lines) {
        const bool ends_with_all =
            std::find(kAdvertising.begin(), kAdvertising.end(), topic.purpose) != kAdvertising.end();
        if (line.state != ConsentState::given || ends_with_all) continue;
        speeches.push_back({consent::Act::withdrawn, topic.purpose, line.channel, nullptr, std::string(language)});
      }
    }
    TRY(speak(request, speeches));
    return of(request);
  }

  Result<preferences::Receipt> receipt(const Request& request, std::string_view statement) override {
    const auto dash = statement.rfind("-c");
    if (dash == std::string_view::npos || dash == 0) return unknown_statement();
    consent::StatementId id;
    const std::string_view digits = statement.substr(dash + 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id.value);
    if (error != std::errc{} || end != digits.data() + digits.size() || id.value <= 0) return unknown_statement();
    for (std::size_t i = 0; i < parts_.places.size(); ++i) {
      if (parts_.places[i].region->id() == statement.substr(0, dash)) return receipt_of(request, i, id);
    }
    return unknown_statement();
  }

 private:
  template <class Body>
  Result<void> read(std::size_t place, Body body) {
    return parts_.places[place].region->data().read(std::move(body));
  }

  // Who said themselves, or whose source vouches for it, that the address is theirs.
  Result<Members> members_of(const identity::Key& address) {
    Members out(parts_.places.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      identity::Identities& identities = *parts_.places[i].identities;
      TRY(read(i, [&](db::Transaction& tx) -> Result<void> {
        for (const auto& found : TRY(identities.find(tx, {&address, 1}, gate::PurposeSet::all()))) {
          if (found.standing != identity::Standing::own && found.standing != identity::Standing::confirmed) continue;
          auto country = TRY(identities.country_of(tx, found.id));
          if (country) out[i].push_back({found.id, *std::move(country)});
        }
        return {};
      }));
    }
    return out;
  }

  Result<void> permit(const Request& request, const Members& members) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      for (const Member& member : members[i]) TRY(looks_.permit(request, i, member.id, member.country));
    }
    return {};
  }

  // The ledger of everybody whose statements are shown.
  Result<void> tell(const Request& request, const std::vector<std::set<IdentityId>>& seen) {
    const gate::Ruling ruling = looks_.rule("");
    for (std::size_t i = 0; i < seen.size(); ++i) TRY(looks_.record(request, i, seen[i], ruling));
    if (ruling.allowed()) return {};
    return fail(ErrorKind::forbidden, "use_denied", gate::reason(ruling, Purpose::RightsFulfilment, "en"));
  }

  std::map<Purpose, std::set<Channel>> asked_now() {
    std::map<Purpose, std::set<Channel>> out;
    for (const auto& notice : parts_.notices->in_force()) {
      for (const gate::PurposeInfo& info : gate::purposes()) {
        if (!notice->purposes.has(info.purpose)) continue;
        for (Channel channel : notice->channels) {
          if (is_shown(info.purpose, channel)) out[info.purpose].insert(channel);
        }
      }
    }
    return out;
  }

  notices::NoticePointer notice_for(Purpose purpose, Channel channel) {
    notices::NoticePointer out;
    for (const auto& notice : parts_.notices->in_force()) {
      if (!notice->covers(purpose, channel)) continue;
      if (!out || notice->published_at > out->published_at) out = notice;
    }
    return out;
  }

  Result<void> fill(Overview& out, const std::map<Purpose, std::set<Channel>>& uses, const identity::Key& address,
                    const Members& members) {
    bool given = false;
    for (const auto& [purpose, channels] : uses) {
      Topic topic{purpose, parts_.notices->entry(purpose), {}};
      for (Channel channel : channels) {
        const consent::Standing standing = TRY(standing_of(purpose, channel, address, members));
        Line line{channel, standing.state, standing.expired, {}, standing.expires_at, notice_for(purpose, channel)};
        if (standing.decided_by) line.since = standing.since;
        given = given || line.state == ConsentState::given;
        topic.lines.push_back(std::move(line));
      }
      out.topics.push_back(std::move(topic));
    }
    const consent::Standing whole = TRY(standing_of(Purpose::DirectMarketing, Channel::none, address, members));
    out.advertising = given || whole.state != ConsentState::refused;
    return {};
  }

  // What a message to the address would meet: a no of anybody who is known by it, in any region, holds.
  Result<consent::Standing> standing_of(Purpose purpose, Channel channel, const identity::Key& address,
                                        const Members& members) {
    consent::Standing out;
    for (std::size_t i = 0; i < parts_.places.size(); ++i) {
      const std::vector<IdentityId> ids = ids_of(members[i]);
      TRY(read(i, [&](db::Transaction& tx) -> Result<void> {
        consent::Standing there =
            TRY(parts_.places[i].consents->standing(tx, {ids, purpose, channel, &address, parts_.clock->now()}));
        if (i == 0 || outweighs(there, out)) out = std::move(there);
        return {};
      }));
    }
    return out;
  }

  Result<Speech> speech_of(const Wish& wish) {
    if (!is_shown(wish.channel)) return wrong("/channel", "must be one for which a mailbox can speak");
    if (!is_shown(wish.purpose, wish.channel)) return wrong("/purpose", "has a way of its own: /api/v1/me/links");
    Speech out{wish.act, wish.purpose, wish.channel, nullptr, wish.language};
    if (!consent::is_yes(wish.act)) return out;
    if (wish.notice.empty()) return wrong("/notice", "is required: what exactly was agreed to");
    auto notice = parts_.notices->published(wish.notice);
    if (!notice || (*notice)->version != wish.version) {
      return fail(ErrorKind::conflict, "notice_changed",
                  "The text was changed meanwhile; read the new one, and decide then.");
    }
    if (!(*notice)->covers(wish.purpose, wish.channel)) {
      return wrong("/notice", "must be one that speaks of this purpose and channel");
    }
    if ((*notice)->text_in(wish.language) == nullptr) return wrong("/language", "must be one of the notice's");
    out.notice = *notice;
    return out;
  }

  Result<void> admit(const Request& request) {
    const auto wait =
        speakers_.take(request.customer.address.value, {.per_second = 1, .burst = kSaidAtOnce * kSaySeconds},
                       kSaySeconds, std::chrono::steady_clock::now());
    if (!wait) return {};
    return http::over_rate("statements_too_many", "That was very much in a short time; wait a little.", *wait);
  }

  Result<void> speak(const Request& request, std::span<const Speech> speeches) {
    Result<void> done;
    const Time now = parts_.clock->now();  // what one wish said, for however many people, was said at once
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const Members members = TRY(members_of(request.customer.address));
      TRY(permit(request, members));
      done = speak(request, members, speeches, now);
      // Whoever went to another region meanwhile is found there.
      if (done || done.error().code != "customer_moved") break;
    }
    return done;
  }

  Result<void> speak(const Request& request, const Members& members, std::span<const Speech> speeches, Time now) {
    const bool known = anybody(members);
    for (std::size_t i = 0; i < members.size(); ++i) {
      std::vector<Member> who = members[i];
      if (!known && i == 0) {
        const bool yes = std::any_of(speeches.begin(), speeches.end(),
                                     [](const Speech& speech) { return consent::is_yes(speech.act); });
        if (yes) {
          return fail(ErrorKind::conflict, "nobody_known",
                      "We know nobody by this address, so there is nothing that you could allow here.");
        }
        who.push_back({});  // a no is kept all the same: the address is left alone
      }
      if (who.empty()) continue;
      TRY(audit(request, i, who, speeches, staff::Outcome::ok));
      auto written = parts_.places[i].region->writer().run([&](db::Transaction& tx) -> Result<void> {
        for (const Member& member : who) {
          for (const Speech& speech : speeches) {
            TRY(parts_.places[i].consents->record(tx, statement_of(request, member, speech, now)));
          }
        }
        return {};
      });
      if (!written) {
        TRY(audit(request, i, who, speeches, staff::Outcome::failed));
        return written;
      }
    }
    return {};
  }

  consent::Statement statement_of(const Request& request, const Member& member, const Speech& speech, Time now) {
    consent::Statement out;
    out.identity = member.id;
    out.act = speech.act;
    out.purpose = speech.purpose;
    out.channel = speech.channel;
    out.address = request.customer.address;
    out.way = consent::Way::preference_centre;
    out.strength = gate::Strength::confirmed;
    out.occurred_at = out.received_at = now;
    out.proof.language = speech.language;
    out.proof.evidence = "signed in by a code that was sent to the address";
    take_notice(speech, out);
    const law::Norm& proof = parts_.law->current()->norm(member.country, law::Topic::consent_proof, out.channel,
                                                         law::day_of(out.occurred_at));
    out.keep_until = law::after(out.occurred_at, proof.term);
    return out;
  }

  Result<void> audit(const Request& request, std::size_t place, const std::vector<Member>& who,
                     std::span<const Speech> speeches, staff::Outcome outcome) {
    for (const Member& member : who) {
      const std::string subject =
          member.id ? "customer:" + customers::format_handle(parts_.places[place].region->id(), member.id) : "nobody";
      for (const Speech& speech : speeches) {
        TRY(parts_.staff->record({std::string(kRole), request.operation,
                                  fmt::format("{} {}:{} {}", subject, gate::info(speech.purpose).name,
                                              law::name_of(speech.channel), consent::name_of(speech.act)),
                                  request.trace_id, outcome}));
      }
    }
    return {};
  }

  Result<preferences::Receipt> receipt_of(const Request& request, std::size_t place, consent::StatementId id) {
    const Place& there = parts_.places[place];
    preferences::Receipt out;
    out.region = there.region->id();
    IdentityId who;
    TRY(read(place, [&](db::Transaction& tx) -> Result<void> {
      who = TRY(there.consents->whose(tx, id));
      out.country = TRY(there.identities->country_of(tx, who)).value_or("");
      return {};
    }));
    const gate::Ruling ruling = looks_.rule(out.country);
    if (!ruling.allowed()) return unknown_statement();
    TRY(read(place, [&](db::Transaction& tx) -> Result<void> {
      out.statement = TRY(there.consents->find(tx, id));
      return {};
    }));
    if (!TRY(is_theirs(request.customer.address, place, who, out.statement))) return unknown_statement();
    TRY(looks_.record(request, place, {who}, ruling));
    out.handle = customers::format_handle(out.region, who);
    if (auto notice = parts_.notices->find(out.statement.notice.id, out.statement.notice.version)) out.notice = *notice;
    out.entry = parts_.notices->entry(out.statement.purpose);
    return out;
  }

  // Said for their address; or of linking, which is said for the person, by somebody who is known by it.
  Result<bool> is_theirs(const identity::Key& address, std::size_t place, IdentityId who,
                         const consent::Statement& said) {
    if (said.address == address) return true;
    if (said.address || said.purpose != Purpose::IdentityLinking) return false;
    const Members members = TRY(members_of(address));
    return std::any_of(members[place].begin(), members[place].end(),
                       [&](const Member& member) { return member.id == who; });
  }

  const Parts parts_;
  const Looks looks_;
  const Settings settings_;
  const std::unique_ptr<Access> access_;
  http::Buckets speakers_{20'000};
};

}  // namespace

Result<std::unique_ptr<Portal>> Portal::create(Parts parts, Settings settings) {
  auto access = TRY(Access::create(parts.places.front(), *parts.outreach, *parts.clock, settings));
  return std::make_unique<PortalImpl>(std::move(parts), std::move(settings), std::move(access));
}

}  // namespace handschlag::portal
