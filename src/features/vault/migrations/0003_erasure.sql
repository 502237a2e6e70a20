-- Which keys were destroyed: numbers, and nothing that tells who it was. A backup of an older vault must not bring them
-- back.
CREATE TABLE vault_erasure (
  identity INTEGER NOT NULL,
  retention_class INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (identity, retention_class)
);

-- How far each list of erasures (a file beside the region's key) was carried out here, in bytes.
CREATE TABLE vault_erasure_list (
  list TEXT NOT NULL PRIMARY KEY,
  applied INTEGER NOT NULL
);
