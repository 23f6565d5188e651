package turn

import (
	"context"
	"encoding/json"
	"iter"

	"holdfast/internal/chat"
	"holdfast/internal/policy"
	"holdfast/internal/tool"
)

// Store keeps turns. Every call but Begin's first is fenced: it returns
// ErrFenced and changes nothing if the fence is no longer the lane's.
type Store interface {
	// Begin returns the lane's unfinished turn with its attempt raised by one,
	// or a new turn for all open messages of the lane (at most a store's batch,
	// oldest first by ts), or nil if there is none, in which case the lane is
	// free again. Messages that came before a person's stop make a turn of their
	// own, with Turn.Stop set.
	Begin(ctx context.Context, f Fence) (*Turn, error)
	// Record appends to the journal, durably.
	Record(ctx context.Context, f Fence, turn string, records ...Record) error
	// Finish stores the terminal state, gives each message of the turn its one
	// outcome (the last one the turn's own, the others Merged if it answered,
	// else the same), and tells whether the lane has more work. If it has not,
	// the lane is free again. A turn that was stopped takes along what still waited
	// when the stop was asked. One that ends as Merged gives no outcomes: its
	// messages are open again, for the next turn.
	Finish(ctx context.Context, f Fence, turn string, r Result) (more bool, err error)
	// Renew returns the turn's messages as they are now: edited, or with Deleted
	// set. With take, the lane's open messages become the turn's first, as Begin
	// takes them, in the same transaction; none if a person stopped the turn.
	Renew(ctx context.Context, f Fence, turn string, take bool) ([]chat.Message, error)
	// Refuse gives messages of the turn, by their ts, the outcome Declined with a
	// reason, and takes them out of it. One at least must stay.
	Refuse(ctx context.Context, f Fence, turn string, why map[chat.TS]string) error
	// Yield gives the lane back with its turn unfinished and the attempt not
	// counted.
	Yield(ctx context.Context, f Fence, turn string) error
}

// Briefer builds the brief of a turn: transcript, instructions, settings.
// A *Failure refuses the turn with words for the person.
type Briefer interface {
	Brief(ctx context.Context, t *Turn) (Brief, error)
}

// Brief is what the model is asked, and how the turn goes about it.
type Brief struct {
	Request Request
	Midturn Midturn // empty: Queue
	Manner  Manner
	Tools   *tool.Box // what the model may call; nil: nothing
}

// Manner is how the answer is shown.
type Manner struct {
	Whole    bool // nothing of it before it is complete
	File     bool // as a file, if it is long
	Footer   bool // with a line under it: sources, tools, model
	Feedback bool // with buttons to judge it
}

// Gate says which messages are answered.
type Gate interface {
	// Admit tells why the author gets no answer there, nil if they do. An error means
	// that this cannot be told now; the turn is run again later.
	Admit(ctx context.Context, m chat.Message) (*policy.Refusal, error)
	// Tell lets the author know: once for a person in a channel, over all turns. The
	// refusal stands even if it fails.
	Tell(ctx context.Context, f Fence, turn string, m chat.Message, why policy.Refusal) error
}

// Model answers requests. Respond starts one response, or resumes the one that
// from names; each event is yielded as it arrives. The sequence ends after a
// Done event, or after one non-nil error, which is a *Failure where the cause
// is understood. Breaking out of the loop or cancelling ctx ends the request
// and closes its connection.
type Model interface {
	Respond(ctx context.Context, r Request, from Cursor) iter.Seq2[Event, error]
}

// Cursor is a place in a stream. The zero Cursor means a new response.
type Cursor struct {
	ResponseID string
	Sequence   int64
}

// Request is what the model is asked; every field is meant for one place of
// the wire format, and zero means "leave it out".
type Request struct {
	Model        string
	Instructions string // the operator's; the same bytes for every turn of a conversation
	Input        []Input
	Effort       string // none, minimal, low, medium, high, xhigh, max
	Verbosity    string // low, medium, high
	MaxOutput    int    // tokens
	Temperature  *float64
	TopP         *float64
	Search       bool    // the endpoint may search the web
	Vision       string  // how closely pictures are looked at: auto, low, high
	Picture      Picture // how pictures are drawn, unless the person says otherwise
	Tools        []tool.Spec
	Talk         bool // the tools are there and must not be called: what is known must do
	Store        bool // the endpoint may keep the response
	Background   bool // the endpoint runs it detached, so that it can be resumed
	CacheKey     string
	SafetyID     string            // a hash that names the person to the endpoint, at most 128 characters
	Metadata     map[string]string // at most 16 pairs
}

// Picture is how a picture is drawn.
type Picture struct {
	Model      string
	Size       string // auto, or width x height in pixels
	Quality    string // auto, low, medium, high
	Background string // auto, opaque, transparent
}

