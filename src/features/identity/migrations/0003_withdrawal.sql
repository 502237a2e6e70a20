-- For which purposes an identity's person took back the leave to link it. The links stay as they were stated; they do
-- not hold for these purposes. What is granted again is removed.
CREATE TABLE identity_withdrawal (
  identity INTEGER NOT NULL PRIMARY KEY,
  purposes INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
);
