package turn_test

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/internal/turn"
)

// TestMain fixes the seed of the properties, so that a run never fails by chance.
func TestMain(m *testing.M) {
	if os.Getenv("HOLDFAST_RANDOM") != "1" {
		_ = flag.Set("rapid.seed", "1") // -rapid.seed on the command line still decides
	}
	m.Run()
}

var states = []turn.State{turn.Queued, turn.Running, turn.Waiting, turn.Answered, turn.Merged, turn.Declined, turn.Stopped, turn.Failed}

// The whole table: what is not listed is refused.
func TestMoves(t *testing.T) {
	allowed := map[turn.State]string{
		turn.Queued:  "running merged declined",
		turn.Running: "running waiting answered merged declined stopped failed",
		turn.Waiting: "running stopped failed",
	}
	for _, from := range states {
		for _, to := range states {
			got, err := from.To(to)
			want := strings.Contains(" "+allowed[from]+" ", " "+string(to)+" ")
			if (err == nil) != want {
				t.Errorf("%s → %s: allowed %v, want %v", from, to, err == nil, want)
			}
			if err != nil && got != from {
				t.Errorf("%s → %s was refused and moved to %s all the same", from, to, got)
			}
		}
	}
}

func TestNothingComesAfterATerminalState(t *testing.T) {
	for _, from := range states {
		for _, to := range states {
			if _, err := from.To(to); from.Terminal() && err == nil {
				t.Errorf("%s → %s", from, to)
			}
		}
	}
}

// However a text is cut into positions, the journal gives it back.
func TestReplayGivesTheTextBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		journal := []turn.Record{{Kind: turn.Asked, ResponseID: "resp_0", Data: json.RawMessage(`{"background":false}`)}}
		pieces := rapid.SliceOfN(rapid.String(), 0, 20).Draw(t, "pieces")
		for i, p := range pieces {
			journal = append(journal, turn.Record{Kind: turn.Position, Sequence: int64(i + 1), Text: p})
		}
		got := turn.Replay(journal)
		if got.Text != strings.Join(pieces, "") || got.Sequence != int64(len(pieces)) || got.Conclusion != nil {
			t.Fatalf("replayed %+v", got)
		}
	})
}

func TestReplayOfALaterAttempt(t *testing.T) {
	got := turn.Replay([]turn.Record{
		{Kind: turn.Asked, ResponseID: "r1", Data: json.RawMessage(`{"background":true}`)},
		{Kind: turn.Position, Sequence: 7, Text: "half an ans"},
		{Kind: turn.Asked, ResponseID: "r2"},
	})
	if got.ResponseID != "r2" || got.Text != "" || got.Sequence != 0 || got.Background {
		t.Errorf("the second response goes on with the first one's text: %+v", got)
	}
	if got.Shown != "half an ans" {
		t.Errorf("what Slack still shows is forgotten: %+v", got)
	}
}

func TestReplayOfAConclusion(t *testing.T) {
	data, err := json.Marshal(turn.Conclusion{State: turn.Failed, Reason: "cut", Notice: "n"})
	if err != nil {
		t.Fatal(err)
	}
	got := turn.Replay([]turn.Record{{Kind: turn.Asked}, {Kind: turn.Concluded, Text: "text", Data: data}})
	want := turn.Conclusion{State: turn.Failed, Reason: "cut", Notice: "n", Text: "text"}
	if got.Conclusion == nil || !reflect.DeepEqual(*got.Conclusion, want) {
		t.Errorf("got %+v", got.Conclusion)
	}
	if broken := turn.Replay([]turn.Record{{Kind: turn.Concluded, Data: json.RawMessage(`{`)}}); broken.Conclusion != nil {
		t.Error("an unreadable conclusion counts as one")
	}
}
