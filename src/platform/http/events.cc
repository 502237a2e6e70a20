#include "platform/http/events.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace handschlag::http {
namespace {

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append(name).append(": ");
  std::copy_if(value.begin(), value.end(), std::back_inserter(out),
               [](char c) { return c != '\r' && c != '\n' && c != '\0'; });
  out += '\n';
}

}  // namespace

std::string format_event(std::string_view event, std::string_view data, std::string_view id) {
  std::string out;
  out.reserve(event.size() + data.size() + id.size() + 32);
  append_field(out, "event", event);
  append_field(out, "id", id);
  for (bool more = true; more;) {
    std::size_t end = std::min(data.find_first_of("\r\n"), data.size());
    out.append("data: ").append(data.substr(0, end)).append("\n");
    more = end < data.size();
    data.remove_prefix(data.substr(end).starts_with("\r\n") ? end + 2 : std::min(end + 1, data.size()));
  }
  out += '\n';
  return out;
}

bool EventQueue::send(std::string_view event, std::string_view data, std::string_view id) {
  std::string text = format_event(event, data, id);
  std::function<void()> wake;
  bool accepted = false;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    accepted = taken_bytes_ + waiting_.size() + text.size() <= kMaxEventBacklogBytes;
    if (waiting_.empty() || !accepted) wake = wake_;
    closed_ = !accepted;
    if (accepted) waiting_ += text;
  }
  if (wake) wake();
  return accepted;
}

bool EventQueue::closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

std::string EventQueue::take() {
  std::lock_guard lock(mutex_);
  taken_bytes_ = waiting_.size();
  return std::exchange(waiting_, {});
}

void EventQueue::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  wake_ = nullptr;
}

}  // namespace handschlag::http
