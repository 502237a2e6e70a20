#include "features/approvals/approvals.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <limits>
#include <map>
#include <mutex>

#include "features/approvals/store.h"
#include "platform/base/cursor.h"

namespace handschlag::approvals {
namespace {

using staff::Role;

constexpr std::size_t kLongestTarget = 100;
constexpr std::string_view kJob = "approvals_carry_out";
constexpr std::chrono::hours kReviveEvery{1};

// All that needs a second person.
constexpr OperationInfo kOperations[] = {
    {Operation::rotate_region_key, "rotate_region_key", "region:", Role::admin,
     "Der Schlüssel einer Region wird gewechselt.", "The key of a region is rotated."},
    {Operation::rotate_digest_key, "rotate_digest_key", "region:", Role::admin,
     "Der Schlüssel, nach dem in einer Region gesucht wird, wird gewechselt.",
     "The key of a region's look-ups is rotated."},
    {Operation::grant_admin, "grant_admin", "staff:", Role::admin, "Jemand wird Administratorin oder Administrator.",
     "A member of staff becomes an admin."},
    {Operation::grant_data_protection_officer, "grant_data_protection_officer", "staff:", Role::admin,
     "Jemand wird Datenschutzbeauftragte oder Datenschutzbeauftragter.",
     "A member of staff becomes a data protection officer."},
    {Operation::admit_token, "admit_token", "token:", Role::admin,
     "Ein Programm erhält Zugang, mit dem es verwalten, prüfen oder Ereignisse weitergeben kann.",
     "A program gets access with which it can manage, check or hand on events."},
    {Operation::open_webhook, "open_webhook", "webhook:", Role::admin,
     "Ereignisse echter Personen gehen an ein anderes System.", "Events of real people go to another system."},
    {Operation::delete_test_data, "delete_test_data", "test-data", Role::admin,
     "Alles, was Testquellen gesendet haben, wird gelöscht.", "All that test sources have sent is deleted."},
};

constexpr std::pair<State, std::string_view> kStates[] = {
    {State::pending, "pending"},     {State::approved, "approved"}, {State::declined, "declined"},
    {State::withdrawn, "withdrawn"}, {State::expired, "expired"},   {State::done, "done"},
    {State::failed, "failed"}};

std::unexpected<Error> unknown() {
  return fail(ErrorKind::not_found, "approval_unknown", "There is no such request for approval.");
}

std::string name_of_request(std::int64_t id) {
  return fmt::format("approval:{}", id);
}

Result<std::string> person_of(const staff::Caller& who) {
  if (who.member.value > 0) return fmt::format("staff:{}", who.member.value);
  return fail(ErrorKind::forbidden, "approval_needs_person",
              "This takes two people: sign in as a member of staff. A token is nobody in particular.");
}

Result<void> check_reason(std::string_view reason) {
  if (!reason.empty() && reason.size() <= kLongestReason) return {};
  return fail(ErrorKind::invalid, "fields_invalid", "Say why.",
              {{"/reason", fmt::format("must have 1 to {} bytes", kLongestReason)}});
}

Result<void> check_target(const OperationInfo& operation, std::string_view target) {
  const bool whole = !operation.target.ends_with(':');
  const bool named = whole ? target == operation.target
                           : target.starts_with(operation.target) && target.size() > operation.target.size();
  if (named && target.size() <= kLongestTarget &&
      target.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_:") == std::string_view::npos) {
    return {};
  }
  return fail(ErrorKind::invalid, "fields_invalid", "This is not what the operation is done to.",
              {{"/target", fmt::format("must be {}{} for {}", operation.target, whole ? "" : "...", operation.name)}});
}

Result<void> check_may_ask(const staff::Caller& who) {
  if (who.role == Role::admin || who.role == Role::operator_) return {};
  return fail(ErrorKind::forbidden, "approval_role", "Only the roles admin and operator ask for this.");
}

std::string_view word_of(Approvals::Decision decision) {
  switch (decision) {
    case Approvals::Decision::approve:
      return "approve";
    case Approvals::Decision::decline:
      return "decline";
    case Approvals::Decision::withdraw:
      break;
  }
  return "withdraw";
}

State state_after(Approvals::Decision decision) {
  if (decision == Approvals::Decision::approve) return State::approved;
  return decision == Approvals::Decision::decline ? State::declined : State::withdrawn;
}

bool may_be_tried_again(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::too_many || error.code == "upkeep_running";
}

class ApprovalsImpl final : public Approvals {
 public:
  ApprovalsImpl(db::Database& control, staff::Staff& staff, const Clock& clock)
      : control_(control), staff_(staff), clock_(clock) {}

