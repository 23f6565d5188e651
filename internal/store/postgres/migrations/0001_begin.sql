-- Times are milliseconds since 1970, UTC, by the database's clock where replicas
-- compare them. Slack's ts stay text; "place" and "version" are the same as
-- microseconds, because text sorts them wrongly. Text that is compared or sorted
-- is so byte by byte, whatever the database's locale.

-- One row for each replica that ever joined; an id is never used twice.
CREATE TABLE replicas (
  id          text COLLATE "C" PRIMARY KEY,
  lease_until bigint NOT NULL,
  dead        boolean NOT NULL DEFAULT false
);

-- pending = inbox rows of the lane without an outcome. Whoever changes one
-- changes the other in the same transaction. The rows are hot, so pages keep
-- room to change them in place.
CREATE TABLE lanes (
  key     text COLLATE "C" PRIMARY KEY,
  pending integer NOT NULL CHECK (pending >= 0),
  owner   text COLLATE "C",
  epoch   bigint NOT NULL,
  run_at  bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX lanes_ready ON lanes (run_at) WHERE owner IS NULL AND pending > 0;
CREATE INDEX lanes_owner ON lanes (owner) WHERE owner IS NOT NULL;

CREATE TABLE turns (
  id        text COLLATE "C" PRIMARY KEY,
  lane      text COLLATE "C" NOT NULL,
  state     text NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'answered', 'merged', 'declined', 'stopped', 'failed')),
  attempt   integer NOT NULL,
  epoch     bigint NOT NULL,
  started   bigint NOT NULL,
  finished  bigint,
  reason    text NOT NULL DEFAULT '',
  answer    text NOT NULL DEFAULT '',
  answer_ts text COLLATE "C" NOT NULL DEFAULT '',
  CHECK ((finished IS NULL) = (state IN ('queued', 'running', 'waiting')))
);
CREATE UNIQUE INDEX turns_unfinished ON turns (lane) WHERE finished IS NULL;
CREATE INDEX turns_answered ON turns (lane, finished) WHERE answer <> '';

-- What Slack delivered. A row with a lane is for the assistant; it is open until
-- a turn or a refusal takes it.
CREATE TABLE inbox (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key      text COLLATE "C" NOT NULL UNIQUE,
  kind     text NOT NULL,
  rank     integer NOT NULL,
  lane     text COLLATE "C",
  team     text COLLATE "C" NOT NULL,
  channel  text COLLATE "C" NOT NULL,
  ts       text COLLATE "C" NOT NULL,
  place    bigint NOT NULL,
  open     boolean NOT NULL,
  turn     text COLLATE "C" REFERENCES turns (id),
  received bigint NOT NULL,
  payload  bytea NOT NULL,
  CHECK (NOT open OR (lane IS NOT NULL AND turn IS NULL))
);
CREATE INDEX inbox_open ON inbox (lane, place, ts) WHERE open;
CREATE INDEX inbox_turn ON inbox (turn) WHERE turn IS NOT NULL;

-- The primary key makes a second outcome of a message impossible.
CREATE TABLE outcomes (
  entry   bigint PRIMARY KEY REFERENCES inbox (id),
  turn    text COLLATE "C" REFERENCES turns (id),
  outcome text NOT NULL CHECK (outcome IN ('answered', 'merged', 'declined', 'stopped', 'failed')),
  reason  text NOT NULL,
  at      bigint NOT NULL
);

CREATE TABLE journal (
  turn        text COLLATE "C" NOT NULL REFERENCES turns (id),
  seq         integer NOT NULL,
  kind        text NOT NULL,
  response_id text NOT NULL,
  sequence    bigint NOT NULL,
  text        text NOT NULL,
  data        bytea,
  at          bigint NOT NULL,
  PRIMARY KEY (turn, seq)
);

-- Every visible write. seq is the order of first sending.
CREATE TABLE outbox (
  seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key     text COLLATE "C" NOT NULL UNIQUE,
  turn    text COLLATE "C" NOT NULL,
  lane    text COLLATE "C" NOT NULL,
  op      text NOT NULL,
  body    bytea,
  replace boolean NOT NULL,
  state   text NOT NULL CHECK (state IN ('planned', 'sent', 'confirmed', 'unknown', 'failed')),
  ts      text COLLATE "C" NOT NULL DEFAULT '',
  error   text NOT NULL DEFAULT '',
  at      bigint NOT NULL
);
CREATE INDEX outbox_turn ON outbox (turn, seq);
-- Writes that made a message: the others name messages that may be anybody's.
CREATE INDEX outbox_made ON outbox (lane, ts) WHERE ts <> '' AND NOT replace;

-- Messages as Slack has them now: a projection of the inbox and of Slack's
-- history. A deletion that came first leaves a row that is deleted.
CREATE TABLE messages (
  team        text COLLATE "C" NOT NULL,
  channel     text COLLATE "C" NOT NULL,
  ts          text COLLATE "C" NOT NULL,
  root        text COLLATE "C" NOT NULL,
  place       bigint NOT NULL,
  author      text NOT NULL,
  bot         text NOT NULL,
  app         text NOT NULL,
  text        text NOT NULL,
  files       text NOT NULL,
  edited      text NOT NULL,
  version     bigint NOT NULL,
  deleted     boolean NOT NULL,
  client_team text NOT NULL,
  PRIMARY KEY (channel, ts, team)
);
CREATE INDEX messages_root ON messages (team, channel, root, place);

CREATE TABLE conversations (
  key     text COLLATE "C" PRIMARY KEY,
  fetched bigint NOT NULL
);

CREATE TABLE users (
  team      text COLLATE "C" NOT NULL,
  id        text COLLATE "C" NOT NULL,
  name      text NOT NULL,
  zone      text NOT NULL,
  zone_secs integer NOT NULL,
  bot       boolean NOT NULL,
  fetched   bigint NOT NULL,
  not_found boolean NOT NULL,
  PRIMARY KEY (team, id)
);
