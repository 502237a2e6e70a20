-- The trace of the request that asked for the job; '' where there was none.
ALTER TABLE jobs_job ADD COLUMN trace_id TEXT NOT NULL DEFAULT '';
