-- How many times keys were destroyed. A node whose cached keys are of an earlier count must not use them any more.
CREATE TABLE vault_head (
  one INTEGER NOT NULL PRIMARY KEY,
  destructions INTEGER NOT NULL
);
INSERT INTO vault_head (one, destructions) VALUES (1, 0);
