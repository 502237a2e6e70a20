-- An erased identity leaves no report behind; without this, finding them would read all of it.
CREATE INDEX identity_refusal_by_b ON identity_refusal (b);
