package lane

import (
	"context"
	"time"

	"holdfast/internal/turn"
)

// Store shares lanes out among replicas.
type Store interface {
	// Join makes this replica known under the given id, which must be new, for
	// ttl.
	Join(ctx context.Context, replica string, ttl time.Duration) error
	// Heartbeat renews the lease. False: the replica was declared dead and must
	// join anew.
	Heartbeat(ctx context.Context, replica string, ttl time.Duration) (alive bool, err error)
	// Reap declares replicas dead whose lease ended and frees their lanes.
	Reap(ctx context.Context) (freed int, err error)
	// Claim takes up to n free lanes that have work, those that wait longest first.
	Claim(ctx context.Context, replica string, n int) ([]turn.Fence, error)
	// Stops returns the replica's lanes whose turn a person asked to end.
	Stops(ctx context.Context, replica string) (lanes []string, err error)
	// Postpone frees a lane and lets nobody claim it before the pause is over.
	Postpone(ctx context.Context, f turn.Fence, pause time.Duration) error
	// Leave frees all lanes of a replica that stops.
	Leave(ctx context.Context, replica string) error
}

// Handler runs one lane until it has no more work. On an error the lane is
// given back and tried again later.
type Handler interface {
	RunLane(ctx context.Context, f turn.Fence) error
	// Stop ends the turn that the lane runs here, if there is one. It may be told
	// more than once.
	Stop(lane string) bool
}
