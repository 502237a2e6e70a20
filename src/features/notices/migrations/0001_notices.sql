-- What this installation says of each purpose that it really uses. `body` is the entry as JSON.
CREATE TABLE notices_purpose (
  purpose TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL,
  recorded_at INTEGER NOT NULL,
  recorded_by TEXT NOT NULL
);
-- Each version of each notice. `body` is its content as JSON, `hash` the SHA-256 of it with id and version. A draft
-- changes; from its publication on, no more.
CREATE TABLE notices_notice (
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  status TEXT NOT NULL,
  body TEXT NOT NULL,
  hash TEXT NOT NULL,
  drafted_at INTEGER NOT NULL,
  drafted_by TEXT NOT NULL,
  published_at INTEGER,
  published_by TEXT NOT NULL,
  retired_at INTEGER,
  retired_by TEXT NOT NULL,
  PRIMARY KEY (id, version)
);
CREATE TABLE notices_head (
  one INTEGER NOT NULL PRIMARY KEY,
  revision INTEGER NOT NULL
);
INSERT INTO notices_head (one, revision) VALUES (1, 0);