  void on(Operation operation, Action action) override { actions_[operation] = std::move(action); }

  void bind_jobs(jobs::Runner& runner) override {
    runner_ = &runner;
    runner.on(std::string(kJob), [this](jobs::Lease& lease) -> Result<void> {
      const std::string& text = lease.job().payload;
      std::int64_t id = 0;
      std::from_chars(text.data(), text.data() + text.size(), id);
      TRY(carry_out(id));
      return {};
    });
    // What was approved is not given up, however long a database was away.
    runner.every("approvals_revive", kReviveEvery, [this](jobs::Lease&) {
      return control_.write([](db::Transaction& tx) -> Result<void> {
        TRY(jobs::revive(tx, kJob));
        return {};
      });
    });
  }

  Result<Request> ask(const staff::Caller& who, std::string_view trace_id, Operation operation, std::string_view target,
                      std::string_view reason) override {
    Request request;
    request.operation = operation;
    request.target = target;
    request.person = TRY(person_of(who));
    request.reason = reason;
    TRY(check_may_ask(who));
    if (!staff_.four_eyes()) {
      return fail(ErrorKind::conflict, "four_eyes_off",
                  "Four eyes are switched off here (security.four_eyes), so this takes nobody's approval: do it "
                  "directly, or have whoever runs the server switch them on.");
    }
    TRY(check_target(info(operation), target));
    TRY(check_reason(reason));
    request.created_at = clock_.now();
    request.expires_at = request.created_at + kLife;
    const std::string mark = TRY(look(request));
    TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
      request.id = TRY(store::next_id(tx));  // first: who asks waits for who asked before
      auto open = TRY(store::open(tx, request.created_at));
      for (const Request& other : open) {
        if (other.operation != operation || other.target != target) continue;
        return fail(ErrorKind::conflict, "approval_pending",
                    fmt::format("The same is asked for already, by request {}.", other.id));
      }
      if (open.size() >= kMostPending) {
        return fail(ErrorKind::too_many, "approvals_full", "Too many requests wait for a decision; decide some first.");
      }
      TRY(store::insert(tx, request, mark));
      return audit(tx, request.person, fmt::format("ask {}", info(operation).name), request.id, trace_id);
    }));
    return request;
  }

  Result<Page> list(std::optional<State> state, std::string_view cursor, std::size_t limit) override {
    std::string list = fmt::format("approvals|{}", state ? name_of(*state) : "");
    std::int64_t before = std::numeric_limits<std::int64_t>::max();
    if (!cursor.empty()) before = TRY(decode_cursor(cursor, list, 1))[0];
    Time now = clock_.now();
    Page page;
    TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
      page.requests = TRY(store::list(tx, state, now, before, limit + 1));
      return {};
    }));
    if (page.requests.size() > limit) {
      page.requests.resize(limit);
      page.next = encode_cursor(list, {page.requests.back().id});
    }
    for (Request& request : page.requests) request = as_at(std::move(request), now);
    return page;
  }

  Result<Request> find(std::int64_t id) override {
    auto row = TRY(row_of(id));
    return as_at(std::move(row.request), clock_.now());
  }

  Result<Request> decide(const staff::Caller& who, std::string_view trace_id, std::int64_t id, Decision decision,
                         std::string_view reason) override {
    std::string person = TRY(person_of(who));
    TRY(check_reason(reason));
    Request request;
    TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
      auto row = TRY(store::find(tx, id));
      if (!row) return unknown();
      request = as_at(std::move(row->request), clock_.now());
      TRY(check_may_decide(who, person, decision, request));
      const std::string setter = TRY(staff_.password_set_by(tx, who.member));
      const bool own = decision == Decision::withdraw;
      if (!own && (setter == request.person || setter.starts_with("token:"))) return own_account();
      request.state = state_after(decision);
      request.decided_by = person;
      request.decided_at = clock_.now();
      request.decision_reason = reason;
      if (!TRY(store::decide(tx, request))) return decided();  // by somebody else, at this moment
      std::string text = std::to_string(id);
      if (decision == Decision::approve) {
        TRY(jobs::enqueue(tx, {.kind = kJob, .payload = text, .unique_key = text, .trace_id = trace_id}));
      }
      return audit(tx, person, std::string(word_of(decision)), id, trace_id);
    }));
    if (jobs::Runner* runner = runner_.load()) runner->wake();
    return request;
  }

  Result<Request> carry_out(std::int64_t id) override {
    std::lock_guard one_at_a_time(carrying_out_);
    auto row = TRY(row_of(id));
    if (row.request.state != State::approved) return as_at(row.request, clock_.now());
    auto done = run(row);
    if (!done && may_be_tried_again(done.error())) return std::unexpected(done.error());
    State state = done ? State::done : State::failed;
    TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
      if (!TRY(store::finish(tx, id, state, done ? "" : done.error().detail))) return {};
      auto outcome = done ? staff::Outcome::ok : staff::Outcome::failed;
      return staff_.record(tx, {row.request.decided_by, std::string(info(row.request.operation).name),
                                name_of_request(id), "", outcome});
    }));
    return find(id);
  }

 private:
  static std::unexpected<Error> decided() {
    return fail(ErrorKind::conflict, "approval_decided", "This request is decided already.");
  }

  static std::unexpected<Error> own_account() {
    return fail(ErrorKind::forbidden, "approval_own",
                "Who asked, or a program, gave this account its password, so it may not be another person's; set a "
                "password of your own.");
  }

  // What nobody decided in time is over.
  static Request as_at(Request request, Time now) {
    if (request.state == State::pending && request.expires_at <= now) request.state = State::expired;
    return request;
  }

  static Result<void> check_may_decide(const staff::Caller& who, std::string_view person, Decision decision,
                                       const Request& request) {
    const bool own = request.person == person;
    if (own && decision != Decision::withdraw) {
      return fail(ErrorKind::forbidden, "approval_own",
                  "Who asked can't decide: that takes another person. You can withdraw it.");
    }
    if (!own && decision == Decision::withdraw) {
      return fail(ErrorKind::forbidden, "approval_not_own", "Only who asked can withdraw it; you can decline it.");
    }
    const OperationInfo& operation = info(request.operation);
    if (!own && who.role != operation.approver) {
      return fail(ErrorKind::forbidden, "approval_role",
                  fmt::format("{} is decided by role {}.", operation.name, staff::name_of(operation.approver)));
    }
    if (request.state == State::expired) {
      return fail(ErrorKind::conflict, "approval_expired", "Nobody decided this request in time; ask again.");
    }
    return request.state == State::pending ? Result<void>() : decided();
  }

  Result<store::Row> row_of(std::int64_t id) {
    std::optional<store::Row> row;
    TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
      row = TRY(store::find(tx, id));
      return {};
    }));
    if (!row) return unknown();
    return *std::move(row);
  }

  Result<std::string> look(const Request& request) const {
    auto action = actions_.find(request.operation);
    if (action == actions_.end()) {
      return fail(ErrorKind::invalid, "operation_unknown", "This program can't do this.");
    }
    return action->second.look(request);
  }

  Result<void> run(const store::Row& row) {
    if (!row.begun) {  // else an attempt was cut short, perhaps after the deed
      if (TRY(look(row.request)) != row.mark) {
        return fail(ErrorKind::conflict, "approval_changed",
                    "It is not any more what it was when this was asked for, so it was not done; ask again.");
      }
      TRY(control_.write([&](db::Transaction& tx) { return store::begin(tx, row.request.id); }));
    }
    auto action = actions_.find(row.request.operation);
    if (action == actions_.end()) return fail(ErrorKind::invalid, "operation_unknown", "This program can't do this.");
    return action->second.run(row.request, row.mark);
  }

  Result<void> audit(db::Transaction& tx, const std::string& person, const std::string& what, std::int64_t id,
                     std::string_view trace_id) {
    return staff_.record(tx, {person, what, name_of_request(id), std::string(trace_id), staff::Outcome::ok});
  }

  db::Database& control_;
  staff::Staff& staff_;
  const Clock& clock_;
  std::map<Operation, Action> actions_;
  std::atomic<jobs::Runner*> runner_ = nullptr;
  std::mutex carrying_out_;
};

}  // namespace

std::span<const OperationInfo> operations() {
  return kOperations;
}

const OperationInfo& info(Operation operation) {
  return *std::find_if(std::begin(kOperations), std::end(kOperations),
                       [&](const OperationInfo& entry) { return entry.operation == operation; });
}

std::optional<Operation> find_operation(std::string_view name) {
  for (const OperationInfo& entry : kOperations) {
    if (entry.name == name) return entry.operation;
  }
  return std::nullopt;
}

std::string_view name_of(State state) {
  for (const auto& [value, name] : kStates) {
    if (value == state) return name;
  }
  return "";
}

std::optional<State> find_state(std::string_view name) {
  for (const auto& [value, text] : kStates) {
    if (text == name) return value;
  }
  return std::nullopt;
}

std::unique_ptr<Approvals> Approvals::create(db::Database& control, staff::Staff& staff, const Clock& clock) {
  return std::make_unique<ApprovalsImpl>(control, staff, clock);
}

}  // namespace handschlag::approvals
