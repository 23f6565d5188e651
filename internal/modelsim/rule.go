package modelsim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Rule scripts what happens to the requests that it matches. Rules are tried in
// the order in which they were added. The first that matches and carries an
// answer (Text, Shape or Items) ends the search. Rules before it that match and
// carry only a fault, a timing or a dialect apply as well, the first of each
// kind winning.
type Rule struct {
	// ID names the rule in Request.Rule. Empty gets "rule-N".
	ID string `json:"id,omitempty"`
	Match
	When

	// Text is the answer. If Match.Regexp is set, $1 and ${name} stand for its
	// groups. {{last}} is the newest user text, {{count}} the number of user
	// messages in the input, {{tool}} the newest tool output.
	Text string `json:"text,omitempty"`
	// Shape is the form of the answer: see Shapes. Empty is S1, plain text.
	Shape string `json:"shape,omitempty"`
	// Items is the answer, item by item, in place of Text and Shape.
	Items []Item `json:"items,omitempty"`
	// Tool and Arguments are what the calling shapes (S3 to S7) call. Empty
	// is the request's first function, with arguments made from its schema.
	Tool      string `json:"tool,omitempty"`
	Arguments string `json:"arguments,omitempty"`

	Fault   *Fault   `json:"fault,omitempty"`
	Timing  *Timing  `json:"timing,omitempty"`
	Dialect *Dialect `json:"dialect,omitempty"`
}

// Match says which requests a rule is about. Every field that is set must hold.
type Match struct {
	// Path is the URL path, like "/v1/chat/completions". Empty is POST
	// /v1/responses alone; "/v1/images/*" matches by prefix, "*" everything
	// under /v1.
	Path   string `json:"path,omitempty"`
	Method string `json:"method,omitempty"`
	Model  string `json:"model,omitempty"`
	// User is the request's safety_identifier.
	User string `json:"user,omitempty"`
	// Contains is a substring of the newest user text; of an image request it
	// is the prompt, of a moderation the text, of an upload the purpose.
	Contains string `json:"contains,omitempty"`
	// Regexp is searched for in the newest user text.
	Regexp string `json:"regexp,omitempty"`
	// Instructions is a substring of the instructions or of a system or
	// developer message.
	Instructions string `json:"instructions,omitempty"`
	// Input is a substring of the raw request body, anywhere in it; of a form it
	// is a JSON summary with the names and sizes of files.
	Input string `json:"input,omitempty"`
	// AfterTool says how the input ends: "none" with no tool output since the
	// newest user message, "any" with one, or the name of the function whose
	// output is the newest.
	AfterTool string `json:"after_tool,omitempty"`
	// Stream and Background, if set, must equal the request's.
	Stream     *bool `json:"stream,omitempty"`
	Background *bool `json:"background,omitempty"`
}

// When says which of the matching requests a rule acts on. A request that it
// does not act on goes to the next rule as if this one did not match. The zero
// value acts on all.
type When struct {
	// Skip lets the first so many pass untouched.
	Skip int `json:"skip,omitempty"`
	// First acts on so many after Skip, then never again: the fault heals.
	First int `json:"first,omitempty"`
	// Nth acts on every Nth after Skip, counted from 1.
	Nth int `json:"nth,omitempty"`
	// Probability acts by chance, 0 < p < 1, drawn from Options.Seed.
	Probability float64 `json:"probability,omitempty"`
	// From and Until act from so long after the rule was added (of a directive:
	// after New) and until then. An Until of 0 is for ever. In JSON they are
	// "from" and "until", like "30s".
	From  time.Duration `json:"-"`
	Until time.Duration `json:"-"`
}

// open says whether a rule of that age is within its window.
func (w When) open(age time.Duration) bool {
	return age >= w.From && (w.Until == 0 || age < w.Until)
}

// take counts one matching request, the seen-th from 1, and decides.
func (w When) take(seen int, age time.Duration, rng *rand.Rand) bool {
	n := seen - w.Skip
	switch {
	case !w.open(age):
		return false
	case n <= 0:
		return false
	case w.First > 0 && n > w.First:
		return false
	case w.Nth > 0 && n%w.Nth != 0:
		return false
	case w.Probability > 0 && w.Probability < 1:
		return rng.Float64() < w.Probability
	}
	return true
}

// Timing is the pace of an answer. Zero values are instant.
type Timing struct {
	// Headers is the wait before the response headers (time to first byte).
	Headers time.Duration `json:"-"`
	// FirstToken is the wait between response.in_progress and the first item.
	FirstToken time.Duration `json:"-"`
	// FirstTokenP95, if over FirstToken, makes the wait log-normal with
	// FirstToken as its median.
	FirstTokenP95 time.Duration `json:"-"`
	// Think is the silence inside a reasoning item.
	Think time.Duration `json:"-"`
	// Work is how long a tool of OpenAI's own takes: a search, a run of code, an
	// image, a call of a remote server. Partial images divide it evenly.
	Work time.Duration `json:"-"`
	// TokensPerSecond paces deltas, a token being four bytes, with 30 % jitter.
	TokensPerSecond float64 `json:"tps,omitempty"`
	// Chunk is the size of a delta in runes: 0 is a word, -1 the whole text.
	Chunk int `json:"chunk,omitempty"`
	// Ping writes a comment line when nothing else was written for so long.
	Ping time.Duration `json:"-"`
}

