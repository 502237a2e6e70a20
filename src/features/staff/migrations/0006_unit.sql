-- To which part of the company a member or a token is limited (see features/staff/staff.h); '' is all of it.
ALTER TABLE staff_member ADD COLUMN unit TEXT NOT NULL DEFAULT '';
ALTER TABLE staff_token ADD COLUMN unit TEXT NOT NULL DEFAULT '';
