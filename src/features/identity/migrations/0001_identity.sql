-- One person as one source knows them. Holds nothing that tells who it is; that is in identity_key, sealed.
CREATE TABLE identity_identity (
  id INTEGER NOT NULL PRIMARY KEY,
  kind INTEGER NOT NULL,
  country TEXT NOT NULL,
  source INTEGER NOT NULL,
  created_at INTEGER NOT NULL
);

-- The values by which an identity can be found. `digest` is keyed; `sealed` holds the value under the identity's key.
CREATE TABLE identity_key (
  digest BLOB NOT NULL,
  identity INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  standing INTEGER NOT NULL,
  purposes INTEGER NOT NULL,
  source INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (digest, identity)
);
CREATE INDEX identity_key_by_identity ON identity_key (identity);

-- Two identities are one person, says `origin`. The smaller id stands first. A row is never removed: an ended link must
-- not come back by itself.
CREATE TABLE identity_link (
  a INTEGER NOT NULL,
  b INTEGER NOT NULL,
  standing INTEGER NOT NULL,
  basis INTEGER NOT NULL,
  purposes INTEGER NOT NULL,
  origin TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (a, b)
);
CREATE INDEX identity_link_by_b ON identity_link (b);

-- Links that were not made, and why; for the report.
CREATE TABLE identity_refusal (
  a INTEGER NOT NULL,
  b INTEGER NOT NULL,
  reason TEXT NOT NULL,
  times INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (a, b, reason)
);

CREATE TABLE identity_head (
  one INTEGER NOT NULL PRIMARY KEY,
  last_id INTEGER NOT NULL
);
INSERT INTO identity_head (one, last_id) VALUES (1, 0);
