// How a database fares: noted by its reads and writes, told by ping(), and logged by its name when it changes. What a
// caller gets to see of an error names no file and no host, so the log is where an operator finds them. Private to
// platform/db. Thread-safe.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "platform/base/result.h"

namespace handschlag::db {

class Condition {
 public:
  // `name`: a file or a schema.
  explicit Condition(std::string name) : name_(std::move(name)) {}

  // Notes what became of the database's own part of a read or write. Errors that say nothing about the database (a
  // key that is there already, a statement that is wrong) are passed over.
  void note_read(const Result<void>& result) { note(result, read_, "read"); }
  void note_write(const Result<void>& result) { note(result, write_, "write"); }

  // The damage that was found in the file. It stays until the next start: it does not mend itself.
  Result<void> damage() const;
  // The error of a write since this was last asked. A small one after it may have succeeded: on a full disk there is
  // often room left within the files.
  std::optional<Error> take_write_error();
  // Whether the last write failed, so that only another write can tell whether the reason has gone.
  bool write_failed() const { return write_.failing.load(); }

  const std::string& name() const { return name_; }

 private:
  struct State {
    std::atomic<bool> failing{false};
    std::string code;  // of the last error
  };
  void note(const Result<void>& result, State& state, const char* what);

  const std::string name_;
  mutable std::mutex mutex_;  // guards the codes and the errors
  std::optional<Error> damage_;
  std::optional<Error> write_error_;  // since take_write_error()
  State read_;
  State write_;
};

// Puts the database's name before the text of an error, for the operator who starts the program.
template <class T>
Result<T> named(const std::string& name, Result<T> result) {
  if (!result.has_value()) result.error().detail = name + ": " + result.error().detail;
  return result;
}

}  // namespace handschlag::db
