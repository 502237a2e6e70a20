-- The second row: what a change of the law would do. Its rounds are negative; `law`: the rule set that is tried, as its
-- text, `law_at`: the moment whose law holds, `people`: how many were asked so far.
ALTER TABLE reach_run ADD COLUMN law TEXT NOT NULL DEFAULT '';
ALTER TABLE reach_run ADD COLUMN rule_set INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reach_run ADD COLUMN law_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reach_run ADD COLUMN people INTEGER NOT NULL DEFAULT 0;
INSERT INTO reach_run (one, shown, working, last_identity, counted_at) VALUES (2, 0, 0, 0, 0);
