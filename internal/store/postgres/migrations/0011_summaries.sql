-- What stands for the older messages of a long conversation, up to the place of one.
-- It is gone with any change of what it covers: text that was deleted must not live on
-- in it.
CREATE TABLE summaries (
  team    text NOT NULL,
  channel text NOT NULL,
  root    text NOT NULL,
  until   text NOT NULL,
  place   bigint NOT NULL,
  text    text NOT NULL,
  at      bigint NOT NULL,
  PRIMARY KEY (team, channel, root)
);

CREATE FUNCTION forget_summary() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM summaries WHERE team = OLD.team AND channel = OLD.channel AND root = OLD.root AND place >= OLD.place;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    DELETE FROM summaries WHERE team = NEW.team AND channel = NEW.channel AND root = NEW.root AND place >= NEW.place;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER messages_late AFTER INSERT OR DELETE ON messages FOR EACH ROW EXECUTE FUNCTION forget_summary();
CREATE TRIGGER messages_changed AFTER UPDATE ON messages FOR EACH ROW
WHEN (OLD.text <> NEW.text OR OLD.files <> NEW.files OR OLD.deleted <> NEW.deleted OR OLD.root <> NEW.root)
EXECUTE FUNCTION forget_summary();
