package slacksim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// surface is where blocks are to stand; not every block may stand everywhere.
type surface int

const (
	onMessage surface = 1 << iota
	onStream          // a blocks chunk of a stream
	onHome
	onModal
	everywhere = onMessage | onStream | onHome | onModal
)

// rule checks one value and notes what is wrong with it.
type rule func(c *checker, at string, v any)

// schema is the table of what Slack takes, by block type. Slack: Block Kit reference.
type schema struct {
	blocks map[string]blockRule
}

type blockRule struct {
	on    surface
	check rule
}

// checker walks one list of blocks.
type checker struct {
	schema   *schema
	surface  surface
	errs     []string
	markdown int // characters of all markdown blocks
	tables   int
	ids      map[string]bool
}

func (c *checker) fault(at, format string, a ...any) {
	if len(c.errs) < 50 { // enough to see what is wrong
		c.errs = append(c.errs, fmt.Sprintf(format, a...)+" [json-pointer:"+at+"]")
	}
}

// checkBlocks validates blocks as chat.postMessage does, at names their place in the request. The blocks come back
// with a block_id each.
func (s *Sim) checkBlocks(raw json.RawMessage, on surface, at string) (json.RawMessage, *Refusal) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var list []any
	if err := dec.Decode(&list); err != nil || list == nil {
		return nil, no("invalid_blocks_format")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, no("invalid_blocks_format")
	}
	c := &checker{schema: s.schema, surface: on, ids: map[string]bool{}}
	most := 50
	if on == onHome || on == onModal {
		most = 100
	}
	if len(list) > most {
		c.fault(at, "no more than %d items allowed", most)
	}
	for i, b := range list {
		c.block(fmt.Sprintf("%s/%d", at, i), b)
	}
	if c.markdown > maxMarkdown {
		c.fault(at, "markdown blocks must be less than %d characters together", maxMarkdown+1)
	}
	if c.tables > 1 {
		c.fault(at, "only one table allowed")
	}
	if len(c.errs) > 0 {
		r := &Refusal{Code: "invalid_blocks", Errors: c.errs}
		for _, e := range c.errs {
			r.Messages = append(r.Messages, "[ERROR] "+e)
		}
		return nil, r
	}
	for _, b := range list {
		if m := b.(map[string]any); m["block_id"] == nil || m["block_id"] == "" {
			m["block_id"] = s.blockID()
		}
	}
	s.nameActions(list)
	out, err := json.Marshal(list)
	if err != nil {
		return nil, no("invalid_blocks_format")
	}
	return out, nil
}

func (c *checker) block(at string, v any) {
	m, ok := v.(map[string]any)
	if !ok {
		c.fault(at, "must be an object")
		return
	}
	kind, _ := m["type"].(string)
	r, known := c.schema.blocks[kind]
	if !known || r.on&c.surface == 0 {
		c.fault(at+"/type", "unsupported type: %s", kind)
		return
	}
	if id, ok := m["block_id"].(string); ok && id != "" {
		if c.ids[id] {
			c.fault(at+"/block_id", "`block_id` %s already exists", id)
		}
		c.ids[id] = true
	}
	r.check(c, at, v)
}

// fields are the properties of an object besides its type.
type fields map[string]rule

// object takes the fields named, the required ones (separated by blanks) among them, and no others.
func object(required string, f fields) rule {
	need := strings.Fields(required)
	return func(c *checker, at string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			c.fault(at, "must be an object")
			return
		}
		for _, name := range need {
			if m[name] == nil {
				c.fault(at, "missing required field: %s", name)
			}
		}
		for _, name := range sortedKeys(m) {
			check, ok := f[name]
			switch {
			case m[name] == nil || name == "type":
			case !ok:
				c.fault(at+"/"+name, "invalid additional property: %s", name)
			default:
				check(c, at+"/"+name, m[name])
			}
		}
	}
}

