// What a function that can fail returns: a value, or an Error that names what is wrong and what to do.
//
//   Result<Receipt> grant(db::Transaction&, const Grant&);
//   Receipt receipt = TRY(consent.grant(tx, grant));   // returns the error to the caller, if there is one
//
// Exceptions are for what can't happen; they are caught at the boundaries of request, job and main.
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace handschlag {

// The closed set of ways to fail. platform/http maps each to one status.
enum class ErrorKind {
  invalid,
  unauthenticated,
  forbidden,
  not_found,
  conflict,
  too_large,
  too_many,
  unavailable,
  internal
};

// One field of the input that is wrong. `pointer` is an RFC 6901 JSON pointer ("/batch/3/userId"), or a name
// ("--country", "line 17") where the input is not JSON.
struct FieldError {
  std::string pointer;
  std::string reason;
};

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string code;    // stable, snake_case, for programs: "source_unknown"
  std::string detail;  // one sentence for people, says the way out; never personal data
  std::vector<FieldError> fields = {};
  std::chrono::seconds retry_after{0};  // for too_many and unavailable; 0: not said
};

template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

// fail(ErrorKind::not_found, "source_unknown", "There is no source 'x'.") converts to any Result.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string_view code, std::string detail,
                                                 std::vector<FieldError> fields = {}) {
  return std::unexpected(Error{kind, std::string(code), std::move(detail), std::move(fields), {}});
}

std::string_view name_of(ErrorKind kind);

// For TRY: the value of a Result, which the caller may ignore, unlike that of expected's own operators under clang.
template <class R>
typename std::remove_cvref_t<R>::value_type take_value(R&& result) {
  if constexpr (!std::is_void_v<typename std::remove_cvref_t<R>::value_type>) return *std::forward<R>(result);
}

}  // namespace handschlag

// Evaluates to the value of a Result, or returns its error from the enclosing function. The numbered name lets one
// stand inside another: TRY(database.write([&](Transaction& tx) -> Result<void> { TRY(...); ... })).
#define TRY(...) HANDSCHLAG_TRY_COUNTED(__COUNTER__, __VA_ARGS__)
#define HANDSCHLAG_TRY_COUNTED(number, ...) HANDSCHLAG_TRY_NUMBERED(number, __VA_ARGS__)
#define HANDSCHLAG_TRY_NUMBERED(number, ...)                          \
  __extension__({                                                     \
    auto&& try_result_##number = (__VA_ARGS__);                       \
    if (!try_result_##number.has_value()) {                           \
      return std::unexpected(std::move(try_result_##number).error()); \
    }                                                                 \
    ::handschlag::take_value(std::move(try_result_##number));         \
  })
