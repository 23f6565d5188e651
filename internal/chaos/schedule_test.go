package chaos

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func options() Options {
	return Options{Seed: 7, Turns: 2000, Store: Postgres, Replicas: 3, Rate: 10, Faults: 60, Patience: time.Minute, Program: []string{"holdfast", "serve"}}
}

func TestScheduleFollowsFromTheSeed(t *testing.T) {
	a, b := Draw(options()), Draw(options())
	if !reflect.DeepEqual(a, b) {
		t.Error("one seed, two schedules")
	}
	o := options()
	o.Seed++
	if reflect.DeepEqual(a.Faults, Draw(o).Faults) {
		t.Error("two seeds, the same faults")
	}
	if err := a.check(); err != nil {
		t.Error(err)
	}
	if len(a.Messages) != 2000 || len(a.Faults) < 100 {
		t.Errorf("%d messages, %d faults", len(a.Messages), len(a.Faults))
	}
	drawn := map[string]bool{}
	for _, f := range a.Faults {
		drawn[f.Kind] = true
	}
	for _, g := range groups() {
		if drawn[g.kind] == g.sqlite {
			t.Errorf("on Postgres, faults of the kind %s: %v", g.kind, drawn[g.kind])
		}
	}
	o = options()
	o.Only = []string{freeze}
	if only := Draw(o).Faults; len(only) < 100 || slices.ContainsFunc(only, func(f Fault) bool { return f.Kind != freeze }) {
		t.Errorf("only frozen: %d faults, %v …", len(only), only[:1])
	}
	file := filepath.Join(t.TempDir(), "schedule.json")
	if err := a.write(file); err != nil {
		t.Fatal(err)
	}
	read, err := ReadSchedule(file)
	read.Options.Patience, read.Options.Program = a.Options.Patience, a.Options.Program // how it is played, not what
	if err != nil || !reflect.DeepEqual(read, a) {
		t.Errorf("a schedule that was kept is read as another one (%v)", err)
	}
}

func TestBadSchedules(t *testing.T) {
	for name, spoil := range map[string]func(s *Schedule){
		"no messages":      func(s *Schedule) { s.Messages = nil },
		"nobody":           func(s *Schedule) { s.People = 0 },
		"a number twice":   func(s *Schedule) { s.Messages[1].N = 1 },
		"back in time":     func(s *Schedule) { s.Messages[5].At = -1 },
		"an unknown fault": func(s *Schedule) { s.Faults[0].Kind = "flood" },
		"a replica amiss":  func(s *Schedule) { s.Faults[0].Replica = 3 },
	} {
		s := Draw(options())
		spoil(&s)
		if s.check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestOptions(t *testing.T) {
	for want, spoil := range map[string]func(o *Options){
		"--store":       func(o *Options) { o.Store = "mysql" },
		"--replicas":    func(o *Options) { o.Store = SQLite },
		"--replicas: 5": func(o *Options) { o.Replicas = 5 },
		"--turns":       func(o *Options) { o.Turns = 0 },
		"--rate":        func(o *Options) { o.Rate = 0 },
		"--faults":      func(o *Options) { o.Faults = -1 },
		"--only":        func(o *Options) { o.Only = []string{"kill", "flood"} },
		"--patience":    func(o *Options) { o.Patience = 0 },
		"--shrink-time": func(o *Options) { o.Shrink = -1 },
	} {
		o := options()
		spoil(&o)
		if err := o.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	o := options()
	o.Replicas = 0
	if err := o.Check(); err != nil || o.Replicas != 3 {
		t.Errorf("default: %d replicas, %v", o.Replicas, err)
	}
}

// A schedule that fails because of two of its faults and of an early message is
// cut down to these.
func TestShrink(t *testing.T) {
	s := Draw(options())
	guilty := []Fault{s.Faults[3], s.Faults[40]}
	tries := 0
	short := shrink(s, time.Now().Add(time.Hour), func(c Schedule) bool {
		tries++
		for _, g := range guilty {
			if !slices.Contains(c.Faults, g) {
				return false
			}
		}
		return c.Messages[len(c.Messages)-1].N > 700
	})
	if !slices.Equal(short.Faults, guilty) || len(short.Messages) != 1000 {
		t.Errorf("%d messages, faults %+v, want 1000 and %+v", len(short.Messages), short.Faults, guilty)
	}
	if tries > 100 {
		t.Errorf("%d tries for %d faults", tries, len(s.Faults))
	}
	if late := shrink(s, time.Now(), func(Schedule) bool { t.Error("played, although the time was up"); return true }); len(late.Faults) != len(s.Faults) {
		t.Error("shrunk without trying")
	}
}

func TestSpread(t *testing.T) {
	var values []float64
	for n := range 100 {
		values = append(values, float64(100-n))
	}
	if got, want := spread(values), (Spread{100, 51, 96, 100}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := spread(nil); got != (Spread{}) {
		t.Errorf("of nothing: %+v", got)
	}
}
