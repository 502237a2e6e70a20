#include "features/signups/signups.h"

#include <fmt/format.h>

#include <algorithm>

#include "features/signups/store.h"
#include "platform/crypto/crypto.h"
#include "platform/json/json.h"
#include "platform/mail/mail.h"

namespace handschlag::signups {
namespace {

using consent::Act;
using gate::Channel;

constexpr std::string_view kSecret = "signups";
constexpr std::size_t kCodeDigits = 8;
constexpr std::size_t kMaxWhat = 2'000;  // of a template's parameter
constexpr std::int64_t kAtOnce = 500;
constexpr std::chrono::seconds kLeftOver{15};
constexpr int kMostMoves = 8;

std::unexpected<Error> wrong(std::string field, std::string reason) {
  std::vector<FieldError> fields;
  fields.push_back({std::move(field), std::move(reason)});
  return fail(ErrorKind::invalid, "fields_invalid", "Some fields are wrong.", std::move(fields));
}

std::string context_of(std::int64_t id) {
  return fmt::format("signups_request|{}", id);
}

std::string address_digest(const crypto::Key& key, const identity::Key& address) {
  return crypto::keyed_digest(key, "address|" + identity::message_of(address));
}

std::string token_digest(const crypto::Key& key, std::string_view token) {
  return crypto::keyed_digest(key, "token|" + std::string(token), 32);
}

std::string code_digest(const crypto::Key& key, std::int64_t id, std::string_view code) {
  return crypto::keyed_digest(key, fmt::format("code|{}|{}", id, code), 32);
}

// The notice, and what else stood there.
std::string declaration_of(const notices::Text& text, std::string_view shown) {
  return shown.empty() ? text.whole() : fmt::format("{}\n\n{}", text.whole(), shown);
}

// What is sealed with a request.
struct Content {
  identity::Key address;
  std::string shown;
  std::string page;
};

std::string to_text(const Content& content) {
  return json::dump({{"name_space", content.address.name_space},
                     {"address", content.address.value},
                     {"shown", content.shown},
                     {"page", content.page}});
}

Result<Content> content_of(const crypto::Key& key, const store::Row& row) {
  const json::Value value = TRY(json::parse(TRY(crypto::open(key, row.sealed, context_of(row.id)))));
  return Content{{identity::KeyKind::email, value.value("name_space", ""), value.value("address", "")},
                 value.value("shown", ""),
                 value.value("page", "")};
}

// A request with what it is about, as it is confirmed.
struct Request {
  const Place* place;  // where it lies
  store::Row row;
  Content content;
  sources::SourcePointer source;
  notices::NoticePointer notice;
  const notices::Text* text;
  bool by_code = false;
};

class SignupsImpl final : public Signups {
 public:
  SignupsImpl(Parts parts, Settings settings) : parts_(std::move(parts)), settings_(std::move(settings)) {}

  Result<Taken> take(const sources::SourcePointer& source, const Wish& wish) override {
    if (!settings_.base_url.starts_with("https://")) {
      return fail(ErrorKind::unavailable, "links_not_configured",
                  "Nobody can sign up here: mail.base_url must say, with https, where customers reach this server.");
    }
    const std::string& country = wish.country.empty() ? source->country : wish.country;
    const identity::Key address = TRY(address_of(*source, wish.address, country));
    if (!source->purpose_set().has(wish.purpose)) return wrong("/purpose", "must be one of the source's purposes");
    const notices::NoticePointer notice = TRY(shown_notice(wish));
    const notices::Text* text = notice->text_in(wish.language);
    if (text == nullptr) return wrong("/language", "must be one in which the notice is written");
    if (declaration_of(*text, wish.shown).size() > consent::Consents::kMaxDeclaration) {
      return wrong("/shown", "is too long together with the notice");
    }
    regions::Region& region = parts_.regions->of_country(country);
    // Nobody is there to read what a test source writes.
    if (source->mode == sources::Mode::test) return Taken{region.id(), 0};
    const Place* place = place_of(region.id());
    if (place == nullptr) return fail(ErrorKind::internal, "region_unknown", "A region is not served.");
    const crypto::Key key = TRY(place->vault->secret(kSecret));
    store::Row row;
    row.address = address_digest(key, address);
    row.source = source->number.value;
    row.purpose = wish.purpose;
    row.notice = notice->id;
    row.version = notice->version;
    row.hash = notice->hash;
    row.language = text->language;
    row.country = country;
    row.asked_at = parts_.clock->now();
    row.expires_at = row.asked_at + settings_.life;
    TRY(region.writer().run([&](db::Transaction& tx) -> Result<void> {
      row.id = TRY(store::allocate(tx));
      row.sealed = crypto::seal(key, to_text({address, wish.shown, wish.page}), context_of(row.id));
      return store::insert(tx, row);
    }));
    return Taken{region.id(), row.id};
  }

