package openai

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// seen is a frame with bytes of its own.
type seen struct {
	Name, Data    string
	Comment, Last bool
}

func frames(src io.Reader) ([]seen, error) {
	var out []seen
	r := newReader(src, func() {})
	for {
		f, err := r.next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, seen{string(f.name), string(f.data), f.comment, f.last})
	}
}

// plainly does the reader's work on a whole stream, in the simplest way.
func plainly(stream string) []seen {
	stream = strings.TrimPrefix(stream, "\xef\xbb\xbf")
	stream = strings.ReplaceAll(strings.ReplaceAll(stream, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(stream, "\n")
	// What follows the last line ending is a line only if it holds something.
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	var out []seen
	var name string
	var data []string
	inside := false
	for _, line := range lines {
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if data != nil {
				out = append(out, seen{Name: name, Data: strings.Join(data, "\n")})
			}
			name, data, inside = "", nil, false
		case strings.HasPrefix(line, ":"):
			if !inside {
				out = append(out, seen{Comment: true})
			}
		default:
			inside = true
			switch field {
			case "event":
				name = value
			case "data":
				data = append(data, value)
			}
		}
	}
	if data != nil {
		out = append(out, seen{Name: name, Data: strings.Join(data, "\n"), Last: true})
	}
	return out
}

func TestReaderFrames(t *testing.T) {
	for name, c := range map[string]struct {
		stream string
		want   []seen
	}{
		"one event":                {"event: a\ndata: {}\n\n", []seen{{Name: "a", Data: "{}"}}},
		"no event line":            {"data: {}\n\n", []seen{{Data: "{}"}}},
		"CRLF":                     {"event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", []seen{{Name: "a", Data: "1"}, {Data: "2"}}},
		"CR":                       {"data: 1\r\rdata: 2\r\r", []seen{{Data: "1"}, {Data: "2"}}},
		"two data lines":           {"data: {\ndata: }\n\n", []seen{{Data: "{\n}"}}},
		"three data lines":         {"data: a\nid: 1\ndata: b\ndata:c\n\n", []seen{{Data: "a\nb\nc"}}},
		"event line after data":    {"data: 1\nevent: a\n\n", []seen{{Name: "a", Data: "1"}}},
		"comments":                 {": ping\n\ndata: 1\n\n:\n", []seen{{Comment: true}, {Data: "1"}, {Comment: true}}},
		"a comment inside":         {"event: a\n: ping\ndata: 1\n: pong\n\n", []seen{{Name: "a", Data: "1"}}},
		"no space after the colon": {"data:1\n\n", []seen{{Data: "1"}}},
		"one space is taken":       {"data:  1 \n\n", []seen{{Data: " 1 "}}},
		"no data is no event":      {"event: a\n\ndata: 1\n\n", []seen{{Data: "1"}}},
		"empty data":               {"data\n\ndata:\n\n", []seen{{}, {}}},
		"no last blank line":       {"data: 1\n\ndata: 2\n", []seen{{Data: "1"}, {Data: "2", Last: true}}},
		"no last line ending":      {"data: 1\n\ndata: 2", []seen{{Data: "1"}, {Data: "2", Last: true}}},
		"a byte order mark":        {"\xef\xbb\xbfdata: 1\n\n", []seen{{Data: "1"}}},
		"nothing":                  {"", nil},
		"blank lines":              {"\n\r\n\r\n\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			for way, src := range map[string]io.Reader{
				"whole": strings.NewReader(c.stream), "byte by byte": iotest.OneByteReader(strings.NewReader(c.stream)),
				"error with data": iotest.DataErrReader(strings.NewReader(c.stream)),
			} {
				got, err := frames(src)
				if err != nil {
					t.Fatalf("%s: %v", way, err)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("%s:\n%s", way, diff)
				}
			}
			if diff := cmp.Diff(c.want, plainly(c.stream)); diff != "" {
				t.Errorf("the plain way disagrees:\n%s", diff)
			}
		})
	}
}

// An event is told as soon as its closing line is there, and a CR alone closes
// a line: nobody waits for a byte that may not come.
func TestReaderIsPrompt(t *testing.T) {
	for _, end := range []string{"\n\n", "\r\r", "\r\n\r"} {
		pr, pw := io.Pipe()
		go pw.Write([]byte("data: 1" + end))
		f, err := newReader(pr, nil).next()
		if err != nil || string(f.data) != "1" {
			t.Errorf("%q: got %q, %v", end, f.data, err)
		}
		pr.Close()
	}
}

