-- What one member of staff asked for and another decides. `person` and `decided_by` are principals ("staff:3"). `mark`
-- is what the target was like when it was asked for; `begun` that it was found like that, and is being carried out.
CREATE TABLE approvals_request (
  id INTEGER NOT NULL PRIMARY KEY,
  operation TEXT NOT NULL,
  target TEXT NOT NULL,
  person TEXT NOT NULL,
  reason TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  decided_by TEXT NOT NULL,
  decided_at INTEGER,
  decision_reason TEXT NOT NULL,
  mark TEXT NOT NULL,
  begun INTEGER NOT NULL,
  outcome TEXT NOT NULL
);
CREATE INDEX approvals_request_by_state ON approvals_request (state, id);

CREATE TABLE approvals_head (
  one INTEGER NOT NULL PRIMARY KEY,
  last_id INTEGER NOT NULL
);
INSERT INTO approvals_head (one, last_id) VALUES (1, 0);