  Result<void> write(const Taken& taken) override {
    const Place* place = taken.id == 0 ? nullptr : place_of(taken.region);
    if (place == nullptr) return {};
    const crypto::Key key = TRY(place->vault->secret(kSecret));
    bool sent = false;
    TRY(place->region->writer().run([&](db::Transaction& tx) -> Result<void> {
      sent = false;
      TRY(store::lock(tx));  // so that two of one address wait for each other
      const auto row = TRY(store::find(tx, taken.id));
      if (!row || row->state != store::State::taken) return {};
      sent = TRY(may_write(tx, *row)) && TRY(write(tx, *place, key, *row));
      return sent ? Result<void>() : store::remove(tx, row->id);
    }));
    if (sent) parts_.outreach->wake();
    return {};
  }

  Result<std::optional<Offer>> look(std::string_view token) override {
    const auto found = TRY(find_link(token));
    if (!found) return std::optional<Offer>();
    const auto notice = parts_.notices->find(found->row.notice, found->row.version);
    const notices::Text* text = notice ? (*notice)->text_in(found->row.language) : nullptr;
    if (text == nullptr) return std::optional<Offer>();
    return std::optional(Offer{found->row.language, text->title, text->text, text->declaration, text->withdrawal,
                               found->row.state == store::State::confirmed});
  }

  Result<Outcome> confirm_link(std::string_view token) override {
    const auto found = TRY(find_link(token));
    if (!found) return Outcome::unknown;
    return confirm(*found->place, found->row, false);
  }

  Result<Outcome> confirm_code(const sources::SourcePointer& source, std::string_view address,
                               std::string_view code) override {
    const std::string typed = crypto::digits_in(code);
    const identity::Key key = TRY(address_of(*source, address, source->country));
    for (const Place& place : parts_.places) {
      const crypto::Key secret = TRY(place.vault->secret(kSecret));
      std::optional<store::Row> fits;
      TRY(place.region->writer().run([&](db::Transaction& tx) -> Result<void> {
        fits.reset();
        TRY(store::lock(tx));
        for (const store::Row& row :
             TRY(store::of_address(tx, address_digest(secret, key), source->number.value, parts_.clock->now()))) {
          if (row.attempts >= settings_.attempts) continue;
          if (crypto::equal(row.code, code_digest(secret, row.id, typed))) {
            fits = row;
          } else {
            TRY(store::add_attempt(tx, row.id));
          }
        }
        return {};
      }));
      if (fits) return confirm(place, *fits, true);
    }
    return Outcome::unknown;
  }

