-- What decides whether a person is answered. Profiles that were read before are
-- read again.
ALTER TABLE users ADD COLUMN guest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN org TEXT NOT NULL DEFAULT '';
UPDATE users SET fetched = 0;
