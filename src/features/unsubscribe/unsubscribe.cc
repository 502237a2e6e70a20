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
    const Link& link = opened->link;
    Wish wish{link.identity, link.address, link.purpose, link.channel, consent::Way::mail_link, {}};
    wish.proof.language = pressed.language;
    wish.proof.declaration = pressed.one_click ? "" : pressed.shown;
    wish.proof.evidence = pressed.one_click ? "one click in the mail program (RFC 8058)" : "the page of the link";
    TRY(say_where_they_are(opened->place->region->id(), wish));
    return std::optional(Ends{link.purpose, link.channel});
  }

  Result<void> end(std::string_view region, IdentityId identity, gate::Purpose purpose,
                   gate::Channel channel) override {
    Wish wish{identity, {}, purpose, channel, consent::Way::message, {}};
    wish.proof.language = "en";
    wish.proof.evidence = "a complaint to their mail provider: spam (RFC 5965)";
    return say_where_they_are(region, wish);
  }

 private:
  struct Opened {
    const Place* place;
    Link link;
  };

  // What somebody wants no more of, and how they said it.
  struct Wish {
    IdentityId identity;
    std::optional<identity::Key> address;  // nothing: at any address of theirs
    gate::Purpose purpose = gate::Purpose::DirectMarketing;
    gate::Channel channel = gate::Channel::email;
    consent::Way way = consent::Way::mail_link;
    consent::Proof proof;
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

  Result<void> say_where_they_are(std::string_view region, const Wish& wish) {
    for (int moves = 0;; ++moves) {
      const auto at = TRY(where_(region, wish.identity));
      auto said = say(at, wish);
      if (said) return {};
      if (said.error().code != "customer_moved" || moves >= kMostMoves) return std::unexpected(said.error());
    }
  }

  Result<void> say(const customers::Customers::Whereabouts& at, const Wish& wish) {
    const Place* place = place_of(at.region);
    if (place == nullptr) return fail(ErrorKind::unavailable, "region_unknown", "That region is not served here.");
    return place->region->writer().run([&](db::Transaction& tx) -> Result<void> {
      std::vector<IdentityId> members;
      for (const identity::Reached& each : TRY(place->identities->reach(tx, at.identity, gate::PurposeSet::all()))) {
        members.push_back(each.id);
      }
      if (std::find(members.begin(), members.end(), at.identity) == members.end()) members.push_back(at.identity);
      if (TRY(said_before(tx, *place, at.identity, members, wish, clock_.now()))) return {};
      TRY(place->consents->record(tx, TRY(statement(tx, *place, at.identity, members, wish))));
      return {};
    });
  }

  // Whether the last word of theirs for this address is a no. What others said for it, or they for other addresses,
  // does not count: it may end while this is to stay.
  static Result<bool> said_before(db::Transaction& tx, const Place& place, IdentityId identity,
                                  const std::vector<IdentityId>& members, const Wish& wish, Time now) {
    const bool there = TRY(place.identities->country_of(tx, identity)).has_value();
    // Of whoever is erased nothing can be said but for an address.
    if (!there) return !wish.address || TRY(place.consents->said_no(tx, *wish.address, wish.purpose, wish.channel));
    for (const consent::Statement& said : TRY(place.consents->history(tx, members))) {  // newest first
      const bool decides = consent::is_yes(said.act) || consent::is_no(said.act);
      if (!decides || said.purpose != wish.purpose || said.channel != wish.channel) continue;
      if (!wish.address || (said.address && *said.address == *wish.address)) {
        if (!consent::is_no(said.act) || (!wish.address && said.address)) return false;
        // It may not decide any more: somebody else proved that the address is theirs, and agreed since.
        const identity::Key* address = wish.address ? &*wish.address : nullptr;
        const auto standing = TRY(place.consents->standing(tx, {members, wish.purpose, wish.channel, address, now}));
        return standing.state == gate::ConsentState::refused;
      }
    }
    return false;
  }

  Result<consent::Statement> statement(db::Transaction& tx, const Place& place, IdentityId identity,
                                       const std::vector<IdentityId>& members, const Wish& wish) {
    const Time now = clock_.now();
    const consent::Standing standing = TRY(place.consents->standing(
        tx, {members, wish.purpose, wish.channel, wish.address ? &*wish.address : nullptr, now}));
    consent::Statement out;
    out.identity = identity;
    // What rested on no consent can't be withdrawn: one objects to it.
    out.act = standing.state == gate::ConsentState::given ? consent::Act::withdrawn : consent::Act::objected;
    out.purpose = wish.purpose;
    out.channel = wish.channel;
    out.address = wish.address;
    out.way = wish.way;
    out.strength = gate::Strength::stated;
    out.occurred_at = out.received_at = now;
    if (standing.state == gate::ConsentState::given) out.follows = standing.decided_by;
    out.proof = wish.proof;
    const std::string country = TRY(place.identities->country_of(tx, identity)).value_or("");
    const law::Norm& proof = law_.current()->norm(country, law::Topic::consent_proof, wish.channel, law::day_of(now));
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
