-- Data keys, wrapped by the region's key-encryption key. A row that is gone is a key that is destroyed.
CREATE TABLE vault_key (
  identity INTEGER NOT NULL,
  retention_class INTEGER NOT NULL,
  wrapped BLOB NOT NULL,
  PRIMARY KEY (identity, retention_class)
);

-- Keys that belong to no person: the digest key, the keys of unlinked data by day.
CREATE TABLE vault_secret (
  name TEXT NOT NULL PRIMARY KEY,
  wrapped BLOB NOT NULL
);
