-- For which purposes a token of the role integration may read the feed of events; a set of bits, see gate/purposes.h.
ALTER TABLE staff_token ADD COLUMN purposes INTEGER NOT NULL DEFAULT 0;
