-- When each workspace was last connected to: what was said later may have been
-- missed.
CREATE TABLE heard (
  team TEXT PRIMARY KEY,
  at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Recent conversations, newest first.
CREATE INDEX lanes_run_at ON lanes (run_at);