func sortedKeys(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// open is an object with fields that Slack may know and this table does not.
func open(required string, f fields) rule {
	strict := object(required, f)
	return func(c *checker, at string, v any) {
		if m, ok := v.(map[string]any); ok {
			known := map[string]any{}
			for k, x := range m {
				if _, ok := f[k]; ok {
					known[k] = x
				}
			}
			v = known
		}
		strict(c, at, v)
	}
}

// union picks the rule by the object's type.
func union(table map[string]rule) rule {
	return func(c *checker, at string, v any) {
		m, _ := v.(map[string]any)
		kind, _ := m["type"].(string)
		check, ok := table[kind]
		if !ok {
			c.fault(at+"/type", "unsupported type: %s", kind)
			return
		}
		check(c, at, v)
	}
}

// list takes least to most items.
func list(least, most int, item rule) rule {
	return func(c *checker, at string, v any) {
		l, ok := v.([]any)
		switch {
		case !ok:
			c.fault(at, "must be an array")
			return
		case len(l) < least:
			c.fault(at, "no fewer than %d items allowed", least)
		case len(l) > most:
			c.fault(at, "no more than %d items allowed", most)
		}
		for i, x := range l {
			item(c, fmt.Sprintf("%s/%d", at, i), x)
		}
	}
}

// str is a string of least to most characters.
func str(least, most int) rule {
	return func(c *checker, at string, v any) {
		s, ok := v.(string)
		n := utf8.RuneCountInString(s)
		switch {
		case !ok:
			c.fault(at, "must be a string")
		case n < least:
			c.fault(at, "must be more than %d characters", least-1)
		case n > most:
			c.fault(at, "must be less than %d characters", most+1)
		}
	}
}

func oneOf(words ...string) rule {
	return func(c *checker, at string, v any) {
		if s, ok := v.(string); !ok || !slices.Contains(words, s) {
			c.fault(at, "must be one of %s", strings.Join(words, ", "))
		}
	}
}

func flag(c *checker, at string, v any) {
	if _, ok := v.(bool); !ok {
		c.fault(at, "must be a boolean")
	}
}

func number(least, most int64) rule {
	return func(c *checker, at string, v any) {
		n, ok := v.(json.Number)
		i, err := n.Int64()
		if !ok || err != nil || i < least || i > most {
			c.fault(at, "must be an integer from %d to %d", least, most)
		}
	}
}

func anything(*checker, string, any) {}

func address(c *checker, at string, v any) {
	str(1, 3000)(c, at, v)
	s, _ := v.(string)
	if s != "" && !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "mailto:") && !strings.HasPrefix(s, "slack://") {
		c.fault(at, "must be a valid URL")
	}
}

// plain and text are text objects of up to most characters.
func plain(most int) rule {
	return union(map[string]rule{"plain_text": object("text", fields{"text": str(1, most), "emoji": flag})})
}

func text(most int) rule {
	return union(map[string]rule{
		"plain_text": object("text", fields{"text": str(1, most), "emoji": flag}),
		"mrkdwn":     object("text", fields{"text": str(1, most), "verbatim": flag}),
	})
}

// all applies several rules to one value.
func all(rules ...rule) rule {
	return func(c *checker, at string, v any) {
		for _, r := range rules {
			r(c, at, v)
		}
	}
}

// distinctActions wants different action_ids among the elements of a block.
func distinctActions(c *checker, at string, v any) {
	l, _ := v.([]any)
	seen := map[string]bool{}
	for i, x := range l {
		m, _ := x.(map[string]any)
		id, _ := m["action_id"].(string)
		if id != "" && seen[id] {
			c.fault(fmt.Sprintf("%s/%d/action_id", at, i), "`action_id` %s already exists", id)
		}
		seen[id] = true
	}
}

// either wants one of two fields.
func either(a, b string, then rule) rule {
	return func(c *checker, at string, v any) {
		if m, ok := v.(map[string]any); ok && m[a] == nil && m[b] == nil {
			c.fault(at, "missing required field: %s or %s", a, b)
		}
		then(c, at, v)
	}
}

// characters counts the text inside a value.
func characters(v any) int {
	n := 0
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			n += characters(e)
		}
	case map[string]any:
		for k, e := range x {
			if s, ok := e.(string); ok && k == "text" {
				n += utf8.RuneCountInString(s)
			} else if !ok {
				n += characters(e)
			}
		}
	}
	return n
}
