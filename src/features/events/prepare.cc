#include "features/events/prepare.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <functional>
#include <utility>

#include "features/events/wire.h"

namespace handschlag::events {
namespace {

constexpr std::size_t kMaxFieldName = 64;

// Under which name an event stands in a plan.
std::string plan_name(const Intake& event) {
  return event.type == EventType::track ? event.name : fmt::format("${}", name_of(event.type));
}

// A field's name is the source's word, but a client may put anything there: only what looks like a name is counted by
// name.
std::string countable(std::string_view field) {
  bool plain =
      field.size() <= kMaxFieldName &&
      field.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") == std::string_view::npos;
  return plain ? std::string(field) : "(other)";
}

void drop_undeclared(json::Tree& object, const std::set<std::string>& declared, std::vector<Refusal>& refusals) {
  if (declared.contains("*")) return;
  const std::size_t before = refusals.size();
  std::string kept;
  object->each_member([&](std::string_view name, json::View value) {
    if (!declared.contains(std::string(name))) {
      refusals.push_back({countable(name), "field_undeclared"});
      return;
    }
    kept += kept.empty() ? '{' : ',';
    json::write_text(name, kept);
    kept += ':';
    value.write(kept);
  });
  if (refusals.size() == before) return;
  auto rest = json::Tree::parse(kept.empty() ? "{}" : kept + "}");
  object = rest ? *std::move(rest) : json::Tree();
}

// An address in a field that the plan does not name is not taken as a key either.
void drop_undeclared_keys(Intake& event, const std::set<std::string>& declared) {
  if (declared.contains("*")) return;
  std::erase_if(event.keys, [&](const auto& key) {
    std::string field(identity::name_of(key.first));
    return event.traits->find(field) && !declared.contains(field);
  });
}

// False where the plan does not know the event.
bool apply_plan(const sources::Plan& plan, Prepared& event) {
  if (!plan.declared) return true;
  auto it = plan.events.find(plan_name(event.intake));
  if (it == plan.events.end()) {
    event.refusals.push_back({countable(plan_name(event.intake)), "event_undeclared"});
    return false;
  }
  drop_undeclared_keys(event.intake, it->second);
  drop_undeclared(event.intake.properties, it->second, event.refusals);
  drop_undeclared(event.intake.traits, it->second, event.refusals);
  return true;
}

gate::ConsentState consent_for(const Intake& event, gate::Purpose purpose) {
  if (event.refused.has(purpose)) return gate::ConsentState::refused;
  return event.consented.has(purpose) ? gate::ConsentState::given : gate::ConsentState::unknown;
}

int years_since(Time born, Time now) {
  const std::chrono::year_month_day then(std::chrono::floor<std::chrono::days>(born));
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  const bool had_it = std::pair(today.month(), today.day()) >= std::pair(then.month(), then.day());
  return static_cast<int>(today.year()) - static_cast<int>(then.year()) - (had_it ? 0 : 1);
}

struct Age {
  int years = -1;       // -1: none is known
  bool unread = false;  // something is said of it that can't be read
};

// As traits say it ("age", or "birthday" as a date): the least of them.
Age age_in(json::View traits, Time now) {
  constexpr int kOldest = 150;
  Age out;
  auto take = [&](int years) {
    const bool fits = years >= 0 && years <= kOldest;
    if (fits && (out.years < 0 || years < out.years)) out.years = years;
    out.unread = out.unread || !fits;
  };
  if (const auto birthday = traits.find("birthday")) {
    const auto born = parse_time(birthday->text().substr(0, std::string_view("2026-11-23").size()));
    take(born ? years_since(*born, now) : -1);
  }
  if (const auto age = traits.find("age")) {
    int years = -1;
    const std::string text = age->scalar_text().value_or("");
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), years);
    take(error == std::errc{} ? years : -1);
  }
  return out;
}

