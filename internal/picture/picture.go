package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
	"golang.org/x/sync/semaphore"
)

// Kind is what a picture is, by its content.
type Kind string

const (
	PNG     Kind = "PNG"
	JPEG    Kind = "JPEG"
	GIF     Kind = "GIF"
	WebP    Kind = "WebP"
	BMP     Kind = "BMP"
	TIFF    Kind = "TIFF"
	HEIC    Kind = "HEIC"
	AVIF    Kind = "AVIF"
	PSD     Kind = "Photoshop"
	ICO     Kind = "an icon"
	Unknown Kind = ""
)

// State is why a picture was refused. The words are those of package document.
type State string

const (
	Damaged     State = "damaged"
	TooLarge    State = "too large"
	Unsupported State = "unsupported"
	Empty       State = "empty"
)

// Refusal is a picture that is not accepted, and what people are told of it.
type Refusal struct {
	Kind  Kind
	State State
	Why   string
}

func (r *Refusal) Error() string { return string(r.State) + ": " + r.Why }

// Options tune a Reader. Zero values mean the defaults.
type Options struct {
	Bytes  int64 // of a file; 64 MiB
	Pixels int64 // of a picture; 50 million
	Memory int64 // for all that is decoded at one time; 512 MiB
	Side   int   // pixels of the longer side of what comes out; 2,048
	Out    int   // bytes of what comes out; 15 MB, the most that a request takes as a data URL
}

// Picture is ready for a model.
type Picture struct {
	Kind          Kind   // what was uploaded
	Type          string // of Data: image/png, image/jpeg, image/webp or image/gif
	Width, Height int    // of Data
	Note          string // what was left out: frames, pages, size; may be empty
	Data          []byte
}

// Reader reads pictures. Its zero value is not usable.
type Reader struct {
	o      Options
	memory *semaphore.Weighted
}

// New makes a reader.
func New(o Options) *Reader {
	if o.Bytes <= 0 {
		o.Bytes = 64 << 20
	}
	if o.Pixels <= 0 {
		o.Pixels = 50_000_000
	}
	if o.Memory <= 0 {
		o.Memory = 512 << 20
	}
	if o.Side <= 0 {
		o.Side = 2048
	}
	if o.Out <= 0 {
		o.Out = 15_000_000
	}
	return &Reader{o: o, memory: semaphore.NewWeighted(o.Memory)}
}

// format is how a kind is read. What another library can decode is one more line.
type format struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	strip  func([]byte) []byte // nil: the model does not take it as it is
	media  string
}

var formats = map[Kind]format{
	PNG:  {png.DecodeConfig, png.Decode, stripPNG, "image/png"},
	JPEG: {jpeg.DecodeConfig, jpeg.Decode, stripJPEG, "image/jpeg"},
	GIF:  {gif.DecodeConfig, gif.Decode, stripGIF, "image/gif"},
	WebP: {webp.DecodeConfig, webp.Decode, stripWebP, "image/webp"},
	BMP:  {bmp.DecodeConfig, bmp.Decode, nil, ""},
	TIFF: {tiff.DecodeConfig, tiff.Decode, nil, ""},
}

// Detect says what a picture is; Unknown if it is none.
func Detect(head []byte) Kind {
	at := func(i int, s string) bool { return len(head) >= i+len(s) && string(head[i:i+len(s)]) == s }
	switch {
	case at(0, "\x89PNG\r\n\x1a\n"):
		return PNG
	case at(0, "\xff\xd8\xff"):
		return JPEG
	case at(0, "GIF87a"), at(0, "GIF89a"):
		return GIF
	case at(0, "RIFF") && at(8, "WEBP"):
		return WebP
	case at(0, "II*\x00"), at(0, "MM\x00*"):
		return TIFF
	case at(0, "BM") && at(6, "\x00\x00\x00\x00"):
		return BMP
	case at(4, "ftypavi"):
		return AVIF
	case at(4, "ftyphe"), at(4, "ftypmif1"), at(4, "ftypmsf1"):
		if bytes.Contains(head[:min(len(head), 64)], []byte("avif")) {
			return AVIF
		}
		return HEIC
	case at(0, "8BPS"):
		return PSD
	case at(0, "\x00\x00\x01\x00"):
		return ICO
	}
	return Unknown
}

// Prepare reads a picture of size bytes and makes it fit for a model.
func (r *Reader) Prepare(ctx context.Context, src io.ReaderAt, size int64) (*Picture, error) {
	switch {
	case size == 0:
		return nil, &Refusal{Unknown, Empty, "there is nothing in it"}
	case size > r.o.Bytes:
		return nil, &Refusal{Unknown, TooLarge, fmt.Sprintf("it has %d MB, and up to %d are looked at; share it smaller", size>>20, r.o.Bytes>>20)}
	}
	head := make([]byte, min(size, 64))
	if _, err := io.ReadFull(io.NewSectionReader(src, 0, size), head); err != nil {
		return nil, fmt.Errorf("read the picture: %w", err)
	}
	kind := Detect(head)
	f, known := formats[kind]
	if !known {
		return nil, unsupported(kind)
	}
	c, err := f.config(io.NewSectionReader(src, 0, size))
	if err != nil {
		return nil, errors.Join(refuse(kind, err), err)
	}
	pixels := int64(c.Width) * int64(c.Height)
	switch {
	case c.Width <= 0 || c.Height <= 0:
		return nil, &Refusal{kind, Damaged, broken}
	case c.Width > 1<<16 || c.Height > 1<<16 || pixels > r.o.Pixels:
		return nil, &Refusal{kind, TooLarge, fmt.Sprintf("it has %d×%d pixels, and up to %d million are looked at; share it smaller", c.Width, c.Height, r.o.Pixels/1_000_000)}
	}
	// All at once: who waited for more while holding some could wait forever.
	memory := min(2*size+pixels*cost(kind, c), r.o.Memory)
	if err := r.memory.Acquire(ctx, memory); err != nil {
		return nil, err
	}
	defer r.memory.Release(memory)
	raw := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(src, 0, size), raw); err != nil {
		return nil, fmt.Errorf("read the picture: %w", err)
	}
	return r.prepare(ctx, raw, kind, f, c)
}

