-- What decides whether a person is answered. Profiles that were read before are
-- read again.
ALTER TABLE users ADD COLUMN guest boolean NOT NULL DEFAULT false;
ALTER TABLE users ADD COLUMN org text NOT NULL DEFAULT '';
UPDATE users SET fetched = 0;
