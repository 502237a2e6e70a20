// Random sequences of what happens to people, carried out in the model and in the real slices, which must agree after
// every step: what became of each event, who is one customer with whom, what a page counts, how many rows there are.
//
//   HANDSCHLAG_MODEL_STEPS=5000 HANDSCHLAG_MODEL_SEED=7 model_test      a longer run, or one certain run
//
// A disagreement is shortened before it is reported: steps are taken out as long as it stays.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cstdlib>
#include <random>

#include "app/testing/house.h"
#include "app/testing/model.h"

namespace handschlag::model {
namespace {

using gate::Purpose;

constexpr std::array kPurposes = {Purpose::CustomerOrderManagement, Purpose::CustomerCare, Purpose::DirectMarketing,
                                  Purpose::ServiceUsageAnalytics};
constexpr int kUsers = 6;
constexpr int kVisits = 4;
constexpr int kMails = 3;
constexpr std::size_t kQuickSteps = 120;
constexpr std::size_t kRunsToShorten = 150;
constexpr std::size_t kStepsOfRotation = 7;  // after fewer it is cut short
constexpr std::chrono::hours kMonth{24 * 31};

enum class Act { ingest, retry, link, unlink, withdraw, regrant, move, erase, month, reopen, rotate };

// What stands in it means the same whatever was taken out before it, as far as that can be: people are chosen by a
// number modulo how many there are.
struct Step {
  Act act = Act::ingest;
  std::vector<Sent> events;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  Purpose purpose = kPurposes[0];
};

std::string told(const Sent& sent) {
  auto number = [](const std::optional<int>& value) { return value ? std::to_string(*value) : std::string("-"); };
  return fmt::format("{}:{} user {} visit {} mail {} {}{} {}", senders()[sent.sender].id, sent.message,
                     number(sent.user), number(sent.anonymous), number(sent.email), kCountries[sent.country],
                     sent.consent ? " consents" : "", sent.order > 0 ? fmt::format("orders {}", sent.order) : "");
}

std::string told(const Step& step) {
  static constexpr std::array kNames = {"ingest", "retry", "link",  "unlink", "withdraw", "regrant",
                                        "move",   "erase", "month", "reopen", "rotate"};
  std::string out = fmt::format("{} {} {} {}", kNames[static_cast<std::size_t>(step.act)], step.a, step.b,
                                gate::info(step.purpose).name);
  for (const Sent& sent : step.events) out += "\n      " + told(sent);
  return out;
}

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  std::vector<Step> sequence(std::size_t steps) {
    std::vector<Step> out;
    for (std::size_t i = 0; i < steps; ++i) out.push_back(step());
    return out;
  }

 private:
  std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(random_() % end); }
  bool one_in(std::uint32_t count) { return below(count) == 0; }

  Step step() {
    Step out;
    std::uint32_t dice = below(100);
    out.act = dice < 46   ? Act::ingest
              : dice < 60 ? Act::retry
              : dice < 70 ? Act::link
              : dice < 79 ? Act::unlink
              : dice < 84 ? Act::withdraw
              : dice < 87 ? Act::regrant
              : dice < 91 ? Act::move
              : dice < 95 ? Act::erase
              : dice < 97 ? Act::month
              : dice < 98 ? Act::reopen
                          : Act::rotate;
    out.a = below(1'000'000);
    out.b = below(1'000'000);
    out.purpose = kPurposes[below(kPurposes.size())];
    if (out.act == Act::ingest) {
      std::size_t sender = below(static_cast<std::uint32_t>(senders().size()));
      for (std::uint32_t i = 0, count = 1 + below(3); i < count; ++i) out.events.push_back(event(sender));
    }
    return out;
  }

  Sent event(std::size_t sender) {
    Sent out;
    out.sender = sender;
    out.message = fmt::format("m{}", ++messages_);
    if (one_in(12) && messages_ > 5) out.message = fmt::format("m{}", 1 + below(messages_));  // used before, elsewhere
    if (!one_in(4)) out.user = static_cast<int>(below(kUsers));
    if (one_in(3)) out.anonymous = static_cast<int>(below(kVisits));
    if (one_in(3)) out.email = static_cast<int>(below(kMails));
    if (!out.user && !out.anonymous && (!out.email || !senders()[sender].server)) {
      out.user = static_cast<int>(below(kUsers));
    }
    out.country = one_in(4) ? 1 : 0;
    out.consent = one_in(2);
    out.order = one_in(2) ? static_cast<int>(1 + below(99)) : 0;
    return out;
  }

