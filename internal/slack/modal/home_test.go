package modal_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/home"
	"holdfast/internal/settings"
	"holdfast/internal/slack/modal"
	"holdfast/internal/slacksim"
)

// hostile would be a ping, a link or a broken view, if anything read it as markup.
const hostile = "<!channel> *bold* <https://evil.example|click> `x` & <@U01ADAMARSH> \"}]"

// fullPage is a page on which everything is as long as home lets it be.
func fullPage(fill string) home.Page {
	long := func(n int) string { return string([]rune(strings.Repeat(fill, n))[:n]) }
	p := home.Page{Name: long(150)}
	for range 12 {
		p.Can, p.Privacy = append(p.Can, long(400)), append(p.Privacy, long(400))
	}
	for range settings.Fields() {
		p.Settings = append(p.Settings, home.Line{Label: long(60), Value: long(151), Own: true, Note: long(200)})
	}
	for range 10 {
		p.Talks = append(p.Talks, home.Link{Title: long(81), URL: "https://harbour-works.slack.com/archives/C1/p1700000000000001", Channel: "C1", At: time.Unix(1_800_000_000, 0)})
	}
	return p
}

func (r *rig) publish(p home.Page) slacksim.ViewObject {
	r.Helper()
	view, stands := modal.Home(p)
	r.call("views.publish", slacksim.DefaultBotToken, map[string]any{"user_id": slacksim.SeedAda, "view": view})
	var shown slacksim.ViewObject
	r.sim.Look(func(v slacksim.View) { shown, _ = v.Home(slacksim.SeedAda) })
	if shown.PrivateMetadata != stands || shown.CallbackID != modal.HomeCallback {
		r.Errorf("the tab says %q of itself, want %q", shown.PrivateMetadata, stands)
	}
	return shown
}

func TestHomeKeepsToLimits(t *testing.T) {
	r := start(t)
	for _, p := range []home.Page{
		{}, {Name: "Holdfast", Refused: "Sorry."}, {Name: "Holdfast", Refused: strings.Repeat("é", 5000)},
		fullPage("a"), fullPage("漢"), fullPage("👩‍🔧"), fullPage(hostile),
	} {
		r.publish(p)
	}
}

// What people wrote stands in elements that are not read as markup.
func TestHomeReadsNoMarkup(t *testing.T) {
	r := start(t)
	shown := r.publish(fullPage(hostile + " "))
	var walk func(v any, kind string)
	walk = func(v any, kind string) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e, kind)
			}
		case map[string]any:
			if k, ok := v["type"].(string); ok {
				kind = k
			}
			for name, e := range v {
				s, _ := e.(string)
				if strings.Contains(s, "evil.example") && !slices.Contains([]string{"text", "link", "plain_text"}, kind) {
					t.Errorf("%s of a %s is read as markup", name, kind)
				}
				if kind == "link" && name == "url" && !strings.HasPrefix(s, "https://harbour-works.slack.com/") {
					t.Errorf("a link to %s", s)
				}
				walk(e, kind)
			}
		}
	}
	var blocks any
	r.must(json.Unmarshal(shown.Blocks, &blocks))
	walk(blocks, "")
	if strings.Contains(string(shown.Blocks), `"mrkdwn"`) {
		t.Error("something on the Home tab is mrkdwn")
	}
}

// The name of a page is that of its content.
func TestHomeStands(t *testing.T) {
	page := func(change func(*home.Page)) string {
		p := home.Page{Name: "Holdfast", Settings: []home.Line{{Label: "Model", Value: "m"}}, Talks: []home.Link{{Title: "t", At: time.Unix(1_800_000_000, 0)}}}
		change(&p)
		_, stands := modal.Home(p)
		return stands
	}
	seen := map[string]int{page(func(*home.Page) {}): -1}
	for i, change := range []func(*home.Page){
		func(p *home.Page) { p.Name = "Other" },
		func(p *home.Page) { p.Settings[0].Value = "n" },
		func(p *home.Page) { p.Settings[0].Own = true },
		func(p *home.Page) { p.Talks[0].Title = "u" },
		func(p *home.Page) { p.Refused = "no" },
	} {
		stands := page(change)
		if other, ok := seen[stands]; ok {
			t.Error(fmt.Sprint("changes ", i, " and ", other, " give one name"))
		}
		seen[stands] = i
	}
	if seen[page(func(*home.Page) {})] != -1 {
		t.Error("one page has two names")
	}
}
