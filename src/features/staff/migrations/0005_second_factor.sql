-- The secret of a member's one-time codes, sealed, and the last step whose code was used; see features/staff/totp.h.
ALTER TABLE staff_member ADD COLUMN factor BLOB;
ALTER TABLE staff_member ADD COLUMN factor_step INTEGER NOT NULL DEFAULT 0;

-- The one link by which the first admin comes in.
CREATE TABLE staff_link (
  digest BLOB PRIMARY KEY,
  expires_at INTEGER NOT NULL
);