  std::mt19937_64 random_;
  std::uint32_t messages_ = 0;
};

// One sequence in both worlds.
class Run {
 public:
  explicit Run(db::testing::Backend backend) : house_(backend) {}

  // What they disagree about, or nothing.
  std::string carry_out(const std::vector<Step>& steps) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      house_.clock().advance(std::chrono::seconds{1});
      std::string fault = take(steps[i]);
      if (fault.empty()) fault = compare_some(steps[i]);
      if (fault.empty() && (i % 20 == 19 || i + 1 == steps.size())) fault = compare_all();
      if (!fault.empty()) return fmt::format("after step {}: {}", i + 1, fault);
    }
    return "";
  }

 private:
  std::string take(const Step& step) {
    auto people = model_.living();
    auto pick = [&](std::uint32_t number) { return people[number % people.size()]; };
    switch (step.act) {
      case Act::ingest: {
        std::vector<Sent> batch = step.events;
        for (Sent& sent : batch) sent.at = house_.clock().now();
        sent_.push_back(batch);
        return ingest(batch);
      }
      case Act::retry:
        return sent_.empty() ? "" : ingest(sent_[step.a % sent_.size()]);
      case Act::link:
        if (people.empty()) return "";
        return same("link", model_.link(pick(step.a), pick(step.b), {step.purpose}),
                    house_.link(pick(step.a), pick(step.b), {step.purpose}));
      case Act::unlink:
        if (people.empty()) return "";
        return same("unlink", model_.unlink(pick(step.a), pick(step.b)), house_.unlink(pick(step.a), pick(step.b)));
      case Act::withdraw:
        if (people.empty()) return "";
        model_.withdraw(pick(step.a), {step.purpose});
        return failure(house_.change_leave(pick(step.a), {step.purpose}, customers::Customers::Leave::withdraw));
      case Act::regrant:
        if (people.empty()) return "";
        model_.regrant(pick(step.a), {step.purpose});
        return failure(house_.change_leave(pick(step.a), {step.purpose}, customers::Customers::Leave::regrant));
      case Act::move:
        return people.empty() ? "" : move(pick(step.a), step.b % kRegions.size());
      case Act::erase:
        return people.empty() ? "" : erase(pick(step.a));
      case Act::month:
        house_.clock().advance(kMonth);
        model_.forget_refused(house_.clock().now());
        return failure(house_.forget_refused());
      case Act::reopen:
        house_.reopen();
        return "";
      case Act::rotate:  // of the digest key; what is known and shown stays the same, at every step of it
        return failure(house_.rotate_digest_key(step.a % kRegions.size(), step.b % kStepsOfRotation));
    }
    return "";
  }

  std::string ingest(const std::vector<Sent>& batch) {
    Counts expected = model_.ingest(batch);
    auto counts = house_.ingest(batch);
    if (!counts) return "ingest failed: " + counts.error().detail;
    if (*counts == expected) return "";
    auto told = [](const Counts& some) {
      return fmt::format("{} stored {} unlinked {} refused {} duplicates", some.stored, some.unlinked, some.refused,
                         some.duplicates);
    };
    return fmt::format("ingest: {}, but {}", told(expected), told(*counts));
  }

  std::string move(Who who, std::size_t region) {
    auto expected = model_.move(who, region, house_.clock().now());
    auto moved = house_.move(who, region);
    auto code = moved ? std::nullopt : std::optional(moved.error().code);
    if (auto fault = same("move", expected, code); !fault.empty() || expected) return fault;
    if (*moved != model_.now(who)) return "moved to another number";
    // The handle that somebody had leads to where they are.
    auto before = house_.view(who, kPurposes[0]);
    if (!before) return failure(before);
    if (*before != model_.view(*moved, {kPurposes[0]})) return "the former handle leads elsewhere";
    return compare(*moved, kPurposes[1]);
  }

  std::string erase(Who who) {
    model_.erase(who, house_.clock().now());
    auto erased = house_.erase(who);
    if (!erased) return failure(erased);
    auto view = house_.view(who, kPurposes[0]);
    if (!view) return failure(view);
    return *view ? "an erased identity is shown" : "";
  }

  template <class T>
  static std::string failure(const Result<T>& result) {
    return result ? "" : fmt::format("failed: {}: {}", result.error().code, result.error().detail);
  }

  static std::string same(std::string_view what, const std::optional<std::string>& expected,
                          const std::optional<std::string>& actual) {
    if (expected == actual) return "";
    return fmt::format("{}: {}, but {}", what, expected.value_or("done"), actual.value_or("done"));
  }

  std::string compare_some(const Step& step) {
    auto people = model_.living();
    if (people.empty()) return "";
    std::string fault = compare(people[step.a % people.size()], step.purpose);
    return fault.empty() ? compare(people[step.b % people.size()], kPurposes[step.a % kPurposes.size()]) : fault;
  }

  std::string compare_all() {
    for (Who who : model_.living()) {
      for (Purpose purpose : kPurposes) {
        if (auto fault = compare(who, purpose); !fault.empty()) return fault;
      }
    }
    for (std::size_t region = 0; region < kRegions.size(); ++region) {
      auto rows = house_.rows(region);
      if (!rows) return failure(rows);
      if (auto expected = told(model_.rows(region)), actual = told(*rows); expected != actual) {
        return fmt::format("rows of {}: {}, but {}", kRegions[region], expected, actual);
      }
    }
    auto totals = house_.totals();
    if (!totals) return failure(totals);
    return *totals == model_.totals() ? "" : "the sums differ";
  }

  static std::string told(const Rows& rows) {
    return fmt::format("{} events {} unlinked {} tombstones {} keys {} links {} identities", rows.events, rows.unlinked,
                       rows.tombstones, rows.keys, rows.links, rows.identities);
  }

  static std::string told(const std::optional<View>& view) {
    if (!view) return "denied";
    std::string out = fmt::format("handle {} events {} orders {} ordered {} members", view->handle, view->events,
                                  view->orders, view->ordered_micros);
    for (std::int64_t member : view->members) out += fmt::format(" {}", member);
    auto add = [&](const auto& list) {
      out += " |";
      for (const std::string& item : list) out += " " + item + ",";
    };
    add(view->keys);
    add(view->links);
    add(view->messages);
    return out;
  }

  std::string compare(Who who, Purpose purpose) {
    auto expected = model_.view(who, {purpose});
    auto actual = house_.view(who, purpose);
    if (!actual) return failure(actual);
    if (*actual == expected) return "";
    return fmt::format("{}-{} for {}:\n    {}\n  but\n    {}", kRegions[who.first], who.second,
                       gate::info(purpose).name, told(expected), told(*actual));
  }

  House house_;
  Model model_;
  std::vector<std::vector<Sent>> sent_;
};

