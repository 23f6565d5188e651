-- Who took part in which conversation, and when last: what a person's Home tab lists.
-- Whoever finishes a turn notes it in the same transaction.
CREATE TABLE talks (
  team    text COLLATE "C" NOT NULL,
  person  text COLLATE "C" NOT NULL,
  channel text COLLATE "C" NOT NULL,
  root    text COLLATE "C" NOT NULL,
  at      bigint NOT NULL,
  PRIMARY KEY (team, person, channel, root)
);
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
  team    text COLLATE "C" NOT NULL,
  channel text COLLATE "C" NOT NULL,
  root    text COLLATE "C" NOT NULL,
  title   text NOT NULL,
  person  text NOT NULL,
  tries   integer NOT NULL,
  tried   bigint NOT NULL,
  named   bigint NOT NULL,
  PRIMARY KEY (team, channel, root)
);

-- What stands somewhere in Slack where it cannot be read back, such as suggested
-- prompts, so that it is not set again.
CREATE TABLE shown (
  place text COLLATE "C" PRIMARY KEY,
  what  text NOT NULL,
  at    bigint NOT NULL
);
