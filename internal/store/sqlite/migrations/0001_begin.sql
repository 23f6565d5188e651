-- Times are milliseconds since 1970, UTC. Slack's ts stay text; "place" and
-- "version" are the same as microseconds, because text sorts them wrongly.

-- What Slack delivered. A row with a lane is for the assistant; open = 1 until
-- a turn or a refusal takes it.
CREATE TABLE inbox (
  id       INTEGER PRIMARY KEY,
  key      TEXT NOT NULL UNIQUE,
  kind     TEXT NOT NULL,
  rank     INTEGER NOT NULL,
  lane     TEXT,
  team     TEXT NOT NULL,
  channel  TEXT NOT NULL,
  ts       TEXT NOT NULL,
  place    INTEGER NOT NULL,
  open     INTEGER NOT NULL CHECK (open IN (0, 1)),
  turn     TEXT REFERENCES turns (id),
  received INTEGER NOT NULL,
  payload  BLOB NOT NULL,
  CHECK (open = 0 OR (lane IS NOT NULL AND turn IS NULL))
) STRICT;
CREATE INDEX inbox_open ON inbox (lane, place, ts) WHERE open = 1;
CREATE INDEX inbox_turn ON inbox (turn) WHERE turn IS NOT NULL;

-- pending = inbox rows of the lane without an outcome. Whoever changes one
-- changes the other in the same transaction.
CREATE TABLE lanes (
  key     TEXT PRIMARY KEY,
  pending INTEGER NOT NULL CHECK (pending >= 0),
  owner   TEXT,
  epoch   INTEGER NOT NULL,
  run_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lanes_ready ON lanes (run_at) WHERE owner IS NULL AND pending > 0;
CREATE INDEX lanes_owner ON lanes (owner) WHERE owner IS NOT NULL;

CREATE TABLE replicas (
  id          TEXT PRIMARY KEY,
  lease_until INTEGER NOT NULL,
  dead        INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE turns (
  id        TEXT PRIMARY KEY,
  lane      TEXT NOT NULL,
  state     TEXT NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'answered', 'merged', 'declined', 'stopped', 'failed')),
  attempt   INTEGER NOT NULL,
  epoch     INTEGER NOT NULL,
  started   INTEGER NOT NULL,
  finished  INTEGER,
  reason    TEXT NOT NULL DEFAULT '',
  answer    TEXT NOT NULL DEFAULT '',
  answer_ts TEXT NOT NULL DEFAULT '',
  CHECK ((finished IS NULL) = (state IN ('queued', 'running', 'waiting')))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX turns_unfinished ON turns (lane) WHERE finished IS NULL;
CREATE INDEX turns_answered ON turns (lane, finished) WHERE answer <> '';

-- The primary key makes a second outcome of a message impossible.
CREATE TABLE outcomes (
  entry   INTEGER PRIMARY KEY REFERENCES inbox (id),
  turn    TEXT REFERENCES turns (id),
  outcome TEXT NOT NULL CHECK (outcome IN ('answered', 'merged', 'declined', 'stopped', 'failed')),
  reason  TEXT NOT NULL,
  at      INTEGER NOT NULL
) STRICT;

CREATE TABLE journal (
  turn        TEXT NOT NULL REFERENCES turns (id),
  seq         INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  response_id TEXT NOT NULL,
  sequence    INTEGER NOT NULL,
  text        TEXT NOT NULL,
  data        BLOB,
  at          INTEGER NOT NULL,
  PRIMARY KEY (turn, seq)
) STRICT, WITHOUT ROWID;

-- Every visible write. seq is the order of first sending.
CREATE TABLE outbox (
  seq     INTEGER PRIMARY KEY,
  key     TEXT NOT NULL UNIQUE,
  turn    TEXT NOT NULL,
  lane    TEXT NOT NULL,
  op      TEXT NOT NULL,
  body    BLOB,
  replace INTEGER NOT NULL,
  state   TEXT NOT NULL CHECK (state IN ('planned', 'sent', 'confirmed', 'unknown', 'failed')),
  ts      TEXT NOT NULL DEFAULT '',
  error   TEXT NOT NULL DEFAULT '',
  at      INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_turn ON outbox (turn, seq);
-- Writes that made a message: the others name messages that may be anybody's.
CREATE INDEX outbox_made ON outbox (lane, ts) WHERE ts <> '' AND replace = 0;

-- Messages as Slack has them now: a projection of the inbox and of Slack's
-- history. A deletion that came first leaves a row with deleted = 1.
CREATE TABLE messages (
  team        TEXT NOT NULL,
  channel     TEXT NOT NULL,
  ts          TEXT NOT NULL,
  root        TEXT NOT NULL,
  place       INTEGER NOT NULL,
  author      TEXT NOT NULL,
  bot         TEXT NOT NULL,
  app         TEXT NOT NULL,
  text        TEXT NOT NULL,
  files       TEXT NOT NULL,
  edited      TEXT NOT NULL,
  version     INTEGER NOT NULL,
  deleted     INTEGER NOT NULL,
  client_team TEXT NOT NULL,
  PRIMARY KEY (ts, channel, team) -- ts first: what is new lies together
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_root ON messages (team, channel, root, place);

CREATE TABLE conversations (
  key     TEXT PRIMARY KEY,
  fetched INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  team      TEXT NOT NULL,
  id        TEXT NOT NULL,
  name      TEXT NOT NULL,
  zone      TEXT NOT NULL,
  zone_secs INTEGER NOT NULL,
  bot       INTEGER NOT NULL,
  fetched   INTEGER NOT NULL,
  not_found INTEGER NOT NULL,
  PRIMARY KEY (team, id)
) STRICT, WITHOUT ROWID;
