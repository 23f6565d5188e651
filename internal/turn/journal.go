package turn

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/tool"
)

// Record is one line of a turn's journal, append-only.
type Record struct {
	Kind       RecordKind      `json:"kind"`
	ResponseID string          `json:"response_id,omitempty"`
	Sequence   int64           `json:"sequence,omitempty"` // of the last event that the record covers
	Text       string          `json:"text,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"`
}

// RecordKind says what a record means.
type RecordKind string

const (
	// Asked: a response began; ResponseID names it, Data is an asked.
	Asked RecordKind = "asked"
	// Position: the stream has been read up to Sequence; Text is what came
	// since the record before.
	Position RecordKind = "position"
	// Item: an output item is done; Data is its raw JSON.
	Item RecordKind = "item"
	// Tried: a call failed, and another one follows; Data is a tried.
	Tried RecordKind = "tried"
	// Called: the response is done and wants tools; Data is a called.
	Called RecordKind = "called"
	// ToolBegan and ToolEnded: one call of those was begun, or has its outcome; Data is a
	// tool.Call or an ended.
	ToolBegan RecordKind = "tool_began"
	ToolEnded RecordKind = "tool_ended"
	// Concluded: the model is done (or given up); Text is the whole answer,
	// Data the Conclusion. A resumed turn does not ask the model again.
	Concluded RecordKind = "concluded"
)

// Progress is what a journal amounts to.
type Progress struct {
	ResponseID string
	Background bool
	About      string // the messages that it answers, as about gives them
	Sequence   int64
	Text       string
	Items      []json.RawMessage
	Rounds     []Round       // of tools, before the newest response
	Shown      string        // the text of the latest response that had any: what Slack may still show
	Conclusion *Conclusion   // nil while the model was not done
	Tried      int           // calls that failed
	Spent      time.Duration // on them
}

// asked is the Data of an Asked.
type asked struct {
	Background bool   `json:"background"`
	About      string `json:"about,omitempty"`
}

// Round is one answer of the model that wanted tools.
type Round struct {
	Items    []json.RawMessage // as they came: they are replayed
	Calls    []tool.Call
	Outcomes map[string]tool.Outcome // so far, by the call's key
	Text     string                  // all that the turn had said by then
	Sources  []Source                // that it cites
	Used     []string                // of the endpoint's own tools
}

// called is the Data of a Called; its record's Text is what the turn has said.
type called struct {
	Items   []json.RawMessage `json:"items"`
	Calls   []tool.Call       `json:"calls"`
	Sources []Source          `json:"sources,omitempty"`
	Used    []string          `json:"used,omitempty"`
}

// ended is the Data of a ToolEnded.
type ended struct {
	Key     string       `json:"key"`
	Outcome tool.Outcome `json:"outcome"`
}

// tried is the Data of a Tried.
type tried struct {
	Code  string        `json:"code"`
	Spent time.Duration `json:"spent_ns"`
}

// about names the messages of a turn in the versions that they have.
func about(messages []chat.Message) string {
	h := fnv.New64a()
	for _, m := range messages {
		fmt.Fprintln(h, m.TS, m.Edited)
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

// record makes a record. Data is one of the structs above.
func record(kind RecordKind, data any) Record {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(fmt.Sprintf("encode a record: %v", err))
	}
	return Record{Kind: kind, Data: raw}
}

// Conclusion is how the asking ended, before it was shown.
type Conclusion struct {
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`
	Notice string `json:"notice,omitempty"` // stands under the text, for the person
	// Sources are the web pages that the text cites.
	Sources []Source `json:"sources,omitempty"`
	Used    []string `json:"used,omitempty"` // tools
	Model   string   `json:"model,omitempty"`
	Manner  Manner   `json:"manner,omitzero"`
	First   bool     `json:"first,omitempty"` // it is the conversation's first answer
	Text    string   `json:"-"`
}

// Replay folds a journal. A later Asked starts anew: text of an earlier
// response that was not concluded is replaced, not continued.
func Replay(journal []Record) Progress {
	var p Progress
	var text strings.Builder
	for _, r := range journal {
		switch r.Kind {
		case Asked:
			var d asked
			_ = json.Unmarshal(r.Data, &d) // no data means a plain response
			p = Progress{ResponseID: r.ResponseID, Background: d.Background, About: d.About, Rounds: p.Rounds, Shown: p.Shown, Tried: p.Tried, Spent: p.Spent}
			text = strings.Builder{}
			text.WriteString(said(p.Rounds))
		case Position:
			p.Sequence = r.Sequence
			text.WriteString(r.Text)
			p.Shown = text.String()
		case Item:
			p.Items = append(p.Items, r.Data)
		case Called:
			var d called
			if err := json.Unmarshal(r.Data, &d); err != nil {
				continue // unreadable: the model is asked again
			}
			// That response is over: what follows is a new one.
			p.Rounds = append(p.Rounds, Round{Items: d.Items, Calls: d.Calls, Outcomes: map[string]tool.Outcome{}, Text: r.Text, Sources: d.Sources, Used: d.Used})
			p.ResponseID, p.Background, p.Sequence, p.Items = "", false, 0, nil
			text = strings.Builder{}
			text.WriteString(r.Text)
		case ToolEnded:
			var d ended
			if err := json.Unmarshal(r.Data, &d); err != nil || len(p.Rounds) == 0 {
				continue // as if it had not ended
			}
			p.Rounds[len(p.Rounds)-1].Outcomes[d.Key] = d.Outcome
		case Tried:
			var d tried
			_ = json.Unmarshal(r.Data, &d) // without data it was a call all the same
			p.Tried++
			p.Spent += d.Spent
		case Concluded:
			var c Conclusion
			if err := json.Unmarshal(r.Data, &c); err != nil {
				continue // unreadable: as if the model had not been done
			}
			c.Text = r.Text
			p.Conclusion = &c
		}
	}
	p.Text = text.String()
	return p
}

// said is what a turn had said before its newest response.
func said(rounds []Round) string {
	if len(rounds) == 0 {
		return ""
	}
	return rounds[len(rounds)-1].Text
}
