#include "features/banner/banner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "features/banner/words.h"
#include "features/gate/gate.h"
#include "platform/crypto/crypto.h"

namespace handschlag::banner {
namespace {

using json::Value;

constexpr std::size_t kFingerprintBytes = 6;

std::string_view in(const notices::Both& both, Language language) {
  return language == Language::german ? both.german : both.english;
}

// What of a category needs a consent, and what there is to tell of it.
struct Category {
  std::string name;
  std::vector<gate::Purpose> purposes;
  std::vector<notices::EntryPointer> entries;   // of each purpose; nullptr: nothing was said of it
  std::vector<notices::NoticePointer> notices;  // of all purposes, each once
  std::vector<gate::Purpose> unannounced;       // no notice covers them
};

class Composer {
 public:
  Composer(const Input& input, std::string_view asked)
      : in_(input), asked_(asked), language_(language_of(asked)), today_(law::day_of(input.now)) {}

  Value compose() const {
    Value shown = Value::array();
    Value unprepared = Value::array();
    std::map<std::string, int> users;  // of each notice: how many categories
    const std::vector<Category> found = categories();
    for (const Category& category : found) {
      for (const auto& notice : category.notices) ++users[notice->id];
    }
    for (const Category& category : found) {
      Value lacking = lacks(category);
      if (lacking.empty()) {
        shown.push_back(show(category, category.notices.size() == 1 && users[category.notices[0]->id] == 1));
      }
      for (Value& each : lacking) unprepared.push_back(std::move(each));
    }
    const law::Norm& pause = in_.law->norm(in_.source->country, law::Topic::re_ask_pause, law::Channel::none, today_);
    return {{"source", in_.source->id},
            {"language", code_of(language_)},
            {"ask_again_days", static_cast<std::int64_t>(std::ceil(pause.term.days()))},
            {"words", words_in(language_)},
            {"categories", std::move(shown)},
            {"unprepared", std::move(unprepared)}};
  }

 private:
  std::vector<Category> categories() const {
    gate::PurposeSet asked_for;
    for (const auto& declared : in_.source->purposes) {
      if (declared.basis == gate::Basis::consent) asked_for.add(declared.purpose);
    }
    std::vector<Category> out;
    auto add = [&](const std::string& name, gate::PurposeSet purposes) {
      if (!(purposes & asked_for).empty()) out.push_back(gather(name, purposes & asked_for));
    };
    for (const auto& [name, purposes] : in_.source->consent_categories) add(name, purposes);
    if (!in_.source->consent_categories.empty()) return out;
    // A purpose's own name always stands for itself.
    for (const gate::PurposeInfo& each : gate::purposes()) add(std::string(each.name), {each.purpose});
    return out;
  }

  Category gather(const std::string& name, gate::PurposeSet purposes) const {
    Category out;
    out.name = name;
    for (const gate::PurposeInfo& each : gate::purposes()) {
      if (!purposes.has(each.purpose)) continue;
      out.purposes.push_back(each.purpose);
      const auto entry = std::find_if(in_.entries.begin(), in_.entries.end(),
                                      [&](const auto& one) { return one->purpose == each.purpose; });
      out.entries.push_back(entry == in_.entries.end() ? nullptr : *entry);
      const auto notice = std::find_if(in_.in_force.begin(), in_.in_force.end(),
                                       [&](const auto& one) { return one->covers(each.purpose, law::Channel::none); });
      if (notice == in_.in_force.end()) {
        out.unannounced.push_back(each.purpose);
      } else if (std::find(out.notices.begin(), out.notices.end(), *notice) == out.notices.end()) {
        out.notices.push_back(*notice);
      }
    }
    return out;
  }

  // Nobody can agree to what they are not told.
  static Value lacks(const Category& category) {
    Value out = Value::array();
    auto add = [&](gate::Purpose purpose, std::string_view what) {
      out.push_back({{"category", category.name}, {"purpose", gate::info(purpose).name}, {"lacks", what}});
    };
    for (std::size_t i = 0; i < category.purposes.size(); ++i) {
      if (!category.entries[i]) add(category.purposes[i], "entry");
    }
    for (gate::Purpose purpose : category.unannounced) add(purpose, "notice");
    return out;
  }

