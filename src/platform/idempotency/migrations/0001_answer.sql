-- One key of one principal. `answer` is sealed, NULL while the first request is being handled. Times are those of the
-- database.
CREATE TABLE idempotency_answer (
  key_digest BLOB PRIMARY KEY,  -- keyed, of principal and key
  principal TEXT NOT NULL,
  request_digest BLOB NOT NULL,  -- keyed, of method, path, query and body
  claim BLOB NOT NULL,  -- random: whose attempt it is
  answer BLOB,
  created_at INTEGER NOT NULL
);
CREATE INDEX idempotency_answer_created_at ON idempotency_answer (created_at);
CREATE INDEX idempotency_answer_principal ON idempotency_answer (principal, created_at);
