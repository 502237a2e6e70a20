-- What the overview shows, by the hour: of live sources, kept for some weeks. Numbers alone, nobody's data.
CREATE TABLE events_hour (
  hour INTEGER NOT NULL,
  source INTEGER NOT NULL,
  measure INTEGER NOT NULL,
  subject TEXT NOT NULL,
  reason TEXT NOT NULL,
  events INTEGER NOT NULL,
  PRIMARY KEY (hour, source, measure, subject, reason)
);
