-- What a source may send; 0: what the settings say for all.
ALTER TABLE sources_source ADD COLUMN events_per_second INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources_source ADD COLUMN event_burst INTEGER NOT NULL DEFAULT 0;
