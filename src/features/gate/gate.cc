#include "features/gate/gate.h"

#include <algorithm>
#include <tuple>

namespace handschlag::gate {
namespace {

using law::Norm;
using law::Requirement;
using law::Topic;

constexpr int kDayMinutes = 24 * 60;

bool is_sale_or_advertising(Purpose purpose) {
  return purpose == Purpose::SellDataToThirdParties || purpose == Purpose::PersonalisedAdvertising;
}

// To which an objection is absolute, whatever it is said to rest on: GDPR Art. 21(2)-(3).
bool is_marketing(Purpose purpose) {
  return purpose == Purpose::DirectMarketing || purpose == Purpose::PersonalisedAdvertising ||
         purpose == Purpose::PersonalisedBenefits || purpose == Purpose::LocationOffers ||
         purpose == Purpose::SellDataToThirdParties;
}

bool is_for_the_law(Purpose purpose) {
  return purpose == Purpose::LegalCompliance || purpose == Purpose::RightsFulfilment;
}

// What is done without the person having asked for it, so that ids on their device need leave.
bool observes(Purpose purpose) {
  switch (purpose) {
    case Purpose::ServiceUsageAnalytics:
    case Purpose::ImproveExistingProductsAndServices:
    case Purpose::DirectMarketing:
    case Purpose::PersonalisedAdvertising:
    case Purpose::ServicePersonalisation:
    case Purpose::ProvidePersonalisedRecommendations:
    case Purpose::PersonalisedBenefits:
    case Purpose::SellDataToThirdParties:
    case Purpose::LocationOffers:
    case Purpose::BehaviourPrediction:
      return true;
    default:
      return false;
  }
}

bool evaluates(Purpose purpose) {
  switch (purpose) {
    case Purpose::PersonalisedAdvertising:
    case Purpose::ServicePersonalisation:
    case Purpose::ProvidePersonalisedRecommendations:
    case Purpose::PersonalisedBenefits:
    case Purpose::LocationOffers:
    case Purpose::BehaviourPrediction:
      return true;
    default:
      return false;
  }
}

// What a message for a purpose is in the eyes of the law; nothing: no message may be sent for it.
std::optional<Topic> contact_topic(Purpose purpose) {
  switch (purpose) {
    case Purpose::CustomerOrderManagement:
    case Purpose::CustomerCare:
    case Purpose::CommunicationForCustomerCare:
    case Purpose::CustomerClaimsManagement:
    case Purpose::FraudPreventionAndDetection:
    case Purpose::IdentityVerification:
    case Purpose::LegalCompliance:
    case Purpose::RightsFulfilment:
      return Topic::service;
    case Purpose::CustomerRelationshipManagement:
    case Purpose::DirectMarketing:
    case Purpose::PersonalisedAdvertising:
    case Purpose::ProvidePersonalisedRecommendations:
    case Purpose::PersonalisedBenefits:
    case Purpose::LocationOffers:
    case Purpose::IdentityLinking:
      return Topic::advertising;
    case Purpose::SatisfactionSurvey:
      return Topic::survey;
    case Purpose::ImproveExistingProductsAndServices:
      return Topic::market_research;
    case Purpose::ServicePersonalisation:
    case Purpose::ServiceUsageAnalytics:
    case Purpose::SellDataToThirdParties:
    case Purpose::BehaviourPrediction:
      break;
  }
  return std::nullopt;
}

// The topics of law that a use of a purpose touches, besides its basis.
struct Topics {
  std::array<Topic, 8> list{};
  std::size_t count = 0;
};

Topics topics_of(const Question& question) {
  Topics out;
  auto add = [&](Topic topic, bool touched) {
    if (touched && out.count < out.list.size()) out.list[out.count++] = topic;
  };
  const bool asked_for = question.basis != Basis::consent && question.basis != Basis::legitimate_interest;
  const bool later = question.use == Use::decide || question.use == Use::train || question.use == Use::contact;
  add(Topic::special_category, (question.categories & special) != 0);
  add(Topic::listening, (question.categories & recording) != 0);
  const bool looks = question.use == Use::view;  // at what was stored under these topics already
  add(Topic::sale_of_data, question.purpose == Purpose::SellDataToThirdParties && !looks);
  add(Topic::automated_decision, question.use == Use::decide && question.weighty);
  add(Topic::location,
      (question.categories & location) != 0 || (question.purpose == Purpose::LocationOffers && !looks));
  add(Topic::profiling, question.use == Use::train || (later && evaluates(question.purpose)));
  add(Topic::device, question.use == Use::store && question.from_device && !asked_for && observes(question.purpose));
  return out;
}

// One question on its way to its ruling.
class Evaluation {
 public:
  Evaluation(const Question& question, const law::RuleSet& law)
      : q_(question), law_(law), day_(law::day_of(question.at)) {
    ruling_.basis = question.basis;
    ruling_.rule_set = law.number();
  }

