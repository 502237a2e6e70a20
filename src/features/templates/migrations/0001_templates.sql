-- What messages to customers say. A version never changes; the highest is the one of now.
CREATE TABLE templates_template (
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  purpose TEXT NOT NULL,
  parameters TEXT NOT NULL,
  texts TEXT NOT NULL,
  published_at INTEGER NOT NULL,
  published_by TEXT NOT NULL,
  PRIMARY KEY (id, version)
);
