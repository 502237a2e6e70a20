-- How far each import has come. `key` is a digest of the file's content, the mapping and the source, so the same job is
-- found again whatever the file is called; no name of a file is kept, since it may name a person.
CREATE TABLE imports_job (
  key TEXT NOT NULL PRIMARY KEY,
  source TEXT NOT NULL,
  mapping TEXT NOT NULL,
  documents_done INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
