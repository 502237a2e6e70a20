-- How far the entries of somebody who came from another region were brought over, by position there.
CREATE TABLE ledger_copy (
  identity INTEGER NOT NULL PRIMARY KEY,
  through INTEGER NOT NULL
);
