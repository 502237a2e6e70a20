-- People whom another region took over, or is taking over: numbers, and nothing that tells who it was. `state` 0: their
-- data is being copied, and this region answers for them; 1: the other one does; 2: and nothing is left of them here.
CREATE TABLE subjects_forward (
  identity INTEGER NOT NULL PRIMARY KEY,
  region TEXT NOT NULL,
  target INTEGER NOT NULL,
  state INTEGER NOT NULL
);
CREATE INDEX subjects_forward_gone ON subjects_forward (identity) WHERE state = 1;

-- The other end: people who came from another region, or are coming. Those of one party come together. `copied`: how
-- far their events were brought over, by position there; `settled`: the last position here when they could be seen, 0
-- before that. `luggage`: what is unpacked then, sealed under their key here. `watched_until`: until when a retry may
-- meet a tombstone there.
CREATE TABLE subjects_arrival (
  identity INTEGER NOT NULL PRIMARY KEY,
  party INTEGER NOT NULL,
  region TEXT NOT NULL,
  origin INTEGER NOT NULL,
  copied INTEGER NOT NULL,
  settled INTEGER NOT NULL,
  watched_until INTEGER NOT NULL,
  luggage BLOB NOT NULL
);
CREATE UNIQUE INDEX subjects_arrival_by_origin ON subjects_arrival (region, origin);
CREATE INDEX subjects_arrival_by_party ON subjects_arrival (party);
CREATE INDEX subjects_arrival_watched ON subjects_arrival (watched_until);

-- How many times people went from here, so that who looked in several regions knows whether somebody went meanwhile.
CREATE TABLE subjects_head (
  one INTEGER NOT NULL PRIMARY KEY,
  departures INTEGER NOT NULL
);
INSERT INTO subjects_head (one, departures) VALUES (1, 0);
