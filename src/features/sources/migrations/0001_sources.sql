-- Last number given to a source, and how often anything was changed: other nodes look at the revision only.
CREATE TABLE sources_head (
  id INTEGER PRIMARY KEY,
  last_number INTEGER NOT NULL,
  revision INTEGER NOT NULL
);
INSERT INTO sources_head (id, last_number, revision) VALUES (1, 0, 0);

-- Purposes, consent categories, plan and origins are JSON: they are read and written as a whole.
CREATE TABLE sources_source (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  touchpoint TEXT NOT NULL,
  name_space TEXT NOT NULL,
  controller TEXT NOT NULL,
  country TEXT NOT NULL,
  trust TEXT NOT NULL,
  mode TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  purposes TEXT NOT NULL,
  consent_categories TEXT NOT NULL,
  plan TEXT NOT NULL,
  cors_origins TEXT NOT NULL,
  created_at INTEGER NOT NULL
);

-- valid_until is NULL for the key in use.
CREATE TABLE sources_key (
  digest BLOB PRIMARY KEY,
  number INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  valid_until INTEGER
);
CREATE INDEX sources_key_by_number ON sources_key (number);
