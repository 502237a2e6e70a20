-- Whether the service from which a source tells is offered to children: whose age is not known may be one.
ALTER TABLE sources_source ADD COLUMN for_children INTEGER NOT NULL DEFAULT 0;
