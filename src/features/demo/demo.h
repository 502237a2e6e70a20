// Fills an installation with a made-up company, Möwe & Moos: some thousand customers in several countries, and a year
// of what happened between them and its shop, branches, app, hotline and social page.
//
// Deterministic: the same people and events every time. The year ends with the day on which the demo's sources were
// made, so that filling again, today or in a month, adds nothing, and finishes what was interrupted.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "features/events/events.h"
#include "features/notices/notices.h"
#include "features/sources/sources.h"
#include "platform/base/clock.h"
#include "platform/base/result.h"

namespace handschlag::demo {

struct Settings {
  std::size_t people = 3'000;  // beside the few dozen written by hand
  // Called when the sources are there and nothing was submitted yet: for disclose(), on which some of it rests.
  std::function<Result<void>()> before_story = {};
};

// Is told how far it has come, and asked whether to go on. Both are called on the thread that fills.
class Progress {
 public:
  virtual ~Progress() = default;
  virtual void report(std::size_t done, std::size_t total) = 0;  // events
  virtual bool cancelled() = 0;
};

struct WriteKey {
  std::string source;
  std::string write_key;  // shown once, never stored
};

// Something to try: GET /api/v1/customers?key=KEY.
struct Suggestion {
  std::string key;  // "email:anna@example.org"
  std::string english;
  std::string german;
};

struct Summary {
  bool finished = false;  // false: cancelled; filling again goes on from there
  std::size_t people = 0;
  std::size_t events = 0;   // of the whole story
  events::Outcome outcome;  // its `rejected` holds an entry for each of the story's bad events
  Time from{};              // the year
  Time until{};
  std::vector<WriteKey> write_keys;  // of the sources that were made now
  std::vector<Suggestion> suggestions;
};

// Makes the sources that are missing and submits the story's events. Errors: conflict, code "demo_source_taken", when a
// source of somebody else has one of the demo's ids, "demo_folder_taken", when there are sources and none is the
// demo's; else those of Sources::add and Events::submit.
Result<Summary> fill(events::Events& events, sources::Sources& sources, const Clock& clock, Progress& progress,
                     const Settings& settings = {});

// What the company tells its customers, and what it weighed: what it uses data for, the notices under which they agree,
// and assessments of its interests. Adds what is missing; what somebody has changed stays. Errors: those of the
// notices.
Result<void> disclose(notices::Notices& notices, const staff::Actor& actor, const Clock& clock);

// What customers said of being written to before the year that ends with `until`, for consent_imports of the source
// "shop": JSON lines, in parts that can be taken at once. `people` as in Settings.
std::vector<std::string> declarations(std::size_t people, Time until);

}  // namespace handschlag::demo
