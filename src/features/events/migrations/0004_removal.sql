-- How many times events were removed other than with their person: what was folded from them before is no longer right.
ALTER TABLE events_head ADD COLUMN removals INTEGER NOT NULL DEFAULT 0;

-- Sums of one source.
CREATE INDEX events_total_by_source ON events_total (source, day);
CREATE INDEX events_refusal_by_source ON events_refusal (source, day);
