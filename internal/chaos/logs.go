package chaos

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// logs is what the replicas' logs tell.
type logs struct {
	panics   []Violation
	resumes  []float64 // milliseconds from a replica's start to the next attempt of a turn that its earlier life left
	takeover []float64 // the same from the end of one replica to the attempt of another
}

// attempt is one run of a turn.
type attempt struct {
	turn  string
	lane  string
	life  *life
	began time.Time
	ended bool // by itself
}

// readLogs reads the logs of all lives.
func readLogs(lives []*life) (logs, error) {
	var l logs
	attempts := map[string][]*attempt{}
	for _, x := range lives {
		if err := l.read(x, attempts); err != nil {
			return logs{}, err
		}
	}
	for _, list := range attempts {
		slices.SortFunc(list, func(a, b *attempt) int { return a.began.Compare(b.began) })
		for i, next := range list[min(1, len(list)):] {
			before := list[i]
			if before.ended || before.life == next.life {
				continue
			}
			end := before.life.Ended
			switch {
			case end.IsZero() || next.began.Before(end):
			case next.life.Replica == before.life.Replica && next.life.Started.After(end):
				l.resumes = append(l.resumes, millis(next.began.Sub(next.life.Started)))
			default:
				l.takeover = append(l.takeover, millis(next.began.Sub(end)))
			}
		}
	}
	return l, nil
}

func (l *logs) read(x *life, attempts map[string][]*attempt) error {
	f, err := os.Open(x.Log)
	if err != nil {
		return fmt.Errorf("read a log: %w", err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 16<<20)
	open := map[string]*attempt{}
	for in.Scan() {
		line := in.Text()
		for _, sign := range []string{"panic: ", "fatal error: ", "WARNING: DATA RACE"} {
			if strings.HasPrefix(line, sign) {
				l.panics = append(l.panics, Violation{"process", fmt.Sprintf("replica %d: %s: see %s", x.Replica, line, filepath.Base(x.Log))})
			}
		}
		if !strings.Contains(line, `"msg":"turn `) && !strings.Contains(line, `"msg":"lane failed`) {
			continue
		}
		var e struct {
			Time            time.Time
			Msg, Turn, Lane string
		}
		if json.Unmarshal([]byte(line), &e) != nil {
			continue // the last line of a process that was killed may be cut
		}
		switch e.Msg {
		case "turn begins":
			a := &attempt{turn: e.Turn, lane: e.Lane, life: x, began: e.Time}
			open[e.Turn] = a
			attempts[e.Turn] = append(attempts[e.Turn], a)
		case "turn ends":
			if a := open[e.Turn]; a != nil {
				a.ended = true
			}
		default: // the lane was given back, to be run again later
			for _, a := range open {
				a.ended = a.ended || a.lane == e.Lane
			}
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("read the log %s: %w", x.Log, err)
	}
	return nil
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
