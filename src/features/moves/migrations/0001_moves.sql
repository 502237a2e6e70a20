-- Customers who are moved, or were, from one region to another: numbers, and who asked why.
CREATE TABLE moves_move (
  id INTEGER NOT NULL PRIMARY KEY,
  from_region TEXT NOT NULL,
  origin INTEGER NOT NULL,
  to_region TEXT NOT NULL,
  country TEXT NOT NULL,
  purpose TEXT NOT NULL,
  role TEXT NOT NULL,
  state TEXT NOT NULL,
  people INTEGER NOT NULL,
  events INTEGER NOT NULL,
  target INTEGER NOT NULL,
  requested_at INTEGER NOT NULL,
  moved_at INTEGER,
  ended_at INTEGER
);
CREATE INDEX moves_move_by_origin ON moves_move (from_region, origin);

CREATE TABLE moves_head (
  one INTEGER NOT NULL PRIMARY KEY,
  last_id INTEGER NOT NULL
);
INSERT INTO moves_head (one, last_id) VALUES (1, 0);
