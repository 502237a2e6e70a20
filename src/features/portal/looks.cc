#include "features/portal/looks.h"

#include "features/portal/portal.h"

namespace handschlag::portal {

using gate::Purpose;

gate::Ruling Looks::rule(std::string_view country) const {
  gate::Question question;
  question.use = gate::Use::view;
  question.purpose = Purpose::RightsFulfilment;
  question.basis = gate::info(Purpose::RightsFulfilment).default_basis;
  question.stored_for = {Purpose::RightsFulfilment};  // whatever is kept is kept to be shown to them, too
  question.role = kRole;
  question.country = country;
  question.at = clock_.now();
  return gate::rule(question, *law_.current());
}

Result<void> Looks::permit(const Request& request, std::size_t place, IdentityId who, std::string_view country) const {
  const gate::Ruling ruling = rule(country);
  if (ruling.allowed()) return {};
  TRY(record(request, place, {who}, ruling));
  return fail(ErrorKind::forbidden, "use_denied", gate::reason(ruling, Purpose::RightsFulfilment, "en"));
}

Result<void> Looks::record(const Request& request, std::size_t place, const std::set<IdentityId>& who,
                           const gate::Ruling& ruling, gate::Use use) const {
  std::vector<ledger::Entry> entries;
  for (IdentityId identity : who) {
    ledger::Entry entry;
    entry.identity = identity;
    entry.at = clock_.now();
    entry.use = use;
    entry.purposes = {use == gate::Use::link ? Purpose::IdentityLinking : Purpose::RightsFulfilment};
    entry.decision = ruling.decision;
    entry.rules = {ruling.rules[0]};
    entry.rule_set = ruling.rule_set;
    entry.role = kRole;
    entry.operation = request.operation;
    entries.push_back(std::move(entry));
  }
  if (entries.empty()) return {};
  return places_[place].ledger->record(std::move(entries));
}

}  // namespace handschlag::portal
