package modal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"holdfast/internal/settings"
	"holdfast/internal/slacksim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a workspace that takes our views over its Web API, as Slack does, and shows
// them to a person.
type rig struct {
	*testing.T
	sim    *slacksim.Sim
	url    string
	client *http.Client
	conn   *websocket.Conn
}

func start(t *testing.T) *rig {
	sim := slacksim.New(slacksim.Options{})
	srv, err := sim.Start(context.Background(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	r := &rig{T: t, sim: sim, url: srv.APIURL(), client: &http.Client{Transport: tr}}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		_ = srv.Close()
		tr.CloseIdleConnections()
	})
	r.must(sim.Configure(func(s *slacksim.Settings) {
		s.Commands = append(s.Commands, slacksim.Command{Command: "/go"})
	}))
	r.must(sim.SetLimits(func(l *slacksim.LimitSettings) { l.Enabled = false }))
	open := r.call("apps.connections.open", slacksim.DefaultAppToken, map[string]any{})
	conn, _, err := websocket.Dial(r.soon(), open["url"].(string), &websocket.DialOptions{HTTPClient: r.client})
	r.must(err)
	conn.SetReadLimit(4 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	r.conn = conn
	r.next() // hello
	return r
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) soon() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	r.Cleanup(cancel)
	return ctx
}

func (r *rig) call(method, token string, args any) map[string]any {
	r.Helper()
	b, err := json.Marshal(args)
	r.must(err)
	req, err := http.NewRequestWithContext(r.soon(), http.MethodPost, r.url+method, bytes.NewReader(b))
	r.must(err)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := r.client.Do(req)
	r.must(err)
	defer resp.Body.Close()
	var out map[string]any
	r.must(json.NewDecoder(resp.Body).Decode(&out))
	if out["ok"] != true {
		r.Fatalf("%s: %v", method, out)
	}
	return out
}

// next is the next envelope's payload, which it acknowledges.
func (r *rig) next() (payload struct {
	TriggerID string          `json:"trigger_id"`
	View      json.RawMessage `json:"view"`
}) {
	r.Helper()
	_, b, err := r.conn.Read(r.soon())
	r.must(err)
	var env struct {
		ID      string          `json:"envelope_id"`
		Payload json.RawMessage `json:"payload"`
	}
	r.must(json.Unmarshal(b, &env))
	if env.ID != "" {
		r.must(r.conn.Write(r.soon(), websocket.MessageText, []byte(`{"envelope_id":"`+env.ID+`"}`)))
		r.must(json.Unmarshal(env.Payload, &payload))
	}
	return payload
}

// open opens a view; the workspace refuses one that is against Slack's rules.
func (r *rig) open(view json.RawMessage) (id string) {
	r.Helper()
	_, err := r.sim.Command(slacksim.SeedAda, slacksim.SeedGeneral, "/go", "", "")
	r.must(err)
	v := r.call("views.open", slacksim.DefaultBotToken, map[string]any{"trigger_id": r.next().TriggerID, "view": view})["view"].(map[string]any)
	return v["id"].(string)
}

func (r *rig) update(id string, view json.RawMessage) {
	r.Helper()
	r.call("views.update", slacksim.DefaultBotToken, map[string]any{"view_id": id, "view": view})
}

// shown is the view that the person has in front of them.
func (r *rig) shown() slacksim.ViewObject {
	r.Helper()
	open := r.sim.OpenViews()
	if len(open) == 0 {
		r.Fatal("no view is open")
	}
	return open[len(open)-1].View
}

// element is an input block of a view.
type element struct {
	Type    string `json:"type"`
	Hint    text   `json:"hint"`
	BlockID string `json:"block_id"`
	Element struct {
		Type        string   `json:"type"`
		ActionID    string   `json:"action_id"`
		Initial     string   `json:"initial_value"`
		Placeholder text     `json:"placeholder"`
		Options     []option `json:"options"`
		Option      option   `json:"initial_option"`
	} `json:"element"`
	Elements []text `json:"elements"`
}

type text struct {
	Text string `json:"text"`
}

type option struct {
	Value string `json:"value"`
	Text  text   `json:"text"`
}

// find is the block of a field, and the one after it; ok is false if it is not shown.
func (r *rig) find(key settings.Key) (e, after element, ok bool) {
	r.Helper()
	var blocks []element
	r.must(json.Unmarshal(r.shown().Blocks, &blocks))
	i := slices.IndexFunc(blocks, func(e element) bool { return strings.HasPrefix(e.BlockID, string(key)+"/") })
	if i < 0 {
		return e, after, false
	}
	if i+1 < len(blocks) {
		after = blocks[i+1]
	}
	return blocks[i], after, true
}

// value is what the person sees in a field.
func (r *rig) value(key settings.Key) string {
	r.Helper()
	e, _, ok := r.find(key)
	if !ok {
		return "(not shown)"
	}
	var held struct {
		Value  string `json:"value"`
		Option option `json:"selected_option"`
	}
	state, err := json.Marshal(r.shown().State)
	r.must(err)
	var all struct {
		Values map[string]map[string]json.RawMessage `json:"values"`
	}
	r.must(json.Unmarshal(state, &all))
	r.must(json.Unmarshal(all.Values[e.BlockID][e.Element.ActionID], &held))
	if held.Value != "" {
		return held.Value
	}
	return held.Option.Value
}

// enter is what a person has put into fields.
func (r *rig) enter(pairs ...string) slacksim.Inputs {
	r.Helper()
	in := slacksim.Inputs{}
	for i := 0; i < len(pairs); i += 2 {
		e, _, ok := r.find(settings.Key(pairs[i]))
		if !ok {
			r.Fatalf("%s is not shown", pairs[i])
		}
		var held any = map[string]any{"value": pairs[i+1]}
		if len(e.Element.Options) > 0 {
			held = map[string]any{"selected_option": map[string]any{"value": pairs[i+1]}}
		}
		b, err := json.Marshal(held)
		r.must(err)
		in[e.BlockID] = map[string]json.RawMessage{e.Element.ActionID: b}
	}
	return in
}

// choose is a person who picks an option of a field that changes the modal; what else
// they have entered comes along. It returns the view as the app is sent it.
func (r *rig) choose(key settings.Key, value string, entered ...string) json.RawMessage {
	r.Helper()
	e, _, _ := r.find(key)
	in := r.enter(string(key), value)
	_, err := r.sim.Act(slacksim.Click{
		User: slacksim.SeedAda, ViewID: r.shown().ID, BlockID: e.BlockID, ActionID: e.Element.ActionID,
		Input: in[e.BlockID][e.Element.ActionID], State: r.enter(entered...),
	})
	r.must(err)
	return r.next().View
}

// submit is a person who presses Save.
func (r *rig) submit(entered ...string) json.RawMessage {
	r.Helper()
	_, err := r.sim.SubmitView(slacksim.SeedAda, r.shown().ID, r.enter(entered...))
	r.must(err)
	return r.next().View
}
