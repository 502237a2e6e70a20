#include "features/customers/look.h"

#include <algorithm>

namespace handschlag::customers {

Result<Permit> Look::allowed(const Viewer& viewer, std::optional<About> about) {
  const auto law = law_.current();
  gate::PurposeSet asked = viewer.purpose ? gate::PurposeSet{*viewer.purpose} : gate::purposes_of_role(viewer.role);
  Permit permit;
  gate::Ruling last;
  gate::Purpose last_purpose = viewer.purpose.value_or(gate::Purpose::CustomerCare);
  for (const gate::PurposeInfo& info : gate::purposes()) {
    if (!asked.has(info.purpose)) continue;
    last = rule(viewer, info, asked, *law);
    last_purpose = info.purpose;
    if (!last.allowed()) continue;
    permit.purposes.add(info.purpose);
    permit.rule_set = last.rule_set;
    if (std::find(permit.rules.begin(), permit.rules.end(), last.rules[0]) == permit.rules.end()) {
      permit.rules.push_back(last.rules[0]);
    }
  }
  if (!permit.purposes.empty()) return permit;
  // A role without any purpose asks for none, so no ruling was made: it gets the one on helping a customer.
  if (asked.empty()) last = rule(viewer, gate::info(last_purpose), asked, *law);
  if (about) TRY(record_denial(viewer, *about, asked, last));
  return fail(ErrorKind::forbidden, "use_denied", gate::reason(last, last_purpose, viewer.language));
}

gate::Question Look::question_of(const Viewer& viewer, const gate::PurposeInfo& info,
                                 gate::PurposeSet stored_for) const {
  gate::Question question;
  question.use = gate::Use::view;
  question.purpose = info.purpose;
  question.basis = info.default_basis;
  if (question.basis == gate::Basis::legitimate_interest) {
    question.interest_weighed = interests_.weighed(clock_.now()).has(info.purpose);
  }
  question.consent = gate::ConsentState::given;  // what is stored for it was given for it
  question.stored_for = stored_for;
  question.role = viewer.role;
  question.at = clock_.now();
  return question;
}

Result<gate::Ruling> Look::rule_on_record(db::Transaction& tx, const Viewer& viewer, events::OnRecord& record,
                                          std::int64_t source, const identity::Reached& who,
                                          const gate::PurposeInfo& info) const {
  gate::Question question = question_of(viewer, info, who.purposes);
  TRY(record.fill(tx, source, who.id, question));
  return gate::rule(question, *law_.current());
}

Result<void> Look::check_stored(const Viewer& viewer, std::size_t place,
                                const std::vector<identity::Identity>& members) {
  gate::PurposeSet stored;
  for (const identity::Identity& member : members) stored = stored | (member.stored_for & member.purposes);
  // Without its keys an identity is erased: its page is empty, and says so.
  bool erased =
      std::all_of(members.begin(), members.end(), [](const auto& member) { return member.stored_for.empty(); });
  if (!stored.empty() || erased) return {};
  const identity::Identity& first = members.front();
  gate::Purpose purpose = viewer.purpose.value_or(gate::Purpose::CustomerCare);
  for (const gate::PurposeInfo& info : gate::purposes()) {
    if (first.purposes.has(info.purpose) && !viewer.purpose) purpose = info.purpose;
  }
  gate::Ruling ruling = rule(viewer, gate::info(purpose), first.stored_for, *law_.current());
  TRY(record_denial(viewer, {place, first.id}, first.purposes, ruling));
  return fail(ErrorKind::forbidden, "use_denied", gate::reason(ruling, purpose, viewer.language));
}

Result<void> Look::record_denial(const Viewer& viewer, About about, gate::PurposeSet purposes,
                                 const gate::Ruling& ruling) {
  Permit denial{purposes, {ruling.rules[0]}, ruling.rule_set};
  return record(viewer, about.place, {{about.identity, purposes}}, denial, ruling.decision);
}

Result<void> Look::record(const Viewer& viewer, std::size_t place, const std::vector<identity::Reached>& who,
                          const Permit& permit, gate::Decision decision) {
  std::vector<ledger::Entry> entries;
  for (const identity::Reached& member : who) {
    ledger::Entry entry;
    entry.identity = member.id;
    entry.at = clock_.now();
    entry.purposes = member.purposes;
    entry.decision = decision;
    entry.rules = permit.rules;
    entry.rule_set = permit.rule_set;
    entry.role = viewer.role;
    entry.operation = viewer.operation;
    entry.unit = viewer.unit;
    entries.push_back(std::move(entry));
  }
  return ledgers_[place]->record(std::move(entries));
}

Result<void> Look::record(const Viewer& viewer, std::size_t place, const identity::Customer& customer,
                          const Permit& permit) {
  std::vector<identity::Reached> who;
  for (const identity::Identity& member : customer.identities) who.push_back({member.id, member.purposes});
  return record(viewer, place, who, permit);
}

}  // namespace handschlag::customers
