package document

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html/charset"
)

// node is an element, or a text if it has no name. Names are without prefixes:
// files choose those freely.
type node struct {
	name string
	text string
	attr []xml.Attr
	kids []*node
}

// newNode keeps the first hundred attributes: no format has more.
func newNode(t xml.StartElement) *node {
	t.Attr = t.Attr[:min(len(t.Attr), 100)]
	return &node{name: t.Name.Local, attr: t.Copy().Attr}
}

// get is an attribute by its local name, one without a prefix before one with.
func (n *node) get(name string) string {
	v := ""
	for _, a := range n.attr {
		if a.Name.Local == name {
			if a.Name.Space == "" {
				return a.Value
			}
			v = a.Value
		}
	}
	return v
}

// rel is the id of a relationship: an attribute with a prefix, beside which one
// without may stand (<sldId id="256" r:id="rId2">).
func (n *node) rel(name string) string {
	for _, a := range n.attr {
		if a.Name.Local == name && a.Name.Space != "" {
			return a.Value
		}
	}
	return ""
}

// kid is the first child of that name, or nil. A nil node has none.
func (n *node) kid(path ...string) *node {
	for _, name := range path {
		if n == nil {
			return nil
		}
		var next *node
		for _, k := range n.kids {
			if k.name == name {
				next = k
				break
			}
		}
		n = next
	}
	return n
}

// val is the attribute val of a child, as office formats have so many.
func (n *node) val(path ...string) string {
	if k := n.kid(path...); k != nil {
		return k.get("val")
	}
	return ""
}

// each calls f for all descendants in order; where f says false it does not go in.
// The tree is at most maxDepth deep.
func (n *node) each(f func(*node) bool) {
	if n == nil {
		return
	}
	for _, k := range n.kids {
		if f(k) {
			k.each(f)
		}
	}
}

// find is the first descendant of that name, or nil.
func (n *node) find(name string) (found *node) {
	n.each(func(k *node) bool {
		if found == nil && k.name == name {
			found = k
		}
		return found == nil
	})
	return found
}

// words is all text below, without regard to layout.
func (n *node) words() string {
	var b strings.Builder
	n.each(func(k *node) bool { b.WriteString(k.text); return true })
	return b.String()
}

// scanner reads XML token by token within the budget. There are no entities but the
// five of XML itself, and nothing is fetched.
type scanner struct {
	b     *budget
	d     *xml.Decoder
	in    *meter
	depth int
}

// meter bounds one token: the decoder holds it in memory as a whole.
type meter struct {
	r    io.Reader
	b    *budget
	left int
}

func (m *meter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, m.b.cut("a single piece of it is larger than can be read")
	}
	n, err := m.r.Read(p[:min(len(p), 64<<10)])
	m.left -= n
	return n, err
}

const maxToken = 4 << 20

func newScanner(b *budget, r io.Reader) *scanner {
	in := &meter{r: r, b: b, left: maxToken}
	d := xml.NewDecoder(in)
	d.Strict = false
	d.Entity = xml.HTMLEntity
	d.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		if r, err := charset.NewReaderLabel(label, in); err == nil {
			return r, nil
		}
		return in, nil
	}
	return &scanner{b: b, d: d, in: in}
}

// token is the next element or text. At the end it is nil.
func (s *scanner) token() (xml.Token, error) {
	for {
		if err := s.b.step(); err != nil {
			return nil, err
		}
		s.in.left = maxToken
		t, err := s.d.RawToken()
		switch {
		case err == io.EOF:
			return nil, nil
		case errors.Is(err, errCut), s.b.ctx.Err() != nil:
			return nil, errCut
		case err != nil:
			return nil, errors.Join(damaged("it breaks off in the middle, or is broken there"), err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if s.depth++; s.depth > maxDepth {
				return nil, errNesting
			}
			return t, nil
		case xml.EndElement:
			s.depth--
			return t, nil
		case xml.CharData:
			return t, nil
		}
	}
}

// tree reads the element that start opens, to its end.
func (s *scanner) tree(start xml.StartElement) (*node, error) {
	root := newNode(start)
	open := []*node{root}
	for nodes := 0; ; nodes++ {
		if nodes > maxNodes {
			return root, s.b.cut("a table or paragraph in it is too large to be read")
		}
		t, err := s.token()
		if err != nil || t == nil {
			return root, err
		}
		top := open[len(open)-1]
		switch t := t.(type) {
		case xml.StartElement:
			k := newNode(t)
			nodes += len(k.attr)
			top.kids = append(top.kids, k)
			open = append(open, k)
		case xml.EndElement:
			if open = open[:len(open)-1]; len(open) == 0 {
				return root, nil
			}
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 || len(t) < 8 {
				top.kids = append(top.kids, &node{text: string(t)})
			}
		}
	}
}

// children calls f with each element below the end of the path, one tree at a time,
// so that a long document is never in memory as a whole.
func (s *scanner) children(f func(*node) error, path ...string) error {
	for {
		t, err := s.token()
		if err != nil || t == nil {
			return err
		}
		start, ok := t.(xml.StartElement)
		switch {
		case ok && len(path) > 0:
			if start.Name.Local == path[0] {
				path = path[1:]
			}
		case ok:
			n, err := s.tree(start)
			if e := f(n); err == nil {
				err = e
			}
			if err != nil {
				return err
			}
		default:
			if _, end := t.(xml.EndElement); end && len(path) == 0 {
				return nil
			}
		}
	}
}

// treeOf reads a whole part of an archive that is small: nil if it is not there.
func (a *archive) treeOf(name string) (*node, error) {
	r, err := a.open(name)
	if err != nil || r == nil {
		return nil, err
	}
	defer r.Close()
	return newScanner(a.b, r).first()
}

// first is the tree of the first element.
func (s *scanner) first() (*node, error) {
	for {
		t, err := s.token()
		if err != nil || t == nil {
			return nil, err
		}
		if start, ok := t.(xml.StartElement); ok {
			return s.tree(start)
		}
	}
}

// side is a part that a document can do without: what is wrong with it is no
// reason to stop, but what is used up is.
func (a *archive) side(name string) *node {
	n, _ := a.treeOf(name)
	if n == nil {
		return &node{}
	}
	return n
}

// texts writes the words of the named elements, a line for each.
func (s *scanner) texts(w *writer, names ...string) error {
	for {
		t, err := s.token()
		if err != nil || t == nil {
			return err
		}
		if start, ok := t.(xml.StartElement); ok && slices.Contains(names, start.Name.Local) {
			n, err := s.tree(start)
			if text := oneLine(clean(n.words())); text != "" {
				w.line()
				w.add(text + "\n")
			}
			if err != nil {
				return err
			}
		}
	}
}
