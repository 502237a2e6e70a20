#include "features/webhooks/courier.h"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <thread>

#include "features/webhooks/schedule.h"
#include "platform/http_client/webhook.h"

namespace handschlag::webhooks {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookEvery{100};  // whether to stop

// Answers as they come; shared with callbacks that may outlive the call.
class Answers {
 public:
  struct Answer {
    std::size_t index;
    Result<http_client::Response> result;
  };
  void put(std::size_t index, Result<http_client::Response> result) {
    {
      std::lock_guard lock(mutex_);
      arrived_.push_back({index, std::move(result)});
    }
    changed_.notify_one();
  }
  // Nothing where none came in time.
  std::optional<Answer> take(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, wait, [this] { return !arrived_.empty(); })) return std::nullopt;
    Answer answer = std::move(arrived_.front());
    arrived_.pop_front();
    return answer;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Answer> arrived_;
};

double chance() {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

}  // namespace

std::vector<store::Outcome> Courier::send(const Sending& sending, std::span<const Message> messages,
                                          const std::function<bool()>& should_stop) const {
  const auto fresh_until = Steady::now() + kFresh;
  const auto pause = std::chrono::nanoseconds{1'000'000'000 / sending.rate};
  auto next_slot = Steady::now();
  auto answers = std::make_shared<Answers>();
  std::vector<std::optional<store::Outcome>> outcomes(messages.size());
  std::vector<Time> begun(messages.size());
  std::size_t next = 0;
  std::int64_t under_way = 0;
  bool failed = false;
  for (;;) {
    const bool may_begin =
        next < messages.size() && !(failed && sending.stop_at_failure) && Steady::now() < fresh_until && !should_stop();
    if (may_begin && under_way < sending.concurrency && Steady::now() >= next_slot) {
      const Message& message = messages[next];
      begun[next] = clock_.now();
      if (message.body.empty()) {
        outcomes[next] = store::Outcome{
            {0, message.seq, begun[next], message.attempt, "withdrawn", 0, {}, "no_longer_allowed"}, false, {}};
      } else {
        auto request = http_client::signed_post(sending.url, sending.secrets, message.id, begun[next], message.body,
                                                sending.timeout);
        auto done = [answers, index = next](Result<http_client::Response> result) {
          answers->put(index, std::move(result));
        };
        request ? client_.send(*std::move(request), done) : done(std::unexpected(request.error()));
        ++under_way;
        next_slot = std::max(next_slot + pause, Steady::now());
      }
      ++next;
      continue;
    }
    if (under_way == 0 && !may_begin) break;
    auto wait = kLookEvery;
    if (may_begin && under_way < sending.concurrency) {
      wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(next_slot - Steady::now()));
    }
    if (auto answer = answers->take(std::max(wait, std::chrono::milliseconds{0}))) {
      --under_way;
      outcomes[answer->index] = outcome_of(messages[answer->index], begun[answer->index], answer->result);
      failed = failed || outcomes[answer->index]->attempt.outcome != "delivered";
    } else if (should_stop()) {
      break;  // what is under way is sent again: its answer is not known
    }
  }
  std::vector<store::Outcome> out;
  for (auto& outcome : outcomes) {
    if (!outcome) break;
    out.push_back(*std::move(outcome));
  }
  return out;
}

store::Outcome Courier::outcome_of(const Message& message, Time at, const Result<http_client::Response>& answer) const {
  store::Outcome out;
  out.by_hand = message.by_hand;
  Attempt& attempt = out.attempt;
  attempt.seq = message.seq;
  attempt.at = at;
  attempt.attempt = message.attempt;
  attempt.duration = std::max(clock_.now() - at, std::chrono::milliseconds{0});
  std::chrono::seconds retry_after{0};
  if (answer) {
    attempt.status = answer->status;
    attempt.duration = answer->took;
    if (answer->status >= 200 && answer->status < 300) {
      attempt.outcome = "delivered";
      return out;
    }
    attempt.error = fmt::format("status_{}", answer->status);
    retry_after = http_client::parse_retry_after(answer->header("Retry-After"));
  } else {
    attempt.error = answer.error().code;
  }
  const auto pause = pause_after(message.attempt, chance(), retry_after);
  if (pause && message.seq != 0) out.next_at = clock_.now() + *pause;
  attempt.outcome = out.next_at || message.seq == 0 ? "failed" : "dead";
  return out;
}

}  // namespace handschlag::webhooks
