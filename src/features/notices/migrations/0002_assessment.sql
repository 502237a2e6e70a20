-- Assessments of legitimate interests. Only added; one that was wrong is revoked, and stays.
CREATE TABLE notices_assessment (
  number INTEGER NOT NULL PRIMARY KEY,
  purpose TEXT NOT NULL,
  interest TEXT NOT NULL,
  necessity TEXT NOT NULL,
  balancing TEXT NOT NULL,
  assessed_by TEXT NOT NULL,
  decided TEXT NOT NULL,
  expires TEXT NOT NULL,
  recorded_at INTEGER NOT NULL,
  recorded_by TEXT NOT NULL,
  revoked_at INTEGER,
  revoked_by TEXT NOT NULL,
  revoked_for TEXT NOT NULL
);
