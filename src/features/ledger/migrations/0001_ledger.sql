-- Uses of a person's data, in the order they were written. `sealed` holds who, what for and why, under the identity's
-- key.
CREATE TABLE ledger_entry (
  seq INTEGER NOT NULL PRIMARY KEY,
  identity INTEGER NOT NULL,
  at INTEGER NOT NULL,
  sealed BLOB NOT NULL
);
CREATE INDEX ledger_entry_by_identity ON ledger_entry (identity, seq);

CREATE TABLE ledger_head (
  one INTEGER NOT NULL PRIMARY KEY,
  last_seq INTEGER NOT NULL
);
INSERT INTO ledger_head (one, last_seq) VALUES (1, 0);
