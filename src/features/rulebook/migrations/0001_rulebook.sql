-- Every set of rules that was ever in force here. `number` stands in rulings and in the ledger; `body` is the set's
-- text, from which it can be made again.
CREATE TABLE rulebook_set (
  number INTEGER NOT NULL PRIMARY KEY,
  hash TEXT NOT NULL,
  since INTEGER NOT NULL,
  body TEXT NOT NULL
);
-- What counsel said of a rule that is unverified in its file. `fingerprint` is what the rule said then: where it says
-- something else by now, the confirmation holds no longer.
CREATE TABLE rulebook_confirmation (
  rule TEXT NOT NULL PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  counsel TEXT NOT NULL,
  day TEXT NOT NULL,
  source TEXT NOT NULL,
  recorded_at INTEGER NOT NULL,
  recorded_by TEXT NOT NULL
);
-- Rules of this installation's own, which only tighten. Ended, they stay.
CREATE TABLE rulebook_own_rule (
  id TEXT NOT NULL PRIMARY KEY,
  jurisdiction TEXT NOT NULL,
  body TEXT NOT NULL,
  recorded_at INTEGER NOT NULL,
  recorded_by TEXT NOT NULL,
  ended_at INTEGER,
  ended_by TEXT NOT NULL
);
CREATE TABLE rulebook_head (
  one INTEGER NOT NULL PRIMARY KEY,
  revision INTEGER NOT NULL
);
INSERT INTO rulebook_head (one, revision) VALUES (1, 0);
