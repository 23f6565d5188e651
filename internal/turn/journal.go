package turn

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/chat"
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
			p = Progress{ResponseID: r.ResponseID, Background: d.Background, About: d.About, Shown: p.Shown, Tried: p.Tried, Spent: p.Spent}
			text = strings.Builder{}
		case Position:
			p.Sequence = r.Sequence
			text.WriteString(r.Text)
			p.Shown = text.String()
		case Item:
			p.Items = append(p.Items, r.Data)
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
