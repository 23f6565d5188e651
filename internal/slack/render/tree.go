package render

import (
	"bytes"
	"strings"
	"sync"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// maxTree bounds the depth of the tree that is looked at; what is deeper is shown as text.
const maxTree = 64

// tree is a parsed part, freed of the parser's types.
type tree struct {
	nodes  []node
	source string
}

type nodeKind uint8

const (
	paragraph nodeKind = iota
	heading
	quote
	list
	item
	codeBlock
	tableBlock
	rule
)

type node struct {
	kind     nodeKind
	spans    []span // paragraph, heading
	children []node // quote, list (items), item
	level    int    // heading 1-6
	ordered  bool   // list
	start    int    // list: first number
	code     string // codeBlock, without the last newline
	lang     string
	rows     [][][]span // tableBlock: cells of rows, header first
	align    []string   // left, center, right or empty
}

type style uint8

const (
	bold style = 1 << iota
	italic
	strike
	mono
)

// span is text in one style; or a mention, a channel, or an emoji.
type span struct {
	text    string
	style   style
	url     string
	user    string
	channel string
	emoji   string
}

// markdown is the parser, made once: it keeps nothing between two sources. Raw HTML is
// text, so are link reference definitions, which work all the same.
var markdown = sync.OnceValue(func() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(extension.NewTaskCheckBoxParser(), 0),
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(mentionParser{}, 150),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(colonParser{}, 400),
			util.Prioritized(emphasisParser{}, 500),
			util.Prioritized(extension.NewStrikethroughParser(), 500),
			// Addresses with a scheme are colonParser's; this one adds www. and e-mail.
			util.Prioritized(extension.NewLinkifyParser(extension.WithLinkifyAllowedProtocols([]string{"\x00"})), 999),
		),
		parser.WithParagraphTransformers(util.Prioritized(extension.NewTableParagraphTransformer(), 200)),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
	)
})

// limitsKey is where the parser's context has the limits.
var limitsKey = parser.NewContextKey()

// parse makes the tree of one part.
func parse(src string, l Limits) tree {
	b := builder{src: []byte(src)}
	pc := parser.NewContext()
	references(src, pc)
	pc.Set(limitsKey, l)
	doc := markdown().Parse(text.NewReader(b.src), parser.WithContext(pc))
	return tree{nodes: b.blocks(doc, 0), source: src}
}

// references finds link reference definitions, one a line.
func references(src string, pc parser.Context) {
	if !strings.Contains(src, "]:") {
		return
	}
	for line := range strings.Lines(src) {
		line = strings.TrimSpace(line)
		label, rest, ok := strings.Cut(line, "]:")
		if !ok || !strings.HasPrefix(label, "[") || len(label) < 2 || len(label) > 200 || label[1] == '^' {
			continue
		}
		if f := strings.Fields(rest); len(f) > 0 && shownScheme(strings.Trim(f[0], "<>")) {
			dest := strings.Trim(f[0], "<>")
			pc.AddReference(parser.NewReference([]byte(label[1:]), []byte(dest), nil))
		}
	}
}

// Inline nodes that Markdown does not have. They are rendered from their kind alone.
type plainNode struct {
	ast.BaseInline
	span span
}

func plainKind() ast.NodeKind                { return ast.KindString }
func (n *plainNode) Kind() ast.NodeKind      { return plainKind() }
func (n *plainNode) Dump(src []byte, lv int) { ast.DumpHelper(n, src, lv, nil, nil) }

// mentionParser reads <@U…> of people who may be mentioned, and <#C…>.
type mentionParser struct{}

func (mentionParser) Trigger() []byte { return []byte{'<'} }

func (mentionParser) Parse(_ ast.Node, r text.Reader, pc parser.Context) ast.Node {
	l, _ := pc.Get(limitsKey).(Limits)
	line, _ := r.PeekLine()
	end := bytes.IndexByte(line, '>')
	if end < 4 || end > 30 {
		return nil
	}
	id := string(line[2:end])
	var s span
	switch {
	case line[1] == '@' && memberID(id) && l.mayMention(id):
		s.user = id
	case line[1] == '#' && channelID(id):
		s.channel = id
	default:
		return nil
	}
	r.Advance(end + 1)
	return &plainNode{span: s}
}

// colonParser reads bare addresses, from the colon back and on, and emoji short codes.
type colonParser struct{}

func (colonParser) Trigger() []byte { return []byte{':'} }

func (colonParser) Parse(parent ast.Node, r text.Reader, pc parser.Context) ast.Node {
	line, seg := r.PeekLine()
	src := r.Source()
	if bytes.HasPrefix(line, []byte("://")) && !pc.IsInLinkLabel() {
		return bareAddress(parent, r, line, seg, src)
	}
	n := 1
	for n < len(line) && n < maxWord && emojiByte(line[n]) {
		n++
	}
	name := string(line[1:n])
	if n == len(line) || line[n] != ':' || seg.Start > 0 && (alnum(src[seg.Start-1]) || src[seg.Start-1] == ':') ||
		n+1 < len(line) && line[n+1] == ':' || name != "+1" && name != "-1" && name != "100" && strings.Trim(name, "0123456789_-+'") == "" {
		return nil
	}
	r.Advance(n + 1)
	return &plainNode{span: span{emoji: name}}
}

