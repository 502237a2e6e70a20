-- Codes by which people prove that a mailbox is theirs, and the sessions that they open. `address`: its keyed digest.
-- Of a code its keyed digest alone is kept, empty once it was used. The two windows count how often one was asked for.
CREATE TABLE portal_code (
  address BLOB NOT NULL PRIMARY KEY,
  code BLOB NOT NULL,
  attempts INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  hour_at INTEGER NOT NULL,
  hour_count INTEGER NOT NULL,
  day_at INTEGER NOT NULL,
  day_count INTEGER NOT NULL
);
CREATE INDEX portal_code_by_day ON portal_code (day_at);

-- `digest` of the cookie's text; `sealed`: the address, under a key that takes the cookie's text to make.
CREATE TABLE portal_session (
  digest BLOB NOT NULL PRIMARY KEY,
  sealed BLOB NOT NULL,
  seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX portal_session_by_end ON portal_session (expires_at);
