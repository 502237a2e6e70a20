// Slows down guessing of passwords: after some failures the next attempt of the same login, or from the same address,
// has to wait, twice as long each time. Kept in memory, per node, bounded. Thread-safe.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "platform/base/clock.h"
#include "platform/base/result.h"

namespace handschlag::staff {

class SignInThrottle {
 public:
  // Admits one attempt and counts it as failed until passed() or dropped() takes it back, so that attempts at the same
  // moment count as well. Errors: too_many, with the time to wait.
  Result<void> admit(std::string_view login, std::string_view address, Time now);
  // The password was right: the login starts afresh; of the address only this attempt is forgiven.
  void passed(std::string_view login, std::string_view address);
  // The password was not looked at.
  void dropped(std::string_view login, std::string_view address);

  static constexpr int kFreeFailuresOfLogin = 5;
  static constexpr int kFreeFailuresOfAddress = 20;
  static constexpr std::chrono::seconds kLongestWaitOfLogin{5 * 60};
  static constexpr std::chrono::seconds kLongestWaitOfAddress{15 * 60};
  static constexpr std::chrono::hours kForgottenAfter{1};
  static constexpr std::size_t kMaxEntries = 20'000;

 private:
  struct Entry {
    int failures = 0;
    Time last{};
  };
  std::chrono::milliseconds wait_left(const std::string& key, int free, std::chrono::seconds longest, Time now);
  void forget_old(Time now);
  void forgive_one(const std::string& key);

  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace handschlag::staff
