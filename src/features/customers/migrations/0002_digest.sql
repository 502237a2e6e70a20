-- How many layers the digest of a row has (see features/identity/digester.h).
ALTER TABLE customers_word ADD COLUMN layers INTEGER NOT NULL DEFAULT 1;
