#include "platform/http/sessions.h"

#include <utility>

namespace handschlag::http {
namespace {

constexpr std::size_t kLookedAt = 32;  // of the open connections, for the slowest: a scan of all would be slow itself

}  // namespace

std::optional<std::chrono::steady_clock::time_point> Session::waits_since() const {
  const auto since = waiting_.load();
  if (since == 0) return std::nullopt;
  return std::chrono::steady_clock::time_point(std::chrono::steady_clock::duration(since));
}

void Session::waits() {
  waiting_ = std::chrono::steady_clock::now().time_since_epoch().count();
}

bool Sessions::close_slow(std::chrono::steady_clock::duration patience, std::size_t least_bytes) {
  auto slowest = slowest_of_some(least_bytes);
  auto since = slowest ? slowest->waits_since() : std::nullopt;
  if (!since || std::chrono::steady_clock::now() - *since < patience) return false;
  slowest->abort();
  return true;
}

std::shared_ptr<Session> Sessions::slowest_of_some(std::size_t least_bytes) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<Session> slowest;
  std::optional<std::chrono::steady_clock::time_point> longest;
  std::uniform_int_distribution<std::size_t> any(0, open_.bucket_count() - 1);
  for (std::size_t bucket = any(random_), looked = 0, seen = 0; looked < kLookedAt && seen < open_.bucket_count();
       bucket = (bucket + 1) % open_.bucket_count(), ++seen) {
    for (auto entry = open_.begin(bucket); entry != open_.end(bucket); ++entry, ++looked) {
      auto since = entry->second->waits_since();
      if (!since || entry->second->held_bytes() < least_bytes || (longest && *longest <= *since)) continue;
      longest = since;
      slowest = entry->second;
    }
  }
  return slowest;
}

bool Sessions::add(std::shared_ptr<Session> session) {
  std::lock_guard lock(mutex_);
  if (finishing_) return false;
  Session* key = session.get();
  open_.emplace(key, std::move(session));
  return true;
}

void Sessions::remove(Session* session) {
  std::shared_ptr<Session> removed;  // goes after the lock
  std::lock_guard lock(mutex_);
  auto found = open_.find(session);
  if (found == open_.end()) return;
  removed = std::move(found->second);
  open_.erase(found);
  if (open_.empty()) changed_.notify_all();
}

std::size_t Sessions::size() const {
  std::lock_guard lock(mutex_);
  return open_.size();
}

std::vector<std::shared_ptr<Session>> Sessions::all() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Session>> sessions;
  sessions.reserve(open_.size());
  for (const auto& [key, session] : open_) sessions.push_back(session);
  return sessions;
}

void Sessions::finish_all() {
  {
    std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  for (const auto& session : all()) session->finish();
}

void Sessions::abort_all() {
  for (const auto& session : all()) session->abort();
}

bool Sessions::await_none(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [this] { return open_.empty(); });
}

}  // namespace handschlag::http