func unsupported(kind Kind) error {
	why := "this kind of picture cannot be looked at; share it as PNG or JPEG"
	switch kind {
	case HEIC, AVIF:
		why = "pictures in " + string(kind) + " cannot be looked at; share it as PNG or JPEG"
	case PSD:
		why = "Photoshop's own files cannot be looked at; share it as PNG or JPEG"
	}
	return &Refusal{kind, Unsupported, why}
}

const broken = "it is incomplete or broken; upload it again"

// prepare decodes a picture whose size is known. A panic of a decoder is a damaged
// picture.
func (r *Reader) prepare(ctx context.Context, raw []byte, kind Kind, f format, c image.Config) (p *Picture, err error) {
	defer func() {
		if v := recover(); v != nil {
			p, err = nil, &Refusal{kind, Damaged, broken}
		}
	}()
	frames, still := stills(raw, kind), raw
	switch kind {
	case WebP:
		if frames > 1 {
			still = firstWebP(raw)
		}
		if !honest(still, c) {
			return nil, &Refusal{kind, Damaged, broken}
		}
	case JPEG:
		if scans(raw) > maxScans {
			return nil, &Refusal{kind, TooLarge, "it is made of more layers than a picture has; share it as PNG"}
		}
	}
	img, err := f.decode(bytes.NewReader(still))
	if err != nil {
		return nil, errors.Join(refuse(kind, err), err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p = &Picture{Kind: kind, Note: note(kind, frames)}
	turned := orientation(raw, kind)
	size := img.Bounds().Size()
	_, cmyk := img.(*image.CMYK)
	if f.strip != nil && frames <= 1 && turned <= 1 && !cmyk && max(size.X, size.Y) <= r.o.Side {
		if data := f.strip(raw); data != nil && len(data) <= r.o.Out {
			p.Type, p.Width, p.Height, p.Data = f.media, size.X, size.Y, data
			return p, nil
		}
	}
	small := shrink(img, r.o.Side)
	if small.Bounds().Size() != size {
		p.Note = join(p.Note, fmt.Sprintf("scaled down from %d×%d", size.X, size.Y))
	}
	small = upright(small, turned)
	p.Width, p.Height = small.Bounds().Dx(), small.Bounds().Dy()
	p.Type, p.Data, err = encode(small, plain(img), r.o.Out)
	if err != nil {
		return nil, fmt.Errorf("write the picture: %w", err)
	}
	return p, nil
}

func refuse(kind Kind, err error) *Refusal {
	var png png.UnsupportedError
	var jpeg jpeg.UnsupportedError
	var tiff tiff.UnsupportedError
	if errors.As(err, &png) || errors.As(err, &jpeg) || errors.As(err, &tiff) || errors.Is(err, bmp.ErrUnsupported) {
		return &Refusal{kind, Unsupported, "this sort of " + string(kind) + " cannot be looked at; share it as PNG or JPEG"}
	}
	return &Refusal{kind, Damaged, broken}
}

func note(kind Kind, frames int) string {
	switch {
	case frames <= 1:
		return ""
	case kind == TIFF:
		return fmt.Sprintf("the first of %d pages", frames)
	default:
		return "the first frame of an animation"
	}
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

// cost is the bytes that decoding takes for each pixel, the copy that is scaled down
// included.
func cost(kind Kind, c image.Config) int64 {
	switch {
	case kind == JPEG: // as if it were progressive
		return 10
	case c.ColorModel == color.RGBA64Model, c.ColorModel == color.NRGBA64Model, c.ColorModel == color.Gray16Model:
		return 12
	default:
		return 8
	}
}

// plain says that a picture is drawn rather than photographed: it has a palette, or is
// black and white. Those stay exact.
func plain(img image.Image) bool {
	switch img.(type) {
	case *image.Paletted, *image.Gray:
		return true
	}
	return false
}

// encode makes a PNG of what is drawn or see-through, else a JPEG.
func encode(img *image.RGBA, exact bool, most int) (string, []byte, error) {
	var out bytes.Buffer
	if exact || !img.Opaque() {
		if err := png.Encode(&out, img); err != nil {
			return "", nil, err
		}
		if out.Len() <= most {
			return "image/png", out.Bytes(), nil
		}
	}
	for quality := 85; ; quality -= 20 {
		out.Reset()
		if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
			return "", nil, err
		}
		if out.Len() <= most || quality <= 25 {
			return "image/jpeg", out.Bytes(), nil
		}
	}
}
