package slacksim

import (
	"bytes"
	"context"
	"encoding/json"
	"unicode/utf8"
)

// Typing is a person who types into an external select.
type Typing struct {
	User     string `json:"user"`
	Channel  string `json:"channel"`
	TS       string `json:"ts"`
	ViewID   string `json:"view_id"`
	BlockID  string `json:"block_id"`
	ActionID string `json:"action_id"`
	Query    string `json:"query"`
}

// Suggestions are the options that the app offers: plain or in groups.
type Suggestions struct {
	Options      []json.RawMessage `json:"options"`
	OptionGroups []json.RawMessage `json:"option_groups"`
}

// Suggest sends the app a block_suggestion and waits for its options, at most Settings.Interaction. A query shorter
// than the element's min_query_length (3 when it names none) has no options, as Slack does not ask the app.
func (s *Sim) Suggest(ctx context.Context, t Typing) (Suggestions, error) {
	none := Suggestions{[]json.RawMessage{}, []json.RawMessage{}}
	result := make(chan *Interaction, 1)
	found, asked, err := s.suggest(t, result)
	if err != nil {
		return none, err
	}
	if !asked {
		return none, nil
	}
	select {
	case i := <-result:
		s.mu.Lock()
		defer s.mu.Unlock()
		if i.Status != "acked" {
			return none, &BadRequest{i.Error, i.Message}
		}
		return *found, nil
	case <-ctx.Done():
		return none, ctx.Err()
	case <-s.done:
		return none, ErrClosed
	}
}

// suggest begins; result hears when it is over, and found is then set.
func (s *Sim) suggest(t Typing, result chan<- *Interaction) (found *Suggestions, asked bool, err error) {
	s.enter()
	defer s.leave()
	x, err := s.scene(t.User, t.Channel, t.TS, t.ViewID)
	if err != nil {
		return nil, false, err
	}
	e := findElement(x.elements, t.BlockID, t.ActionID)
	if e == nil {
		return nil, false, missingElement(t.BlockID, t.ActionID)
	}
	if e.Type != "external_select" && e.Type != "multi_external_select" {
		return nil, false, &BadRequest{"not_external", "only external selects ask the app for options"}
	}
	least := 3
	if e.MinQuery != nil {
		least = *e.MinQuery
	}
	if utf8.RuneCountInString(t.Query) < least {
		return nil, false, nil
	}
	p := s.payload("block_suggestion", x.user)
	s.stage(&p, x, s.values(x))
	p.State = nil
	p.BlockID, p.ActionID, p.Value = e.block, e.ActionID, &t.Query
	i := x.interaction("block_suggestion")
	i.BlockID, i.ActionID = e.block, e.ActionID
	found = &Suggestions{}
	key := x.at.offered(e)
	s.begin(deed{
		Interaction: i, sentence: always("No results: the app did not answer."),
		then: func(_ *Interaction, ack json.RawMessage) bool { return s.offer(found, key, ack) },
		over: func(i *Interaction) { result <- i },
	}, p)
	return found, true, nil
}

// offer checks the options of an answer and remembers them, so that one of them can be chosen.
func (s *Sim) offer(found *Suggestions, key offeredKey, ack json.RawMessage) bool {
	dec := json.NewDecoder(bytes.NewReader(ack))
	dec.UseNumber()
	var v map[string]any
	if dec.Decode(&v) != nil || (v["options"] == nil) == (v["option_groups"] == nil) {
		return false
	}
	c := &checker{schema: s.schema}
	object("", fields{"options": list(0, 100, optionRule()), "option_groups": list(0, 100, object("label options", fields{
		"label": plain(75), "options": list(0, 100, optionRule()),
	}))})(c, "", v)
	if len(c.errs) > 0 || json.Unmarshal(ack, found) != nil {
		return false
	}
	all := found.Options
	for _, raw := range found.OptionGroups {
		var g struct {
			Options []json.RawMessage `json:"options"`
		}
		_ = json.Unmarshal(raw, &g) // it was checked just now
		all = append(all, g.Options...)
	}
	if found.Options == nil {
		found.Options = []json.RawMessage{}
	}
	if found.OptionGroups == nil {
		found.OptionGroups = []json.RawMessage{}
	}
	if len(s.acts.offered) >= maxTriggers {
		clear(s.acts.offered)
	}
	known := s.acts.offered[key]
	if known == nil || len(known) > 1000 {
		known = map[string]json.RawMessage{}
		s.acts.offered[key] = known
	}
	for _, raw := range all {
		known[optionValue(raw)] = raw
	}
	return true
}

// optionRule is an option of a select.
func optionRule() rule {
	return object("text value", fields{"text": text(75), "value": str(1, 150), "description": text(75), "url": address})
}
