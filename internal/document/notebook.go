package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
)

// lines is a text that notebooks write as one string or as a list of lines.
type lines string

func (l *lines) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = lines(one)
		return nil
	}
	var many []string
	if err := json.Unmarshal(b, &many); err != nil {
		return nil // of another shape: pictures, widgets
	}
	*l = lines(strings.Join(many, ""))
	return nil
}

// readIPYNB reads a Jupyter notebook: its cells, and what they printed. Pictures in it
// are named only.
func readIPYNB(b *budget, s *source, name string, doc *Document) error {
	raw, err := s.bytes(s.size)
	if err != nil {
		return err
	}
	if bytes.Count(raw, []byte("{")) > 100_000 || bytes.Count(raw, []byte(",")) > 2_000_000 {
		return readText(b, s, name, doc) // it would be many times as large in memory
	}
	var book struct {
		Cells []struct {
			Type    string `json:"cell_type"`
			Source  lines
			Outputs []struct {
				Text      lines
				Data      map[string]lines
				Name      string `json:"ename"`
				Value     string `json:"evalue"`
				Traceback lines
			}
		}
		Metadata struct {
			Language struct{ Name string } `json:"language_info"`
		}
	}
	if err := json.Unmarshal(raw, &book); err != nil {
		if errors.Is(b.ctx.Err(), nil) {
			return readText(b, s, name, doc) // it is text in any case
		}
		return err
	}
	w := &writer{b: b}
	for _, c := range book.Cells {
		if err := b.step(); err != nil {
			break
		}
		source := strings.TrimRight(clean(string(c.Source)), "\n")
		if c.Type != "code" {
			w.block(source + "\n")
			continue
		}
		w.block("```" + oneLine(book.Metadata.Language.Name) + "\n" + source + "\n```\n")
		for _, o := range c.Outputs {
			text := string(o.Text)
			var kinds []string
			for k := range o.Data {
				if strings.HasPrefix(k, "image/") {
					kinds = append(kinds, k)
				}
			}
			sort.Strings(kinds)
			switch {
			case text != "":
			case o.Name != "":
				text = o.Name + ": " + o.Value
			case o.Data["text/plain"] != "":
				text = string(o.Data["text/plain"])
			case o.Data["text/html"] != "":
				text, _, _ = htmlText(b, []byte(o.Data["text/html"]), "utf-8")
			}
			if text = strings.TrimRight(clean(text), "\n"); text != "" {
				w.block("Output:\n" + text + "\n")
			}
			if len(kinds) > 0 {
				w.block(fmt.Sprintf("[picture: %s]\n", kinds[0]))
			}
		}
	}
	doc.sections(w.String())
	return b.alive()
}

// readSVG gives the texts of a drawing, and then its source if that is short: what is
// drawn is in it, for who can read it.
func readSVG(b *budget, s *source, _ string, doc *Document) error {
	raw, err := s.bytes(maxHTML)
	if err != nil {
		return err
	}
	text, _ := decode(raw, "")
	w := &writer{b: b}
	sc := newScanner(b, strings.NewReader(withoutProlog(text)))
	err = sc.texts(w, "text", "title", "desc", "p", "div", "span")
	if s.size <= 64<<10 && err == nil {
		w.block("Source:\n```svg\n" + clean(text) + "\n```\n")
	}
	doc.add(Unit{Text: w.String(), Eyes: true})
	return err
}

// withoutProlog drops the declaration: the text is UTF-8 by now.
func withoutProlog(s string) string {
	if strings.HasPrefix(s, "<?xml") {
		if _, rest, ok := strings.Cut(s, "?>"); ok {
			return rest
		}
	}
	return s
}
