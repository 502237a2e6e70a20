#include "features/banner/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace handschlag::banner {
namespace {

using consent::Statement;
using gate::Purpose;

// Against which Global Privacy Control speaks wherever the person lives.
constexpr std::array kSignalled = {Purpose::SellDataToThirdParties, Purpose::PersonalisedAdvertising};

const Statement* newest(const std::vector<Statement>& history, Purpose purpose) {
  for (const Statement& each : history) {
    const bool decides = consent::is_yes(each.act) || consent::is_no(each.act);
    if (each.purpose == purpose && each.channel == consent::Channel::none && decides) return &each;
  }
  return nullptr;
}

std::vector<std::string> categories_of(Purpose purpose, const sources::Source& source) {
  std::vector<std::string> out;
  for (const auto& [name, purposes] : source.consent_categories) {
    if (purposes.has(purpose)) out.push_back(name);
  }
  out.emplace_back(gate::info(purpose).name);
  return out;
}

std::string text_of(json::View object, std::string_view name) {
  auto value = object.find(name);
  return value ? value->scalar_text().value_or("") : "";
}

// Events are stored all the same where a statement can't be: of somebody on their way to another region, or who has
// said more than can be kept.
Result<void> record(db::Transaction& tx, events::Cell& cell, Statement said) {
  auto id = cell.consents->record(tx, std::move(said));
  if (id || id.error().code == "customer_moved" || id.error().code == "statements_too_many") return {};
  return std::unexpected(id.error());
}

}  // namespace

Result<void> Answers::heard(db::Transaction& tx, events::Cell& cell, std::span<const events::Spoken> batch) {
  if (cell.consents == nullptr) return {};
  // Of several of one person the last word is enough, and bounds what a sender can have looked up.
  std::map<IdentityId, const events::Spoken*> answers;
  std::map<IdentityId, const events::Spoken*> signals;
  for (const events::Spoken& spoken : batch) {
    const events::Intake& intake = *spoken.intake;
    if (intake.type == events::EventType::track && intake.name == events::kConsentEvent) {
      const events::Spoken*& last = answers[spoken.identity];
      if (last == nullptr || last->intake->occurred <= intake.occurred) last = &spoken;
    }
    if (intake.global_privacy_control) signals.try_emplace(spoken.identity, &spoken);
  }
  for (const auto& [identity, spoken] : answers) TRY(take_answer(tx, cell, *spoken));
  for (const auto& [identity, spoken] : signals) TRY(take_signal(tx, cell, *spoken));
  return {};
}

Result<void> Answers::take_answer(db::Transaction& tx, events::Cell& cell, const events::Spoken& spoken) {
  const auto history = TRY(cell.consents->outline(tx, spoken.identity));
  const Statement like = TRY(statement_of(tx, cell, spoken));
  for (const gate::DeclaredPurpose& declared : spoken.source->purposes) {
    if (declared.basis != gate::Basis::consent) continue;
    const bool yes = spoken.intake->consented.has(declared.purpose);
    if (!yes && !spoken.intake->refused.has(declared.purpose)) continue;
    Statement said = like;
    said.purpose = declared.purpose;
    if (const auto notice = shown_for(declared.purpose, spoken)) {
      const notices::Text* text = notice->text_in(text_of(spoken.intake->properties.view(), "language"));
      said.notice = {notice->id, notice->version, notice->hash};
      if (text != nullptr) {
        said.proof.language = text->language;
        said.proof.declaration = text->whole();
      }
      said.explicit_consent = notice->explicit_consent;
      said.recipient_named = notice->names_recipients;
      if (yes && notice->validity.count > 0) said.expires_at = law::after(said.occurred_at, notice->validity);
    }
    const Statement* before = newest(history, declared.purpose);
    const bool was_yes = before != nullptr && consent::is_yes(before->act);
    const bool the_same = before != nullptr && was_yes == yes && before->notice.id == said.notice.id &&
                          before->notice.version == said.notice.version;
    const bool over = before != nullptr && before->expires_at && *before->expires_at <= said.occurred_at;
    if (the_same && !over) continue;
    if (yes && before != nullptr && !was_yes && before->strength > said.strength) continue;
    said.act = yes ? (was_yes ? consent::Act::renewed : consent::Act::given)
                   : (was_yes ? consent::Act::withdrawn : consent::Act::refused);
    TRY(record(tx, cell, std::move(said)));
  }
  return {};
}

Result<void> Answers::take_signal(db::Transaction& tx, events::Cell& cell, const events::Spoken& spoken) {
  const auto refused = TRY(cell.consents->refused(tx, {&spoken.identity, 1}));
  const bool known =
      std::all_of(kSignalled.begin(), kSignalled.end(), [&](Purpose purpose) { return refused[0].has(purpose); });
  if (known) return {};
  const auto history = TRY(cell.consents->outline(tx, spoken.identity));
  for (const Purpose purpose : kSignalled) {
    const bool taken = std::any_of(history.begin(), history.end(), [&](const Statement& each) {
      return each.purpose == purpose && each.way == consent::Way::browser_signal;
    });
    if (taken) continue;
    Statement said = TRY(statement_of(tx, cell, spoken));
    said.act = consent::Act::objected;
    said.purpose = purpose;
    said.way = consent::Way::browser_signal;
    said.proof.declaration = "Sec-GPC: 1";
    TRY(record(tx, cell, std::move(said)));
  }
  return {};
}

Result<Statement> Answers::statement_of(db::Transaction& tx, events::Cell& cell, const events::Spoken& spoken) const {
  const events::Intake& intake = *spoken.intake;
  Statement out;
  out.identity = spoken.identity;
  out.way = consent::Way::banner;
  out.strength = spoken.source->trust == sources::Trust::server ? gate::Strength::stated : gate::Strength::claimed;
  out.occurred_at = intake.occurred;
  out.received_at = intake.received;
  out.proof.evidence = fmt::format("sent by the source {}, event {}", spoken.source->id, intake.message_id);
  const auto country = TRY(cell.identities->country_of(tx, spoken.identity));
  const law::Norm& proof = law_.current()->norm(country.value_or(""), law::Topic::consent_proof, law::Channel::none,
                                                law::day_of(out.occurred_at));
  out.keep_until = law::after(out.occurred_at, proof.term);
  return out;
}

notices::NoticePointer Answers::shown_for(Purpose purpose, const events::Spoken& spoken) const {
  notices::NoticePointer out;
  const auto notices = spoken.intake->properties.view().find("notices");
  if (!notices) return out;
  for (const std::string& category : categories_of(purpose, *spoken.source)) {
    const auto shown = notices->find(category);
    if (!shown) continue;
    shown->each_item([&](json::View each) {
      std::int64_t version = 0;
      const std::string number = text_of(each, "version");
      std::from_chars(number.data(), number.data() + number.size(), version);
      auto notice = find_(text_of(each, "id"), version);
      if (!out && notice && notice->covers(purpose, law::Channel::none)) out = std::move(notice);
    });
  }
  return out;
}

}  // namespace handschlag::banner
