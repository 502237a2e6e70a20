// Group commit: many small writes, gathered into one transaction of the writer and answered when it is durable. While
// one group is being committed the next one gathers, so a busy writer makes large groups by itself and an idle one
// answers at once.
//
// Fair: items come in lanes (one for each source of events), and each group takes from all lanes in turns. A lane that
// floods fills its own half of the queue and no more, so the others find room and wait no longer than they would alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "platform/db/writer.h"

namespace handschlag::db {

// Thread-safe. Item needs to be movable.
template <class Item>
class GroupCommit {
 public:
  using Done = std::function<void(const Result<void>&, Item&)>;
  // Writes a group. May run again with the same items (see Database::write). An error fails the whole group.
  using Apply = std::function<Result<void>(Transaction&, std::span<Item*>)>;

  using Lane = std::int64_t;

  // Weights are in whatever the caller counts (events): at most `group_weight` in one commit (but always one item), at
  // most `capacity` waiting, half of it in one lane. `writer` must outlive this, and be stopped before this goes away.
  GroupCommit(Writer& writer, Apply apply, std::size_t group_weight, std::size_t capacity)
      : writer_(writer), apply_(std::move(apply)), group_weight_(group_weight), capacity_(capacity) {}

  // Errors (then `done` is not called): too_many when full, unavailable when the writer has stopped.
  Result<void> submit(Lane lane, Item item, std::size_t weight, Done done) {
    {
      std::lock_guard lock(mutex_);
      auto it = lanes_.find(lane);
      const std::size_t own = it == lanes_.end() ? 0 : it->second.weight;
      // Something always fits into an empty lane, however heavy.
      if ((own > 0 && own + weight > capacity_ / 2) || waiting_weight_ + weight > capacity_) {
        return std::unexpected(Error{
            ErrorKind::too_many, "writer_busy", "The server is busy; please try again.", {}, std::chrono::seconds{1}});
      }
      if (it == lanes_.end()) {
        it = lanes_.emplace(lane, Waiting{}).first;
        turns_.push_back(lane);
      }
      it->second.entries.push_back({std::move(item), weight, std::move(done)});
      it->second.weight += weight;
      waiting_weight_ += weight;
      if (scheduled_) return {};
      scheduled_ = true;
    }
    return schedule();
  }

 private:
  struct Entry {
    Item item;
    std::size_t weight;
    Done done;
  };
  using Group = std::vector<Entry>;
  struct Waiting {
    std::deque<Entry> entries;
    std::size_t weight = 0;
  };

  Result<void> schedule() {
    auto group = std::make_shared<Group>();
    auto posted = writer_.post(
        [this, group](Transaction& tx) -> Result<void> {
          if (group->empty()) take(*group);
          std::vector<Item*> items;
          items.reserve(group->size());
          for (Entry& entry : *group) items.push_back(&entry.item);
          return apply_(tx, items);
        },
        [this, group](Result<void> result) {
          if (group->empty()) take(*group);  // the transaction could not even begin
          bool more = false;
          {
            std::lock_guard lock(mutex_);
            more = scheduled_ = !lanes_.empty();
          }
          if (more) (void)schedule();
          for (Entry& entry : *group) entry.done(result, entry.item);
        });
    if (!posted) fail_waiting(posted.error());
    return {};
  }

  void take(Group& group) {
    std::lock_guard lock(mutex_);
    std::size_t weight = 0;
    // What is left over of one round is shared again, until the group is full or nobody waits.
    while (!turns_.empty() && (group.empty() || weight < group_weight_)) {
      const std::size_t share = std::max<std::size_t>(1, (group_weight_ - weight) / turns_.size());
      const std::size_t before = group.size();
      for (std::size_t turn = turns_.size(); turn > 0; --turn) weight += take_turn(group, weight, share);
      if (group.size() == before) break;  // the next one is too heavy for what is left
    }
  }

  // Takes one lane's share, but one item at least where that fits; answers what it weighs.
  std::size_t take_turn(Group& group, std::size_t weight, std::size_t share) {
    const Lane lane = turns_.front();
    turns_.pop_front();
    Waiting& waiting = lanes_.at(lane);
    std::size_t taken = 0;
    while (!waiting.entries.empty()) {
      const std::size_t next = waiting.entries.front().weight;
      if (!group.empty() && (weight + taken + next > group_weight_ || (taken > 0 && taken + next > share))) break;
      group.push_back(std::move(waiting.entries.front()));
      waiting.entries.pop_front();
      taken += next;
    }
    waiting.weight -= taken;
    waiting_weight_ -= taken;
    if (waiting.entries.empty()) {
      lanes_.erase(lane);
    } else {
      turns_.push_back(lane);
    }
    return taken;
  }

  void fail_waiting(const Error& error) {
    std::map<Lane, Waiting> failed;
    {
      std::lock_guard lock(mutex_);
      failed.swap(lanes_);
      turns_.clear();
      waiting_weight_ = 0;
      scheduled_ = false;
    }
    Result<void> result = std::unexpected(error);
    for (auto& [lane, waiting] : failed) {
      for (Entry& entry : waiting.entries) entry.done(result, entry.item);
    }
  }

  Writer& writer_;
  Apply apply_;
  const std::size_t group_weight_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::map<Lane, Waiting> lanes_;  // that have something waiting
  std::deque<Lane> turns_;         // the same lanes, in the order of their turns
  std::size_t waiting_weight_ = 0;
  bool scheduled_ = false;  // a task that will take what waits is in the writer's queue
};

}  // namespace handschlag::db