func bareAddress(parent ast.Node, r text.Reader, line []byte, seg text.Segment, src []byte) ast.Node {
	last, ok := parent.LastChild().(*ast.Text)
	if !ok || last.Segment.Stop != seg.Start || last.SoftLineBreak() || last.HardLineBreak() {
		return nil
	}
	from := seg.Start
	for from > last.Segment.Start && seg.Start-from < 6 && alpha(src[from-1]) {
		from--
	}
	scheme := strings.ToLower(string(src[from:seg.Start]))
	if scheme != "http" && scheme != "https" {
		return nil
	}
	end := 0
	for end < len(line) && line[end] > ' ' && line[end] != '<' && line[end] != '>' && line[end] != '`' {
		end++
	}
	url := string(src[from:seg.Start]) + string(line[:end])
	n := trimAddress(url)
	if n <= len(scheme)+len("://") {
		return nil
	}
	last.Segment = last.Segment.WithStop(from)
	r.Advance(n - len(scheme))
	return &plainNode{span: span{text: url[:n], url: url[:n]}}
}

// builder turns the parser's tree into ours.
type builder struct{ src []byte }

func (b builder) blocks(parent ast.Node, depth int) []node {
	var out []node
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		out = append(out, b.block(n, depth)...)
	}
	return out
}

func (b builder) block(n ast.Node, depth int) []node {
	if depth > maxTree {
		if t := strings.TrimSpace(string(n.Text(b.src))); t != "" { //nolint:staticcheck // plain text of a subtree
			return []node{{kind: paragraph, spans: []span{{text: t}}}}
		}
		return nil
	}
	switch n := n.(type) {
	case *ast.Heading:
		return []node{{kind: heading, level: n.Level, spans: b.spans(n)}}
	case *ast.ThematicBreak:
		return []node{{kind: rule}}
	case *ast.Blockquote:
		return []node{{kind: quote, children: b.blocks(n, depth+1)}}
	case *ast.List:
		return []node{{kind: list, ordered: n.IsOrdered(), start: n.Start, children: b.blocks(n, depth+1)}}
	case *ast.ListItem:
		return []node{{kind: item, children: b.blocks(n, depth+1)}}
	case *ast.FencedCodeBlock:
		return []node{{kind: codeBlock, code: b.lines(n), lang: language(string(n.Language(b.src)))}}
	case *ast.CodeBlock:
		return []node{{kind: codeBlock, code: b.lines(n)}}
	case *east.Table:
		return []node{b.table(n)}
	}
	if s := b.spans(n); len(s) > 0 {
		return []node{{kind: paragraph, spans: s}}
	}
	return nil
}

func (b builder) lines(n ast.Node) string {
	var s strings.Builder
	for i := range n.Lines().Len() {
		seg := n.Lines().At(i)
		s.Write(seg.Value(b.src))
	}
	return strings.TrimSuffix(s.String(), "\n")
}

func (b builder) table(t *east.Table) node {
	n := node{kind: tableBlock}
	for _, a := range t.Alignments {
		name := a.String()
		if a == east.AlignNone {
			name = ""
		}
		n.align = append(n.align, name)
	}
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		cells := make([][]span, 0, len(n.align))
		for c := row.FirstChild(); c != nil && len(cells) < len(n.align); c = c.NextSibling() {
			cells = append(cells, b.spans(c))
		}
		for len(cells) < len(n.align) {
			cells = append(cells, nil)
		}
		n.rows = append(n.rows, cells)
	}
	return n
}

// language is the name of a language as Slack may know it, or empty.
func language(info string) string {
	info = strings.ToLower(info)
	if len(info) > 30 || strings.Trim(info, "abcdefghijklmnopqrstuvwxyz0123456789+#-_.") != "" {
		return ""
	}
	return info
}

func (b builder) spans(n ast.Node) []span {
	w := inline{src: b.src}
	w.children(n, span{}, 0)
	return w.trimmed()
}

// inline collects the spans of a block.
type inline struct {
	src []byte
	out []span
}

func (w *inline) add(s span) {
	if s.text == "" && s.user == "" && s.channel == "" && s.emoji == "" {
		return
	}
	if n := len(w.out); n > 0 && s.text != "" {
		if last := &w.out[n-1]; last.text != "" && last.style == s.style && last.url == s.url {
			last.text += s.text
			return
		}
	}
	w.out = append(w.out, s)
}

