package modelsim

import (
	"image"
	"image/color"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// webpReader reads what encodeWebP writes, by the format's own rules: it is
// written from the specification's decoding side, so that the two can be held
// against each other. (The encoder's files were also read by libwebp.)
type webpReader struct {
	b    []byte
	at   int
	fail func(string, ...any)
}

func (r *webpReader) bits(n int) int {
	v := 0
	for i := range n {
		if r.at/8 >= len(r.b) {
			r.fail("the data end too early")
			return 0
		}
		v |= int(r.b[r.at/8]>>(r.at%8)&1) << i
		r.at++
	}
	return v
}

// code is a prefix code: symbols by length and bits.
type webpCode struct {
	only    int
	symbols map[[2]int]int
}

func (r *webpReader) code(lengths []int) webpCode {
	c := webpCode{only: -1, symbols: map[[2]int]int{}}
	next, kraft := 0, 0.0
	for n := 1; n <= 15; n++ {
		next <<= 1
		for s, l := range lengths {
			if l == n {
				c.symbols[[2]int{n, next}] = s
				next++
				kraft += 1 / float64(int(1)<<n)
			}
		}
	}
	if kraft != 1 {
		r.fail("the code is not complete: %v", kraft)
	}
	return c
}

func (r *webpReader) readCode(size int) webpCode {
	if r.bits(1) == 1 {
		if r.bits(1) != 0 {
			r.fail("two simple symbols are never written")
		}
		n := 1
		if r.bits(1) == 1 {
			n = 8
		}
		return webpCode{only: r.bits(n)}
	}
	order := []int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	lengths := make([]int, 19)
	for i := range 4 + r.bits(4) {
		lengths[order[i]] = r.bits(3)
	}
	outer := r.code(lengths)
	if r.bits(1) != 0 {
		r.fail("max_symbol is never written")
	}
	lengths = make([]int, size)
	for i := range lengths {
		lengths[i] = r.symbol(outer)
	}
	return r.code(lengths)
}

func (r *webpReader) symbol(c webpCode) int {
	if c.only >= 0 {
		return c.only
	}
	v := 0
	for n := 1; n <= 15; n++ {
		v = v<<1 | r.bits(1)
		if s, ok := c.symbols[[2]int{n, v}]; ok {
			return s
		}
	}
	r.fail("no such code")
	return 0
}

func (r *webpReader) prefixed(symbol int) int {
	if symbol < 4 {
		return symbol + 1
	}
	extra := (symbol - 2) >> 1
	return (2+symbol&1)<<extra + r.bits(extra) + 1
}

func decodeWebP(file []byte, fail func(string, ...any)) *image.NRGBA {
	if string(file[:4]) != "RIFF" || string(file[8:16]) != "WEBPVP8L" || len(file)%2 != 0 {
		fail("not a lossless WebP: %q", file[:16])
		return nil
	}
	r := &webpReader{b: file[20:], fail: fail}
	if r.bits(8) != 0x2f {
		fail("no signature")
	}
	w, h := r.bits(14)+1, r.bits(14)+1
	r.bits(1)
	if r.bits(3)+r.bits(1)+r.bits(1)+r.bits(1) != 0 {
		fail("version, transforms, cache or groups")
	}
	var codes [5]webpCode
	for i, n := range []int{280, 256, 256, 256, 40} {
		codes[i] = r.readCode(n)
	}
	var pix []color.NRGBA
	for len(pix) < w*h {
		g := r.symbol(codes[0])
		if g < 256 {
			red, blue, alpha := r.symbol(codes[1]), r.symbol(codes[2]), r.symbol(codes[3])
			pix = append(pix, color.NRGBA{uint8(red), uint8(g), uint8(blue), uint8(alpha)})
			continue
		}
		n := r.prefixed(g - 256)
		back := map[int]int{1: w, 2: 1}[r.prefixed(r.symbol(codes[4]))]
		if back == 0 || back > len(pix) {
			fail("a copy from nowhere")
			return nil
		}
		for range n {
			pix = append(pix, pix[len(pix)-back])
		}
	}
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i, c := range pix {
		m.SetNRGBA(i%w, i/w, c)
	}
	return m
}

func TestWebPReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 40).Draw(t, "w"), rapid.IntRange(1, 40).Draw(t, "h")
		colors := rapid.IntRange(1, 300).Draw(t, "colors")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		m := image.NewNRGBA(image.Rect(0, 0, w, h))
		var last uint32
		for i := 0; i < len(m.Pix); i += 4 {
			if rng.IntN(3) == 0 {
				last = uint32(rng.IntN(colors)) * 2654435761
			}
			m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3] = byte(last), byte(last>>8), byte(last>>16), byte(last>>24)
		}
		b, err := encodeWebP(m)
		if err != nil {
			t.Fatal(err)
		}
		if got := decodeWebP(b, t.Fatalf); string(got.Pix) != string(m.Pix) {
			t.Fatal("another picture came back")
		}
		if gw, gh, err := webpSize(b); gw != w || gh != h || err != nil {
			if len(b) >= 30 { // the smallest files are too short for a general reader
				t.Fatalf("size %dx%d, %v", gw, gh, err)
			}
		}
	})
	if _, err := encodeWebP(image.NewNRGBA(image.Rect(0, 0, 1<<14+1, 1))); err == nil {
		t.Error("too wide was encoded")
	}
}

// TestWebPSkewedFrequencies makes a Huffman tree that would be too deep.
func TestWebPSkewedFrequencies(t *testing.T) {
	freq := make([]int, 40)
	a, b := 1, 1
	for i := range freq {
		freq[i] = a
		a, b = b, a+b
	}
	h := newHuffman(freq, 15)
	kraft := 0.0
	for _, n := range h.lengths {
		if n < 1 || n > 15 {
			t.Fatalf("length %d", n)
		}
		kraft += 1 / float64(int(1)<<n)
	}
	if kraft != 1 {
		t.Errorf("not complete: %v", kraft)
	}
}

func FuzzPictureBytes(f *testing.F) {
	for _, format := range []string{"png", "jpeg", "gif", "webp"} {
		b, err := picture{prompt: "x", width: 16, height: 16, format: format, compression: 50}.make(0)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8X"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, bad := readPicture(b)
		if (m == nil) == (bad == nil) {
			t.Fatalf("%v %v", m, bad)
		}
		if bad != nil && (bad.code == "" || bad.why == "") {
			t.Fatalf("%+v", bad)
		}
	})
}

func FuzzForm(f *testing.F) {
	f.Add("--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nuser_data\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n")
	f.Add("--b--")
	f.Add("")
	f.Fuzz(func(t *testing.T, body string) {
		got, err := parseForm(strings.NewReader(body), "b")
		if err != nil {
			return
		}
		if s := got.summary(); jsonOrNull(s) == nil {
			t.Fatalf("the summary is not JSON: %s", s)
		}
		if s := got.typed("n", "stream"); jsonOrNull(s) == nil {
			t.Fatalf("the fields are not JSON: %s", s)
		}
	})
}
