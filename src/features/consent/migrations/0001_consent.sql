-- What people said about uses of their data, a row a statement. Rows are only added; what was said before is never
-- changed. `address`: the keyed digest of the address it was said for, NULL where it was said for the person. What was
-- shown and said stands in `sealed`, under the identity's key for proofs of consent.
CREATE TABLE consent_statement (
  id INTEGER NOT NULL PRIMARY KEY,
  identity INTEGER NOT NULL,
  act INTEGER NOT NULL,
  purpose INTEGER NOT NULL,
  channel INTEGER NOT NULL,
  way INTEGER NOT NULL,
  strength INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  keep_until INTEGER NOT NULL,
  follows INTEGER NOT NULL,
  notice TEXT NOT NULL,
  notice_version INTEGER NOT NULL,
  notice_hash TEXT NOT NULL,
  address BLOB,
  layers INTEGER NOT NULL,
  held_since INTEGER NOT NULL,
  sealed BLOB
);
CREATE INDEX consent_statement_by_identity ON consent_statement (identity);
CREATE INDEX consent_statement_by_address ON consent_statement (address);
CREATE INDEX consent_statement_held ON consent_statement (keep_until) WHERE held_since > 0;

CREATE TABLE consent_head (
  one INTEGER NOT NULL PRIMARY KEY,
  last_id INTEGER NOT NULL
);
INSERT INTO consent_head (one, last_id) VALUES (1, 0);
