// What holds by all that was said: by hand, and in random sequences against a model that replays them in time.
#include "features/consent/standing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace handschlag::consent {
namespace {

using gate::ConsentState;
using gate::Strength;

Time at(int day) {
  return Time{std::chrono::days{20'000 + day}};
}

Said said(Act act, int day, std::string address = "a", Channel channel = Channel::email) {
  static std::int64_t last = 0;
  Said out;
  out.id = {++last};
  out.act = act;
  out.channel = channel;
  out.strength = Strength::stated;
  out.occurred_at = at(day);
  out.received_at = at(day);
  out.address = std::move(address);
  return out;
}

ConsentState state(const std::vector<Said>& all, std::string_view address = "a", Channel channel = Channel::email,
                   Purpose purpose = Purpose::DirectMarketing) {
  return evaluate(all, purpose, channel, address, at(100)).state;
}

TEST(StandingTest, NothingSaidIsUnknown) {
  EXPECT_EQ(state({}), ConsentState::unknown);
  EXPECT_EQ(state({said(Act::requested, 1)}), ConsentState::unknown);
}

TEST(StandingTest, NewestAtAnAddressDecidesByWhenItWasSaid) {
  const Said yes = said(Act::given, 1);
  const Said no = said(Act::withdrawn, 2);
  const Said again = said(Act::given, 3);
  EXPECT_EQ(state({yes}), ConsentState::given);
  EXPECT_EQ(state({yes, no}), ConsentState::refused);
  EXPECT_EQ(state({no, yes}), ConsentState::refused) << "a yes that was said before and arrives later";
  EXPECT_EQ(state({again, no, yes}), ConsentState::given);
}

TEST(StandingTest, NoDecidesAtTheSameMoment) {
  EXPECT_EQ(state({said(Act::withdrawn, 1), said(Act::given, 1)}), ConsentState::refused);
  EXPECT_EQ(state({said(Act::given, 1), said(Act::withdrawn, 1)}), ConsentState::refused);
}

TEST(StandingTest, StrictestOfTheAddressesHolds) {
  EXPECT_EQ(state({said(Act::given, 5, "a"), said(Act::withdrawn, 1, "b")}), ConsentState::refused);
  EXPECT_EQ(state({said(Act::given, 5, "b")}, "a"), ConsentState::unknown) << "a yes for another address is none here";
}

TEST(StandingTest, NoForThePersonIsOneForEveryChannelUntilTheySayYesAnew) {
  const Said never = said(Act::objected, 2, "", Channel::none);
  EXPECT_EQ(state({said(Act::given, 1), never}), ConsentState::refused);
  EXPECT_EQ(state({never, said(Act::given, 3)}), ConsentState::given);
  EXPECT_EQ(state({never}, "", Channel::post), ConsentState::refused);
}

TEST(StandingTest, ObjectionToMarketingEndsTheAdvertisingBehindIt) {
  const Said never = said(Act::objected, 2, "", Channel::none);
  EXPECT_EQ(state({never}, "", Channel::none, Purpose::PersonalisedAdvertising), ConsentState::refused);
  EXPECT_EQ(state({never}, "", Channel::none, Purpose::CustomerCare), ConsentState::unknown);
}

TEST(StandingTest, OneChannelSaysNothingOfAnother) {
  EXPECT_EQ(state({said(Act::given, 1)}, "a", Channel::phone), ConsentState::unknown);
  EXPECT_EQ(state({said(Act::withdrawn, 1)}, "", Channel::post), ConsentState::unknown);
}

TEST(StandingTest, TimeEndsAConsentAndAnOlderOneDoesNotComeBack) {
  Said brief = said(Act::given, 50);
  brief.expires_at = at(60);
  const auto standing =
      evaluate(std::vector{said(Act::given, 1), brief}, Purpose::DirectMarketing, Channel::email, "a", at(100));
  EXPECT_EQ(standing.state, ConsentState::unknown);
  EXPECT_TRUE(standing.expired);
}

TEST(StandingTest, SomebodyElseMaySayNoAndYesOnlyWithProof) {
  Said other = said(Act::withdrawn, 5);
  other.same_person = false;
  EXPECT_EQ(state({said(Act::given, 1), other}), ConsentState::refused);
  other.act = Act::given;
  EXPECT_EQ(state({other}), ConsentState::unknown);
  other.strength = Strength::confirmed;
  EXPECT_EQ(state({other}), ConsentState::given);
  other.held = true;
  EXPECT_EQ(state({other}), ConsentState::unknown) << "of somebody who was erased";
}

TEST(StandingTest, AClaimTakesBackNoNoThatWasSaidMoreSurely) {
  Said claim = said(Act::given, 5);
  claim.strength = Strength::claimed;
  Said claimed_no = said(Act::withdrawn, 4);
  claimed_no.strength = Strength::claimed;
  const Said no = said(Act::objected, 3);
  EXPECT_EQ(state({claim}), ConsentState::given);
  EXPECT_EQ(state({claimed_no, claim}), ConsentState::given);
  EXPECT_EQ(state({no, claim}), ConsentState::refused);
  EXPECT_EQ(state({no, claimed_no, claim}), ConsentState::refused) << "nor with a claimed no between them";
  EXPECT_EQ(state({said(Act::withdrawn, 1), said(Act::given, 2), claim}), ConsentState::given);
  EXPECT_EQ(state({said(Act::objected, 3, "", Channel::none), claim}), ConsentState::refused);
}

TEST(StandingTest, AClaimTakesThePlaceOfNoSurerYesThatHolds) {
  const auto strength = [](std::vector<Said> all) {
    return evaluate(all, Purpose::DirectMarketing, Channel::email, "a", at(10)).strength;
  };
  Said sure = said(Act::given, 2);
  sure.strength = Strength::confirmed;
  Said claim = said(Act::given, 5);
  claim.strength = Strength::claimed;
  EXPECT_EQ(strength({sure, claim}), Strength::confirmed);
  Said over = sure;
  over.expires_at = at(9);
  EXPECT_EQ(strength({over, claim}), Strength::claimed) << "nothing surer holds any more";
  Said no = said(Act::withdrawn, 4);
  no.strength = Strength::claimed;
  EXPECT_EQ(strength({sure, no, claim}), Strength::claimed) << "a no, however said, ended the surer yes";
}

TEST(StandingTest, FutureYesIsNoneAndFutureNoIsOne) {
  EXPECT_EQ(state({said(Act::given, 200)}), ConsentState::unknown);
  EXPECT_EQ(state({said(Act::given, 1), said(Act::withdrawn, 200)}), ConsentState::refused);
}

TEST(StandingTest, RequestThatWaitsIsTold) {
  const auto waiting = evaluate(std::vector{said(Act::withdrawn, 1), said(Act::requested, 2)}, Purpose::DirectMarketing,
                                Channel::email, "a", at(100));
  EXPECT_EQ(waiting.state, ConsentState::refused);
  EXPECT_EQ(waiting.waiting_since, at(2));
  EXPECT_EQ(waiting.last_no, at(1));
  const auto done = evaluate(std::vector{said(Act::requested, 2), said(Act::given, 3)}, Purpose::DirectMarketing,
                             Channel::email, "a", at(100));
  EXPECT_FALSE(done.waiting_since);
}

TEST(StandingTest, OnlyWhatHoldsIsFilledIn) {
  Said yes = said(Act::given, 1);
  yes.quiet_hours = yes.explicit_consent = yes.recipient_named = yes.guardian = true;
  gate::Question question;
  evaluate(std::vector{yes}, Purpose::DirectMarketing, Channel::email, "a", at(100)).fill(question);
  EXPECT_EQ(question.consent, ConsentState::given);
  EXPECT_TRUE(question.quiet_hours_consent && question.explicit_consent && question.guardian);
  EXPECT_EQ(question.consented_at, at(1));
  evaluate(std::vector{yes, said(Act::withdrawn, 2)}, Purpose::DirectMarketing, Channel::email, "a", at(100))
      .fill(question);
  EXPECT_EQ(question.consent, ConsentState::refused);
  EXPECT_EQ(question.strength, Strength::none);
  EXPECT_FALSE(question.quiet_hours_consent || question.explicit_consent || question.guardian);
}

// The model: what was said is replayed in the order of time, each address remembering the last word.
struct Word {
  bool yes = false;
  bool over = false;
  bool sure = false;
  bool sure_no = false;  // a no that was more than a claim stands behind it
};

ConsentState replay(std::vector<Said> all, Channel channel, const std::string& asked, Time now) {
  std::stable_sort(all.begin(), all.end(), [](const Said& a, const Said& b) {
    if (a.occurred_at != b.occurred_at) return a.occurred_at < b.occurred_at;
    if (is_no(a.act) != is_no(b.act)) return is_no(b.act);
    return a.id < b.id;
  });
  const bool needs_address = channel == Channel::email;
  std::map<std::string, Word> last;
  std::vector<std::string> addresses;
  for (const Said& each : all) {
    if (!each.address.empty()) addresses.push_back(each.address);
  }
  addresses.push_back(asked);
  for (const Said& each : all) {
    if (each.act == Act::requested) continue;
    const bool no = is_no(each.act);
    if (each.channel != channel && !(no && each.channel == Channel::none)) continue;
    if (!each.same_person && each.address != asked) continue;
    if (!no && (each.held || each.occurred_at > now || each.received_at > now)) continue;
    if (!no && !each.same_person && each.strength != Strength::confirmed) continue;
    const bool sure = each.strength >= Strength::stated;
    const auto hear = [&](Word& word) {
      if (!no && !sure && (word.sure_no || (word.yes && word.sure && !word.over))) return;
      word = {!no, !no && each.expires_at && *each.expires_at <= now, sure, sure ? no : word.sure_no};
    };
    if (!each.address.empty()) {
      hear(last[each.address]);
    } else if (no || !needs_address) {
      for (const std::string& address : std::set<std::string>(addresses.begin(), addresses.end())) hear(last[address]);
      if (std::find(addresses.begin(), addresses.end(), "") == addresses.end()) hear(last[""]);
    }
  }
  // A word for the person reaches only addresses that were spoken of for this use.
  std::map<std::string, bool> spoken;
  for (const Said& each : all) {
    const bool no = is_no(each.act);
    const bool fits = each.channel == channel || (no && each.channel == Channel::none);
    if (each.act == Act::requested || !fits || (!each.same_person && each.address != asked)) continue;
    if (!no && (each.held || each.occurred_at > now || each.received_at > now)) continue;
    if (!no && !each.same_person && each.strength != Strength::confirmed) continue;
    if (!each.address.empty()) spoken[each.address] = true;
  }
  if (!asked.empty()) spoken[asked] = true;
  if (spoken.empty()) spoken[""] = true;
  bool yes = false;
  bool over = false;
  for (const auto& [address, unused] : spoken) {
    const auto word = last.find(address);
    if (word == last.end()) continue;
    if (!word->second.yes) return ConsentState::refused;
    if (!asked.empty() && address != asked) continue;
    yes = true;
    over = over || word->second.over;
  }
  return yes && !over ? ConsentState::given : ConsentState::unknown;
}

class Sequences {
 public:
  explicit Sequences(unsigned seed) : random_(seed) {}

  int number(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  std::vector<Said> next() {
    static const std::vector<std::string> kAddresses = {"a", "b", ""};
    static const std::vector<Channel> kChannels = {Channel::none, Channel::email, Channel::post};
    std::vector<Said> out;
    for (int i = number(7); i >= 0; --i) {
      Said each = said(static_cast<Act>(1 + number(6)), number(12), kAddresses[static_cast<std::size_t>(number(3))],
                       kChannels[static_cast<std::size_t>(number(3))]);
      each.received_at = at(std::max(number(14), 0));
      if (each.received_at < each.occurred_at) each.occurred_at = each.received_at;
      if (number(4) == 0) each.expires_at = at(number(16));
      each.same_person = number(4) != 0;
      each.held = number(8) == 0;
      if (number(3) == 0) each.strength = number(2) == 0 ? Strength::confirmed : Strength::claimed;
      if (address_kind(each.channel) && each.address.empty() && is_yes(each.act)) each.address = "a";
      out.push_back(std::move(each));
    }
    return out;
  }

  void shuffle(std::vector<Said>& all) { std::shuffle(all.begin(), all.end(), random_); }

 private:
  std::mt19937 random_;
};

std::string told(const std::vector<Said>& all) {
  std::string out;
  for (const Said& each : all) {
    out += fmt::format("\n{} {} for \"{}\" by channel {}, day {}, received {}{}{}{}", each.id.value, name_of(each.act),
                       each.address, static_cast<int>(each.channel), (each.occurred_at - at(0)).count() / 86'400'000,
                       (each.received_at - at(0)).count() / 86'400'000, each.same_person ? "" : ", another",
                       each.held ? ", held" : "", each.expires_at ? ", ends" : "");
  }
  return out;
}

TEST(StandingTest, RandomSequencesHoldAsTheModelSays) {
  Sequences sequences(20'261'123);
  std::map<ConsentState, int> seen;
  for (int round = 0; round < 50'000; ++round) {
    std::vector<Said> all = sequences.next();
    const std::string asked = sequences.number(4) == 0 ? "" : "a";
    for (Channel channel : {Channel::none, Channel::email, Channel::post}) {
      const Standing standing = evaluate(all, Purpose::DirectMarketing, channel, asked, at(10));
      ++seen[standing.state];
      ASSERT_EQ(standing.state, replay(all, channel, asked, at(10))) << "round " << round << told(all);
      sequences.shuffle(all);
      ASSERT_EQ(evaluate(all, Purpose::DirectMarketing, channel, asked, at(10)).state, standing.state)
          << "in whatever order it arrives, round " << round;
      if (standing.state == ConsentState::given) {
        ASSERT_TRUE(std::any_of(all.begin(), all.end(),
                                [&](const Said& each) {
                                  return each.id == standing.decided_by && is_yes(each.act) &&
                                         each.channel == channel && !each.held &&
                                         (asked.empty() || each.address.empty() || each.address == asked);
                                }))
            << "nothing is granted that was not given, round " << round;
      }
      std::vector<Said> ended = all;
      ended.push_back(said(Act::withdrawn, 99, asked, channel));
      ASSERT_EQ(evaluate(ended, Purpose::DirectMarketing, channel, asked, at(10)).state, ConsentState::refused);
    }
  }
  EXPECT_GT(seen[ConsentState::given], 5'000);
  EXPECT_GT(seen[ConsentState::refused], 5'000);
  EXPECT_GT(seen[ConsentState::unknown], 5'000);
}

}  // namespace
}  // namespace handschlag::consent
