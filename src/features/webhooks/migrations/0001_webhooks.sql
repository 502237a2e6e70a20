-- Where events are sent. Nobody's data: who an event is about is read from its region for each attempt.
CREATE TABLE webhooks_endpoint (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  description TEXT NOT NULL,
  region TEXT NOT NULL,
  purpose TEXT NOT NULL,
  payload TEXT NOT NULL,
  filter TEXT NOT NULL,           -- JSON: sources, types, names
  delivery_order TEXT NOT NULL,   -- 'strict', 'any'
  concurrency INTEGER NOT NULL,
  rate INTEGER NOT NULL,          -- requests a second at most
  enabled INTEGER NOT NULL,
  disabled_reason TEXT NOT NULL,  -- '' while enabled; 'staff', 'failing', 'gone'
  version INTEGER NOT NULL,       -- grows with each change
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
);

-- How far each endpoint has come. Apart from the above, since it changes with every delivery.
CREATE TABLE webhooks_position (
  endpoint TEXT PRIMARY KEY,
  position INTEGER NOT NULL,       -- seq: all up to here is delivered, or stands in webhooks_pending
  generation INTEGER NOT NULL,     -- changes when staff moves the position: what is under way must not move it back
  last_attempt INTEGER NOT NULL,   -- number of the newest row of the log
  failing_since INTEGER,           -- no attempt has succeeded since
  last_success_at INTEGER,
  blocked_until INTEGER NOT NULL   -- strict order: nothing new is sent before
);

-- Secrets, sealed under a key of the endpoint's region.
CREATE TABLE webhooks_secret (
  endpoint TEXT NOT NULL,
  number INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  valid_until INTEGER,             -- NULL: the current one
  PRIMARY KEY (endpoint, number)
);

-- Events that were tried in vain: they wait for the next attempt, or are dead letters.
CREATE TABLE webhooks_pending (
  endpoint TEXT NOT NULL,
  seq INTEGER NOT NULL,
  state TEXT NOT NULL,             -- 'waiting', 'dead'
  attempts INTEGER NOT NULL,
  next_at INTEGER NOT NULL,        -- waiting: of the next attempt; dead: when it died
  by_hand INTEGER NOT NULL,        -- redelivered by staff: holds up nobody
  last_error TEXT NOT NULL,
  PRIMARY KEY (endpoint, seq)
);
CREATE INDEX webhooks_pending_by_time ON webhooks_pending (endpoint, state, next_at);

-- The log, an entry for each attempt.
CREATE TABLE webhooks_attempt (
  endpoint TEXT NOT NULL,
  number INTEGER NOT NULL,
  seq INTEGER NOT NULL,            -- 0: a test
  at INTEGER NOT NULL,
  attempt INTEGER NOT NULL,        -- 1: the first of this event
  outcome TEXT NOT NULL,           -- 'delivered', 'failed', 'dead', 'withdrawn'
  status INTEGER NOT NULL,         -- of the answer; 0: none came
  duration_ms INTEGER NOT NULL,
  error TEXT NOT NULL,             -- a code; never what the receiver wrote
  PRIMARY KEY (endpoint, number)
);
CREATE INDEX webhooks_attempt_by_time ON webhooks_attempt (at);
