// The SQL of outreach: tables outreach_* of a region's data database. Every function joins the caller's transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/outreach/outreach.h"

namespace handschlag::outreach::store {

struct Row {
  Message message;
  Kind kind = Kind::service;
  std::string address;  // digest
  std::string token;
  bool told = true;
  std::string country;         // of a stranger
  std::string sealed_address;  // "" where there is none any more
  std::string sealed_content;
};

Result<std::int64_t> next_id(db::Transaction& tx);
Result<void> insert(db::Transaction& tx, const Row& row);

// Messages of a kind to an identity (0: none) or an address that left, or are to leave, less than `within` from a time.
Result<std::int64_t> count_around(db::Transaction& tx, Kind kind, IdentityId identity, std::string_view address,
                                  Time at, std::chrono::seconds within);
// False where it was said already.
Result<bool> say_once(db::Transaction& tx, std::string_view digest, IdentityId identity, std::int64_t message);
Result<void> may_say_again(db::Transaction& tx, std::int64_t message);

// `said_at`: when the person last named the address; what was found out before that does not count.
Result<bool> is_unreachable(db::Transaction& tx, std::string_view address, Time said_at);
Result<void> set_unreachable(db::Transaction& tx, std::string_view address, Time at, std::string_view status);
Result<void> set_reachable(db::Transaction& tx, std::string_view address);
// Of the newest messages to an address by a channel that left, so many at most: how many came back before one did not.
Result<std::int64_t> bounced_in_a_row(db::Transaction& tx, std::string_view address, gate::Channel channel,
                                      std::int64_t limit);

Result<std::optional<Row>> find(db::Transaction& tx, std::string_view region, std::int64_t id);
Result<std::vector<Message>> list(db::Transaction& tx, std::string_view region, const Filter& filter,
                                  std::int64_t before, std::int64_t limit);

Result<bool> has_due(db::Transaction& tx, Time now);
// Takes the message that has been due the longest, until `until`; nothing where none is. One more attempt.
Result<std::optional<Row>> claim(db::Transaction& tx, std::string_view region, std::span<const gate::Channel> channels,
                                 Time now, Time until);
// Writes down what became of a claim: state, due, trace, whether it is told; false where it is no longer ours.
Result<bool> settle(db::Transaction& tx, const Row& row, std::int64_t attempt);
// The same for what nobody has claimed: only from this state.
Result<bool> change(db::Transaction& tx, const Row& row, State from);

// Denied ones that the ledger does not know of, the oldest first.
Result<std::vector<Row>> untold(db::Transaction& tx, std::string_view region, std::int64_t limit);
Result<void> set_told(db::Transaction& tx, std::int64_t id);

struct Count {
  State state;
  std::int64_t count = 0;
};
Result<std::vector<Count>> counts(db::Transaction& tx);  // of those that wait or are dead

Result<std::int64_t> erase(db::Transaction& tx, IdentityId identity, std::int64_t limit);
// Takes what is still to be sent to somebody out of the outbox.
Result<void> drop_pending(db::Transaction& tx, IdentityId identity);
Result<std::int64_t> cancel_all(db::Transaction& tx, Time now);
Result<std::int64_t> purge(db::Transaction& tx, Time ended_before, Time strangers_before, std::int64_t limit);

}  // namespace handschlag::outreach::store
