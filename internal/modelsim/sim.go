package modelsim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
)

// Options configures a Sim. The zero value is what tests want: any key but an
// empty one is accepted, answers come at once, and every mistake in a request
// is refused.
type Options struct {
	// Logger receives what the simulator does. Nil logs nothing.
	Logger *slog.Logger
	// Key is the only bearer token accepted. Empty accepts any but an empty one.
	Key string
	// Seed decides ids, lorem, jitter and chances: the same seed and the same
	// requests in the same order give the same bytes.
	Seed uint64
	// Now dates responses (created_at) and ages stored ones. Nil is time.Now.
	// Waiting always uses real timers, which testing/synctest can fake.
	Now func() time.Time
	// Demo answers unscripted requests as the sandbox's friendly demo model,
	// at a pleasant pace, instead of with a test echo.
	Demo bool

	// Answer, if set, makes the text that answers an unscripted request, in place
	// of the echo, from the conversation that came with it, oldest first. It must
	// be safe for concurrent use.
	Answer func(conversation []Said) string

	// Timing is the pace of every request whose rule sets none.
	Timing Timing
	// Dialect is the wire dialect of every request whose rule sets none.
	Dialect Dialect

	// Preset names a load profile to start with: see Presets. New panics on a
	// name that there is not.
	Preset string

	// AllowBackgroundUnstored accepts background:true with store:false.
	AllowBackgroundUnstored bool
	// RPM refuses requests over so many a minute with a true 429. 0 is no limit.
	RPM int
	// TPM is the same for input tokens.
	TPM int
	// MaxConcurrent refuses responses over so many at once with a 429
	// (slow_down). 0 is no limit.
	MaxConcurrent int
	// Wire receives one JSON line for every reply that has ended: {"n","method",
	// "path","status","shape","fault","dialect","request","form","response",
	// "events"}, as it was sent, for checks against a schema. request and response
	// are null unless they are JSON; form is a multipart request, a file's bytes
	// left out; events has the data of each stream event; fault and dialect tell
	// what is wrong on purpose. Nil costs nothing.
	Wire io.Writer
	// KeepRequests bounds what Requests remembers, oldest dropped first.
	// 0 keeps 20,000, with at most 64 MiB of bodies.
	KeepRequests int
	// BackgroundTTL is how long a background response can be fetched after it
	// was made. 0 is ten minutes (OpenAI: background mode).
	BackgroundTTL time.Duration
	// StoredTTL is the same for store:true responses. 0 is thirty days.
	StoredTTL time.Duration
}

// Said is one message of a request's input.
type Said struct {
	Role string // user, assistant, developer or system
	Text string
}

// Sim is a simulated model provider. Make one with New; it is safe for
// concurrent use.
type Sim struct {
	opt       Options
	log       *slog.Logger
	now       func() time.Time
	started   time.Time
	catalog   catalog
	directive *regexp.Regexp

	ctx    context.Context // ends with errClosed
	cancel context.CancelCauseFunc

	ids    atomic.Uint64
	rules  ruleBook
	rec    recorder
	quota  quota
	cache  promptCache
	store  store
	drawer drawer
	down   outageState
	wire   wire

	mu      sync.Mutex
	closed  bool
	wg      sync.WaitGroup // handlers and background jobs
	servers map[*Server]struct{}
}

// errClosed is the cause of every context that Close ends.
var errClosed = errors.New("modelsim: closed")

// New makes a Sim that has no rules and listens nowhere yet.
func New(o Options) *Sim {
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.KeepRequests <= 0 {
		o.KeepRequests = 20_000
	}
	if o.BackgroundTTL <= 0 {
		o.BackgroundTTL = 10 * time.Minute
	}
	if o.StoredTTL <= 0 {
		o.StoredTTL = 30 * 24 * time.Hour
	}
	s := &Sim{opt: o, log: o.Logger, now: o.Now, started: time.Now(), catalog: newCatalog(), directive: regexp.MustCompile(directivePattern), servers: map[*Server]struct{}{}}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.rules.rng = rand.New(rand.NewPCG(o.Seed, 0x5eed))
	s.rec.init(o.KeepRequests)
	s.quota.init(o.RPM, o.TPM)
	s.store.init()
	s.drawer.init()
	s.wire.to = o.Wire
	if o.Preset != "" {
		if err := s.Preset(o.Preset); err != nil {
			panic("modelsim: New: " + err.Error())
		}
	}
	return s
}

// AddRule appends a rule and returns its id: the rule's own, or a new one. It
// panics on a rule that cannot be compiled (a bad regexp, an unknown shape or
// fault): that is a mistake in the calling code.
func (s *Sim) AddRule(r Rule) string {
	id, err := s.addRule(r)
	if err != nil {
		panic("modelsim: AddRule: " + err.Error())
	}
	return id
}

func (s *Sim) addRule(r Rule) (string, error) {
	c, err := compileRule(r)
	if err != nil {
		return "", err
	}
	return s.rules.add(c), nil
}

// ClearRules removes every rule. Requests already answered by one go on.
func (s *Sim) ClearRules() { s.rules.clear() }

// Requests returns what arrived, oldest first, requests still open included.
func (s *Sim) Requests() []Request { return s.rec.requests(0) }

// RequestsHandler answers GET with {"requests":[…]}, oldest first, and with
// ?after=N only those numbered over N. A request still open is listed as it is
// now: to see how it ends, ask again for a number below its own. It is for
// servers that show the simulator's traffic without its control plane.
func (s *Sim) RequestsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if list, ok := s.listRequests(w, r); ok {
			s.say(w, 200, map[string][]Request{"requests": list})
		}
	})
}

// Stats returns the counters of this moment.
func (s *Sim) Stats() Stats {
	st := s.rec.stats()
	st.Stored, st.BackgroundRunning = s.store.count()
	return st
}

// Wait blocks until ok is true of the counters, which are looked at again after
// every change, or until ctx ends, whose cause it returns. ok may call Requests.
func (s *Sim) Wait(ctx context.Context, ok func(Stats) bool) error {
	s.rec.waiters.Add(1)
	defer s.rec.waiters.Add(-1)
	for {
		changed := s.rec.changed()
		st := s.Stats()
		if ok(st) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("modelsim: wait, last seen %+v: %w", st, context.Cause(ctx))
		}
	}
}

// Close ends every open handler (the client sees a reset connection), every
// background response and every Server, and waits for them. It is safe to call
// twice.
func (s *Sim) Close() error {
	s.mu.Lock()
	s.closed = true
	servers := make([]*Server, 0, len(s.servers))
	for srv := range s.servers {
		servers = append(servers, srv)
	}
	s.mu.Unlock()
	s.cancel(errClosed)
	var errs []error
	for _, srv := range servers {
		errs = append(errs, srv.Close())
	}
	s.wg.Wait()
	return errors.Join(errs...)
}

// enter counts a handler or job in, and says false when the Sim is closed.
func (s *Sim) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wg.Add(1)
	return true
}

// newID returns prefix and 32 hex digits: eight that count, 24 that the seed
// and the count decide.
func (s *Sim) newID(prefix string) string {
	n := s.ids.Add(1)
	var in [24]byte
	binary.BigEndian.PutUint64(in[:], s.opt.Seed)
	binary.BigEndian.PutUint64(in[8:], n)
	copy(in[16:], prefix)
	sum := sha256.Sum256(in[:])
	var b [16]byte
	binary.BigEndian.PutUint32(b[:], uint32(n))
	copy(b[4:], sum[:12])
	return prefix + hex.EncodeToString(b[:])
}
