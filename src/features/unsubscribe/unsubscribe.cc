#include "features/unsubscribe/unsubscribe.h"

#include <algorithm>

#include "features/unsubscribe/link.h"

namespace handschlag::unsubscribe {
namespace {

constexpr std::string_view kSecret = "unsubscribe";
constexpr int kMostMoves = 8;  // while the button is pressed

class UnsubscribeImpl final : public Unsubscribe {
 public:
  UnsubscribeImpl(std::vector<Place> places, Where where, const law::InForce& law, const Clock& clock,
                  std::string base_url)
      : places_(std::move(places)),
        where_(std::move(where)),
        law_(law),
        clock_(clock),
        base_url_(std::move(base_url)) {}

  Result<std::string> unsubscribe_url(db::Transaction&, std::string_view region, IdentityId identity,
                                      const identity::Key& address, gate::Purpose purpose,
                                      gate::Channel channel) override {
    const Place* place = place_of(region);
    if (place == nullptr) return fail(ErrorKind::not_found, "region_unknown", "There is no such region.");
    const crypto::Key key = TRY(place->vault->secret(kSecret));
    return base_url_ + "/u/" + seal_link(key, region, {identity, address, purpose, channel});
  }

  Result<std::optional<Ends>> look(std::string_view token) override {
    const auto opened = TRY(open_anywhere(token));
    if (!opened) return std::optional<Ends>();
    return std::optional(Ends{opened->link.purpose, opened->link.channel});
  }

  Result<std::optional<Ends>> press(std::string_view token, const Pressed& pressed) override {
    const auto opened = TRY(open_anywhere(token));
    if (!opened) return std::optional<Ends>();
    for (int moves = 0;; ++moves) {
      const auto at = TRY(where_(opened->place->region->id(), opened->link.identity));
      auto said = say(at, opened->link, pressed);
      if (said) return std::optional(Ends{opened->link.purpose, opened->link.channel});
      if (said.error().code != "customer_moved" || moves >= kMostMoves) return std::unexpected(said.error());
    }
  }

 private:
  struct Opened {
    const Place* place;
    Link link;
  };

  const Place* place_of(std::string_view region) const {
    const auto found =
        std::find_if(places_.begin(), places_.end(), [&](const Place& each) { return each.region->id() == region; });
    return found == places_.end() ? nullptr : &*found;
  }

  // A link does not tell its region: whose secret opens it, its region it is.
  Result<std::optional<Opened>> open_anywhere(std::string_view token) {
    for (const Place& place : places_) {
      const auto key = TRY(place.vault->find_secret(kSecret));
      if (!key) continue;
      if (auto link = open_link(*key, place.region->id(), token))
        return std::optional(Opened{&place, std::move(*link)});
    }
    return std::optional<Opened>();
  }

  Result<void> say(const customers::Customers::Whereabouts& at, const Link& link, const Pressed& pressed) {
    const Place* place = place_of(at.region);
    if (place == nullptr) return fail(ErrorKind::unavailable, "region_unknown", "That region is not served here.");
    return place->region->writer().run([&](db::Transaction& tx) -> Result<void> {
      std::vector<IdentityId> members;
      for (const identity::Reached& each : TRY(place->identities->reach(tx, at.identity, gate::PurposeSet::all()))) {
        members.push_back(each.id);
      }
      if (std::find(members.begin(), members.end(), at.identity) == members.end()) members.push_back(at.identity);
      if (TRY(said_before(tx, *place, at.identity, members, link))) return {};
      TRY(place->consents->record(tx, TRY(statement(tx, *place, at.identity, members, link, pressed))));
      return {};
    });
  }

  // Whether the last word of theirs for this address is a no. What others said for it, or they for other addresses,
  // does not count: it may end while this is to stay.
  static Result<bool> said_before(db::Transaction& tx, const Place& place, IdentityId identity,
                                  const std::vector<IdentityId>& members, const Link& link) {
    const bool there = TRY(place.identities->country_of(tx, identity)).has_value();
    if (!there) return place.consents->said_no(tx, link.address, link.purpose, link.channel);
    for (const consent::Statement& said : TRY(place.consents->history(tx, members))) {  // newest first
      const bool decides = consent::is_yes(said.act) || consent::is_no(said.act);
      if (!decides || said.purpose != link.purpose || said.channel != link.channel) continue;
      if (said.address && *said.address == link.address) return consent::is_no(said.act);
    }
    return false;
  }

  Result<consent::Statement> statement(db::Transaction& tx, const Place& place, IdentityId identity,
                                       const std::vector<IdentityId>& members, const Link& link,
                                       const Pressed& pressed) {
    const Time now = clock_.now();
    const consent::Standing standing =
        TRY(place.consents->standing(tx, {members, link.purpose, link.channel, &link.address, now}));
    consent::Statement out;
    out.identity = identity;
    // What rested on no consent can't be withdrawn: one objects to it.
    out.act = standing.state == gate::ConsentState::given ? consent::Act::withdrawn : consent::Act::objected;
    out.purpose = link.purpose;
    out.channel = link.channel;
    out.address = link.address;
    out.way = consent::Way::mail_link;
    out.strength = gate::Strength::stated;
    out.occurred_at = out.received_at = now;
    if (standing.state == gate::ConsentState::given) out.follows = standing.decided_by;
    out.proof.language = pressed.language;
    out.proof.declaration = pressed.one_click ? "" : pressed.shown;
    out.proof.evidence = pressed.one_click ? "one click in the mail program (RFC 8058)" : "the page of the link";
    const std::string country = TRY(place.identities->country_of(tx, identity)).value_or("");
    const law::Norm& proof = law_.current()->norm(country, law::Topic::consent_proof, link.channel, law::day_of(now));
    out.keep_until = law::after(now, proof.term);
    return out;
  }

  const std::vector<Place> places_;
  const Where where_;
  const law::InForce& law_;
  const Clock& clock_;
  const std::string base_url_;
};

}  // namespace

std::unique_ptr<Unsubscribe> Unsubscribe::create(std::vector<Place> places, Where where, const law::InForce& law,
                                                 const Clock& clock, std::string base_url) {
  return std::make_unique<UnsubscribeImpl>(std::move(places), std::move(where), law, clock, std::move(base_url));
}

}  // namespace handschlag::unsubscribe
