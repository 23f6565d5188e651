-- What stands for the older messages of a long conversation, up to the place of one.
-- It is gone with any change of what it covers: text that was deleted must not live on
-- in it.
CREATE TABLE summaries (
  team    TEXT NOT NULL,
  channel TEXT NOT NULL,
  root    TEXT NOT NULL,
  until   TEXT NOT NULL,
  place   INTEGER NOT NULL,
  text    TEXT NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (team, channel, root)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER messages_late AFTER INSERT ON messages BEGIN
  DELETE FROM summaries WHERE team = NEW.team AND channel = NEW.channel AND root = NEW.root AND place >= NEW.place;
END;
CREATE TRIGGER messages_changed AFTER UPDATE ON messages
WHEN OLD.text <> NEW.text OR OLD.files <> NEW.files OR OLD.deleted <> NEW.deleted OR OLD.root <> NEW.root BEGIN
  DELETE FROM summaries WHERE team = NEW.team AND channel = NEW.channel AND root IN (OLD.root, NEW.root) AND place >= NEW.place;
END;
CREATE TRIGGER messages_gone AFTER DELETE ON messages BEGIN
  DELETE FROM summaries WHERE team = OLD.team AND channel = OLD.channel AND root = OLD.root AND place >= OLD.place;
END;
