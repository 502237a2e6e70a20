-- Who may be in a closed segment: a set of identities that may hold a few more, never fewer (see segments.h). A segment
-- without a row is looked into.
CREATE TABLE events_segment (
  segment INTEGER NOT NULL PRIMARY KEY,
  identities BLOB NOT NULL
);
