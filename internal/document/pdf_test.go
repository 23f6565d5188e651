package document_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/document"
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPages: page 57 gives section 57, and no other; the search says where it is.
func TestPages(t *testing.T) {
	doc := read(t, reader(t), file(t, "long-120p.pdf"), "long.pdf")
	want := strings.Split(string(file(t, "long-120p.pdf.ref.txt")), "\f")[56]
	ranges, err := document.Ranges("57")
	if err != nil {
		t.Fatal(err)
	}
	s, err := doc.Slice(document.Part{Units: ranges, Limit: 1 << 20})
	if err != nil || s.Next != 0 {
		t.Fatal(s.Next, err)
	}
	head, text, _ := strings.Cut(s.Text, "\n")
	if head != "[page 57 of 120]" || oneLine(text) != oneLine(want) {
		t.Errorf("%s\n%q\n%q", head, oneLine(text), oneLine(want))
	}
	hits := doc.Search("section 57", 3)
	if len(hits) == 0 || hits[0].Unit != 57 {
		t.Errorf("%+v", hits)
	}
	if head := doc.Head(4_000); len(head) > 4_200 || !strings.Contains(head, "120 pages") {
		t.Error(head)
	}
}

// TestDamagedHead: a PDF whose beginning is lost is read all the same.
func TestDamagedHead(t *testing.T) {
	whole := file(t, "report.pdf")
	b := append([]byte("HTTP/1.1 200 OK\r\n\r\n%PDF-1.5\n"), whole[200:len(whole)-300]...)
	doc := read(t, reader(t), b, "report.pdf")
	if doc.State == document.Damaged && doc.Why == "" {
		t.Error(doc.Line())
	}
	b = append([]byte(strings.Repeat("junk", 100)), whole...)
	if doc := read(t, reader(t), b, "report.pdf"); doc.State != document.Read || !strings.Contains(doc.Text(), "quillwort") {
		t.Error(doc.Line())
	}
}