  Result<void> look_after(const std::function<bool()>& should_stop) override {
    const Time now = parts_.clock->now();
    for (const Place& place : parts_.places) {
      std::vector<std::int64_t> left;
      TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
        left = TRY(store::left_over(tx, now - kLeftOver, kAtOnce));
        return {};
      }));
      for (std::int64_t id : left) {
        if (should_stop()) return {};
        TRY(write({place.region->id(), id}));
      }
      for (std::int64_t removed = kAtOnce; removed == kAtOnce && !should_stop();) {
        TRY(place.region->writer().run([&](db::Transaction& tx) -> Result<void> {
          removed = TRY(store::purge(tx, now, kAtOnce));
          return {};
        }));
      }
    }
    return {};
  }

 private:
  struct Found {
    const Place* place;
    store::Row row;
  };

  const Place* place_of(std::string_view region) const {
    const auto found = std::find_if(parts_.places.begin(), parts_.places.end(),
                                    [&](const Place& each) { return each.region->id() == region; });
    return found == parts_.places.end() ? nullptr : &*found;
  }

  static Result<identity::Key> address_of(const sources::Source& source, std::string_view typed,
                                          std::string_view country) {
    const std::string ids = source.id_space();
    const std::string addresses = source.address_space();
    auto key = identity::make_key(identity::KeyKind::email, typed, {ids, addresses, country});
    if (!key || !mail::is_address(key->value)) return wrong("/address", "must be an address that mail can go to");
    return *std::move(key);
  }

  Result<notices::NoticePointer> shown_notice(const Wish& wish) {
    auto notice =
        wish.version == 0 ? parts_.notices->published(wish.notice) : parts_.notices->find(wish.notice, wish.version);
    if (!notice) return std::unexpected(notice.error());
    if ((*notice)->status == notices::Status::retired) {
      return fail(ErrorKind::conflict, "notice_retired",
                  "Nobody can agree under this version any more; show the newest.");
    }
    if (!(*notice)->covers(wish.purpose, Channel::email)) {
      return wrong("/notice", "must be one that speaks of this purpose, and of e-mail");
    }
    if (!wish.hash.empty() && wish.hash != (*notice)->hash) {
      return wrong("/notice", "has another hash: what was shown is not what was published");
    }
    return notice;
  }

  Result<bool> may_write(db::Transaction& tx, const store::Row& row) {
    if (row.expires_at <= parts_.clock->now()) return false;
    const std::int64_t lately = TRY(store::written_since(tx, row.address, row.asked_at - settings_.between));
    const std::int64_t today = TRY(store::written_since(tx, row.address, row.asked_at - std::chrono::hours{24}));
    return lately == 0 && today < settings_.a_day;
  }

  // False where outreach does not let it out.
  Result<bool> write(db::Transaction& tx, const Place& place, const crypto::Key& key, store::Row row) {
    const auto notice = parts_.notices->find(row.notice, row.version);
    const notices::Text* text = notice ? (*notice)->text_in(row.language) : nullptr;
    if (text == nullptr) return false;
    const Content content = TRY(content_of(key, row));
    const std::string token = crypto::random_token();
    const std::string code = crypto::random_digits(kCodeDigits);
    const bool short_enough = text->declaration.size() <= kMaxWhat;
    const outreach::Decision decision = TRY(parts_.outreach->send_service(
        tx, {.region = place.region->id(),
             .identity = {},
             .address = content.address,
             .built_in = "confirm_consent",
             .language = row.language,
             .parameters = {{"what", short_enough ? text->declaration : text->title},
                            {"link", settings_.base_url + "/confirm/" + token},
                            {"code", code.substr(0, kCodeDigits / 2) + " " + code.substr(kCodeDigits / 2)}},
             .country = row.country,
             .expires_at = row.expires_at}));
    if (decision.outcome == outreach::Outcome::denied) return false;
    row.token = token_digest(key, token);
    row.code = code_digest(key, row.id, code);
    TRY(store::set_written(tx, row));
    return true;
  }

  Result<std::optional<Found>> find_link(std::string_view token) {
    const Time now = parts_.clock->now();
    for (const Place& place : parts_.places) {
      const auto key = TRY(place.vault->find_secret(kSecret));
      if (!key) continue;
      std::optional<store::Row> row;
      TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
        row = TRY(store::find_by_token(tx, token_digest(*key, token)));
        return {};
      }));
      if (row && row->expires_at > now) return std::optional(Found{&place, std::move(*row)});
    }
    return std::optional<Found>();
  }

  Result<Outcome> confirm(const Place& place, const store::Row& row, bool by_code) {
    if (row.state == store::State::confirmed) return Outcome::confirmed;
    const auto notice = parts_.notices->find(row.notice, row.version);
    const bool there = notice && (*notice)->hash == row.hash && (*notice)->status == notices::Status::published;
    const notices::Text* text = there ? (*notice)->text_in(row.language) : nullptr;
    if (text == nullptr) return Outcome::notice_gone;
    const crypto::Key key = TRY(place.vault->secret(kSecret));
    Request request{
        &place, row,    TRY(content_of(key, row)), parts_.sources->find(Id<sources::Source>{row.source}), *notice,
        text,   by_code};
    if (!request.source || !request.source->enabled) return Outcome::notice_gone;
    if (!may_store(request)) return Outcome::denied;
    for (int moves = 0;; ++moves) {
      auto done = confirm_where_they_are(request);
      if (done) return Outcome::confirmed;
      const std::string& code = done.error().code;
      if (code == "said_no_since") return Outcome::said_no;
      if (code == "confirmed_already") return Outcome::confirmed;
      if (code != "customer_moved" || moves >= kMostMoves) return std::unexpected(done.error());
    }
  }

  bool may_store(const Request& request) const {
    gate::Question question;
    question.purpose = request.row.purpose;
    question.basis = gate::Basis::consent;
    question.consent = gate::ConsentState::given;
    question.strength = gate::Strength::confirmed;
    question.explicit_consent = request.notice->explicit_consent;
    question.consented_at = parts_.clock->now();
    question.controller = request.source->controller;
    question.country = request.row.country;
    question.at = parts_.clock->now();
    return gate::rule(question, *parts_.law->current()).decision == gate::Decision::allow;
  }

  Result<void> confirm_where_they_are(const Request& request) {
    const Place& there = *TRY(home_of(request));
    for (const Place& place : parts_.places) {
      if (&place != &there) TRY(ask_elsewhere(place, request));
    }
    TRY(there.region->writer().run([&](db::Transaction& tx) -> Result<void> {
      if (&there == request.place) TRY(use_up(tx, request.row.id));
      return record(tx, there, request);
    }));
    if (&there == request.place) return {};
    return request.place->region->writer().run([&](db::Transaction& tx) { return use_up(tx, request.row.id); });
  }

  // They may have said no where they are known by another identity.
  Result<void> ask_elsewhere(const Place& place, const Request& request) const {
    return place.region->data().read([&](db::Transaction& tx) -> Result<void> {
      const consent::Standing standing = TRY(place.consents->standing(
          tx, {{}, request.row.purpose, Channel::email, &request.content.address, parts_.clock->now()}));
      if (!standing.last_no || *standing.last_no < request.row.asked_at) return {};
      return fail(ErrorKind::conflict, "said_no_since", "They said no since.");
    });
  }

  static Result<void> use_up(db::Transaction& tx, std::int64_t id) {
    if (TRY(store::set_confirmed(tx, id))) return {};
    return fail(ErrorKind::conflict, "confirmed_already", "It was confirmed before.");
  }

  // The region in which the address is known as a person of its own; else that of the request.
  Result<const Place*> home_of(const Request& request) {
    for (const Place& place : parts_.places) {
      identity::Sighting::Known known;
      TRY(place.region->data().read([&](db::Transaction& tx) -> Result<void> {
        known = TRY(place.identities->knows(tx, {&request.content.address, 1})).front();
        return {};
      }));
      if (!known.id) continue;
      const auto at = TRY(parts_.where(place.region->id(), known.id));
      if (const Place* there = place_of(at.region)) return there;
    }
    return request.place;
  }

  identity::Sighting sighting_of(const Request& request) const {
    identity::Sighting seen;
    seen.own = request.content.address;
    seen.purposes = {request.row.purpose};
    seen.basis = gate::Basis::consent;
    seen.standing = identity::Standing::confirmed;  // they have read mail to it
    seen.source = request.source->number.value;
    seen.origin = request.source->id;
    seen.country = request.row.country;
    seen.at = parts_.clock->now();
    return seen;
  }

  // The identity that is made from the address. Where that was erased it stays so, and who comes back is somebody new
  // who holds the address.
  Result<IdentityId> person(db::Transaction& tx, const Place& place, const Request& request) {
    identity::Sighting seen = sighting_of(request);
    const identity::Sighting* one = &seen;
    const IdentityId own = TRY(place.identities->record(tx, {&one, 1})).front();
    if (TRY(is_there(tx, place, own))) return own;
    for (const auto& found : TRY(place.identities->find(tx, {&request.content.address, 1}, seen.purposes))) {
      if (found.standing != identity::Standing::claimed && TRY(is_there(tx, place, found.id))) return found.id;
    }
    const std::string ids = request.source->id_space();
    const std::string addresses = request.source->address_space();
    seen.attributes = {seen.own};
    seen.own = TRY(identity::make_key(identity::KeyKind::anonymous_id, "signup-" + crypto::random_token(128),
                                      {ids, addresses, request.row.country}));
    return TRY(place.identities->record(tx, {&one, 1})).front();
  }

  static Result<bool> is_there(db::Transaction& tx, const Place& place, IdentityId identity) {
    if (TRY(place.identities->source_of(tx, identity)) == 0) return false;
    return TRY(place.vault->find({&identity, 1}, vault::RetentionClass::ordinary)).front().has_value();
  }

  Result<void> record(db::Transaction& tx, const Place& place, const Request& request) {
    const IdentityId who = TRY(person(tx, place, request));
    std::vector<IdentityId> members;
    for (const identity::Reached& each : TRY(place.identities->reach(tx, who, gate::PurposeSet::all()))) {
      members.push_back(each.id);
    }
    if (std::find(members.begin(), members.end(), who) == members.end()) members.push_back(who);
    const Time now = parts_.clock->now();
    const consent::Standing standing = TRY(
        place.consents->standing(tx, {members, request.row.purpose, Channel::email, &request.content.address, now}));
    if (standing.last_no && *standing.last_no >= request.row.asked_at) {
      return fail(ErrorKind::conflict, "said_no_since", "They said no since.");
    }
    // Where a process died between two regions.
    for (const consent::Statement& said : TRY(place.consents->history(tx, {&who, 1}))) {
      const bool same = said.act == Act::requested && said.occurred_at == request.row.asked_at &&
                        said.purpose == request.row.purpose && said.address == request.content.address;
      if (same) return {};
    }
    consent::Statement said = statement_of(request, who, now);
    const consent::StatementId asked = TRY(place.consents->record(tx, said));
    confirm(said, request, now);
    said.follows = asked;
    TRY(place.consents->record(tx, std::move(said)));
    return {};
  }

  // What was said on the website.
  consent::Statement statement_of(const Request& request, IdentityId who, Time now) const {
    consent::Statement out;
    out.identity = who;
    out.act = Act::requested;
    out.purpose = request.row.purpose;
    out.channel = Channel::email;
    out.address = request.content.address;
    out.way = consent::Way::form;
    out.strength = gate::Strength::claimed;
    out.explicit_consent = request.notice->explicit_consent;
    out.quiet_hours = request.notice->quiet_hours;
    out.recipient_named = request.notice->names_recipients;
    out.occurred_at = out.received_at = std::min(request.row.asked_at, now);
    out.notice = {request.notice->id, request.notice->version, request.notice->hash};
    out.proof.language = request.text->language;
    out.proof.declaration = declaration_of(*request.text, request.content.shown);
    out.proof.evidence = fmt::format("source {}", request.source->id);
    if (!request.content.page.empty()) out.proof.evidence += ", page " + request.content.page;
    const law::Norm& proof =
        parts_.law->current()->norm(request.row.country, law::Topic::consent_proof, Channel::email, law::day_of(now));
    out.keep_until = law::after(now, proof.term);
    return out;
  }

  // Makes of it what was said by the mail.
  static void confirm(consent::Statement& said, const Request& request, Time now) {
    said.act = Act::given;
    said.way = consent::Way::mail_link;
    said.strength = gate::Strength::confirmed;
    said.occurred_at = said.received_at = now;
    said.proof.evidence +=
        request.by_code ? "; confirmed by the code of the mail" : "; confirmed by the link of the mail and its button";
    if (request.notice->validity.count > 0) said.expires_at = law::after(now, request.notice->validity);
  }

  const Parts parts_;
  const Settings settings_;
};

}  // namespace

std::unique_ptr<Signups> Signups::create(Parts parts, Settings settings) {
  return std::make_unique<SignupsImpl>(std::move(parts), std::move(settings));
}

}  // namespace handschlag::signups