// Role is who speaks in an Input.
type Role string

// The roles of the Responses API that we use.
const (
	User      Role = "user"
	Assistant Role = "assistant"
	Developer Role = "developer"
)

// Input is one item of the request: a message, an earlier output item replayed as
// it came (then Raw alone is set), or what came of a call (then Output alone is).
type Input struct {
	Role   Role
	Text   string
	Raw    json.RawMessage
	Output *Output
}

// Output is what came of one call.
type Output struct {
	Call   string // its ID
	Result tool.Result
}

// EventKind says what an Event means.
type EventKind int

const (
	// Started: the response exists; Event.ResponseID is known.
	Started EventKind = iota + 1
	// Delta: more text of the answer, in Event.Text. A new output item after
	// another is preceded by a blank line, so that sentences do not run together.
	Delta
	// Thinking: the model shows what it is doing; Event.Text is a short phrase
	// or empty.
	Thinking
	// Stepped: one of the endpoint's own tools begins or is done; Event.Step says what
	// it does.
	Stepped
	// ItemDone: an output item is complete, Event.Item is its raw JSON.
	ItemDone
	// Alive: something arrived that has no meaning for us but life.
	Alive
	// Done: the terminal event; Event.Done is set.
	Done
)

// Event is one step of a response.
type Event struct {
	Kind       EventKind
	Sequence   int64 // the endpoint's number; 0 if it gives none
	ResponseID string
	Text       string
	Item       json.RawMessage
	Step       *Step
	Done       *Final
}

// Final is what the terminal event said: the truth about the response.
type Final struct {
	Complete bool   // the model said that it was done
	Reason   string // when not: "max_output_tokens", "content_filter", …
	Refusal  bool   // the text is a refusal
	Text     string // the whole text; empty if the endpoint did not repeat it
	Items    []json.RawMessage
	Sources  []Source    // web pages that the text cites, each once, in order
	Used     []string    // the endpoint's own tools that it used, as people would call them
	Calls    []tool.Call // what the model wants before it goes on; without keys
	Usage    Usage
}

// Source is a web page that an answer cites, or that a tool read for it.
type Source = tool.Source

// Usage is the endpoint's own count, in tokens.
type Usage struct {
	Input, Cached, Output, Reasoning int64
}

// Live journals the text that has come so far and returns it. Only what Live
// returned may be shown, so that the journal never knows less than Slack.
type Live func(ctx context.Context) (text string, err error)

// Ending is how an answer ends: its text, and what stands under it.
type Ending struct {
	Text     string
	Notice   string  // one line: how it ended, if not well
	Offers   []Offer // what the person can do about it
	Foot     Foot
	Judge    bool // buttons that say whether it helped
	Settings bool // a button to the settings
	File     bool // the whole as a file under its beginning, if Slack takes one
}

// Offer is a button under an answer.
type Offer string

const (
	Retry   Offer = "retry"    // the turn is run again
	GoOn    Offer = "continue" // the answer goes on where it stopped
	Shorter Offer = "shorter"  // the answer is given again, shorter
)

// Foot says in one line what the answer rests on.
type Foot struct {
	Sources []Source
	Used    []string // tools, as people would call them
	Model   string
}

// Surfaces opens the Slack messages on which a turn's answer appears. An
// earlier attempt's messages are found and used again.
type Surfaces interface {
	Open(ctx context.Context, f Fence, t *Turn, live Live) (Surface, error)
}

// Step is one use of a tool, as people see it.
type Step struct {
	ID      string
	Title   string // in a few words, such as "Searching the web"
	State   StepState
	Gist    string // what came of it, in a few words; may be empty
	Sources []Source
}

// StepState is how far a step is.
type StepState string

// The states of a step.
const (
	StepRunning StepState = "running"
	StepDone    StepState = "done"
	StepFailed  StepState = "failed"
)

// Surface is where one turn's answer appears. Working and Changed return at
// once, and the latest state wins. Only Finish must reach Slack.
type Surface interface {
	// Working shows a sign of life. An empty phrase means the default one.
	Working(phrase string)
	// Changed says that there is more text: the surface calls Live when it is
	// about to write.
	Changed()
	// Step shows what a tool does, or what came of it: a step of the same ID is the
	// same one. It returns at once.
	Step(s Step)
	// Finish makes e's text the final answer, with what e puts under it, clears every
	// sign of life, and returns the first message's ts when all of it is confirmed by
	// Slack.
	Finish(ctx context.Context, e Ending) (ts chat.TS, err error)
	// Close ends the surface's own goroutine; what Slack shows stays. It is
	// safe to call twice and after Finish.
	Close()
}
