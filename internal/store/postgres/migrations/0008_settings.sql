-- What people chose: one row for each scope and field. A value of NULL was cleared.
CREATE TABLE settings (
  team    text NOT NULL,
  level   text NOT NULL CHECK (level IN ('user', 'channel', 'thread')),
  scope   text NOT NULL,
  field   text NOT NULL,
  value   bytea,
  changed bigint NOT NULL,
  person  text NOT NULL,
  PRIMARY KEY (team, level, scope, field)
);

-- The saves that were made, so that none is made twice.
CREATE TABLE settings_saves (
  key text PRIMARY KEY,
  at  bigint NOT NULL
);
