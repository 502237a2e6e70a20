#include "platform/db/condition.h"

#include <string_view>
#include <utility>

#include "platform/log/log.h"

namespace handschlag::db {
namespace {

bool is_damage(const Error& error) {
  return error.code == "database_corrupt" || error.code == "not_a_database";
}

bool concerns_database(const Error& error) {
  return error.kind == ErrorKind::unavailable || is_damage(error);
}

}  // namespace

void Condition::note(const Result<void>& result, State& state, const char* what) {
  if (result.has_value()) {
    if (!state.failing.exchange(false)) return;
    std::lock_guard lock(mutex_);
    state.code.clear();
    log::info("a database works again", {{"database", std::string_view(name_)}, {"what", what}});
    return;
  }
  const Error& error = result.error();
  if (!concerns_database(error)) return;
  std::lock_guard lock(mutex_);
  if (is_damage(error)) {
    if (damage_) return;
    damage_ = error;
  } else {
    state.failing = true;
    if (&state == &write_) write_error_ = error;
    if (state.code == error.code) return;
    state.code = error.code;
  }
  log::error("a database fails", {{"database", std::string_view(name_)},
                                  {"what", what},
                                  {"code", std::string_view(error.code)},
                                  {"detail", std::string_view(error.detail)}});
}

std::optional<Error> Condition::take_write_error() {
  std::lock_guard lock(mutex_);
  return std::exchange(write_error_, std::nullopt);
}

Result<void> Condition::damage() const {
  std::lock_guard lock(mutex_);
  if (damage_) return std::unexpected(*damage_);
  return {};
}

}  // namespace handschlag::db
