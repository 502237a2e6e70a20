-- The layers of the digest key (see digester.h): under which name the vault has each, and whether everything stored has
-- reached it.
CREATE TABLE identity_digest (
  layer INTEGER NOT NULL PRIMARY KEY,
  secret TEXT NOT NULL,
  settled INTEGER NOT NULL
);
INSERT INTO identity_digest (layer, secret, settled) VALUES (1, 'digest', 1);

-- How many layers the digest of a row has.
ALTER TABLE identity_key ADD COLUMN layers INTEGER NOT NULL DEFAULT 1;
