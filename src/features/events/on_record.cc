#include "features/events/on_record.h"

namespace handschlag::events {

const sources::Source* OnRecord::special(std::int64_t source) {
  auto [it, fresh] = sources_met_.try_emplace(source);
  if (fresh) {
    auto found = sources_->find(Id<sources::Source>{source});
    if (found && found->data_categories != gate::ordinary) it->second = std::move(found);
  }
  return it->second.get();
}

Result<OnRecord::Person*> OnRecord::person(db::Transaction& tx, IdentityId identity) {
  auto [it, fresh] = people_.try_emplace(identity);
  Person& person = it->second;
  if (!fresh || cell_->consents == nullptr) return &person;
  if (auto country = TRY(cell_->identities->country_of(tx, identity))) person.country = *std::move(country);
  person.refused = TRY(cell_->consents->refused(tx, {&identity, 1})).front();
  return &person;
}

Result<void> OnRecord::fill(db::Transaction& tx, std::int64_t source, IdentityId identity, gate::Question& question) {
  const sources::Source* from = special(source);
  if (from == nullptr) return {};
  Person& about = *TRY(person(tx, identity));
  const gate::Purpose purpose = question.purpose;
  if (!about.asked.has(purpose) && cell_->consents != nullptr) {
    about.assented = about.assented | TRY(cell_->consents->assent(tx, identity, {purpose}, at_)).explicitly;
  }
  about.asked.add(purpose);
  question.categories = from->data_categories;
  question.country = about.country.empty() ? from->country : about.country;
  question.explicit_consent = about.assented.has(purpose);
  const bool sure = question.explicit_consent || from->trust == sources::Trust::server;
  question.strength = sure ? gate::Strength::stated : gate::Strength::claimed;
  // What was stored by the word of a client holds until its person says no.
  question.consent = about.refused.has(purpose) ? gate::ConsentState::refused : gate::ConsentState::given;
  return {};
}

}  // namespace handschlag::events
