// Group commit: many small writes, gathered into one transaction of the writer and answered when it is durable. While
// one group is being committed the next one gathers, so a busy writer makes large groups by itself and an idle one
// answers at once.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
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

  // Weights are in whatever the caller counts (events): at most `group_weight` in one commit (but always one item), at
  // most `capacity` waiting. `writer` must outlive this, and be stopped before this goes away.
  GroupCommit(Writer& writer, Apply apply, std::size_t group_weight, std::size_t capacity)
      : writer_(writer), apply_(std::move(apply)), group_weight_(group_weight), capacity_(capacity) {}

  // Errors (then `done` is not called): too_many when full, unavailable when the writer has stopped.
  Result<void> submit(Item item, std::size_t weight, Done done) {
    {
      std::lock_guard lock(mutex_);
      if (waiting_weight_ + weight > capacity_) {
        return std::unexpected(Error{
            ErrorKind::too_many, "writer_busy", "The server is busy; please try again.", {}, std::chrono::seconds{1}});
      }
      waiting_.push_back({std::move(item), weight, std::move(done)});
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
            more = scheduled_ = !waiting_.empty();
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
    while (!waiting_.empty() && (group.empty() || weight + waiting_.front().weight <= group_weight_)) {
      weight += waiting_.front().weight;
      waiting_weight_ -= waiting_.front().weight;
      group.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
  }

  void fail_waiting(const Error& error) {
    std::deque<Entry> failed;
    {
      std::lock_guard lock(mutex_);
      failed.swap(waiting_);
      waiting_weight_ = 0;
      scheduled_ = false;
    }
    Result<void> result = std::unexpected(error);
    for (Entry& entry : failed) entry.done(result, entry.item);
  }

  Writer& writer_;
  Apply apply_;
  const std::size_t group_weight_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::deque<Entry> waiting_;
  std::size_t waiting_weight_ = 0;
  bool scheduled_ = false;  // a task that will take what waits is in the writer's queue
};

}  // namespace handschlag::db
