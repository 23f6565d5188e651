package picture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"holdfast/internal/picture"
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func prepare(t testing.TB, r *picture.Reader, b []byte) (*picture.Picture, error) {
	t.Helper()
	return r.Prepare(t.Context(), bytes.NewReader(b), int64(len(b)))
}

// fits checks what every picture that comes out has.
func fits(t *testing.T, p *picture.Picture) image.Image {
	t.Helper()
	img, kind, err := image.Decode(bytes.NewReader(p.Data))
	if err != nil {
		t.Fatal(err)
	}
	if "image/"+kind != p.Type || img.Bounds().Dx() != p.Width || img.Bounds().Dy() != p.Height {
		t.Fatalf("%s %v, not %s %d×%d", kind, img.Bounds(), p.Type, p.Width, p.Height)
	}
	return img
}

// drawn has a red corner at the top left, on a field that changes.
func drawn(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{uint8(x), uint8(y), 200, 255}
			if x < w/4 && y < h/4 {
				c = color.NRGBA{255, 0, 0, 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func encoded(t testing.TB, encode func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, img image.Image) []byte {
	return encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, img, nil) })
}

func pngOf(t testing.TB, img image.Image) []byte {
	return encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, img) })
}

// withSegment puts an APP segment after a JPEG's beginning.
func withSegment(b []byte, marker byte, body []byte) []byte {
	seg := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2))
	return bytes.Join([][]byte{b[:2], seg, body, b[2:]}, nil)
}

func exif(turned byte) []byte {
	return append([]byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"), turned, 0, 0, 0, 0, 0, 0)
}

func chunk(name string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// TestCorpus: what comes out of each picture of the corpus.
func TestCorpus(t *testing.T) {
	r := picture.New(picture.Options{})
	for _, c := range []struct {
		name, media, note string
		w, h              int
	}{
		{"photo-exif6.jpg", "image/jpeg", "", 1400, 900},
		{"tide-anim.gif", "image/png", "the first frame of an animation", 480, 320},
		{"fax-g4.tif", "image/png", "", 1400, 900},
	} {
		p, err := prepare(t, r, file(t, c.name))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		fits(t, p)
		if p.Type != c.media || p.Width != c.w || p.Height != c.h || p.Note != c.note {
			t.Errorf("%s: %s %d×%d %q", c.name, p.Type, p.Width, p.Height, p.Note)
		}
		if bytes.Contains(p.Data, []byte("Exif")) || bytes.Contains(p.Data, []byte("GPS")) {
			t.Errorf("%s: what the camera wrote is still there", c.name)
		}
	}
	for name, want := range map[string]string{
		"card.heic":      "unsupported: pictures in HEIC cannot be looked at; share it as PNG or JPEG",
		"bomb_900mp.png": "too large: it has 30000×30000 pixels, and up to 50 million are looked at; share it smaller",
		"frame_gt.gif":   "damaged: it is incomplete or broken; upload it again",
	} {
		_, err := prepare(t, r, file(t, name))
		var no *picture.Refusal
		if !errors.As(err, &no) || no.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUpright turns a picture as each of EXIF's eight values asks.
func TestUpright(t *testing.T) {
	r := picture.New(picture.Options{})
	plain := jpegOf(t, drawn(64, 32))
	corner := map[byte][2]int{1: {0, 0}, 2: {1, 0}, 3: {1, 1}, 4: {0, 1}, 5: {0, 0}, 6: {1, 0}, 7: {1, 1}, 8: {0, 1}}
	for turned, at := range corner {
		p, err := prepare(t, r, withSegment(plain, 0xe1, exif(turned)))
		if err != nil {
			t.Fatal(turned, err)
		}
		img := fits(t, p)
		if wide := p.Width > p.Height; wide != (turned < 5) {
			t.Errorf("%d: %d×%d", turned, p.Width, p.Height)
		}
		x, y := 2+at[0]*(p.Width-5), 2+at[1]*(p.Height-5)
		if r, g, b, _ := img.At(x, y).RGBA(); r < 0xc000 || g > 0x6000 || b > 0x6000 {
			t.Errorf("%d: the red corner is not at %d,%d", turned, x, y)
		}
	}
}

// TestNothingElseLeaves: what is written beside a picture is cut out, and the picture
// stays what it was to the byte.
func TestNothingElseLeaves(t *testing.T) {
	r := picture.New(picture.Options{})
	j, p := jpegOf(t, drawn(40, 30)), pngOf(t, drawn(40, 30))
	g := encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, drawn(40, 30), nil) })
	secret := []byte("SECRET 57.1N 2.1W")
	dirty := map[string][]byte{
		"exif":     withSegment(j, 0xe1, append(exif(1), secret...)),
		"iptc":     withSegment(j, 0xed, secret),
		"comment":  withSegment(j, 0xfe, secret),
		"behind":   append(bytes.Clone(j), secret...),
		"text":     bytes.Join([][]byte{p[:33], chunk("tEXt", secret), p[33:]}, nil),
		"png exif": bytes.Join([][]byte{p[:33], chunk("eXIf", secret), p[33:]}, nil),
		"png tail": append(bytes.Clone(p), secret...),
		"gif":      bytes.Join([][]byte{g[:len(g)-1], {0x21, 0xfe, byte(len(secret))}, secret, {0, 0x3b}}, nil),
	}
	for name, b := range dirty {
		out, err := prepare(t, r, b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if fits(t, out); bytes.Contains(out.Data, []byte("SECRET")) {
			t.Errorf("%s: it is still there", name)
		}
	}
	for name, b := range map[string][]byte{"jpeg": j, "png": p, "gif": g} {
		if out, err := prepare(t, r, b); err != nil || !bytes.Equal(out.Data, b) {
			t.Errorf("%s was changed: %v", name, err)
		}
	}
	profile := append([]byte("ICC_PROFILE\x00"), "colours"...)
	if out, err := prepare(t, r, withSegment(j, 0xe2, profile)); err != nil || !bytes.Contains(out.Data, profile) {
		t.Error("the colour profile is gone", err)
	}
}

func TestFormats(t *testing.T) {
	r := picture.New(picture.Options{Side: 150})
	big := drawn(400, 256)
	glass := image.NewNRGBA(image.Rect(0, 0, 50, 50))
	for name, c := range map[string]struct {
		b    []byte
		kind picture.Kind
		want string
	}{
		"jpeg":        {jpegOf(t, big), picture.JPEG, "image/jpeg"},
		"png":         {pngOf(t, big), picture.PNG, "image/jpeg"},
		"see-through": {pngOf(t, glass), picture.PNG, "image/png"},
		"bmp":         {encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, big) }), picture.BMP, "image/jpeg"},
		"tiff":        {encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, big, nil) }), picture.TIFF, "image/jpeg"},
		"gif":         {encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, big, nil) }), picture.GIF, "image/png"},
	} {
		p, err := prepare(t, r, c.b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		fits(t, p)
		if p.Kind != c.kind || p.Type != c.want || max(p.Width, p.Height) > 150 {
			t.Errorf("%s: %s %s %d×%d", name, p.Kind, p.Type, p.Width, p.Height)
		}
		if name == "jpeg" && (p.Width != 150 || p.Height != 96 || p.Note != "scaled down from 400×256") {
			t.Errorf("%d×%d %q", p.Width, p.Height, p.Note)
		}
	}
}

