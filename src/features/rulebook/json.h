// The rulebook's values as the API has them.
#pragma once

#include <string>

#include "features/rulebook/rulebook.h"
#include "platform/json/json.h"

namespace handschlag::rulebook {

// "21:00"; null where it is negative.
json::Value time_of_day(int minute);
// A rule with its id, jurisdiction and whether it is one of this installation's own.
json::Value rule_json(const law::Rule& rule);
// A norm; `set` has the rules it names.
json::Value to_json(const law::Norm& norm, const law::RuleSet& set);
json::Value to_json(const Confirmation& confirmation);
json::Value to_json(const OwnRule& rule);

// One question of POST /api/v1/rulings, with the text that it points into. What is not said is not known, and what is
// malformed is an error, named by JSON pointer.
struct AskedQuestion {
  gate::Question question;
  bool says_weighed = false;  // whether it says if an interest was assessed
  std::string role, to_country, controller, country, region, to_region, home;

  AskedQuestion() = default;
  AskedQuestion(const AskedQuestion&) = delete;  // `question` points into it
  AskedQuestion& operator=(const AskedQuestion&) = delete;
};
// `now` where the question names no time. What is wrong is left in the reader.
void read_question(json::Reader& reader, Time now, AskedQuestion& out);

}  // namespace handschlag::rulebook