  Ruling rule() {
    switch (q_.use) {
      case Use::store:
        return store();
      case Use::view:
        return view();
      case Use::contact:
        return contact();
      case Use::decide:
        return decide();
      case Use::export_:
        return export_to();
      case Use::train:
        return train();
      case Use::move:
        return move();
      case Use::link:
        return link();
    }
    return deny(Rule::purpose_undeclared);
  }

 private:
  Ruling store() {
    if (!q_.person_known) return finish(Decision::allow_unlinked, Rule::no_person, no_client_ids);
    const bool linked = basis_carries() && topics_permit();
    if (linked) return finish(Decision::allow, Rule::none, q_.basis == Basis::consent ? keep_proof : no_duty);
    if (info(q_.purpose).unlinked_without_consent && q_.categories == ordinary) {
      return finish(Decision::allow_unlinked, Rule::kept_unlinked, no_client_ids);
    }
    return finish(Decision::deny, Rule::none, no_duty);
  }

  Ruling view() {
    if (!purposes_of_role(q_.role).has(q_.purpose)) return deny(Rule::role_without_purpose);
    if (!q_.stored_for.has(q_.purpose)) return deny(Rule::stored_for_other_purpose);
    if (!unrestricted() || !may_go_there() || !basis_carries() || !topics_permit()) return deny(Rule::none);
    return finish(Decision::allow, Rule::none, write_ledger);
  }

  Ruling contact() {
    const auto topic = contact_topic(q_.purpose);
    if (!topic) return deny(Rule::purpose_undeclared);
    if (q_.channel == Channel::none) return deny(Rule::channel_missing);
    if (!unrestricted()) return deny(Rule::none);
    if (!permits(*topic, q_.channel) || !topics_permit()) return deny(Rule::none);
    // Nobody sells to a child because its guardians have not objected, or since it bought something.
    if (*topic != Topic::service && too_young()) return deny(Rule::guardian_missing);
    if (q_.global_privacy_control && is_sale_or_advertising(q_.purpose)) return deny(Rule::global_privacy_control);
    if (*topic != Topic::service && !by_consent_ && signal_objects()) return deny(Rule::signal_objects);
    if (by_exception_) {
      ruling_.basis = Basis::legitimate_interest;
      if (!q_.interest_weighed) return deny(Rule::interest_unassessed);
    } else if (by_consent_) {
      ruling_.basis = Basis::consent;
    } else if (!basis_carries()) {
      return deny(Rule::none);
    }
    if (*topic != Topic::service && !awake()) return deny(Rule::none);
    return finish(Decision::allow, Rule::none, write_ledger);
  }

  Ruling decide() {
    if (!q_.stored_for.has(q_.purpose)) return deny(Rule::stored_for_other_purpose);
    if (!unrestricted() || !basis_carries() || !topics_permit()) return deny(Rule::none);
    return finish(Decision::allow, Rule::none, write_ledger);
  }

  // Handing data to another system of the same controller: it was given the purpose, and the data was stored for it.
  Ruling export_to() {
    if (!q_.granted.has(q_.purpose)) return deny(Rule::recipient_without_purpose);
    if (!q_.stored_for.has(q_.purpose)) return deny(Rule::stored_for_other_purpose);
    if (q_.purpose == Purpose::SellDataToThirdParties && q_.to_country.empty()) return deny(Rule::country_unknown);
    if (!unrestricted() || !may_go_there() || !basis_carries() || !topics_permit()) return deny(Rule::none);
    return finish(Decision::allow, Rule::none, write_ledger);
  }

