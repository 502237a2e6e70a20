#include "features/processing/processing.h"

#include <algorithm>
#include <array>

namespace handschlag::processing {
namespace {

constexpr std::array<std::string_view, 5> kDrifts = {"entry_missing", "entry_unused", "recipient_unnamed",
                                                     "interest_unassessed", "notice_missing"};

// "https://crm.example:8443/hook" -> "crm.example"
std::string host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  const std::size_t at = url.rfind('@');
  if (at != std::string_view::npos) url.remove_prefix(at + 1);
  if (!url.starts_with('[')) url = url.substr(0, url.find(':'));
  return std::string(url);
}

bool same_name(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

// Whether the entry names who is behind a webhook: by its description, its id or its host.
bool names(const notices::EntryPointer& entry, const webhooks::Endpoint& webhook) {
  if (!entry) return false;
  const std::string host = host_of(webhook.url);
  return std::any_of(entry->recipients.begin(), entry->recipients.end(), [&](const notices::Recipient& each) {
    return same_name(each.name, webhook.description) || same_name(each.name, webhook.id) || same_name(each.name, host);
  });
}

Use use_of(const Input& input, const sources::SourcePointer& source, const gate::DeclaredPurpose& declared) {
  Use out{source, declared.basis, 0, 0};
  for (const events::Total& each : input.totals) {
    if (each.source == source->id && each.measure == "events" && each.mode == sources::Mode::live) {
      out.events += each.events;
    }
  }
  for (const events::RefusalCount& each : input.refusals) {
    if (each.source == source->id && each.subject == gate::info(declared.purpose).name) out.refused += each.events;
  }
  return out;
}

notices::AssessmentPointer longest(const Input& input, gate::Purpose purpose) {
  notices::AssessmentPointer out;
  for (const auto& each : input.assessments) {
    if (each->purpose != purpose || !each->holds(input.now)) continue;
    if (!out || out->expires < each->expires) out = each;
  }
  return out;
}

std::vector<Drift> drift_of(const Activity& activity) {
  std::vector<Drift> out;
  const bool used = !activity.uses.empty() || !activity.recipients.empty();
  auto rests_on = [&](gate::Basis basis) {
    return std::any_of(activity.uses.begin(), activity.uses.end(), [&](const Use& use) { return use.basis == basis; });
  };
  const bool all_named = std::all_of(activity.recipients.begin(), activity.recipients.end(),
                                     [](const Recipient& recipient) { return recipient.named; });
  if (used && !activity.entry) out.push_back(Drift::entry_missing);
  if (!used && activity.entry) out.push_back(Drift::entry_unused);
  if (!all_named) out.push_back(Drift::recipient_unnamed);
  if (rests_on(gate::Basis::legitimate_interest) && !activity.assessment) out.push_back(Drift::interest_unassessed);
  if (rests_on(gate::Basis::consent) && activity.notices.empty()) out.push_back(Drift::notice_missing);
  return out;
}

}  // namespace

std::string_view name_of(Drift drift) {
  return kDrifts[static_cast<std::size_t>(drift)];
}

std::vector<Activity> compile(const Input& input) {
  std::vector<Activity> out;
  for (const gate::PurposeInfo& info : gate::purposes()) {
    Activity activity;
    activity.purpose = info.purpose;
    for (const auto& each : input.entries) {
      if (each->purpose == info.purpose) activity.entry = each;
    }
    for (const auto& source : input.sources) {
      if (source->mode != sources::Mode::live) continue;
      for (const gate::DeclaredPurpose& declared : source->purposes) {
        if (declared.purpose == info.purpose) activity.uses.push_back(use_of(input, source, declared));
      }
    }
    for (const webhooks::Endpoint& each : input.webhooks) {
      if (each.purpose != info.purpose || each.filter.mode != sources::Mode::live) continue;
      activity.recipients.push_back({each.id, host_of(each.url), names(activity.entry, each)});
    }
    for (const auto& each : input.in_force) {
      if (each->purposes.has(info.purpose)) activity.notices.push_back(each);
    }
    activity.assessment = longest(input, info.purpose);
    if (!activity.entry && activity.uses.empty() && activity.recipients.empty()) continue;
    activity.drift = drift_of(activity);
    out.push_back(std::move(activity));
  }
  return out;
}

}  // namespace handschlag::processing
