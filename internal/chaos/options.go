package chaos

import (
	"fmt"
	"strings"
	"time"
)

// The stores that a fleet can stand on.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Options say what to run. Check fills in what is left zero.
type Options struct {
	Seed     uint64        `json:"seed"`
	Turns    int           `json:"turns"`          // messages that people write; each a turn, unless it is merged into another
	Store    string        `json:"store"`          // SQLite or Postgres
	Replicas int           `json:"replicas"`       // processes; SQLite takes one
	Rate     float64       `json:"rate"`           // messages a second
	Faults   float64       `json:"faults"`         // a minute, on average
	Only     []string      `json:"only,omitempty"` // kinds of faults; none: all
	Limits   bool          `json:"limits"`         // with Slack's published rate limits
	Patience time.Duration `json:"-"`              // how long the fleet may take to come to rest when the faults have ended

	Dir     string        `json:"-"` // where the folders of runs are made; "": the system's place for temporary files
	Keep    bool          `json:"-"` // keep the folder of a clean run too
	Shrink  time.Duration `json:"-"` // how long to look for a shorter schedule that fails too; 0: not at all
	Program []string      `json:"-"` // the assistant and its arguments
}

// Check tells what is wrong with the options.
func (o *Options) Check() error {
	if o.Replicas == 0 {
		o.Replicas = 1
		if o.Store == Postgres {
			o.Replicas = 3
		}
	}
	switch {
	case o.Store != SQLite && o.Store != Postgres:
		return fmt.Errorf("--store: %q: want %s or %s", o.Store, SQLite, Postgres)
	case o.Store == SQLite && o.Replicas != 1:
		return fmt.Errorf("--replicas: %d: SQLite is for one process; use --store %s for several", o.Replicas, Postgres)
	case o.Replicas < 1 || o.Replicas > maxReplicas:
		return fmt.Errorf("--replicas: %d: want 1 to %d: Slack allows an app 10 connections, and a replica has two, in a deploy for a while twice", o.Replicas, maxReplicas)
	case o.Turns < 1 || o.Turns > 900_000:
		return fmt.Errorf("--turns: %d: want 1 to 900000", o.Turns)
	case !(o.Rate > 0 && o.Rate <= 1000):
		return fmt.Errorf("--rate: %v: want more than 0 and at most 1000 messages a second", o.Rate)
	case !(o.Faults >= 0 && o.Faults <= 600):
		return fmt.Errorf("--faults: %v: want 0 to 600 a minute", o.Faults)
	case o.unknown() != "":
		return fmt.Errorf("--only: there are no faults of the kind %q: want some of %s", o.unknown(), strings.Join(Kinds(), ", "))
	case o.Patience <= 0:
		return fmt.Errorf("--patience: %s: must be more than 0", o.Patience)
	case o.Shrink < 0:
		return fmt.Errorf("--shrink-time: %s: must not be less than 0", o.Shrink)
	case len(o.Program) == 0:
		return fmt.Errorf("chaos: no program to run")
	}
	return nil
}

// unknown is a kind of Only that there is not.
func (o *Options) unknown() string {
	for _, kind := range o.Only {
		if _, ok := find(kind); !ok {
			return kind
		}
	}
	return ""
}

// maxReplicas leaves room, in the ten connections of an app, for the replica
// that a deploy starts before it stops another.
const maxReplicas = 4