  // A model learns from those alone who agreed to it.
  Ruling train() {
    if (!q_.stored_for.has(q_.purpose)) return deny(Rule::stored_for_other_purpose);
    if (!unrestricted() || !topics_permit()) return deny(Rule::none);
    if (q_.global_privacy_control && is_sale_or_advertising(q_.purpose)) return deny(Rule::global_privacy_control);
    ruling_.basis = Basis::consent;
    if (Rule lacking = consent_lacks(Strength::none); lacking != Rule::none) return deny(lacking);
    return finish(Decision::allow, Rule::consent_given, write_ledger | keep_proof);
  }

  // Data follows its person to where they live, since they asked for it or the law does; and nowhere else.
  Ruling move() {
    if (q_.role != "data_protection_officer" && q_.role != "admin") return deny(Rule::role_without_purpose);
    if (!is_for_the_law(q_.purpose)) return deny(Rule::purpose_undeclared);
    const bool home = !q_.country.empty() && !q_.to_region.empty() && q_.to_region == q_.home;
    if (!home) return deny(Rule::not_their_home);
    const bool carries = basis_carries();
    return finish(carries ? Decision::allow : Decision::deny, Rule::moves_home, write_ledger);
  }

  Ruling link() {
    if (!unrestricted() || !basis_carries() || !topics_permit()) return deny(Rule::none);
    if (q_.basis != Basis::contract && !permits(Topic::linking, Channel::none)) return deny(Rule::none);
    return finish(Decision::allow, Rule::none, write_ledger | (q_.basis == Basis::consent ? keep_proof : no_duty));
  }

  bool unrestricted() {
    if (!q_.restricted || is_for_the_law(q_.purpose)) return true;
    because(Rule::restricted);
    return false;
  }

  // Whether the purpose's basis carries the use; the rule joins the ruling either way.
  bool basis_carries() {
    if (q_.global_privacy_control && is_sale_or_advertising(q_.purpose)) return no(Rule::global_privacy_control);
    if (q_.consent == ConsentState::refused && is_marketing(q_.purpose)) return no(Rule::consent_refused);
    switch (q_.basis) {
      case Basis::contract:
        return yes(Rule::contract_suffices);
      case Basis::legal_obligation:
      case Basis::vital_interest:
        return yes(Rule::law_suffices);
      case Basis::public_task:
        return q_.consent == ConsentState::refused ? no(Rule::consent_refused) : yes(Rule::law_suffices);
      case Basis::legitimate_interest:
        if (q_.consent == ConsentState::refused) return no(Rule::consent_refused);
        if (observes(q_.purpose) && too_young()) return no(Rule::guardian_missing);
        if (signal_objects()) return no(Rule::signal_objects);
        return q_.interest_weighed ? yes(Rule::interest_suffices) : no(Rule::interest_unassessed);
      case Basis::consent:
        break;
    }
    const Rule lacking = consent_lacks(Strength::none);
    return lacking == Rule::none ? yes(Rule::consent_given) : no(lacking);
  }

  // Where the law takes a browser's signal for an objection, it ends what only an interest carried.
  bool signal_objects() {
    if (!q_.global_privacy_control || !observes(q_.purpose)) return false;
    const Norm& norm = law_.norm(q_.country, Topic::privacy_signal, Channel::none, day_);
    if (norm.requirement == Requirement::free) return false;
    cite(norm);
    return true;
  }

  // What a consent is short of; none: nothing. The law's age and life of a consent are a part of it.
  Rule consent_lacks(Strength least) {
    if (q_.consent == ConsentState::refused) return Rule::consent_refused;
    if (q_.consent == ConsentState::unknown) return Rule::consent_missing;
    if (q_.strength < least) return Rule::confirmation_missing;
    if (too_young()) return Rule::guardian_missing;
    return is_expired() ? Rule::consent_expired : Rule::none;
  }

  // Below the age of consent and without a guardian who agreed; in a service for children also who may be.
  bool too_young() {
    if (q_.guardian || (q_.age < 0 && !q_.for_children)) return false;
    const Norm& norm = law_.norm(q_.country, Topic::age_of_consent, Channel::none, day_);
    if (q_.age >= norm.years) return false;
    cite(norm);
    return true;
  }

