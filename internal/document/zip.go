package document

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// archive is a ZIP file whose parts are read within the budget.
type archive struct {
	b     *budget
	files map[string]*zip.File // by name, without a leading slash
	order []*zip.File
}

// directory bounds what is read of an archive until its directory is known: what that
// says about its own size may be a lie.
type directory struct {
	*source
	left int // bytes; no bound once it is negative
}

func (d *directory) ReadAt(p []byte, at int64) (int, error) {
	if d.left >= 0 {
		if d.left -= len(p); d.left < 0 {
			d.left = 0
			return 0, &refusal{TooLarge, "it has more entries than can be read"}
		}
	}
	return d.source.ReadAt(p, at)
}

func openZIP(s *source) (*zip.Reader, error) {
	d := &directory{source: s, left: maxDir}
	z, err := zip.NewReader(d, s.size)
	d.left = -1
	if no := (*refusal)(nil); errors.As(err, &no) {
		return nil, no
	}
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, errors.Join(damaged("it is incomplete or broken; upload it again"), err)
	}
	return z, nil
}

func openArchive(b *budget, s *source) (*archive, error) {
	z, err := openZIP(s)
	if err != nil {
		return nil, err
	}
	if len(z.File) > maxEntries {
		return nil, &refusal{TooLarge, fmt.Sprintf("it is made of %d parts, more than can be read", len(z.File))}
	}
	a := &archive{b: b, files: make(map[string]*zip.File, len(z.File)), order: z.File}
	for _, f := range z.File {
		name := strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/")
		if a.files[name] == nil {
			a.files[name] = f
		}
	}
	return a, nil
}

func (a *archive) has(name string) bool { return a.files[name] != nil }

// open gives a part, or nil if there is none.
func (a *archive) open(name string) (io.ReadCloser, error) {
	f := a.files[strings.TrimPrefix(name, "/")]
	if f == nil {
		return nil, nil
	}
	if f.Flags&1 != 0 {
		return nil, &refusal{Locked, "it is protected with a password; share a copy without one"}
	}
	r, err := f.Open()
	if err != nil {
		return nil, errors.Join(damaged("a part of it cannot be read"), err)
	}
	return struct {
		io.Reader
		io.Closer
	}{&counted{r: r, b: a.b, left: maxPart}, r}, nil
}

// read gives all of a part that is small, up to n bytes.
func (a *archive) read(name string, n int64) ([]byte, error) {
	r, err := a.open(name)
	if err != nil || r == nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, n))
}

// detectZIP looks inside: Office, OpenDocument and EPUB files are ZIP archives.
func detectZIP(s *source) (Kind, error) {
	z, err := openZIP(s)
	if err != nil {
		return ZIP, err
	}
	var word, sheet, slides, office bool
	for i, f := range z.File {
		if i > 2_000 {
			break
		}
		name := strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/")
		switch {
		case name == "mimetype" && f.Flags&1 == 0:
			if k, err := byMimetype(f); k != Unknown {
				return k, err
			}
		case name == "[Content_Types].xml":
			office = true
		case name == "META-INF/container.xml":
			return EPUB, nil
		}
		word = word || strings.HasPrefix(name, "word/")
		sheet = sheet || strings.HasPrefix(name, "xl/")
		slides = slides || strings.HasPrefix(name, "ppt/")
	}
	switch {
	case word && office:
		return DOCX, nil
	case sheet && office:
		return XLSX, nil
	case slides && office:
		return PPTX, nil
	}
	return ZIP, nil
}

func byMimetype(f *zip.File) (Kind, error) {
	r, err := f.Open()
	if err != nil {
		return Unknown, nil
	}
	defer r.Close()
	b, _ := io.ReadAll(io.LimitReader(r, 200))
	t := strings.TrimSpace(string(b))
	switch t, _ := strings.CutSuffix(strings.TrimPrefix(t, "application/vnd.oasis.opendocument."), "-template"); t {
	case "text", "text-master", "text-web":
		return ODT, nil
	case "spreadsheet":
		return ODS, nil
	case "presentation", "graphics":
		return ODP, nil
	case "application/epub+zip":
		return EPUB, nil
	}
	return Unknown, nil
}

// readZIP lists what is in an archive. Nothing is unpacked, so it costs nothing
// however much it would inflate to.
func readZIP(b *budget, s *source, _ string, doc *Document) error {
	z, err := openZIP(s)
	if err != nil {
		return err
	}
	var total uint64
	locked := false
	for _, f := range z.File {
		total += f.UncompressedSize64
		locked = locked || f.Flags&1 != 0
	}
	w := &writer{b: b}
	w.add(fmt.Sprintf("An archive of %d entries, %s unpacked as it claims. Only their names are known here.\n\n", len(z.File), size(total)))
	for i, f := range z.File {
		if err := b.step(); err != nil {
			break
		}
		if i == maxEntries {
			_ = b.cut(fmt.Sprintf("only the first %d of its %d entries are listed", maxEntries, len(z.File)))
			break
		}
		name := f.Name
		if f.NonUTF8 {
			name, _ = decode([]byte(name), "")
		}
		if name = oneLine(clean(name)); strings.HasSuffix(name, "/") {
			w.add(name + "\n")
			continue
		}
		note := ""
		if f.Flags&1 != 0 {
			note = ", with a password"
		}
		if n := path.Clean("/" + f.Name); n != "/"+f.Name {
			note += ", with a path that leads outside"
		}
		w.add(fmt.Sprintf("%s (%s%s)\n", name, size(f.UncompressedSize64), note))
	}
	if locked && b.why == "" {
		_ = b.cut("it is protected with a password; only the names in it can be read")
	}
	doc.add(Unit{Text: w.String()})
	return nil
}

func size(n uint64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<20:
		return fmt.Sprintf("%d kB", n>>10)
	case n < 1<<30:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	default:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	}
}
