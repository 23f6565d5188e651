-- Acts of people (clicks, shortcuts, commands, modals) that are not done yet. held is
-- the time until which somebody is at it.
CREATE TABLE acts (
  entry bigint PRIMARY KEY REFERENCES inbox (id),
  held  bigint NOT NULL
);
CREATE INDEX acts_held ON acts (held, entry);

-- What people think of answers: one row for each person and message.
CREATE TABLE feedback (
  team    text COLLATE "C" NOT NULL,
  channel text COLLATE "C" NOT NULL,
  ts      text COLLATE "C" NOT NULL,
  person  text COLLATE "C" NOT NULL,
  turn    text COLLATE "C" NOT NULL,
  good    boolean NOT NULL,
  reason  text NOT NULL,
  at      bigint NOT NULL,
  PRIMARY KEY (team, channel, ts, person)
);
CREATE INDEX feedback_turn ON feedback (turn);
