package socket

import "time"

// EventKind says what an [Event] tells.
type EventKind int

// The kinds.
const (
	Connected EventKind = iota + 1 // a connection had its hello
	Failed                         // a try to connect failed; Err
	Leaving                        // Slack asked us to leave a connection; Type is its reason
	Lost                           // a connection ended, for whatever reason; Err
	Acked                          // an envelope was stored and acknowledged; Type, Took
	AckLost                        // it was stored, but its acknowledgement failed; Type, Took, Err
	Refused                        // the receiver did not store it; Type, Took, Err
	Dropped                        // it was not taken in, as too many waited; Type
)

// Event is something that happened, for metrics.
type Event struct {
	Kind       EventKind
	Connection int           // a running number of the client's; 0 for Failed
	Type       string        // of the envelope, or Slack's reason
	Took       time.Duration // since the envelope came
	Err        error
}