func TestReaderGrowsAndShrinks(t *testing.T) {
	long := strings.Repeat("x", 3<<20)
	beats := 0
	stream := "data: a\n\ndata: " + long + "\n\ndata: b\n\ndata: c\n\n"
	r := newReader(&cuts{rest: []byte(stream), sizes: []int{16 << 10}}, func() { beats++ })
	for _, want := range []string{"a", long, "b", "c"} {
		f, err := r.next()
		if err != nil || string(f.data) != want {
			t.Fatalf("got %d bytes, %v; want %d", len(f.data), err, len(want))
		}
	}
	if len(r.buf) != frameBuffer {
		t.Errorf("the buffer stays at %d bytes", len(r.buf))
	}
	if beats < 3<<20/progressStep/2 {
		t.Errorf("%d beats in a line of 3 MiB", beats)
	}
}

func TestReaderRefusesTooLong(t *testing.T) {
	endless := io.MultiReader(strings.NewReader("data: "), &repeat{b: 'x'})
	if _, err := newReader(endless, nil).next(); !errors.Is(err, errFrameTooLong) {
		t.Errorf("one line: %v", err)
	}
	lines := bytes.Repeat(append([]byte("data: "), append(bytes.Repeat([]byte("x"), 1<<20), '\n')...), 40)
	if _, err := newReader(bytes.NewReader(lines), nil).next(); !errors.Is(err, errFrameTooLong) {
		t.Errorf("many lines: %v", err)
	}
	fits := io.MultiReader(strings.NewReader("data: "), io.LimitReader(&repeat{b: 'x'}, 31<<20), strings.NewReader("\n\n"))
	if f, err := newReader(fits, nil).next(); err != nil || len(f.data) != 31<<20 {
		t.Errorf("31 MiB: %d, %v", len(f.data), err)
	}
}

type repeat struct{ b byte }

func (r *repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.b
	}
	return len(p), nil
}

// cuts gives the bytes of a stream in pieces of the given sizes.
type cuts struct {
	rest  []byte
	sizes []int
	next  int
}

func (c *cuts) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := len(c.rest)
	if len(c.sizes) > 0 {
		n = min(n, max(1, c.sizes[c.next%len(c.sizes)]))
		c.next++
	}
	n = copy(p, c.rest[:n])
	c.rest = c.rest[n:]
	return n, nil
}

func TestReaderSplitsAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{
			"data: {\"type\":\"response.output_text.delta\",\"delta\":\"grüße 👋\"}", "event: response.created", "data: a", "data:", ": ping", "", "", "",
			"id: 3", "retry", "data: " + strings.Repeat("y", 5000), "data: " + strings.Repeat("z", 20000),
		})
		ending := rapid.SampledFrom([]string{"\n", "\r\n", "\r"})
		var b strings.Builder
		for range rapid.IntRange(0, 30).Draw(t, "lines") {
			b.WriteString(line.Draw(t, "line") + ending.Draw(t, "ending"))
		}
		if rapid.Bool().Draw(t, "open end") {
			b.WriteString("data: tail")
		}
		sizes := rapid.SliceOfN(rapid.IntRange(1, 5000), 1, 20).Draw(t, "sizes")
		got, err := frames(&cuts{rest: []byte(b.String()), sizes: sizes})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plainly(b.String()), got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("event: a\r\ndata: {}\r\n\r\n: ping\n\ndata: 1\rdata: 2\n\n"), uint16(3))
	f.Add([]byte(sse(created(), delta(0, "hi"), completed())), uint16(7))
	f.Add([]byte("\xef\xbb\xbfdata: x\n\ndata: y"), uint16(1))
	f.Add([]byte("\r\n\r\r\n\ndata\n\n"), uint16(2))
	f.Add([]byte(fmt.Sprintf("data: %s\n\n", strings.Repeat("long", 3000))), uint16(4096))
	f.Fuzz(func(t *testing.T, stream []byte, size uint16) {
		want := plainly(string(stream))
		for _, src := range []io.Reader{bytes.NewReader(stream), &cuts{rest: stream, sizes: []int{int(size), int(size)/3 + 1, 1}}} {
			got, err := frames(src)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}
