-- Who took part in which conversation, and when last: what a person's Home tab lists.
-- Whoever finishes a turn notes it in the same transaction.
CREATE TABLE talks (
  team    TEXT NOT NULL,
  person  TEXT NOT NULL,
  channel TEXT NOT NULL,
  root    TEXT NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (team, person, channel, root)
) STRICT, WITHOUT ROWID;
CREATE INDEX talks_at ON talks (team, person, at DESC);
INSERT INTO talks (team, person, channel, root, at)
  SELECT m.team, m.author, m.channel, m.root, MAX(t.finished)
  FROM inbox i JOIN turns t ON t.id = i.turn JOIN messages m ON m.ts = i.ts AND m.channel = i.channel AND m.team = i.team
  WHERE t.finished IS NOT NULL AND t.state IN ('answered', 'stopped', 'failed') AND m.author <> '' AND m.bot = ''
  GROUP BY m.team, m.author, m.channel, m.root;

-- Names of conversations. person is who gave it, empty for ours; named is the place of
-- the ts of a person's, so that an older one does not come back. An empty title is one
-- that was tried for.
CREATE TABLE titles (
  team    TEXT NOT NULL,
  channel TEXT NOT NULL,
  root    TEXT NOT NULL,
  title   TEXT NOT NULL,
  person  TEXT NOT NULL,
  tries   INTEGER NOT NULL,
  tried   INTEGER NOT NULL,
  named   INTEGER NOT NULL,
  PRIMARY KEY (team, channel, root)
) STRICT, WITHOUT ROWID;

-- What stands somewhere in Slack where it cannot be read back, such as suggested
-- prompts, so that it is not set again.
CREATE TABLE shown (
  place TEXT PRIMARY KEY,
  what  TEXT NOT NULL,
  at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