  // How old a consent may grow is asked where it is used later: for a message, a decision, a model.
  bool is_expired() {
    if (q_.use != Use::contact && q_.use != Use::decide && q_.use != Use::train) return false;
    const Norm& norm = law_.norm(q_.country, Topic::consent_life, Channel::none, day_);
    if (norm.term.count == 0) return false;
    const auto age = std::chrono::duration<double, std::ratio<86'400>>(q_.at - q_.consented_at);
    if (age.count() <= norm.term.days()) return false;
    cite(norm);
    return true;
  }

  Rule needs_lack(law::Needs needs) const {
    const std::pair<law::Needs, bool> facts[] = {{law::address_from_sale, q_.sale.address_from_sale},
                                                 {law::own_similar_goods, q_.sale.own_similar_goods},
                                                 {law::told_when_collected, q_.sale.told_when_collected},
                                                 {law::business_relationship, q_.sale.business_relationship},
                                                 {law::told_at_each_use, q_.tells_objection}};
    for (const auto& [need, met] : facts) {
      if ((needs & need) != 0 && !met) return Rule::consent_missing;
    }
    if ((needs & law::register_clear) != 0) {
      if (q_.objections == Register::listed) return Rule::register_listed;
      if (q_.objections == Register::not_asked) return Rule::register_not_asked;
    }
    if ((needs & law::explicit_consent) != 0 && !q_.explicit_consent) return Rule::not_explicit;
    if ((needs & law::named_recipient) != 0 && !q_.recipient_named) return Rule::recipient_unnamed;
    if ((needs & law::human_review) != 0 && !q_.reviewed) return Rule::review_missing;
    if ((needs & law::safeguards) != 0 && !q_.safeguards) return Rule::transfer_closed;
    return Rule::none;
  }

  // Whether an exception of the norm permits what no consent does.
  bool excepted(const Norm& norm) {
    if (q_.consent == ConsentState::refused || q_.sale.at > q_.at) return false;
    for (std::size_t i = 0; i < norm.exceptions; ++i) {
      const Norm::Way& way = norm.ways[i];
      if (needs_lack(way.needs) != Rule::none) continue;
      if (way.since_sale_days > 0) {
        const auto age = std::chrono::duration<double, std::ratio<86'400>>(q_.at - q_.sale.at);
        if (q_.sale.at == Time{} || age.count() > way.since_sale_days || age.count() < 0) continue;
      }
      because(Rule::customer_exception);
      by_exception_ = true;
      return true;
    }
    return false;
  }

  // Whether the law permits it: the requirement for a topic, or one of its exceptions.
  bool permits(Topic topic, Channel channel) { return permits(law_.norm(q_.country, topic, channel, day_), channel); }

  bool permits(const Norm& norm, Channel channel) {
    cite(norm);
    ruling_.duties |= norm.duties;
    switch (norm.requirement) {
      case Requirement::forbidden:
        return no(Rule::forbidden_by_law);
      case Requirement::free: {
        const Rule lacking = needs_lack(norm.needs);
        return lacking == Rule::none || no(lacking);
      }
      case Requirement::opt_out: {
        if (q_.consent == ConsentState::refused) return no(Rule::consent_refused);
        // Who agreed need not be looked up in a register of those who object; all else must be so all the same.
        const bool agreed = q_.consent == ConsentState::given && consent_lacks(Strength::stated) == Rule::none &&
                            needs_lack(norm.needs & ~law::Needs{law::register_clear}) == Rule::none;
        if (agreed) return by_consent();
        const Rule lacking = needs_lack(norm.needs);
        return lacking == Rule::none ? yes(Rule::no_objection) : no(lacking);
      }
      case Requirement::opt_in:
      case Requirement::double_opt_in:
        break;
    }
    // A client's word is enough to keep what came with it, and not to write to somebody.
    Strength least = channel == Channel::none ? Strength::claimed : Strength::stated;
    if (norm.requirement == Requirement::double_opt_in) least = Strength::confirmed;
    Rule lacking = consent_lacks(least);
    if (lacking == Rule::none) lacking = needs_lack(norm.needs);
    // Of what rests on no consent and touches a topic that needs one expressly, that is what is to be asked for.
    const bool never_asked = lacking == Rule::consent_missing && channel == Channel::none;
    if (never_asked && needs_lack(norm.needs & law::explicit_consent) != Rule::none) lacking = Rule::not_explicit;
    if (lacking == Rule::none) return by_consent();
    return excepted(norm) || no(lacking);
  }

