#include "features/staff/throttle.h"

#include <fmt/format.h>

#include <algorithm>

namespace handschlag::staff {
namespace {

std::string login_key(std::string_view login) {
  return fmt::format("login {}", login);
}

// One household or server has a whole /64 of IPv6 addresses (its first four groups): they count as one.
std::string address_key(std::string_view address) {
  if (address.starts_with("::ffff:")) address.remove_prefix(7);  // IPv4 on a socket for both
  std::size_t colon = std::string_view::npos;
  for (std::size_t group = 0, start = 0; group < 4; ++group, start = colon + 1) {
    colon = address.find(':', start);
    if (colon == std::string_view::npos) break;
  }
  return fmt::format("address {}", address.substr(0, std::min(colon, address.find("::"))));
}

std::chrono::seconds wait_after(int failures, int free, std::chrono::seconds longest) {
  if (failures < free) return std::chrono::seconds(0);
  const int doublings = std::min(failures - free, 20);
  return std::min(std::chrono::seconds(std::int64_t{1} << doublings), longest);
}

}  // namespace

Result<void> SignInThrottle::admit(std::string_view login, std::string_view address, Time now) {
  std::lock_guard lock(mutex_);
  if (entries_.size() + 2 > kMaxEntries) forget_old(now);
  const std::string keys[] = {login_key(login), address_key(address)};
  const auto wait = std::max(wait_left(keys[0], kFreeFailuresOfLogin, kLongestWaitOfLogin, now),
                             wait_left(keys[1], kFreeFailuresOfAddress, kLongestWaitOfAddress, now));
  if (wait > std::chrono::milliseconds(0)) {
    Error error{ErrorKind::too_many, "sign_in_throttled",
                "Too many failed sign-ins; wait for a while, then try again."};
    error.retry_after = std::chrono::ceil<std::chrono::seconds>(wait);
    return std::unexpected(std::move(error));
  }
  for (const std::string& key : keys) {
    Entry& entry = entries_[key];
    ++entry.failures;
    entry.last = now;
  }
  return {};
}

std::chrono::milliseconds SignInThrottle::wait_left(const std::string& key, int free, std::chrono::seconds longest,
                                                    Time now) {
  auto found = entries_.find(key);
  if (found == entries_.end()) return std::chrono::milliseconds(0);
  if (now - found->second.last > kForgottenAfter) found->second.failures = 0;
  return found->second.last + wait_after(found->second.failures, free, longest) - now;
}

void SignInThrottle::passed(std::string_view login, std::string_view address) {
  std::lock_guard lock(mutex_);
  entries_.erase(login_key(login));
  forgive_one(address_key(address));
}

void SignInThrottle::dropped(std::string_view login, std::string_view address) {
  std::lock_guard lock(mutex_);
  forgive_one(login_key(login));
  forgive_one(address_key(address));
}

void SignInThrottle::forgive_one(const std::string& key) {
  auto found = entries_.find(key);
  if (found != entries_.end() && --found->second.failures <= 0) entries_.erase(found);
}

// When nothing is old enough, any entries go: the memory is bounded, and an attacker who fills it has used many
// addresses.
void SignInThrottle::forget_old(Time now) {
  std::erase_if(entries_, [now](const auto& entry) { return now - entry.second.last > kForgottenAfter; });
  while (entries_.size() + 2 > kMaxEntries) entries_.erase(entries_.begin());
}

}  // namespace handschlag::staff
