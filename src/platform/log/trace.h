// Which request or job the lines of a thread belong to: as long as a Trace lives, every line that the thread writes and
// that names no trace itself gets its `trace_id`.
#pragma once

#include <string>
#include <string_view>

namespace handschlag::log {

class Trace {
 public:
  // "" for none.
  explicit Trace(std::string_view id);
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  // That of this thread; "" outside.
  static std::string_view current();

 private:
  const std::string id_;
  const std::string_view outer_;
};

}  // namespace handschlag::log