  Value show(const Category& category, bool titled_by_notice) const {
    Value uses = Value::array();
    for (const auto& entry : category.entries) uses.push_back(use(*entry));
    Value texts = Value::array();
    for (const auto& notice : category.notices) texts.push_back(text(*notice));
    return {{"name", category.name},
            {"title", titled_by_notice ? texts[0]["title"] : Value(title(category))},
            {"version", version(category)},
            {"valid_days", valid_days(category)},
            {"signal", signal_says_no(category)},
            {"uses", std::move(uses)},
            {"notices", std::move(texts)}};
  }

  Value use(const notices::Entry& entry) const {
    Value recipients = Value::array();
    for (const auto& each : entry.recipients) {
      recipients.push_back({{"name", each.name}, {"country", each.country}, {"role", say(each.role, language_)}});
    }
    return {{"purpose", gate::info(entry.purpose).name},
            {"description", in(entry.description, language_)},
            {"benefit", in(entry.benefit, language_)},
            {"recipients", std::move(recipients)},
            {"retention", say(entry.retention, entry.since, language_)}};
  }

  Value text(const notices::NoticeVersion& notice) const {
    const notices::Text* text = notice.text_in(asked_);
    static const notices::Text kNone;
    if (text == nullptr) text = &kNone;
    return {{"id", notice.id},
            {"version", notice.version},
            {"language", text->language},
            {"title", text->title},
            {"text", text->text},
            {"declaration", text->declaration},
            {"withdrawal", text->withdrawal}};
  }

  std::string title(const Category& category) const {
    std::string out;
    for (gate::Purpose purpose : category.purposes) {
      const gate::PurposeInfo& info = gate::info(purpose);
      if (!out.empty()) out += "; ";
      out += language_ == Language::german ? info.german : info.english;
    }
    if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
    return out;
  }

  // Changes with what somebody would want to be asked about again: the notices' versions, the purposes, who gets the
  // data, for how long. Not with a word that is spelled better.
  static std::string version(const Category& category) {
    std::string out;
    for (const auto& notice : category.notices) out += fmt::format("{}@{}+", notice->id, notice->version);
    std::string told;
    for (const auto& entry : category.entries) {
      told += fmt::format("{}|{}|{}\n", gate::info(entry->purpose).name, law::to_text(entry->retention),
                          notices::name_of(entry->since));
      for (const auto& each : entry->recipients) {
        told += fmt::format("{}|{}|{}\n", each.name, each.country, notices::name_of(each.role));
      }
    }
    return out + crypto::to_base64url(crypto::sha256(told).substr(0, kFingerprintBytes));
  }

  // As the law of the source's country says, or less where a notice asks for less.
  std::int64_t valid_days(const Category& category) const {
    double days = in_.law->norm(in_.source->country, law::Topic::consent_life, law::Channel::none, today_).term.days();
    for (const auto& notice : category.notices) {
      if (notice->validity.count > 0) days = std::min(days, notice->validity.days());
    }
    return static_cast<std::int64_t>(days);
  }

  // Whether Sec-GPC refuses a purpose even of those who agreed.
  bool signal_says_no(const Category& category) const {
    return std::any_of(category.purposes.begin(), category.purposes.end(), [&](gate::Purpose purpose) {
      gate::Question question;
      question.purpose = purpose;
      question.consent = gate::ConsentState::given;
      question.global_privacy_control = true;
      question.controller = in_.source->controller;
      question.country = in_.source->country;
      question.at = in_.now;
      const gate::Ruling ruling = gate::rule(question, *in_.law);
      return std::any_of(ruling.rules.begin(), ruling.rules.end(), [](gate::Rule rule) {
        return rule == gate::Rule::global_privacy_control || rule == gate::Rule::signal_objects;
      });
    });
  }

  const Input& in_;
  std::string_view asked_;
  Language language_;
  law::Day today_;
};

}  // namespace

Value compose(const Input& input, std::string_view language) {
  return Composer(input, language).compose();
}

}  // namespace handschlag::banner