// The youngest that is said anywhere. What can't be read may be a child's, whatever stands elsewhere.
void read_age(Prepared& event) {
  auto take = [&](const json::Tree& traits) {
    const Age age = age_in(traits.view(), event.intake.received);
    event.age_unread = event.age_unread || (age.unread && age.years < 0);
    if (age.years >= 0 && (event.age < 0 || age.years < event.age)) event.age = age.years;
  };
  take(event.intake.traits);
  for (const json::Tree& aside : event.intake.asides) take(aside);
  if (event.age_unread) event.age = -1;
}

struct Verdict {
  gate::PurposeSet linked;
  gate::PurposeSet unlinked;
  gate::Basis basis = gate::Basis::consent;  // the firmest among those that link
};

// An event says of its person what it likes. Where the law protects children, and special data, the strictest counts of
// the country that it says, that of the source, and the one where the person is known to live.
gate::Ruling strictest(const Prepared& event, gate::Question question, const law::RuleSet& law) {
  gate::Ruling ruling = gate::rule(question, law);
  if (!event.asks_country) return ruling;
  for (const std::string& country : {std::cref(event.source->country), std::cref(event.known_country)}) {
    if (country.empty() || country == event.country || ruling.decision == gate::Decision::deny) continue;
    question.country = country;
    const gate::Ruling there = gate::rule(question, law);
    if (there.decision > ruling.decision) ruling = there;
  }
  return ruling;
}

Verdict rule_all(Prepared& event, bool person_known, const law::RuleSet& law, gate::PurposeSet weighed) {
  Verdict verdict;
  for (const gate::DeclaredPurpose& declared : event.source->purposes) {
    gate::Question question;
    question.purpose = declared.purpose;
    question.basis = declared.basis;
    question.interest_weighed = weighed.has(declared.purpose);
    question.categories = event.source->data_categories;
    question.consent = consent_for(event.intake, declared.purpose);
    // What a page or an app says of a consent is a claim; a server's word is that it was written down.
    question.strength =
        event.source->trust == sources::Trust::server ? gate::Strength::stated : gate::Strength::claimed;
    question.explicit_consent = event.assent.explicitly.has(declared.purpose);
    question.guardian = event.assent.by_guardian.has(declared.purpose);
    // A source that needs no consent for a purpose sends none; that for the kind of data is the one on record.
    if (question.explicit_consent && question.consent == gate::ConsentState::unknown &&
        declared.basis != gate::Basis::consent) {
      question.consent = gate::ConsentState::given;
    }
    question.consented_at = event.intake.received;
    question.from_device = event.intake.anonymous_id.has_value() || event.intake.device_id.has_value();
    question.person_known = person_known;
    question.global_privacy_control = event.intake.global_privacy_control;
    question.controller = event.source->controller;
    question.country = event.country;
    question.age = event.age;
    question.for_children = event.source->for_children || event.age_unread;
    question.at = event.intake.received;
    const gate::Ruling ruling = strictest(event, question, law);
    if (ruling.decision == gate::Decision::allow) {
      verdict.linked.add(declared.purpose);
      if (declared.basis != gate::Basis::consent) verdict.basis = declared.basis;
    } else {
      if (ruling.decision == gate::Decision::allow_unlinked) verdict.unlinked.add(declared.purpose);
      event.refusals.push_back(
          {std::string(gate::info(declared.purpose).name), std::string(gate::name_of(ruling.rules[0]))});
    }
  }
  return verdict;
}

// Rules as if all were on record. What that allows beside `without` is looked up once the person is known.
Verdict rule_with_record(Prepared& event, const Verdict& without, const law::RuleSet& law, gate::PurposeSet weighed) {
  const std::vector<Refusal> refusals = event.refusals;
  event.refusals.resize(event.plan_refusals);
  event.assent = {event.source->purpose_set(), event.source->purpose_set()};
  Verdict with = rule_all(event, true, law, weighed);
  event.asks_record = with.linked != without.linked;
  if (event.asks_record) return with;
  event.assent = {};
  event.refusals = refusals;
  return without;
}

// Writes one JSON object, a member at a time.
class ObjectText {
 public:
  std::string& member(std::string_view name) {
    out_ += out_.empty() ? '{' : ',';
    json::write_text(name, out_);
    out_ += ':';
    return out_;
  }
  std::string take() { return out_.empty() ? "{}" : std::move(out_) + "}"; }
  void reserve(std::size_t bytes) { out_.reserve(bytes); }

