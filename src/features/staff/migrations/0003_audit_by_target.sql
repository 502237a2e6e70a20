-- Who gave a member their password is found by what it was done to.
CREATE INDEX staff_audit_by_target ON staff_audit (target, id);
