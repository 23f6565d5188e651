package home

import (
	"context"
	"fmt"
	"html"
	"regexp"
	"strings"
	"time"

	"holdfast/internal/settings"
)

// Page is what a person finds on their Home tab. All of it is plain text.
type Page struct {
	Name     string // ours
	Refused  string // why the person is not answered; then the rest is empty
	Can      []string
	Settings []Line
	Talks    []Link
	Privacy  []string
}

// Line is a setting.
type Line struct {
	Label, Value string
	Own          bool   // the person set it
	Note         string // what is wrong with what is stored; may be empty
}

// Link leads to a conversation.
type Link struct {
	Title   string
	URL     string // empty: it cannot be linked to
	Channel string // empty: it is a direct one
	At      time.Time
}

// maxTalks is how many conversations Home lists.
const maxTalks = 10

// mainSettings are shown whoever set them; others only if the person did.
var mainSettings = map[settings.Key]bool{
	settings.Model: true, settings.Effort: true, settings.Length: true, settings.Language: true,
	settings.Instructions: true, settings.WebSearch: true,
}

func (w *Welcome) page(ctx context.Context, v Visit, refused string) (Page, error) {
	p := Page{Name: w.o.Name, Refused: refused}
	if refused != "" {
		return p, nil
	}
	values, err := w.settings.Effective(ctx, settings.Place{Team: v.Team, User: v.User})
	if err != nil {
		return p, err
	}
	talks, err := w.store.Talks(ctx, v.Team, v.User, maxTalks)
	if err != nil {
		return p, fmt.Errorf("list the conversations for Home: %w", err)
	}
	p.Can, p.Privacy = w.o.Can, w.o.Privacy
	p.Settings = lines(values)
	for _, t := range talks {
		p.Talks = append(p.Talks, w.link(t))
	}
	return p, nil
}

// lines are the settings that concern a person, in the order of the modal.
func lines(values settings.Values) []Line {
	var list []Line
	for _, f := range settings.Fields() {
		s := values.Of(f.Key)
		own := s.Source == settings.User
		if !f.At(settings.User) || !s.Applies || !own && !mainSettings[f.Key] && s.Note == "" {
			continue
		}
		value := f.Name(s.Value, values.Models(), values.Ability())
		switch {
		case value != "":
		case f.Key == settings.Language:
			value = "that of your question"
		case f.Key == settings.Instructions:
			value = "none"
		default:
			value = "the model decides"
		}
		list = append(list, Line{Label: f.Label, Value: clip(oneLine(value), 150), Own: own, Note: s.Note})
	}
	return list
}

func (w *Welcome) link(t Talk) Link {
	c := t.Conversation
	l := Link{Title: t.Title.Text, At: t.At}
	if !c.Direct() {
		// What others call it is for those who are in the channel now; the person's own
		// words are theirs.
		l.Title, l.Channel = "", c.Channel
	}
	if l.Title == "" {
		l.Title = firstLine(t.Said)
	}
	l.Title = clip(oneLine(l.Title), titleRunes)
	if l.Title == "" {
		l.Title = "(no words)"
	}
	if w.o.URL != "" {
		l.URL = strings.TrimSuffix(w.o.URL, "/") + "/archives/" + c.Channel + "/p" + strings.Replace(string(c.Root), ".", "", 1)
	}
	return l
}

// references are what stands in angle brackets in mrkdwn; of a link its label stays, of
// a mention nothing.
var references = regexp.MustCompile(`<[^>|]*(?:\|([^>]*))?>`)

// firstLine is the first line of a message that has words, as plain text.
func firstLine(said string) string {
	for line := range strings.Lines(references.ReplaceAllString(said, "$1")) {
		if line = oneLine(html.UnescapeString(line)); line != "" {
			return line
		}
	}
	return ""
}

func oneLine(s string) string { return strings.Join(strings.Fields(plain(s)), " ") }
