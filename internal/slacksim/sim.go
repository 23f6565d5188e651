package slacksim

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Default tokens of the seed workspace, used where Options names none.
const (
	DefaultBotToken = "xoxb-sim-bot"
	DefaultAppToken = "xapp-1-sim"
)

// ErrClosed is returned by calls that need a running simulator after Close.
var ErrClosed = errors.New("slacksim: closed")

// Options configures a Sim. The zero value is a usable workspace without rate limits.
type Options struct {
	Logger       *slog.Logger     // nil: logs nothing
	Page         fs.FS            // served at "/"; nil: a one-line notice
	Policy       string           // Content-Security-Policy that the page is served with; "": none
	Note         string           // one line that the page shows about itself
	ClientID     string           // "" : DefaultClientID
	ClientSecret string           // "" : DefaultClientSecret
	BotToken     string           // "" : DefaultBotToken
	AppToken     string           // "" : DefaultAppToken
	Limits       bool             // start with Slack's rate limits switched on
	Now          func() time.Time // nil: time.Now. See Sim.Advance for moving it on
	Seed         uint64           // of every random choice; 0 is a fixed seed like any other
	Settings     *Settings        // nil: DefaultSettings(), which is also where to start from
	Journal      int              // envelopes, calls and feed events kept; 0: 20,000

	// Mount serves further handlers beside the control API, and as guarded as it, by their ServeMux pattern.
	Mount map[string]http.Handler

	// Folder is where the temporary folder for large files is made, and removed by Close; "": the system's place.
	Folder string
}

// Sim is one simulated Slack workspace with one app installed in it. All methods are safe for concurrent use.
type Sim struct {
	opts   Options
	log    *slog.Logger
	schema *schema
	table  map[string]method
	poster *poster
	disk   disk

	painting sync.Mutex // one image is decoded at a time

	done    chan struct{} // closed by Close
	running sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	offset   time.Duration // what Advance added to the clock
	rng      *rand.Rand
	settings Settings
	ws       *workspace
	agenda   agenda
	alarm    *time.Timer
	faults   []*Fault
	faultN   int
	limits   *limiter
	hour     hourly
	deliver  chaos
	held     []*delivery
	parked   []*delivery // waiting for a connection
	dropped  int
	acts     *acts
	base     string               // address that the app last used, for response_urls and files
	tokenN   int                  // action tokens so far
	pending  map[string]*delivery // by envelope id, until acknowledged or given up
	sockets  []*socket            // open ones, in order of opening
	gone     []Socket             // closed ones, for the journal
	tickets  map[string]ticket
	linkOff  bool
	serial   int
	epoch    int // grows with every reset and import; deliveries of earlier ones are void

	feed      ring[feedItem]
	envelopes ring[*Envelope]
	calls     ring[*Call]
	changed   chan struct{}
	watched   bool
	announced map[string]any // by Announce
}

// New makes a simulator with the seed workspace. It starts no goroutine and opens nothing. It panics on settings that
// Configure would refuse.
func New(o Options) *Sim {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.BotToken == "" {
		o.BotToken = DefaultBotToken
	}
	if o.AppToken == "" {
		o.AppToken = DefaultAppToken
	}
	if o.ClientID == "" {
		o.ClientID = DefaultClientID
	}
	if o.ClientSecret == "" {
		o.ClientSecret = DefaultClientSecret
	}
	if o.Journal <= 0 {
		o.Journal = 20_000
	}
	s := &Sim{
		opts:      o,
		log:       o.Logger,
		schema:    newSchema(),
		table:     methods(),
		poster:    newPoster(),
		disk:      disk{parent: o.Folder},
		done:      make(chan struct{}),
		settings:  DefaultSettings(),
		rng:       rand.New(rand.NewPCG(o.Seed, 0x51ac)),
		pending:   map[string]*delivery{},
		acts:      newActs(),
		tickets:   map[string]ticket{},
		feed:      newRing[feedItem](o.Journal),
		envelopes: newRing[*Envelope](o.Journal),
		calls:     newRing[*Call](o.Journal),
		changed:   make(chan struct{}),
		announced: map[string]any{},
	}
	if o.Settings != nil {
		if err := o.Settings.check(); err != nil {
			panic("slacksim: settings: " + err.Error())
		}
		s.settings = o.Settings.clone()
	}
	s.limits = newLimiter(o.Limits)
	s.ws = seedWorkspace()
	s.ws.files.sim = s
	return s
}

