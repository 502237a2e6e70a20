-- Last number given to each kind of thing. Rows are locked by the update that draws a number.
CREATE TABLE staff_sequence (
  name TEXT PRIMARY KEY,
  last_id INTEGER NOT NULL
);
INSERT INTO staff_sequence (name, last_id) VALUES ('token', 0), ('member', 0);

CREATE TABLE staff_token (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  region TEXT NOT NULL,
  digest BLOB NOT NULL UNIQUE,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER
);

CREATE TABLE staff_member (
  id INTEGER PRIMARY KEY,
  login TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL,
  role TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  disabled_at INTEGER
);

CREATE TABLE staff_session (
  digest BLOB PRIMARY KEY,
  member_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX staff_session_by_member ON staff_session (member_id);

-- Append-only. `digest` is hex of SHA-256 over the previous row's digest and this row's canonical text.
CREATE TABLE staff_audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  principal TEXT NOT NULL,
  operation TEXT NOT NULL,
  target TEXT NOT NULL,
  trace_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  digest TEXT NOT NULL
);
CREATE INDEX staff_audit_by_principal ON staff_audit (principal, id);

-- The newest row's number and digest: shows when rows were cut off the end.
CREATE TABLE staff_audit_head (
  id INTEGER PRIMARY KEY,
  last_id INTEGER NOT NULL,
  digest TEXT NOT NULL
);
INSERT INTO staff_audit_head (id, last_id, digest) VALUES (1, 0, '');