 private:
  std::string out_;
};

std::string linked_payload(const Intake& event) {
  ObjectText body;
  body.reserve(512);
  if (!event.name.empty()) json::write_text(event.name, body.member("name"));
  if (!event.properties->empty()) event.properties->write(body.member("properties"));
  if (!event.traits->empty()) event.traits->write(body.member("traits"));
  if (!event.context.empty()) body.member("context") += event.context;
  if (!event.group_id.empty()) json::write_text(event.group_id, body.member("group_id"));
  json::write_text(event.message_id, body.member("message_id"));
  return body.take();
}

// Nothing that a client or a visit could be known by.
std::string unlinked_payload(const Prepared& event) {
  ObjectText body;
  if (event.intake.type == EventType::track) json::write_text(event.intake.name, body.member("name"));
  if (!event.country.empty()) json::write_text(event.country, body.member("country"));
  ObjectText properties;
  bool any = false;
  for (const std::string& name : event.source->plan.unlinked_properties) {
    auto value = event.intake.properties->find(name);
    if (!value) continue;
    value->write(properties.member(name));
    any = true;
  }
  if (any) body.member("properties") += properties.take();
  return body.take();
}

std::optional<identity::Key> usable(identity::KeyKind kind, const std::optional<std::string>& value,
                                    const identity::Place& place) {
  if (!value) return std::nullopt;
  auto key = identity::make_key(kind, *value, place);
  return key ? std::optional(std::move(*key)) : std::nullopt;
}

// Who the event is about. Nothing usable, though ids were sent: an error; no ids at all: nobody.
Result<std::optional<identity::Sighting>> sighting_of(const Prepared& event) {
  using identity::KeyKind;
  const sources::Source& source = *event.source;
  const Intake& intake = event.intake;
  if (intake.person) {
    identity::Sighting known;
    known.own = *intake.person;
    known.standing = identity::Standing::claimed;  // states no link
    known.source = source.number.value;
    known.at = intake.received;
    return known;
  }
  const std::string ids = source.id_space();
  const std::string addresses = source.address_space();
  identity::Place place{ids, addresses, event.country};
  auto user = usable(KeyKind::user_id, intake.user_id, place);
  auto anonymous = usable(KeyKind::anonymous_id, intake.anonymous_id, place);
  auto device = usable(KeyKind::device_id, intake.device_id, place);
  auto previous = usable(KeyKind::user_id, intake.previous_id, place);
  std::vector<identity::Key> attributes;
  for (const auto& [kind, value] : intake.keys) {
    if (auto key = usable(kind, value, place)) attributes.push_back(std::move(*key));
  }
  identity::Sighting sighting;
  if (user) {
    sighting.own = std::move(*user);
    if (anonymous) sighting.together.push_back(std::move(*anonymous));
  } else if (anonymous) {
    sighting.own = std::move(*anonymous);
  } else if (!attributes.empty() && source.trust == sources::Trust::server) {
    // Of a public source an address is a claim, and on a claim no identity can stand.
    sighting.own = attributes.front();
    attributes.erase(attributes.begin());
  } else if (intake.user_id || intake.anonymous_id || !intake.keys.empty()) {
    return fail(ErrorKind::invalid, "identity_unusable",
                intake.user_id || intake.anonymous_id
                    ? "userId and anonymousId are placeholders or malformed, so they identify nobody."
                    : "The number or address is a placeholder or malformed, or only claimed, so it identifies nobody.");
  } else {
    return std::nullopt;
  }
  if (device) sighting.together.push_back(std::move(*device));
  if (previous && *previous != sighting.own && intake.previous_id != intake.anonymous_id)
    sighting.together.push_back(std::move(*previous));
  sighting.attributes = std::move(attributes);
  sighting.standing =
      source.trust == sources::Trust::server ? identity::Standing::confirmed : identity::Standing::claimed;
  sighting.source = source.number.value;
  sighting.at = intake.received;
  return sighting;
}

