-- Who said no to a use itself, whatever the channel, by all that is known of the person: also by an identity that is
-- linked with theirs for that purpose, and for an address of theirs. What comes in is looked up here before it is
-- stored; made anew for a person whenever something is said or linked.
CREATE TABLE consent_refused (
  identity INTEGER NOT NULL,
  purpose INTEGER NOT NULL,
  PRIMARY KEY (identity, purpose)
);
-- Statements for an address that people are known by who did not say it themselves.
CREATE TABLE consent_concerned (
  identity INTEGER NOT NULL,
  statement INTEGER NOT NULL,
  PRIMARY KEY (identity, statement)
);
-- What was said so far, by each for themselves; linked ones follow when something is said or linked next.
INSERT INTO consent_refused (identity, purpose)
SELECT DISTINCT said.identity, said.purpose FROM consent_statement said
WHERE said.channel = 0 AND said.act IN (4, 5, 6) AND said.held_since = 0 AND said.identity > 0 AND NOT EXISTS (
  SELECT 1 FROM consent_statement later WHERE later.identity = said.identity AND later.purpose = said.purpose
  AND later.channel = 0 AND later.act IN (2, 3) AND later.occurred_at > said.occurred_at);
