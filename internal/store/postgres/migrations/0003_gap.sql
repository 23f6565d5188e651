-- When each workspace was last connected to: what was said later may have been
-- missed.
CREATE TABLE heard (
  team text COLLATE "C" PRIMARY KEY,
  at   bigint NOT NULL
);

-- Recent conversations, newest first.
CREATE INDEX lanes_run_at ON lanes (run_at);
