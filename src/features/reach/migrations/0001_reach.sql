-- How many people may be contacted, and what keeps the others: sums, with nobody in them. `round`: of a count of all
-- people; `unit`: whose people, empty for all; `reason` is empty for those whom nothing keeps.
CREATE TABLE reach_tally (
  round INTEGER NOT NULL,
  unit TEXT NOT NULL,
  purpose INTEGER NOT NULL,
  channel INTEGER NOT NULL,
  country TEXT NOT NULL,
  reason TEXT NOT NULL,
  people INTEGER NOT NULL,
  PRIMARY KEY (round, unit, purpose, channel, country, reason)
);

-- One row. `shown`: the last round that was counted to its end, 0 none; `working`: the one that is being counted, 0
-- none, and up to which identity it has come.
CREATE TABLE reach_run (
  one INTEGER NOT NULL PRIMARY KEY,
  shown INTEGER NOT NULL,
  working INTEGER NOT NULL,
  last_identity INTEGER NOT NULL,
  counted_at INTEGER NOT NULL
);
INSERT INTO reach_run (one, shown, working, last_identity, counted_at) VALUES (1, 0, 0, 0, 0);
