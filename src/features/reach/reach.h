// Reach: how many people may be contacted, by purpose, channel and country, and what keeps the others. Counted in the
// background by asking outreach of each of them what it would decide on a message; shown as sums over groups that are
// large enough. And whom a change of the law would take away or add, by asking of each of them twice.
//
//   TRY(reach.begin());                                  // jobs do the counting
//   const Figure figure = TRY(reach.figure(Purpose::DirectMarketing));
//   TRY(reach.try_law(TRY(rulebook.would_be(draft)), day));
//   const Effect effect = TRY(reach.effect());
//
// Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/gate/gate.h"
#include "features/identity/identity.h"
#include "features/law/law.h"
#include "features/outreach/outreach.h"
#include "features/regions/regions.h"
#include "features/rulebook/rulebook.h"
#include "features/sources/sources.h"
#include "features/staff/staff.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"
#include "platform/http/router.h"
#include "platform/jobs/jobs.h"

namespace handschlag::reach {

// What is counted.
inline constexpr std::array kPurposes = {gate::Purpose::DirectMarketing, gate::Purpose::PersonalisedAdvertising,
                                         gate::Purpose::PersonalisedBenefits, gate::Purpose::SatisfactionSurvey};
inline constexpr std::array kChannels = {gate::Channel::email, gate::Channel::sms, gate::Channel::phone,
                                         gate::Channel::post};
// Groups of fewer people are not shown.
inline constexpr std::int64_t kSmallest = 10;

// Reasons beside those of outreach.
inline constexpr std::string_view kNoAddress = "no_address";
inline constexpr std::string_view kOther = "other";  // several, each of too few people

struct Reason {
  std::string name;
  std::int64_t people = 0;
};

// The people of one country, or of all those together that have too few.
struct Group {
  std::string country;  // "" unknown
  bool several = false;
  std::int64_t people = 0;
  std::optional<std::int64_t> reachable;  // nothing: too few of them, or of the others, to be told
  std::vector<Reason> reasons;            // the most frequent first
};

struct ChannelFigure {
  gate::Channel channel = gate::Channel::email;
  std::vector<Group> groups;  // the largest first
};

struct Figure {
  std::optional<Time> counted_at;  // of the region that was counted longest ago; nothing: one never was
  bool counting = false;
  std::vector<ChannelFigure> channels;
};

// What a rule set would do that is not in force, or the one that is, on another day. Of a group `reachable` is who can
// be reached before and after; the reasons are kLost, kGained and kNeither.
inline constexpr std::string_view kLost = "lost";
inline constexpr std::string_view kGained = "gained";
inline constexpr std::string_view kNeither = "neither";
struct Effect {
  std::uint64_t rule_set = 0;  // 0: none was tried yet
  Time law_at{};
  bool counting = false;
  std::int64_t people = 0;  // who were asked so far
  Time counted_at{};        // when it is done
  struct OfPurpose {
    gate::Purpose purpose;
    std::vector<ChannelFigure> channels;
  };
  std::vector<OfPurpose> purposes;  // those of kPurposes; none while it is counted
};

std::span<const db::Migration> migrations();  // of a region's data database

// Sums of one purpose and channel, as they may be shown. Pure.
struct Count {
  std::string country;
  std::string reason;  // "" for nothing
  std::int64_t people = 0;
};
std::vector<Group> shown(std::span<const Count> counts);

struct Place {
  regions::Region* region;
  identity::Identities* identities;
};

struct Parts {
  std::vector<Place> places;
  outreach::Outreach* outreach;
  sources::Sources* sources;
  db::Database* control;  // for its jobs
  const Clock* clock;
};

class Reach {
 public:
  // Everything must outlive this.
  static std::unique_ptr<Reach> create(Parts parts);
  virtual ~Reach() = default;

  // Everybody is counted anew; a no-op where that is under way.
  virtual Result<void> begin() = 0;
  // Of all people, or of those whom the sources of a unit and of those below it made known, as far as these know them:
  // what they are asked to leave they leave for everybody, but an address that another part of the company has is not
  // counted.
  virtual Result<Figure> figure(gate::Purpose purpose, std::string_view unit = "") = 0;

  // Asks of everybody what that law would change on that day, with what is known of them now. One at a time: it takes
  // the place of what was tried before. Errors: invalid "fields_invalid" (a day that is over).
  virtual Result<void> try_law(std::shared_ptr<const law::RuleSet> law, law::Day day) = 0;
  virtual Result<Effect> effect() = 0;

  // Counts on in a region, for a few seconds; true when it is done. For the jobs, and for tests.
  virtual Result<bool> count_on(std::string_view region, const std::function<bool()>& should_stop) = 0;
  virtual Result<bool> try_on(std::string_view region, const std::function<bool()>& should_stop) = 0;
  // Once a day, and when it was asked for. Before the runner starts.
  virtual void bind_jobs(jobs::Runner& runner) = 0;
};

void bind_routes(http::Router& router, Reach& reach, rulebook::Rulebook& rulebook, staff::Staff& staff,
                 const Clock& clock);

}  // namespace handschlag::reach
