// The chain of the audit: what a record's digest covers, and whether a stored chain is whole.
#pragma once

#include <string>
#include <string_view>

#include "features/staff/staff.h"

namespace handschlag::staff {

// Hex of SHA-256 over the previous record's digest and this record's canonical text.
std::string audit_digest(std::string_view previous_digest, const AuditRecord& record);

// Appends to the chain. Errors: internal "audit_entry_invalid", for a text that is no label (a fault of the caller).
Result<void> append_audit(db::Transaction& transaction, const AuditEntry& entry, Time now);

Result<AuditPage> read_audit(db::Database& database, std::string_view principal, std::string_view cursor,
                             std::size_t limit);

Result<AuditCheck> check_audit(db::Database& database);

}  // namespace handschlag::staff
