package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Options say what load to put on which bots.
type Options struct {
	Messages    int           `json:"messages"`
	Threads     int           `json:"threads"` // half of them direct messages, half in channels
	People      int           `json:"people"`
	Rate        float64       `json:"rate"`         // messages a second; 0: all at once
	TTFT        time.Duration `json:"-"`            // from the model's begin of an answer to its first word
	TPS         float64       `json:"model_tps"`    // the model's tokens (of four characters) a second; 0: all at once
	AnswerChars int           `json:"answer_chars"` // length of an answer, about
	Hung        float64       `json:"hung"`         // share of threads whose model calls hang for ever
	HungCalls   int           `json:"hung_calls"`   // messages whose model calls hang already when the first other is written
	CompareHung bool          `json:"compare_hung"` // each bot without HungCalls and with them
	Limits      bool          `json:"limits"`       // with Slack's rate limits
	SlackRate   float64       `json:"slack_rate"`   // what the assistant multiplies them by for its own pace
	Timeout     time.Duration `json:"-"`            // for the last answer, after the last message
	Warmup      int           `json:"warmup"`       // messages before, which are not counted
	Seed        uint64        `json:"seed"`         // of all that is random
	Repeat      int           `json:"repeat"`       // runs of each bot, by turns
	Bots        []Bot         `json:"bots"`         // the first is what the others are compared with
	Version     string        `json:"-"`            // of the binary
}

type plainOptions Options

// MarshalJSON writes durations as strings ("300ms").
func (o Options) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainOptions
		TTFT    string `json:"model_ttft"`
		Timeout string `json:"timeout"`
	}{plainOptions(o), o.TTFT.String(), o.Timeout.String()})
}

// Bot is a bot under test. It is run with SLACK_API_URL, SLACK_BOT_TOKEN,
// SLACK_APP_TOKEN, SLACK_SIGNING_SECRET, OPENAI_BASE_URL and OPENAI_API_KEY in
// its environment.
type Bot struct {
	Name    string   `json:"name"`
	Args    []string `json:"command"`
	Env     []string `json:"-"` // NAME=value, besides
	Scratch bool     `json:"-"` // run it in a fresh folder, which is removed after each run
	Refusal string   `json:"-"` // what it says to who writes while it is busy; empty: it does not refuse
	// Inside asks a running bot, of whose output log is the file, what it tells of
	// itself; nil: it tells nothing.
	Inside func(ctx context.Context, log string) (Inside, error) `json:"-"`
}

// Inside is what a bot can tell of itself.
type Inside struct {
	Goroutines int
	OpenFiles  int // connections among them
}

// leg is a bot with the calls that hang while it is measured: a column of the table.
type leg struct {
	Bot
	hung   int
	beside string // the leg that it is compared with; empty: none
}

// legs are what is measured, by turns.
func (o Options) legs() (legs []leg) {
	for n, bot := range o.Bots {
		l := leg{Bot: bot, hung: o.HungCalls}
		switch {
		case o.CompareHung:
			legs = append(legs, leg{Bot: bot})
			l.Name += fmt.Sprintf(", %d hung", o.HungCalls)
			l.beside = bot.Name
		case n > 0:
			l.beside = o.Bots[0].Name
		}
		legs = append(legs, l)
	}
	return legs
}

// numbered is how many messages the numbers in their texts can tell apart.
const numbered = 999_999

// Check tells everything that is wrong with o, by the names of the flags.
func (o Options) Check() error {
	var m []error
	say := func(ok bool, format string, args ...any) {
		if !ok {
			m = append(m, fmt.Errorf(format, args...))
		}
	}
	say(o.Messages >= 1 && o.Messages <= numbered, "--messages: %d: want 1 to %d", o.Messages, numbered)
	say(o.Threads >= 1 && o.Threads <= max(o.Messages, 1), "--threads: %d: want at least 1, and not more than there are messages", o.Threads)
	say(o.People >= 1 && o.People <= 10_000, "--people: %d: want 1 to 10000", o.People)
	say(o.Rate >= 0 && o.Rate <= 1e6, "--rate: %v: want messages a second, or 0 for all at once", o.Rate)
	say(o.TTFT >= 0, "--model-ttft: %s: must not be negative", o.TTFT)
	say(o.TPS >= 0, "--model-tps: %v: want tokens a second, or 0 for all at once", o.TPS)
	say(o.AnswerChars >= 1 && o.AnswerChars <= 100_000, "--answer-chars: %d: want 1 to 100000", o.AnswerChars)
	say(o.Hung >= 0 && o.Hung <= 1, "--hung: %v: want a share, from 0 to 1", o.Hung)
	say(o.HungCalls >= 0 && o.HungCalls <= numbered-min(o.Messages, numbered), "--hung-calls: %d: want 0 to %d, less the other messages", o.HungCalls, numbered)
	say(!o.CompareHung || o.HungCalls > 0, "--compare-hung: say with --hung-calls how many calls are to hang")
	say(o.SlackRate > 0 && o.SlackRate <= 1000, "--slack-rate: %v: want more than 0 and at most 1000", o.SlackRate)
	say(o.Timeout > 0, "--timeout: %s: must be more than 0", o.Timeout)
	say(o.Warmup >= 0 && o.Warmup <= 10_000, "--warmup: %d: want 0 to 10000", o.Warmup)
	say(o.Repeat >= 1, "--repeat: %d: must be at least 1", o.Repeat)
	return errors.Join(m...)
}
