-- What happened, immutable. `segment` is 250,000 events in arrival order: an index that begins with it stays fast,
-- since new entries fall into a small part of the tree.
CREATE TABLE events_event (
  seq INTEGER NOT NULL PRIMARY KEY,
  event_id BLOB NOT NULL,
  segment INTEGER NOT NULL,
  identity INTEGER NOT NULL,
  type INTEGER NOT NULL,
  source INTEGER NOT NULL,
  purposes INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  sealed BLOB NOT NULL
);
CREATE UNIQUE INDEX events_event_by_event_id ON events_event (event_id);
CREATE INDEX events_event_by_identity ON events_event (segment, identity, occurred_at, seq);

-- What may be kept without knowing who. Time to the hour; sealed under a key of the day.
CREATE TABLE events_unlinked (
  seq INTEGER NOT NULL PRIMARY KEY,
  event_id BLOB NOT NULL,
  type INTEGER NOT NULL,
  source INTEGER NOT NULL,
  purposes INTEGER NOT NULL,
  occurred_hour INTEGER NOT NULL,
  sealed BLOB NOT NULL
);
CREATE UNIQUE INDEX events_unlinked_by_event_id ON events_unlinked (event_id);

-- Events that were refused: a retry must not get in. Nothing else is kept of them.
CREATE TABLE events_tombstone (
  event_id BLOB NOT NULL PRIMARY KEY,
  until INTEGER NOT NULL
);
CREATE INDEX events_tombstone_by_until ON events_tombstone (until);

CREATE TABLE events_head (
  one INTEGER NOT NULL PRIMARY KEY,
  last_seq INTEGER NOT NULL
);
INSERT INTO events_head (one, last_seq) VALUES (1, 0);

-- Sums by day, kept up a batch at a time.
CREATE TABLE events_total (
  day INTEGER NOT NULL,
  source INTEGER NOT NULL,
  country TEXT NOT NULL,
  measure TEXT NOT NULL,
  currency TEXT NOT NULL,
  linked INTEGER NOT NULL,
  events INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  PRIMARY KEY (day, source, country, measure, currency, linked)
);

-- What the gate refused and why, and fields that a plan dropped.
CREATE TABLE events_refusal (
  day INTEGER NOT NULL,
  source INTEGER NOT NULL,
  subject TEXT NOT NULL,
  reason TEXT NOT NULL,
  events INTEGER NOT NULL,
  PRIMARY KEY (day, source, subject, reason)
);
