// The register as JSON and as a table.
#include <fmt/format.h>

#include <algorithm>

#include "features/processing/processing.h"

namespace handschlag::processing {
namespace {

using json::Value;

struct Words {
  std::string_view german, english;
};

constexpr Words kHeads[] = {{"Zweck", "Purpose"},
                            {"Was geschieht", "What is done"},
                            {"Rechtsgrundlagen", "Legal bases"},
                            {"Verantwortliche", "Controllers"},
                            {"Quellen", "Sources"},
                            {"Datenkategorien", "Categories of data"},
                            {"Empfänger", "Recipients"},
                            {"Drittländer und Garantien", "Third countries and safeguards"},
                            {"Löschfrist", "Retention"},
                            {"Hinweise", "Notices"},
                            {"Abwägung gültig bis", "Assessment holds until"},
                            {"Abweichungen", "Drift"}};

constexpr Words kDriftTexts[] = {{"genutzt, aber nicht beschrieben", "used, and not described"},
                                 {"beschrieben, aber von niemandem genutzt", "described, and used by nobody"},
                                 {"Empfänger nicht genannt", "recipient not named"},
                                 {"berechtigtes Interesse nicht abgewogen", "legitimate interest not assessed"},
                                 {"kein veröffentlichter Hinweis", "no published notice"}};

constexpr Words kSince[] = {{"ab Erhebung", "from collection"},
                            {"ab der letzten Nutzung", "from the last use"},
                            {"ab Ende des Vertrags", "from the end of the contract"},
                            {"ab Abschluss des Falls", "from when the case is closed"},
                            {"ab Ende der Einwilligung", "from the end of the consent"}};

std::string_view in(const Words& words, std::string_view language) {
  return language == "de" ? words.german : words.english;
}

// Each text once, in the order in which they came.
class List {
 public:
  void add(std::string text) {
    if (text.empty() || std::find(items_.begin(), items_.end(), text) != items_.end()) return;
    items_.push_back(std::move(text));
  }
  std::string text() const {
    std::string out;
    for (const std::string& each : items_) out += (out.empty() ? "" : "; ") + each;
    return out;
  }

 private:
  std::vector<std::string> items_;
};

std::string cell(std::string text) {
  if (!text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos) text.insert(0, "'");
  if (text.find_first_of("\",;\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

std::vector<std::string> row_of(const Activity& activity, std::string_view language) {
  const gate::PurposeInfo& info = gate::info(activity.purpose);
  const bool german = language == "de";
  List bases, controllers, sources, categories, recipients, safeguards, notices, drift;
  for (const Use& use : activity.uses) {
    bases.add(std::string(gate::code_of(use.basis)));
    controllers.add(use.source->controller);
    sources.add(use.source->id);
  }
  std::string description(german ? info.german : info.english);
  std::string retention;
  if (activity.entry) {
    const notices::Entry& entry = *activity.entry;
    description = german ? entry.description.german : entry.description.english;
    retention = fmt::format("{} {}", law::to_text(entry.retention),
                            in(kSince[static_cast<std::size_t>(entry.since)], language));
    for (const std::string& each : entry.categories) categories.add(each);
    for (const notices::Recipient& each : entry.recipients) {
      recipients.add(fmt::format("{} ({})", each.name, each.country));
      if (!each.safeguards.empty()) safeguards.add(fmt::format("{}: {}", each.country, each.safeguards));
    }
  }
  for (const Recipient& each : activity.recipients) {
    if (!each.named) recipients.add(fmt::format("{} ({})", each.webhook, each.host));
  }
  for (const auto& each : activity.notices) notices.add(fmt::format("{} {}", each->id, each->version));
  for (Drift each : activity.drift) drift.add(std::string(in(kDriftTexts[static_cast<std::size_t>(each)], language)));
  return {std::string(info.name),
          description,
          bases.text(),
          controllers.text(),
          sources.text(),
          categories.text(),
          recipients.text(),
          safeguards.text(),
          retention,
          notices.text(),
          activity.assessment ? law::to_text(activity.assessment->expires) : "",
          drift.text()};
}

// The fields that a source may send: of its plan, each once.
Value fields_of(const sources::Source& source) {
  if (!source.plan.declared) return nullptr;
  std::set<std::string> fields;
  for (const auto& [name, properties] : source.plan.events) fields.insert(properties.begin(), properties.end());
  return fields;
}

Value use_json(const Use& use) {
  return {{"source", use.source->id},
          {"name", use.source->name},
          {"controller", use.source->controller},
          {"basis", gate::code_of(use.basis)},
          {"enabled", use.source->enabled},
          {"fields", fields_of(*use.source)},
          {"events", use.events},
          {"refused", use.refused}};
}

Value entry_json(const notices::Entry& entry) {
  Value recipients = Value::array();
  for (const notices::Recipient& each : entry.recipients) {
    recipients.push_back({{"name", each.name},
                          {"country", each.country},
                          {"role", notices::name_of(each.role)},
                          {"safeguards", each.safeguards.empty() ? Value(nullptr) : Value(each.safeguards)}});
  }
  return {{"categories", entry.categories},
          {"recipients", std::move(recipients)},
          {"retention", {{"term", law::to_text(entry.retention)}, {"since", notices::name_of(entry.since)}}},
          {"description", {{"de", entry.description.german}, {"en", entry.description.english}}}};
}

}  // namespace

Value to_json(const std::vector<Activity>& activities, Time now) {
  Value items = Value::array();
  for (const Activity& activity : activities) {
    const gate::PurposeInfo& info = gate::info(activity.purpose);
    Value uses = Value::array();
    for (const Use& use : activity.uses) uses.push_back(use_json(use));
    Value webhooks = Value::array();
    for (const Recipient& each : activity.recipients) {
      webhooks.push_back({{"id", each.webhook}, {"host", each.host}, {"named", each.named}});
    }
    Value notices = Value::array();
    for (const auto& each : activity.notices) notices.push_back({{"id", each->id}, {"version", each->version}});
    Value drift = Value::array();
    for (Drift each : activity.drift) drift.push_back(name_of(each));
    items.push_back(
        {{"purpose", info.name},
         {"meaning", {{"de", info.german}, {"en", info.english}}},
         {"entry", activity.entry ? entry_json(*activity.entry) : Value(nullptr)},
         {"uses", std::move(uses)},
         {"webhooks", std::move(webhooks)},
         {"notices", std::move(notices)},
         {"assessed_until", activity.assessment ? Value(law::to_text(activity.assessment->expires)) : Value(nullptr)},
         {"drift", std::move(drift)}});
  }
  return {{"made_at", format_time(now)}, {"activities", std::move(items)}};
}

std::string to_csv(const std::vector<Activity>& activities, std::string_view language) {
  std::string out;
  auto line = [&](const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) out += (i == 0 ? "" : ",") + cell(cells[i]);
    out += "\r\n";
  };
  std::vector<std::string> heads;
  for (const Words& each : kHeads) heads.emplace_back(in(each, language));
  line(heads);
  for (const Activity& activity : activities) line(row_of(activity, language));
  return out;
}

}  // namespace handschlag::processing