// TestHostile: each is refused by its header, or bounded.
func TestHostile(t *testing.T) {
	r := picture.New(picture.Options{})
	huge := pngOf(t, drawn(8, 8))
	binary.BigEndian.PutUint32(huge[16:], 1<<31-1)
	binary.BigEndian.PutUint32(huge[20:], 1<<31-1)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	wide := encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, drawn(8, 8)) })
	binary.LittleEndian.PutUint32(wide[18:], 60_000)
	binary.LittleEndian.PutUint32(wide[22:], 60_000)
	screen := encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, drawn(8, 8), nil) })
	binary.LittleEndian.PutUint32(screen[6:], 0xffffffff)
	j := jpegOf(t, drawn(64, 64))
	scan := bytes.Index(j, []byte{0xff, 0xda})
	layers := append(bytes.Clone(j[:len(j)-2]), bytes.Repeat(j[scan:len(j)-2], 300)...)
	layers = append(layers, 0xff, 0xd9)
	loop := []byte("II*\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00")
	lying := append([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x07\x00\x00"), "VP8L\x06\x00\x00\x00\x2f\xff\xff\xff\x0f\x00"...)
	for name, c := range map[string]struct {
		b    []byte
		want picture.State
	}{
		"png 2^31": {huge, picture.Damaged}, "bmp 60000": {wide, picture.TooLarge}, "gif 65535": {screen, picture.TooLarge},
		"jpeg layers": {layers, picture.TooLarge}, "tiff loop": {loop, picture.Damaged}, "webp that lies": {lying, picture.Damaged},
		"half a jpeg": {j[:len(j)/2], picture.Damaged}, "half a png": {pngOf(t, drawn(99, 99))[:300], picture.Damaged},
		"nothing": {nil, picture.Empty}, "text": {[]byte("hello, this is no picture at all"), picture.Unsupported},
		"avif": {[]byte("\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1"), picture.Unsupported},
	} {
		_, err := prepare(t, r, c.b)
		var no *picture.Refusal
		if !errors.As(err, &no) || no.State != c.want && name != "png 2^31" || no.Why == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	small := picture.New(picture.Options{Bytes: 100})
	if _, err := prepare(t, small, j); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Error(err)
	}
}

// TestMemory: ten pictures at once share a budget that holds only one, and all come
// out; who leaves while waiting is let go.
func TestMemory(t *testing.T) {
	r := picture.New(picture.Options{Memory: 2 << 20, Side: 100})
	b := jpegOf(t, drawn(400, 300))
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if p, err := prepare(t, r, b); err != nil || p.Width != 100 {
				t.Error(p, err)
			}
		})
	}
	wg.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Prepare(ctx, bytes.NewReader(b), int64(len(b))); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	gone := errors.New("the disk is gone")
	if _, err := r.Prepare(t.Context(), failing{gone}, 100); !errors.Is(err, gone) {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

// FuzzPrepare: whatever comes out can be decoded, and is within bounds.
func FuzzPrepare(f *testing.F) {
	f.Add(jpegOf(f, drawn(9, 9)))
	f.Add(withSegment(jpegOf(f, drawn(9, 5)), 0xe1, exif(6)))
	f.Add(pngOf(f, drawn(9, 9)))
	f.Add(encoded(f, func(b *bytes.Buffer) error { return gif.Encode(b, drawn(9, 9), nil) }))
	f.Add(encoded(f, func(b *bytes.Buffer) error { return bmp.Encode(b, drawn(9, 9)) }))
	f.Add(encoded(f, func(b *bytes.Buffer) error { return tiff.Encode(b, drawn(9, 9), nil) }))
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"))
	r := picture.New(picture.Options{Pixels: 1_000_000, Side: 64})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := prepare(t, r, b)
		if err != nil {
			var no *picture.Refusal
			if !errors.As(err, &no) {
				t.Fatal(err)
			}
			return
		}
		if fits(t, p); max(p.Width, p.Height) > 64 {
			t.Fatalf("%d×%d", p.Width, p.Height)
		}
	})
}
