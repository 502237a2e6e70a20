-- A job that is waiting, running or dead; one that has succeeded is deleted.
CREATE TABLE jobs_job (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  unique_key TEXT,            -- at most one job of a kind has it; NULL: any number
  payload TEXT NOT NULL,
  state TEXT NOT NULL,        -- 'waiting', 'running', 'dead'
  due_at INTEGER NOT NULL,    -- waiting: when it may run; running: when its lease expires; dead: never; database time
  again_at INTEGER,           -- it was asked for once more while it was running
  attempt INTEGER NOT NULL,   -- how many leases it has had since it was asked for
  token INTEGER NOT NULL,     -- grows with each lease: the fence
  last_error TEXT,            -- the code of the last failure
  created_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX jobs_job_unique_key ON jobs_job (kind, unique_key);
CREATE INDEX jobs_job_due_at ON jobs_job (due_at);
