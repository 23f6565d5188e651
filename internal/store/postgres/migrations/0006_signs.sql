-- What a write did to a sign of life: 1 shows it, 2 takes it away; 0: it is gone, or
-- the write is about no sign. Those that were left are found by it.
ALTER TABLE outbox ADD COLUMN sign smallint NOT NULL DEFAULT 0;
CREATE INDEX outbox_signs ON outbox (seq) WHERE sign <> 0;
