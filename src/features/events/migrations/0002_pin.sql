-- In the home region: where a person belongs whom no region knows yet, so that nodes that see them at the same moment
-- choose the same. Keyed digests; a row ends when its person is long stored where it says, or never came.
CREATE TABLE events_pin (
  digest BLOB NOT NULL PRIMARY KEY,
  region TEXT NOT NULL,
  until INTEGER NOT NULL
);
CREATE INDEX events_pin_by_until ON events_pin (until);
