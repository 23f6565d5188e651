package document

import (
	"fmt"
	"strings"
)

// State is what became of a file.
type State string

const (
	Read        State = "read"
	Partly      State = "read partly"
	Pictures    State = "pictures only" // pages without text: they can be looked at
	Locked      State = "locked"
	Damaged     State = "damaged"
	TooLarge    State = "too large"
	Unsupported State = "unsupported"
	Empty       State = "empty"
)

// Document is a file that was read, as far as it could be.
type Document struct {
	Name    string // as people see it: one line, no controls
	Kind    Kind
	State   State
	Why     string // for people: what is wrong, and what they can do; empty when all was read
	Title   string // that the file gives itself; may be empty
	Units   []Unit
	Total   int // units that there are; more than len(Units) when it was cut
	Outline []Heading
}

// Unit is a page, slide, sheet, section or part.
type Unit struct {
	Number int    // from 1, in the document's order
	Name   string // a sheet's name, a slide's title, a section's heading; may be empty
	Hidden bool   // in the file: a hidden sheet or slide
	Text   string // Markdown, for office formats; lines end in \n
	Table  string // a PDF page with tables: its text with the columns one below the other; else empty
	Rows   []Row  // of a sheet; Text is what stands beside them then: comments, text boxes
	Eyes   bool   // the page says more than its text: a scan, a drawing, words at an angle
}

// Row is one row of a sheet, with its cells separated by tabs. Rows without any
// cell are left out.
type Row struct {
	Number int // from 1, as the program that made it shows it
	Text   string
}

// Heading is an entry of the outline.
type Heading struct {
	Level int // from 1
	Title string
	Unit  int // where it is, by number; 0 if unknown
}

// Usable says whether there is something to read or look at.
func (d *Document) Usable() bool {
	return d.State == Read || d.State == Partly || d.State == Pictures
}

// Line is what people and the model are told about the file.
func (d *Document) Line() string {
	s := d.Name + ": " + string(d.State)
	if d.Why != "" {
		s += ": " + d.Why
	}
	return s
}

// Noun is what a unit of the document is called.
func (d *Document) Noun() string {
	switch d.Kind {
	case PDF:
		return "page"
	case PPTX, ODP:
		return "slide"
	case XLSX, ODS, CSV, TSV:
		return "sheet"
	case EML, MSG:
		return "part"
	default:
		return "section"
	}
}

// Text is all of the text, units separated by an empty line.
func (d *Document) Text() string {
	var b strings.Builder
	for i := range d.Units {
		if i > 0 && b.Len() > 0 {
			b.WriteString("\n")
		}
		if d.Noun() == "sheet" && d.Units[i].Name != "" {
			b.WriteString(d.Units[i].Name + "\n")
		}
		b.WriteString(d.Units[i].String())
	}
	return b.String()
}

// String is the unit's text: the one with columns where the page has tables.
func (u *Unit) String() string {
	switch {
	case len(u.Rows) > 0:
		var b strings.Builder
		for _, r := range u.Rows {
			b.WriteString(r.Text)
			b.WriteByte('\n')
		}
		b.WriteString(u.Text)
		return b.String()
	case u.Table != "":
		return u.Table
	default:
		return u.Text
	}
}

// label heads a unit in what the model reads.
func (d *Document) label(u *Unit) string {
	s := fmt.Sprintf("[%s %d of %d", d.Noun(), u.Number, d.Total)
	if u.Name != "" {
		s += ": " + u.Name
	}
	if u.Hidden {
		s += ", hidden in the file"
	}
	if u.Eyes {
		s += ", look at its picture for what is drawn"
	}
	return s + "]\n"
}

// add appends a unit, with its number.
func (d *Document) add(u Unit) *Unit {
	u.Number = len(d.Units) + 1
	u.Text = strings.Trim(u.Text, "\n")
	if u.Text != "" {
		u.Text += "\n"
	}
	d.Units = append(d.Units, u)
	return &d.Units[len(d.Units)-1]
}