std::string fault_of(db::testing::Backend backend, const std::vector<Step>& steps) {
  return Run(backend).carry_out(steps);
}

// Takes out ever smaller pieces as long as a fault stays.
std::vector<Step> shortened(db::testing::Backend backend, std::vector<Step> steps) {
  std::size_t runs = 0;
  for (std::size_t piece = steps.size() / 2; piece > 0; piece /= 2) {
    for (std::size_t at = 0; at < steps.size() && runs < kRunsToShorten;) {
      std::vector<Step> fewer(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(at));
      std::size_t end = std::min(at + piece, steps.size());
      fewer.insert(fewer.end(), steps.begin() + static_cast<std::ptrdiff_t>(end), steps.end());
      ++runs;
      if (fault_of(backend, fewer).empty()) {
        at += piece;
      } else {
        steps = std::move(fewer);
      }
    }
  }
  return steps;
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class ModelTest : public testing::TestWithParam<db::testing::Backend> {
 protected:
  void SetUp() override {
    if (!db::testing::TestDatabase::open(GetParam())) GTEST_SKIP() << "this database is not on this machine";
  }

  static void check(std::uint64_t seed) {
    seed = number_from("HANDSCHLAG_MODEL_SEED", seed);
    auto steps = Maker(seed).sequence(number_from("HANDSCHLAG_MODEL_STEPS", kQuickSteps));
    std::string fault = fault_of(GetParam(), steps);
    if (fault.empty()) return;
    // Not further than to the fault.
    std::size_t end = std::strtoull(fault.c_str() + std::string_view("after step ").size(), nullptr, 10);
    steps.resize(end);
    steps = shortened(GetParam(), std::move(steps));
    std::string text = fmt::format("seed {}, {}\n", seed, fault_of(GetParam(), steps));
    for (std::size_t i = 0; i < steps.size(); ++i) text += fmt::format("  {}. {}\n", i + 1, told(steps[i]));
    ADD_FAILURE() << text;
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, ModelTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(ModelTest, AnySequenceLeavesWhatTheModelSays) {
  check(20'261'122);
}

TEST_P(ModelTest, AnotherSequenceLeavesWhatTheModelSays) {
  check(3);
}

TEST_P(ModelTest, AThirdSequenceLeavesWhatTheModelSays) {
  check(77);
}

}  // namespace
}  // namespace handschlag::model