type plainTiming Timing

type wireTiming struct {
	plainTiming
	Headers       span `json:"ttfb,omitzero"`
	FirstToken    span `json:"ttft,omitzero"`
	FirstTokenP95 span `json:"ttft_p95,omitzero"`
	Think         span `json:"think,omitzero"`
	Work          span `json:"work,omitzero"`
	Ping          span `json:"ping,omitzero"`
}

// MarshalJSON writes durations as strings ("1.5s").
func (t Timing) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireTiming{plainTiming(t), span(t.Headers), span(t.FirstToken), span(t.FirstTokenP95), span(t.Think), span(t.Work), span(t.Ping)})
}

// UnmarshalJSON reads durations as strings ("1.5s") or numbers of seconds.
func (t *Timing) UnmarshalJSON(b []byte) error {
	var w wireTiming
	if err := strictJSON(b, &w); err != nil {
		return err
	}
	*t = Timing(w.plainTiming)
	t.Headers, t.FirstToken, t.FirstTokenP95 = time.Duration(w.Headers), time.Duration(w.FirstToken), time.Duration(w.FirstTokenP95)
	t.Think, t.Work, t.Ping = time.Duration(w.Think), time.Duration(w.Work), time.Duration(w.Ping)
	return nil
}

// span is a time.Duration as JSON writes it.
type span time.Duration

func (s span) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(s).String()) }

func (s *span) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	d, err := parseSpan(text)
	*s = span(d)
	return err
}

// parseSpan reads "1.5s", or a bare number of seconds.
func parseSpan(text string) (time.Duration, error) {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		if n < 0 || n > 1e6 {
			return 0, fmt.Errorf("duration %q: give 0 to 1000000 seconds", text)
		}
		return time.Duration(n * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("duration %q: write it like 250ms, 2s or 1m30s", text)
	}
	return d, nil
}

type plainRule Rule

type wireRule struct {
	plainRule
	From  span `json:"from,omitzero"`
	Until span `json:"until,omitzero"`
}

// MarshalJSON writes durations as strings ("1.5s").
func (r Rule) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireRule{plainRule(r), span(r.From), span(r.Until)})
}

// UnmarshalJSON reads durations as strings ("1.5s") or numbers of seconds.
func (r *Rule) UnmarshalJSON(b []byte) error {
	var w wireRule
	if err := strictJSON(b, &w); err != nil {
		return err
	}
	*r = Rule(w.plainRule)
	r.From, r.Until = time.Duration(w.From), time.Duration(w.Until)
	return nil
}

// compiledRule is a Rule with its regexp and its count.
type compiledRule struct {
	Rule
	re    *regexp.Regexp
	seen  int // within the window
	acted int
	added time.Time
}

// deaf says whether the rule is an F2 that needs nothing of a request's body.
func (c *compiledRule) deaf() bool {
	return c.Fault != nil && c.Fault.Kind == FaultHang && c.Match == Match{Path: c.Path, Method: c.Method}
}

func compileRule(r Rule) (*compiledRule, error) {
	c := &compiledRule{Rule: r}
	if r.Regexp != "" {
		re, err := regexp.Compile(r.Regexp)
		if err != nil {
			return nil, fmt.Errorf("regexp: %w", err)
		}
		c.re = re
	}
	if r.Shape != "" {
		if _, ok := findShape(r.Shape); !ok {
			return nil, fmt.Errorf("unknown shape %q: use one of %s", r.Shape, strings.Join(Shapes(), ", "))
		}
	}
	for i, it := range r.Items {
		if err := it.check(); err != nil {
			return nil, fmt.Errorf("items[%d]: %w", i, err)
		}
	}
	if r.Fault != nil {
		f, err := r.Fault.checked()
		if err != nil {
			return nil, err
		}
		c.Fault = &f
	}
	if r.Probability < 0 || r.Probability > 1 {
		return nil, fmt.Errorf("probability %v: give a number from 0 to 1", r.Probability)
	}
	if r.From < 0 || r.Until < 0 || r.Until > 0 && r.Until <= r.From {
		return nil, fmt.Errorf("window from %v until %v: until must be later than from", r.From, r.Until)
	}
	if !r.answers() && c.Fault == nil && r.Timing == nil && r.Dialect == nil {
		return nil, fmt.Errorf("the rule does nothing: give it a text, shape, items, fault, timing or dialect")
	}
	return c, nil
}

func (r Rule) answers() bool { return r.Text != "" || r.Shape != "" || r.Items != nil }

// target is what rules look at.
type target struct {
	method, path string
	req          *request // nil unless the body is a model request
}

