-- Whether a token waits for a second person's approval; see features/approvals.
ALTER TABLE staff_token ADD COLUMN waits INTEGER NOT NULL DEFAULT 0;
