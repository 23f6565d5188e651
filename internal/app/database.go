package app

import (
	"context"
	"log/slog"
	"time"

	"holdfast/internal/assistant"
	"holdfast/internal/config"
	"holdfast/internal/gap"
	"holdfast/internal/home"
	"holdfast/internal/inbox"
	"holdfast/internal/lane"
	"holdfast/internal/outbox"
	"holdfast/internal/reception"
	"holdfast/internal/settings"
	"holdfast/internal/slack/web"
	"holdfast/internal/store/postgres"
	"holdfast/internal/store/sqlite"
	"holdfast/internal/turn"
)

// database is what the assistant needs of a store, as its parts declare it.
type database interface {
	inbox.Store
	lane.Store
	turn.Store
	assistant.Archive
	settings.Store
	gap.Store
	home.Store
	reception.Store
	Outbox() outbox.Store
	Waiting(ctx context.Context) (lanes, messages int, oldest time.Time, err error)
	Ping(ctx context.Context) error
	Close() error
}

// openDatabase opens what DATABASE_URL names.
func openDatabase(ctx context.Context, c config.Config, log *slog.Logger) (database, error) {
	if c.Postgres() {
		db, err := postgres.Open(ctx, c.DatabaseURL, postgres.Options{Logger: log})
		if err != nil {
			return nil, &SetupError{Say: "DATABASE_URL: the database cannot be opened", Cause: err}
		}
		return db, nil
	}
	db, err := sqlite.Open(ctx, c.SQLitePath(), sqlite.Options{Logger: log})
	if err != nil {
		return nil, &SetupError{Say: "DATABASE_URL: the database " + c.SQLitePath() + " cannot be opened", Cause: err}
	}
	return db, nil
}

// ledger is where the rates of a token are kept if other replicas use it too.
func ledger(db database) web.Ledger {
	if shared, ok := db.(*postgres.DB); ok {
		return shared
	}
	return nil
}

// listen tells us of what other replicas took in, where there are any. The
// returned function ends it.
func listen(ctx context.Context, db database, h postgres.Heard) (stop func()) {
	shared, ok := db.(*postgres.DB)
	if !ok {
		return func() {}
	}
	return beside(context.WithoutCancel(ctx), func(ctx context.Context) { shared.Listen(ctx, h) })
}
