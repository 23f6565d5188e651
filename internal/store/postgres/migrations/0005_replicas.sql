-- The state of Slack's rates, by token and method: replicas that share a token
-- share its rates. Each row is changed with every call, so pages keep room.
CREATE TABLE rates (
  name  text COLLATE "C" PRIMARY KEY,
  state bytea NOT NULL
) WITH (fillfactor = 50);

-- What one replica at a time does for all: who does it, and until when unless it
-- says so again.
CREATE TABLE jobs (
  name   text COLLATE "C" PRIMARY KEY,
  holder text COLLATE "C" NOT NULL,
  until  bigint NOT NULL
);