func (c *compiledRule) matches(t target) bool {
	switch m := c.Match; {
	case m.Path == "" && (t.path != "/v1/responses" || t.method != "POST"):
		return false
	case m.Path != "" && !pathMatches(m.Path, t.path):
		return false
	case m.Method != "" && !strings.EqualFold(m.Method, t.method):
		return false
	}
	req := t.req
	if req == nil {
		// Nothing is known about the body: only path and method may be asked for.
		return c.Match == Match{Path: c.Path, Method: c.Method}
	}
	switch m := c.Match; {
	case m.Model != "" && m.Model != req.Model,
		m.User != "" && m.User != req.SafetyIdentifier,
		m.Contains != "" && !strings.Contains(req.lastUser, m.Contains),
		c.re != nil && !c.re.MatchString(req.lastUser),
		m.Instructions != "" && !strings.Contains(req.system, m.Instructions),
		m.Input != "" && !strings.Contains(string(req.body), m.Input),
		m.Stream != nil && *m.Stream != req.Stream,
		m.Background != nil && *m.Background != req.Background:
		return false
	case m.AfterTool == "":
		return true
	case m.AfterTool == "none":
		return len(req.toolOutputs) == 0
	case m.AfterTool == "any":
		return len(req.toolOutputs) > 0
	}
	return len(req.toolOutputs) > 0 && req.toolOutputs[len(req.toolOutputs)-1].name == c.AfterTool
}

func pathMatches(pattern, path string) bool {
	if pattern == "*" {
		return true
	}
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(path, prefix)
	}
	return pattern == path
}

// plan is what has been decided about one request.
type plan struct {
	rule      string // of the answer, else of the fault
	answer    *compiledRule
	shape     string
	tool      string
	arguments string
	fault     *Fault
	timing    *Timing
	dialect   *Dialect
}

type ruleBook struct {
	mu    sync.Mutex
	list  []*compiledRule
	next  int
	rng   *rand.Rand
	spent map[string]int // how often each counted prompt directive was met
}

func (b *ruleBook) add(c *compiledRule) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	if c.ID == "" {
		c.ID = "rule-" + strconv.Itoa(b.next)
	}
	c.added = time.Now()
	b.list = append(b.list, c)
	return c.ID
}

func (b *ruleBook) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = nil
}

// remove deletes the rules of that id and says whether there were any.
func (b *ruleBook) remove(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := b.list[:0:0]
	for _, c := range b.list {
		if c.ID != id {
			kept = append(kept, c)
		}
	}
	found := len(kept) < len(b.list)
	b.list = kept
	return found
}

func (b *ruleBook) all() []Rule {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Rule, 0, len(b.list))
	for _, c := range b.list {
		out = append(out, c.Rule)
	}
	return out
}

// Armed is a rule with what has come of it.
type Armed struct {
	Rule  Rule `json:"rule"`
	Acted int  `json:"acted"` // on so many requests
	Spent bool `json:"spent"` // it will act on no more
	// EndsMS is for how many milliseconds more its window is open; 0: for ever.
	EndsMS int64 `json:"ends_ms,omitempty"`
}

func (b *ruleBook) armed() []Armed {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Armed, 0, len(b.list))
	for _, c := range b.list {
		a := Armed{Rule: c.Rule, Acted: c.acted, Spent: c.First > 0 && c.seen-c.Skip >= c.First}
		if c.Until > 0 {
			left := c.Until - time.Since(c.added)
			a.EndsMS = max(left.Milliseconds(), 0)
			a.Spent = a.Spent || left <= 0
		}
		out = append(out, a)
	}
	return out
}

// decide fills what p leaves open from the rules that match.
func (b *ruleBook) decide(t target, p *plan) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.list {
		useful := c.answers() || c.Fault != nil && p.fault == nil && !c.deaf() || c.Timing != nil && p.timing == nil || c.Dialect != nil && p.dialect == nil
		if !useful || !c.matches(t) {
			continue
		}
		if !c.count(b.rng) {
			continue
		}
		if p.rule == "" || c.answers() {
			p.rule = c.ID
		}
		if p.fault == nil && !c.deaf() {
			p.fault = c.Fault
		}
		if p.timing == nil {
			p.timing = c.Timing
		}
		if p.dialect == nil {
			p.dialect = c.Dialect
		}
		if c.answers() {
			p.answer = c
			return
		}
	}
}

// count counts a request that matches and says whether the rule acts on it.
func (c *compiledRule) count(rng *rand.Rand) bool {
	age := time.Since(c.added)
	if !c.open(age) {
		return false
	}
	c.seen++
	acts := c.take(c.seen, age, rng)
	if acts {
		c.acted++
	}
	return acts
}

// deaf returns the F2 that goes before everything else, and its rule.
func (b *ruleBook) deaf(t target) (*Fault, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.list {
		if c.deaf() && c.matches(t) && c.count(b.rng) {
			return c.Fault, c.ID
		}
	}
	return nil, ""
}

// takeDirective counts a directive found in a prompt under key. age is the
// Sim's own.
func (b *ruleBook) takeDirective(key string, w When, age time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if w == (When{}) {
		return true
	}
	if b.spent == nil || len(b.spent) > 10_000 {
		b.spent = map[string]int{}
	}
	b.spent[key]++
	return w.take(b.spent[key], age, b.rng)
}