// Handler serves everything: the Web API, Socket Mode, the page and the control API.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.serveAPI)
	mux.HandleFunc("/link/", s.serveLink)
	mux.Handle("/oauth/", s.guard(s.serveAuthorize))
	s.fileRoutes(mux)
	s.controlRoutes(mux)
	for pattern, h := range s.opts.Mount {
		mux.Handle(pattern, s.guard(h.ServeHTTP))
	}
	if s.opts.Page != nil {
		mux.Handle("/", s.page(http.FileServerFS(s.opts.Page)))
	} else {
		mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("A simulated Slack. The Web API is at /api/, the control API at /sim/.\n"))
		})
	}
	return mux
}

// page serves files that have no date of their own, so browsers must ask again each time.
func (s *Sim) page(files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		if s.opts.Policy != "" {
			w.Header().Set("Content-Security-Policy", s.opts.Policy)
		}
		files.ServeHTTP(w, r)
	})
}

// Close drops every socket, ends every waiting request and waits for the goroutines it started. It may be called twice.
func (s *Sim) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
		s.poster.cancel()
		if s.alarm != nil {
			s.alarm.Stop()
		}
		for _, k := range slices.Clone(s.sockets) {
			k.reset()
		}
	}
	s.mu.Unlock()
	s.running.Wait()
	s.poster.client.CloseIdleConnections()
	return s.disk.close()
}

// enter locks the workspace and first does what has fallen due.
func (s *Sim) enter() {
	s.mu.Lock()
	s.runDue()
}

func (s *Sim) leave() {
	s.arm()
	s.mu.Unlock()
}

// now is the simulator's clock. The caller holds mu.
func (s *Sim) now() time.Time {
	if s.opts.Now != nil {
		return s.opts.Now().Add(s.offset)
	}
	return time.Now().Add(s.offset)
}

// Advance moves the simulator's clock on by d and does what falls due on the way: streams expire, envelopes are
// redelivered, rate limits refill. With an injected Now, Advance(0) does what that clock has made due.
func (s *Sim) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.leave()
	target := s.now().Add(d)
	step := func(to time.Time) {
		if gap := to.Sub(s.now()); gap > 0 {
			s.offset += gap
		}
		s.runDue()
	}
	// Stop at each errand on the way, as one may book the next.
	for len(s.agenda.list) > 0 && !s.agenda.list[0].at.After(target) {
		step(s.agenda.list[0].at)
	}
	step(target)
}

// Wait returns nil as soon as ok reports true, and the context's error if that does not happen in time. ok is called
// at once and again after changes of the simulator; it must be quick and must not call the Sim, only the View.
func (s *Sim) Wait(ctx context.Context, ok func(View) bool) error {
	for {
		s.enter()
		yes := ok(View{s})
		changed := s.changed
		s.watched = true
		s.leave()
		if yes {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.done:
			return ErrClosed
		}
	}
}

// nextID makes an id such as U0000A1: the prefix Slack uses for the kind, then a running number.
func (s *Sim) nextID(prefix string) string {
	s.serial++
	return prefix + base36(s.serial, 9)
}

func base36(n, width int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	b := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		b[i] = digits[n%36]
		n /= 36
	}
	return string(b)
}

// uuid makes a version 4 UUID from the simulator's own randomness, so that a seed replays.
func (s *Sim) uuid() string {
	const hex = "0123456789abcdef"
	b := []byte("xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx")
	for i, c := range b {
		switch c {
		case 'x':
			b[i] = hex[s.rng.IntN(16)]
		case 'y':
			b[i] = hex[8+s.rng.IntN(4)]
		}
	}
	return string(b)
}