  bool by_consent() {
    by_consent_ = true;
    ruling_.duties |= keep_proof;
    return yes(Rule::consent_given);
  }

  bool topics_permit() {
    const Topics topics = topics_of(q_);
    for (std::size_t i = 0; i < topics.count; ++i) {
      // How the channel was permitted is what the message rests on, not how a topic beside it was.
      const auto way = std::pair{by_exception_, by_consent_};
      if (!permits(topics.list[i], Channel::none)) return false;
      std::tie(by_exception_, by_consent_) = way;
    }
    return true;
  }

  // Whether the data may go to, or be seen from, the country that was named.
  bool may_go_there() {
    if (q_.to_country.empty()) return true;
    const Norm& norm = law_.transfer(q_.country, q_.to_country, day_);
    cite(norm);
    ruling_.duties |= norm.duties;
    const Rule lacking = needs_lack(norm.needs);
    if (norm.requirement == Requirement::forbidden || lacking == Rule::transfer_closed) {
      return no(Rule::transfer_closed);
    }
    if (lacking != Rule::none) return no(lacking);
    if (norm.requirement == Requirement::free) return true;
    const Rule missing = consent_lacks(Strength::claimed);
    return missing == Rule::none || no(missing);
  }

  bool awake() {
    const Norm& norm = law_.norm(q_.country, Topic::quiet_hours, q_.channel, day_);
    if (norm.requirement == Requirement::free) return true;
    if (norm.requirement != Requirement::forbidden && q_.quiet_hours_consent) return true;
    if (q_.local_minute < 0 || q_.local_minute >= kDayMinutes) {
      cite(norm);
      return no(Rule::quiet_hours_unknown);
    }
    const int length = (norm.quiet_until - norm.quiet_from + kDayMinutes) % kDayMinutes;
    const bool all_day = norm.quiet_until - norm.quiet_from == kDayMinutes;
    if (!all_day && (q_.local_minute - norm.quiet_from + kDayMinutes) % kDayMinutes >= length) return true;
    cite(norm);
    ruling_.wait_until = all_day ? -1 : norm.quiet_until;
    return no(Rule::quiet_hours);
  }

  void because(Rule rule) {
    for (Rule& place : ruling_.rules) {
      if (place == rule) return;
      if (place == Rule::none) {
        place = rule;
        return;
      }
    }
  }
  bool yes(Rule rule) {
    because(rule);
    return true;
  }
  // What denies stands first.
  bool no(Rule rule) {
    std::rotate(ruling_.rules.begin(), ruling_.rules.end() - 1, ruling_.rules.end());
    ruling_.rules[0] = rule;
    return false;
  }

  void cite(const Norm& norm) {
    for (law::RuleNumber number : norm.rules) {
      if (number == law::kNoRule) return;
      for (law::RuleNumber& place : ruling_.law) {
        if (place == number) break;
        if (place != law::kNoRule) continue;
        place = number;
        break;
      }
    }
  }

  Ruling deny(Rule rule) {
    if (rule != Rule::none) no(rule);
    ruling_.duties = no_duty;
    return finish(Decision::deny, Rule::none, write_ledger);
  }

  Ruling finish(Decision decision, Rule rule, std::uint32_t duties) {
    if (rule != Rule::none) because(rule);
    ruling_.decision = decision;
    ruling_.duties |= duties;
    return ruling_;
  }

  const Question& q_;
  const law::RuleSet& law_;
  const law::Day day_;
  Ruling ruling_;
  bool by_exception_ = false;
  bool by_consent_ = false;
};

}  // namespace

const Interests& no_interests() {
  class None final : public Interests {
    PurposeSet weighed(Time) const override { return {}; }
  };
  static const None kNone;
  return kNone;
}

Ruling rule(const Question& question, const law::RuleSet& law) {
  return Evaluation(question, law).rule();
}

}  // namespace handschlag::gate
