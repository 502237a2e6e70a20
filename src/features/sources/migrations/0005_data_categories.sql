-- What kinds of data the events of a source hold beyond the ordinary; bits of gate::Category.
ALTER TABLE sources_source ADD COLUMN data_categories BIGINT NOT NULL DEFAULT 0;
