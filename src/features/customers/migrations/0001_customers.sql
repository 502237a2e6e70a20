-- Search words of names: keyed digests of words and their beginnings.
CREATE TABLE customers_word (
  digest BLOB NOT NULL,
  identity INTEGER NOT NULL,
  purposes INTEGER NOT NULL,
  PRIMARY KEY (digest, identity)
);
CREATE INDEX customers_word_by_identity ON customers_word (identity);

-- What the events of an identity add up to, as far as `through_seq`; a cache, sealed under the identity's key.
CREATE TABLE customers_profile (
  identity INTEGER NOT NULL PRIMARY KEY,
  through_seq INTEGER NOT NULL,
  sealed BLOB NOT NULL
);
