#include "platform/http/sessions.h"

#include <utility>

namespace handschlag::http {

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
