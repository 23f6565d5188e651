package document

import (
	"net/url"
	"path"
	"strings"
)

// readEPUB reads a book in the order of its spine.
func readEPUB(b *budget, s *source, _ string, doc *Document) error {
	a, err := openArchive(b, s)
	if err != nil {
		return err
	}
	if a.has("META-INF/encryption.xml") && !onlyFonts(a) {
		return &refusal{Locked, "it is protected against copying; share a copy without protection"}
	}
	main := ""
	if root := a.side("META-INF/container.xml").find("rootfile"); root != nil {
		main = root.get("full-path")
	}
	book, err := a.treeOf(main)
	if err != nil {
		return err
	}
	if book == nil {
		return damaged("the part with its table of contents is missing")
	}
	doc.Title = oneLine(clean(book.kid("metadata", "title").wordsOf()))
	items := map[string]*node{}
	if list := book.kid("manifest"); list != nil {
		for _, n := range list.kids {
			items[n.get("id")] = n
		}
	}
	spine := book.kid("spine")
	if spine == nil {
		return damaged("the list of its chapters is missing")
	}
	for _, n := range spine.kids {
		item := items[n.get("idref")]
		if n.name != "itemref" || item == nil || strings.Contains(item.get("properties"), "nav") {
			continue
		}
		name, err := url.PathUnescape(item.get("href"))
		if err != nil {
			name = item.get("href")
		}
		name, _, _ = strings.Cut(name, "#")
		raw, err := a.read(path.Join(path.Dir(main), name), maxHTML)
		if err != nil {
			return err
		}
		text, title, err := htmlText(b, raw, "")
		if err != nil {
			return err
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		if len(doc.Units) >= maxUnits {
			return b.cut("it has more chapters than can be read")
		}
		before := len(doc.Units)
		doc.sections(text)
		if before < len(doc.Units) && doc.Units[before].Name == "" {
			doc.Units[before].Name = title
		}
	}
	return nil
}

// onlyFonts: fonts are often garbled, and nobody reads them.
func onlyFonts(a *archive) bool {
	only := true
	a.side("META-INF/encryption.xml").each(func(n *node) bool {
		if n.name == "CipherReference" {
			switch strings.ToLower(path.Ext(n.get("URI"))) {
			case ".ttf", ".otf", ".woff", ".woff2":
			default:
				only = false
			}
		}
		return true
	})
	return only
}
