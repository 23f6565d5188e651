-- Acts of people (clicks, shortcuts, commands, modals) that are not done yet. held is
-- the time until which somebody is at it.
CREATE TABLE acts (
  entry INTEGER PRIMARY KEY REFERENCES inbox (id),
  held  INTEGER NOT NULL
) STRICT;
CREATE INDEX acts_held ON acts (held, entry);

-- What people think of answers: one row for each person and message.
CREATE TABLE feedback (
  team    TEXT NOT NULL,
  channel TEXT NOT NULL,
  ts      TEXT NOT NULL,
  person  TEXT NOT NULL,
  turn    TEXT NOT NULL,
  good    INTEGER NOT NULL CHECK (good IN (0, 1)),
  reason  TEXT NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (team, channel, ts, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX feedback_turn ON feedback (turn);
