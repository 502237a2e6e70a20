-- The part of the company that a source belongs to (see features/staff/staff.h); '' is the whole.
ALTER TABLE sources_source ADD COLUMN unit TEXT NOT NULL DEFAULT '';