// trimmed are the spans without white space around them, and without pings.
func (w *inline) trimmed() []span {
	out := w.out
	for i := range out {
		if out[i].style&mono == 0 && out[i].text != out[i].url {
			out[i].text = defuse(out[i].text)
		}
	}
	for len(out) > 0 && out[0].text != "" && out[0].style&mono == 0 {
		if out[0].text = strings.TrimLeft(out[0].text, " \t\n"+zwsp); out[0].text != "" {
			break
		}
		out = out[1:]
	}
	for len(out) > 0 {
		last := &out[len(out)-1]
		if last.text == "" || last.style&mono != 0 {
			break
		}
		if last.text = strings.TrimRight(last.text, " \t\n"+zwsp); last.text != "" {
			break
		}
		out = out[:len(out)-1]
	}
	return out
}

func (w *inline) children(n ast.Node, in span, depth int) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		w.node(c, in, depth)
	}
}

func (w *inline) node(n ast.Node, in span, depth int) {
	if depth > maxTree*4 {
		in.text = string(n.Text(w.src)) //nolint:staticcheck // plain text of a subtree
		w.add(in)
		return
	}
	switch n := n.(type) {
	case *ast.Text:
		in.text = unescape(n.Segment.Value(w.src))
		if n.SoftLineBreak() || n.HardLineBreak() {
			in.text += "\n"
		}
		w.add(in)
	case *ast.String:
		in.text = string(n.Value)
		w.add(in)
	case *plainNode:
		s := n.span
		s.style |= in.style
		if s.url == "" {
			s.url = in.url
		}
		if s.user != "" || s.channel != "" || s.emoji != "" {
			s.url = ""
		}
		w.add(s)
	case *ast.CodeSpan:
		in.style |= mono
		var t strings.Builder
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			if c, ok := c.(*ast.Text); ok {
				t.WriteString(strings.ReplaceAll(string(c.Segment.Value(w.src)), "\n", " "))
			}
		}
		in.text = t.String()
		w.add(in)
	case *ast.Emphasis:
		if n.Level == 2 {
			in.style |= bold
		} else {
			in.style |= italic
		}
		w.children(n, in, depth+1)
	case *east.Strikethrough:
		in.style |= strike
		w.children(n, in, depth+1)
	case *east.TaskCheckBox:
		in.text = "☐ "
		if n.IsChecked {
			in.text = "☑ "
		}
		w.add(in)
	case *ast.AutoLink:
		in.text = string(n.Label(w.src))
		in.url = string(n.URL(w.src))
		if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(in.url), "mailto:") {
			in.url = "mailto:" + in.url
		}
		w.link(in)
	case *ast.Link:
		w.anchor(n, string(n.Destination), in, depth)
	case *ast.Image:
		w.anchor(n, string(n.Destination), in, depth)
	default:
		w.children(n, in, depth+1)
	}
}

// anchor adds a link with its label; an address that may not be a link is shown after it.
func (w *inline) anchor(n ast.Node, dest string, in span, depth int) {
	dest = unescape([]byte(dest))
	from := len(w.out)
	if shownScheme(dest) && len(dest) <= maxLink {
		in.url = dest
		w.children(n, in, depth+1)
		if len(w.out) == from && !hasText(n, w.src) {
			in.text = dest
			w.add(in)
		}
		return
	}
	w.children(n, in, depth+1)
	if dest = strings.TrimSpace(dest); dest != "" {
		in.text = " (" + dest + ")"
		w.add(in)
	}
}

// maxLink is the longest address of a link (Slack: url of a link or button, 3,000).
const maxLink = 3000

func (w *inline) link(s span) {
	if !shownScheme(s.url) || len(s.url) > maxLink {
		s.url = ""
	}
	w.add(s)
}

func hasText(n ast.Node, src []byte) bool {
	return len(bytes.TrimSpace(n.Text(src))) > 0 //nolint:staticcheck // plain text of a subtree
}

// unescape resolves backslash escapes and entities.
func unescape(b []byte) string {
	if bytes.IndexByte(b, '\\') >= 0 {
		b = util.UnescapePunctuations(b)
	}
	if bytes.IndexByte(b, '&') >= 0 {
		b = util.ResolveEntityNames(util.ResolveNumericReferences(b))
	}
	return strings.Map(func(r rune) rune {
		if r == '\u2028' {
			return '\n'
		}
		if hidden(r) && !isTag(r) {
			return -1 // an entity can be one
		}
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(b), "\ufffd"))
}

// defuse breaks what an entity or an escape has put together into a ping.
func defuse(s string) string {
	if !strings.ContainsAny(s, "<@") {
		return s
	}
	var b strings.Builder
	prev := byte(0)
	for i := range len(s) {
		b.WriteByte(s[i])
		switch s[i] {
		case '<':
			if is, _ := pingAt(s[i:], false); is {
				b.WriteString(zwsp)
			}
		case '@':
			if _, k, _ := lexPing(s[i:], prev, false); k == ping {
				b.WriteString(zwsp)
			}
		}
		prev = s[i]
	}
	return b.String()
}
