-- Messages to customers: those that were sent or wait to be, and those that were not allowed. Address and parameters
-- are sealed under the key of their identity (0: a stranger; then under a secret of the region).
CREATE TABLE outreach_message (
  id INTEGER NOT NULL PRIMARY KEY,
  identity INTEGER NOT NULL,
  address BLOB NOT NULL,           -- keyed digest
  purpose INTEGER NOT NULL,
  channel INTEGER NOT NULL,
  kind INTEGER NOT NULL,           -- which caps it counts against
  template TEXT NOT NULL,
  version INTEGER NOT NULL,
  language TEXT NOT NULL,
  country TEXT NOT NULL,           -- of a stranger
  reason TEXT NOT NULL,            -- a label
  requested_by TEXT NOT NULL,
  state INTEGER NOT NULL,
  told INTEGER NOT NULL,           -- 1: nothing of it is still to be written to the ledger
  created_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  claimed_until INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  rule_set INTEGER NOT NULL,
  token TEXT NOT NULL,             -- left part of the Message-ID
  trace TEXT NOT NULL,
  sealed_address BLOB,
  sealed_content BLOB
);
CREATE INDEX outreach_message_by_state ON outreach_message (state, due_at);
CREATE INDEX outreach_message_by_identity ON outreach_message (identity, created_at);
CREATE INDEX outreach_message_by_address ON outreach_message (address, created_at);
CREATE INDEX outreach_message_untold ON outreach_message (told, id);
CREATE UNIQUE INDEX outreach_message_by_token ON outreach_message (token);

-- What is not said twice: keyed digests of identity and what it is.
CREATE TABLE outreach_once (
  digest BLOB NOT NULL PRIMARY KEY,
  identity INTEGER NOT NULL,
  message INTEGER NOT NULL
);
CREATE INDEX outreach_once_by_identity ON outreach_once (identity);
CREATE INDEX outreach_once_by_message ON outreach_once (message);

-- Addresses that a mail server called unknown: keyed digests.
CREATE TABLE outreach_unreachable (
  address BLOB NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL,
  status TEXT NOT NULL
);

CREATE TABLE outreach_head (
  one INTEGER NOT NULL PRIMARY KEY,
  last_id INTEGER NOT NULL
);
INSERT INTO outreach_head (one, last_id) VALUES (1, 0);
