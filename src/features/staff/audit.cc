#include "features/staff/audit.h"

#include <fmt/format.h>

#include <limits>

#include "features/staff/store.h"
#include "platform/base/cursor.h"
#include "platform/base/label.h"
#include "platform/crypto/crypto.h"
#include "platform/json/json.h"

namespace handschlag::staff {
namespace {

constexpr std::size_t kMaxTextBytes = 200;
constexpr std::size_t kCheckedAtOnce = 1'000;
constexpr int kCanonicalVersion = 1;

bool fits(std::string_view text) {
  return text.empty() || is_label(text, kMaxTextBytes);
}

std::string list_name(std::string_view principal) {
  return fmt::format("audit {}", principal);
}

// Checks one page of the chain, which continues `check`; false once the chain is broken.
bool follow(const std::vector<AuditRecord>& records, AuditCheck& check) {
  for (const AuditRecord& record : records) {
    const std::int64_t expected = check.records + 1;
    if (record.id != expected || record.digest != audit_digest(check.head_digest, record)) {
      check.broken_at = expected;
      return false;
    }
    check.records = record.id;
    check.head_digest = record.digest;
  }
  return true;
}

}  // namespace

std::string audit_digest(std::string_view previous_digest, const AuditRecord& record) {
  const AuditEntry& entry = record.entry;
  const json::Value canonical = {kCanonicalVersion, record.id,    to_millis(record.at), entry.principal,
                                 entry.operation,   entry.target, entry.trace_id,       name_of(entry.outcome)};
  return crypto::to_hex(crypto::sha256(std::string(previous_digest) + json::dump(canonical)));
}

Result<void> append_audit(db::Transaction& transaction, const AuditEntry& entry, Time now) {
  const bool valid = !entry.principal.empty() && !entry.operation.empty() && fits(entry.principal) &&
                     fits(entry.operation) && fits(entry.target) && fits(entry.trace_id);
  if (!valid) return fail(ErrorKind::internal, "audit_entry_invalid", "An audit entry has a text that is no label.");
  const store::AuditHead head = TRY(store::lock_audit_head(transaction));
  AuditRecord record{.id = head.last_id + 1, .at = now, .entry = entry};
  record.digest = audit_digest(head.digest, record);
  return store::append_audit(transaction, record);
}

Result<AuditPage> read_audit(db::Database& database, std::string_view principal, std::string_view cursor,
                             std::size_t limit) {
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  if (!cursor.empty()) before = TRY(decode_cursor(cursor, list_name(principal), 1)).front();
  AuditPage page;
  TRY(database.read([&](db::Transaction& transaction) -> Result<void> {
    page.records = TRY(store::audit_before(transaction, principal, before, limit + 1));
    return {};
  }));
  if (page.records.size() > limit) {
    page.records.pop_back();
    page.next = encode_cursor(list_name(principal), {page.records.back().id});
  }
  return page;
}

Result<AuditCheck> check_audit(db::Database& database) {
  AuditCheck check;
  while (true) {
    std::vector<AuditRecord> records;
    store::AuditHead head;
    TRY(database.read([&](db::Transaction& transaction) -> Result<void> {
      records = TRY(store::audit_after(transaction, check.records, kCheckedAtOnce));
      head = TRY(store::audit_head(transaction));
      return {};
    }));
    if (!follow(records, check)) return check;
    if (records.size() == kCheckedAtOnce) continue;
    // The head was read in the same snapshot as the last page: it must name exactly the record that came last.
    if (head.last_id != check.records || head.digest != check.head_digest) check.broken_at = check.records + 1;
    return check;
  }
}

}  // namespace handschlag::staff
