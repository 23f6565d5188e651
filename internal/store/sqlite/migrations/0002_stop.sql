-- The newest stop that a person asked for in the lane, as the place of a ts.
ALTER TABLE lanes ADD COLUMN stop INTEGER NOT NULL DEFAULT 0;

-- By ts first, so that the lane of a message of ours can be found.
DROP INDEX outbox_made;
CREATE INDEX outbox_made ON outbox (ts, lane) WHERE ts <> '' AND replace = 0;
