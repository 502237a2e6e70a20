-- Sign-ups from websites that wait for their confirmation. Nobody is known by them yet: address and what was shown are
-- sealed under a secret of the region, and the row ends by itself. `state`: 1 taken, 2 written to, 3 confirmed.
-- `address`, `token` and `code` are keyed digests.
CREATE TABLE signups_request (
  id INTEGER NOT NULL PRIMARY KEY,
  state INTEGER NOT NULL,
  address BLOB NOT NULL,
  source INTEGER NOT NULL,
  purpose INTEGER NOT NULL,
  notice TEXT NOT NULL,
  notice_version INTEGER NOT NULL,
  notice_hash TEXT NOT NULL,
  language TEXT NOT NULL,
  country TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  token BLOB,
  code BLOB,
  sealed BLOB
);
CREATE UNIQUE INDEX signups_request_by_token ON signups_request (token);
CREATE INDEX signups_request_by_address ON signups_request (address, asked_at);
CREATE INDEX signups_request_by_state ON signups_request (state, asked_at);
CREATE INDEX signups_request_by_end ON signups_request (expires_at);

CREATE TABLE signups_head (
  one INTEGER NOT NULL PRIMARY KEY,
  last_id INTEGER NOT NULL
);
INSERT INTO signups_head (one, last_id) VALUES (1, 0);
