-- The deletion of what test sources made up, under way or the last one; one row a region.
CREATE TABLE test_data_deletion (
  one INTEGER NOT NULL PRIMARY KEY,
  through INTEGER NOT NULL,        -- seq: what came later stays
  before INTEGER,                  -- only what occurred before; NULL: all
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  events INTEGER NOT NULL,         -- removed so far
  people INTEGER NOT NULL
);

-- Identities that are gone and whose keys are still to be destroyed.
CREATE TABLE test_data_key (
  identity INTEGER NOT NULL PRIMARY KEY
);
