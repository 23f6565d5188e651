package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"holdfast/internal/chat"
)

// Tool is something that the model may call. Run may be called from several
// goroutines at once if Spec.Effect is not set.
type Tool interface {
	Spec() Spec
	// Run does what a call asks for. A *Refusal is for the model to hear, and to go on;
	// so is any other error, in words that give nothing away.
	Run(ctx context.Context, call Call) (Result, error)
}

// Spec says what a tool is.
type Spec struct {
	Name        string          // 1 to 64 of a-z, A-Z, 0-9, _ and -
	Description string          // for the model: when to use it, and how
	Parameters  json.RawMessage // a strict JSON schema of an object
	Title       func(args json.RawMessage) string
	Effect      bool          // something stays when it has run: a picture, a file, a message
	Time        time.Duration // for one call; 0: the limit's
}

// Call is one call by the model.
type Call struct {
	ID   string          `json:"id"` // the endpoint's, which its output must name
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
	Key  string          `json:"key"` // the same for each run of this call, and of no other
	For  Place           `json:"-"`
}

// Place is what a call is made for: what a tool may read and write follows from it.
type Place struct {
	Conversation chat.Conversation
	User         string // whose message is answered; the newest one's author
	Turn         string
	Owner        string // with Epoch, the lane's fencing token
	Epoch        int64
}

// Result is what a tool gives back.
type Result struct {
	Text     string    `json:"text,omitempty"` // for the model
	Pictures []Picture `json:"pictures,omitempty"`
	Sources  []Source  `json:"sources,omitempty"` // for the footer
	Gist     string    `json:"gist,omitempty"`    // for the card: what came of it, in a few words
}

// Picture is one that the model gets to see.
type Picture struct {
	URL    string `json:"url"`              // a data URL
	Detail string `json:"detail,omitempty"` // low, high, auto
}

// Source is a web page where something that was read can be read.
type Source struct {
	Title string `json:"title,omitempty"`
	URL   string `json:"url"` // http or https
}

// Outcome is how a call ended.
type Outcome struct {
	Result
	Failed string        `json:"failed,omitempty"` // a code if it did not do what it was asked: "refused", "timeout", …
	Took   time.Duration `json:"took_ns"`

	cause error // of "failed", for the log alone
}

// Cause is why a call failed on our side, for the log; nil if it did not, or if the
// outcome was read from a journal.
func (o Outcome) Cause() error { return o.cause }

// Refusal is why a tool does not do what it was asked, in words for the model.
type Refusal struct{ Say string }

func (r *Refusal) Error() string { return r.Say }

// Refuse makes a Refusal.
func Refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// Journal keeps what was called. An error of it ends the run.
type Journal interface {
	Began(ctx context.Context, c Call) error
	Ended(ctx context.Context, c Call, o Outcome) error
}

// Limits bound the calls of one turn. Zero values mean the defaults.
type Limits struct {
	Calls    int           // in one turn; 25
	Parallel int           // at once; 4
	Time     time.Duration // for one call; 60 s
	Text     int           // bytes that are kept of a result's text; 40,000
	Pictures int           // that are kept of a result; 4
}

// Box holds the tools that a turn may use.
type Box struct {
	tools  map[string]Tool
	specs  []Spec
	limits Limits
}

var naming = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// New makes a box. It refuses a tool whose spec the endpoint would refuse, and two of
// one name.
func New(limits Limits, tools ...Tool) (*Box, error) {
	limits.Calls = orDefault(limits.Calls, 25)
	limits.Parallel = orDefault(limits.Parallel, 4)
	limits.Time = orDefault(limits.Time, time.Minute)
	limits.Text = orDefault(limits.Text, 40_000)
	limits.Pictures = orDefault(limits.Pictures, 4)
	b := &Box{tools: map[string]Tool{}, limits: limits}
	for _, t := range tools {
		s := t.Spec()
		switch _, twice := b.tools[s.Name]; {
		case !naming.MatchString(s.Name):
			return nil, fmt.Errorf("tool %q: a name is 1 to 64 letters, digits, _ and -", s.Name)
		case twice:
			return nil, fmt.Errorf("tool %s: there are two of that name", s.Name)
		case s.Description == "":
			return nil, fmt.Errorf("tool %s: it has no description", s.Name)
		}
		if err := strict(s.Parameters); err != nil {
			return nil, fmt.Errorf("tool %s: its parameters: %w", s.Name, err)
		}
		b.tools[s.Name] = t
		b.specs = append(b.specs, s)
	}
	return b, nil
}

func orDefault[T int | time.Duration](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}

// Specs are the tools' specs, in the order in which New got them: a prompt's prefix
// stays the same.
func (b *Box) Specs() []Spec { return b.specs }

// Title is what a call does, in a few words for people.
func (b *Box) Title(c Call) string {
	if t, ok := b.tools[c.Name]; ok {
		if title := t.Spec().Title; title != nil {
			if words := title(c.Args); words != "" {
				return words
			}
		}
	}
	return "Using " + c.Name
}