// Anybody may send any user id with the key of a public source; a browser's own id they have to know.
std::optional<identity::Key> speaker_of(const Prepared& event, const identity::Sighting& sighting) {
  const sources::Source& source = *event.source;
  if (source.mode == sources::Mode::test || event.intake.person || event.intake.history) return std::nullopt;
  if (source.trust == sources::Trust::server) return sighting.own;
  return usable(identity::KeyKind::anonymous_id, event.intake.anonymous_id,
                {source.id_space(), source.address_space(), event.country});
}

}  // namespace

Result<Prepared> prepare(Intake intake, sources::SourcePointer source, const law::RuleSet& law,
                         gate::PurposeSet weighed) {
  Prepared event;
  event.intake = std::move(intake);
  event.source = std::move(source);
  event.country = event.intake.country.empty() ? event.source->country : event.intake.country;
  if (event.intake.type != EventType::group) read_age(event);  // the traits of a group are not the person's
  event.asks_country = event.source->data_categories != gate::ordinary || event.source->for_children ||
                       event.age >= 0 || event.age_unread;
  bool planned = apply_plan(event.source->plan, event);
  auto sighting = TRY(sighting_of(event));
  if (!planned) return event;
  event.measure = measure_of(event.intake.type, event.intake.name);
  if (!event.measure.empty()) event.amount = amount_of(event.intake.properties.view());
  event.says_consent = event.intake.type == EventType::track && event.intake.name == kConsentEvent;
  if (sighting && (event.says_consent || event.intake.global_privacy_control)) {
    event.speaker = speaker_of(event, *sighting);
  }
  event.plan_refusals = event.refusals.size();
  Verdict verdict = rule_all(event, sighting.has_value(), law, weighed);
  if (sighting && event.asks_country) verdict = rule_with_record(event, verdict, law, weighed);
  if (!verdict.linked.empty()) {
    event.decision = gate::Decision::allow;
    event.purposes = verdict.linked;
    sighting->purposes = verdict.linked;
    sighting->basis = verdict.basis;
    event.sighting = std::move(sighting);
    event.payload = linked_payload(event.intake);
  } else if (!verdict.unlinked.empty()) {
    event.decision = gate::Decision::allow_unlinked;
    event.purposes = verdict.unlinked;
    event.payload = unlinked_payload(event);
  }
  if (!event.intake.history && event.payload.size() > wire::kMaxEventBytes) {
    return fail(ErrorKind::too_large, "event_too_large",
                fmt::format("The event is larger than {} KB.", wire::kMaxEventBytes / 1024));
  }
  return event;
}

void heed(Prepared& event, gate::PurposeSet refused, const law::RuleSet& law, gate::PurposeSet weighed) {
  if (event.decision != gate::Decision::allow) return;
  event.intake.refused = event.intake.refused | refused;
  event.refusals.resize(event.plan_refusals);
  const Verdict verdict = rule_all(event, true, law, weighed);
  event.purposes = event.purposes & verdict.linked;
  if (!event.purposes.empty()) {
    event.sighting->purposes = event.purposes;
    return;
  }
  event.purposes = verdict.unlinked;
  event.decision = verdict.unlinked.empty() ? gate::Decision::deny : gate::Decision::allow_unlinked;
  event.payload = verdict.unlinked.empty() ? "" : unlinked_payload(event);
}

std::string event_id_of(const Prepared& event, const crypto::Key& key) {
  std::int64_t millis = event.intake.original ? to_millis(*event.intake.original) : 0;
  std::string time;
  for (int shift = 40; shift >= 0; shift -= 8) time += static_cast<char>((millis >> shift) & 0xFF);
  return event_id_of(time, event.source->number.value, event.intake.message_id, key);
}

std::string event_id_of(std::string_view time, std::int64_t source, std::string_view message_id,
                        const crypto::Key& key) {
  std::string message = fmt::format("event|{}|{}", source, message_id);
  return std::string(time) + crypto::keyed_digest(key, message).substr(0, 10);
}

}  // namespace handschlag::events