// TestMixed: pages are looked at one by one.
func TestMixed(t *testing.T) {
	shape := "q 400 0 0 600 100 100 cm /X Do Q"
	b := pdf(catalog, "<</Type/Pages/Kids[3 0 R 7 0 R]/Count 2>>", thePage,
		stream("", "BT /F 12 Tf 100 700 Td (The lamp at Skerry Point was replaced in March.) Tj ET"), helvetia,
		stream("/Type/XObject/Subtype/Image/Width 2/Height 2/ColorSpace/DeviceGray/BitsPerComponent 8", "\x00\xff\xff\x00"),
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 8 0 R/Resources<</XObject<</X 6 0 R>>>>>>", stream("", shape))
	doc := read(t, reader(t), b, "mixed.pdf")
	if doc.State != document.Read || len(doc.Units) != 2 || doc.Units[0].Eyes || !doc.Units[1].Eyes || !strings.Contains(doc.Why, "no text on page 2") {
		t.Errorf("%s %+v", doc.Line(), doc.Units)
	}
}

func TestPictures(t *testing.T) {
	r := reader(t)
	b := file(t, "scan.pdf")
	all, err := r.Pictures(t.Context(), bytes.NewReader(b), int64(len(b)), 0, 1)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	img, kind, err := image.Decode(bytes.NewReader(all[0].Data))
	if err != nil || "image/"+kind != all[0].Type {
		t.Fatal(kind, all[0].Type, err)
	}
	if size := img.Bounds().Size(); size.X != all[0].Width || size.Y != all[0].Height || max(size.X, size.Y) != 1568 {
		t.Error(size)
	}
	dark := 0
	for y := 0; y < img.Bounds().Dy(); y += 3 {
		for x := 0; x < img.Bounds().Dx(); x += 3 {
			if r, _, _, _ := img.At(x, y).RGBA(); r < 0x8000 {
				dark++
			}
		}
	}
	if dark < 1000 {
		t.Errorf("%d dark points: the page is empty", dark)
	}
	for name, want := range map[string]string{"report.pdf": "no page 9", "encrypted-user.pdf": "password", "report.docx": "upload it again"} {
		b := file(t, name)
		if _, err := r.Pictures(t.Context(), bytes.NewReader(b), int64(len(b)), 400, 9); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var kills = flag.Int("kills", 40, "renderings that TestKills stops in the middle")

// TestKills stops renderings and readings at moments drawn at random, two at a time.
// A sandbox that is stopped while its memory is in use must not end the process.
func TestKills(t *testing.T) {
	if raced {
		*kills = min(*kills, 10)
	}
	r := reader(t)
	files := [][]byte{file(t, "long-120p.pdf"), file(t, "scan.pdf"), file(t, "report.pdf"), file(t, "expo_forms.pdf"),
		pdf(catalog, onePage, thePage, stream("/Filter/FlateDecode", flate(filled("BT /F 9 Tf 1 0 0 1 50 50 Tm ", "1 0 0 1 9 9 Tm (harbour lights) Tj ", 200_000, "ET"))), helvetia)}
	_, _ = r.Pictures(t.Context(), bytes.NewReader(files[2]), int64(len(files[2])), 100, 1) // compiles
	before := runtime.NumGoroutine()
	var wg sync.WaitGroup
	var mu sync.Mutex
	stopped, worst := 0, time.Duration(0)
	for worker := range 2 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(1, uint64(worker)))
			for i := range *kills / 2 {
				b := files[rnd.IntN(len(files))]
				limit := time.Duration(5+rnd.IntN(400)) * time.Millisecond
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				start := time.Now()
				var err error
				if i%2 == 0 {
					_, err = r.Pictures(ctx, bytes.NewReader(b), int64(len(b)), 2000, 1)
				} else {
					_, err = r.Read(ctx, bytes.NewReader(b), int64(len(b)), "x.pdf")
				}
				late := time.Since(start) - limit
				cancel()
				mu.Lock()
				if errors.Is(err, context.DeadlineExceeded) {
					stopped++
					worst = max(worst, late)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Logf("%d of %d stopped; the longest went on for %v", stopped, *kills, worst)
	if stopped == 0 {
		t.Error("none was stopped in the middle")
	}
	doc := read(t, r, files[2], "report.pdf")
	if doc.State != document.Read {
		t.Error(doc.Line())
	}
	for range 500 { // those of contexts end a moment later
		if runtime.NumGoroutine() <= before+2 {
			return
		}
		runtime.Gosched()
		<-time.After(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
}

// TestCache: compiled code is for the owner alone.
func TestCache(t *testing.T) {
	if raced {
		t.Skip("compiling takes a minute under the race detector")
	}
	dir := filepath.Join(t.TempDir(), "wasm")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	r := document.New(document.Options{Cache: dir})
	if doc := read(t, r, file(t, "report.pdf"), "report.pdf"); doc.State != document.Read {
		t.Error(doc.Line())
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Read(t.Context(), bytes.NewReader([]byte("x")), 1, "x"); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("after Close: %v", err)
	}
	n := 0
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		n++
		if info, _ := e.Info(); path == dir && info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	if n < 3 {
		t.Errorf("nothing was kept in %s", dir)
	}
}

// TestPool: no more files are read at one time than there are workers, and who waits
// can leave.
func TestPool(t *testing.T) {
	r := document.New(document.Options{Workers: 1})
	defer r.Close()
	held, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		src := blocking{func() { close(held); <-release }}
		if _, err := r.Read(t.Context(), src, 5, "slow.txt"); err != nil {
			t.Error(err)
		}
	})
	<-held
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Read(ctx, strings.NewReader("hello"), 5, "a.txt"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(release)
	wg.Wait()
	broken := errors.New("the disk is gone")
	if _, err := r.Read(t.Context(), failing{broken}, 5, "a.txt"); !errors.Is(err, broken) {
		t.Error(err)
	}
}

type blocking struct{ f func() }

func (b blocking) ReadAt(p []byte, at int64) (int, error) {
	b.f()
	return copy(p, "hello"[at:]), nil
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func BenchmarkPDF(b *testing.B) {
	r := reader(b)
	for _, name := range []string{"report.pdf", "long-120p.pdf"} {
		data := file(b, name)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if doc := read(b, r, data, name); doc.State != document.Read {
					b.Fatal(doc.Line())
				}
			}
		})
	}
	data := file(b, "report.pdf")
	b.Run("picture", func(b *testing.B) {
		for b.Loop() {
			if _, err := r.Pictures(b.Context(), bytes.NewReader(data), int64(len(data)), 0, 1); err != nil {
				b.Fatal(err)
			}
		}
	})
}
