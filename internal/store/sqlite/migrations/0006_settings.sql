-- What people chose: one row for each scope and field. A value of NULL was cleared.
CREATE TABLE settings (
  team    TEXT NOT NULL,
  level   TEXT NOT NULL CHECK (level IN ('user', 'channel', 'thread')),
  scope   TEXT NOT NULL,
  field   TEXT NOT NULL,
  value   BLOB,
  changed INTEGER NOT NULL,
  person  TEXT NOT NULL,
  PRIMARY KEY (team, level, scope, field)
) STRICT, WITHOUT ROWID;

-- The saves that were made, so that none is made twice.
CREATE TABLE settings_saves (
  key TEXT PRIMARY KEY,
  at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
