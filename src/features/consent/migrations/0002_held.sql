-- Erased people of whom statements were there: until nothing of them needs to be opened any more, and the key of their
-- proofs is destroyed.
CREATE TABLE consent_held (
  identity INTEGER NOT NULL PRIMARY KEY
);
