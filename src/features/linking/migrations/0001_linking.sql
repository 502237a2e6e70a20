-- The newest code that a session asked for, to show that something else is theirs, too. `session`: its digest. Of the
-- code a keyed digest; `sealed`: whom it was for, under a secret of the region.
CREATE TABLE linking_proof (
  session BLOB NOT NULL PRIMARY KEY,
  code BLOB NOT NULL,
  attempts INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  sealed BLOB NOT NULL
);
CREATE INDEX linking_proof_by_end ON linking_proof (expires_at);

-- How often codes were asked for, by who asked and by what for; `what` is a keyed digest.
CREATE TABLE linking_asked (
  what BLOB NOT NULL PRIMARY KEY,
  hour_at INTEGER NOT NULL,
  hour_count INTEGER NOT NULL,
  day_at INTEGER NOT NULL,
  day_count INTEGER NOT NULL
);
CREATE INDEX linking_asked_by_day ON linking_asked (day_at);
