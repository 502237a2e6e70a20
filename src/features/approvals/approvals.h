// Four eyes: what is too grave for one person alone is asked for by one member of staff and approved by another; then
// the server does it. Which operations these are stands in one table, operations().
//
// Thread-safe. Everything is kept in the control database, and each step is in the audit.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/staff/staff.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"
#include "platform/http/router.h"
#include "platform/jobs/jobs.h"

namespace handschlag::approvals {

// Spelled as on the wire.
enum class Operation : std::uint8_t {
  rotate_region_key,
  rotate_digest_key,
  grant_admin,
  grant_data_protection_officer,
  admit_token,
  open_webhook,
  delete_test_data,
};

struct OperationInfo {
  Operation operation;
  std::string_view name;
  std::string_view target;  // what its target begins with, as "region:"; all of it where it does not end with ":"
  staff::Role approver;
  std::string_view german;  // what is done, one line
  std::string_view english;
};
std::span<const OperationInfo> operations();
const OperationInfo& info(Operation operation);
std::optional<Operation> find_operation(std::string_view name);

// A request that nobody decided is over after this.
inline constexpr std::chrono::hours kLife{24};
inline constexpr std::size_t kMostPending = 100;
inline constexpr std::size_t kLongestReason = 500;  // bytes

// Spelled as on the wire. `approved`: not done yet.
enum class State : std::uint8_t { pending, approved, declined, withdrawn, expired, done, failed };
std::string_view name_of(State state);
std::optional<State> find_state(std::string_view name);

struct Request {
  std::int64_t id = 0;
  Operation operation = Operation::rotate_region_key;
  std::string target;  // "region:eu", "staff:3"
  std::string person;  // who asked: "staff:2"
  std::string reason;
  State state = State::pending;
  Time created_at{};
  Time expires_at{};
  std::string decided_by;  // "" before; who asked, where it was withdrawn
  std::optional<Time> decided_at;
  std::string decision_reason;
  std::string outcome;  // of one that failed: why
};

struct Page {
  std::vector<Request> requests;    // newest first
  std::optional<std::string> next;  // cursor of the page after this
};

// How an operation is carried out. `look` changes nothing and answers what the target is like, in a word or a digest,
// or why the operation can't be asked for; its first answer is kept as `mark`. What looks otherwise when it is to be
// done is not what was approved, and ends as failed. `run` does it, and does nothing where the target no longer looks
// like the mark: it was done already, by a run that was cut short. Errors of kind unavailable and too_many, and the
// code "upkeep_running", are tried again later; any other ends the request as failed.
struct Action {
  std::function<Result<std::string>(const Request& request)> look;
  std::function<Result<void>(const Request& request, std::string_view mark)> run;
};

std::span<const db::Migration> migrations();

class Approvals {
 public:
  // `control` (migrated), `staff` and `clock` must outlive this.
  static std::unique_ptr<Approvals> create(db::Database& control, staff::Staff& staff, const Clock& clock);
  virtual ~Approvals() = default;

  // Before anything else, for every operation.
  virtual void on(Operation operation, Action action) = 0;
  // Lets a server's jobs carry out what is approved. `runner` must outlive this.
  virtual void bind_jobs(jobs::Runner& runner) = 0;

  // `who`: as authenticated. Errors: forbidden "approval_needs_person" (a token is nobody), "approval_role" (admins and
  // operators ask); invalid (target, reason); those of the operation's `look`; conflict "approval_pending" (the same is
  // asked for already), "four_eyes_off" (nobody has to ask); too_many.
  virtual Result<Request> ask(const staff::Caller& who, std::string_view trace_id, Operation operation,
                              std::string_view target, std::string_view reason) = 0;
  // Newest first, of one state where one is given. Errors: invalid "cursor_invalid".
  virtual Result<Page> list(std::optional<State> state, std::string_view cursor, std::size_t limit) = 0;
  virtual Result<Request> find(std::int64_t id) = 0;  // Errors: not_found "approval_unknown"

  // Decides; who asked can withdraw, and nothing else. An approved request is carried out by the jobs. Errors:
  // not_found; forbidden "approval_needs_person", "approval_own" (who asked, or an account whose password they or a
  // token set), "approval_not_own" (to withdraw), "approval_role"; conflict "approval_decided", "approval_expired";
  // invalid (reason).
  enum class Decision { approve, decline, withdraw };
  virtual Result<Request> decide(const staff::Caller& who, std::string_view trace_id, std::int64_t id,
                                 Decision decision, std::string_view reason) = 0;

  // Carries out an approved request here and now; a no-op for any other. Idempotent.
  virtual Result<Request> carry_out(std::int64_t id) = 0;
};

void bind_routes(http::Router& router, Approvals& approvals, const staff::Staff& staff);

}  // namespace handschlag::approvals
