package slacksim

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"path"
	"strings"
	"sync"
)

// maxPixels bounds the images that are decoded: above it there are no thumbnails.
const maxPixels = 25_000_000

// Thumbs are the small versions of an image. The sizes up to 160 are squares cut from its middle, the others fit into
// a square of that side and are only there when they are smaller than the image itself; 360 always is.
type Thumbs struct {
	Thumb64    string `json:"thumb_64,omitempty"`
	Thumb80    string `json:"thumb_80,omitempty"`
	Thumb160   string `json:"thumb_160,omitempty"`
	Thumb360   string `json:"thumb_360,omitempty"`
	Thumb360W  int    `json:"thumb_360_w,omitempty"`
	Thumb360H  int    `json:"thumb_360_h,omitempty"`
	Thumb480   string `json:"thumb_480,omitempty"`
	Thumb480W  int    `json:"thumb_480_w,omitempty"`
	Thumb480H  int    `json:"thumb_480_h,omitempty"`
	Thumb720   string `json:"thumb_720,omitempty"`
	Thumb720W  int    `json:"thumb_720_w,omitempty"`
	Thumb720H  int    `json:"thumb_720_h,omitempty"`
	Thumb960   string `json:"thumb_960,omitempty"`
	Thumb960W  int    `json:"thumb_960_w,omitempty"`
	Thumb960H  int    `json:"thumb_960_h,omitempty"`
	Thumb1024  string `json:"thumb_1024,omitempty"`
	Thumb1024W int    `json:"thumb_1024_w,omitempty"`
	Thumb1024H int    `json:"thumb_1024_h,omitempty"`
	OriginalW  int    `json:"original_w,omitempty"`
	OriginalH  int    `json:"original_h,omitempty"`
}

// thumbSizes are the sides that there are.
func thumbSizes() []int { return []int{64, 80, 160, 360, 480, 720, 960, 1024} }

func square(side int) bool { return side <= 160 }

// thumbsOf names the thumbnails of an image of w by h pixels.
func thumbsOf(base, name string, w, h int) Thumbs {
	t := Thumbs{OriginalW: w, OriginalH: h}
	at := func(side int) string {
		ext := path.Ext(name)
		kind := ".png"
		if ext == ".jpg" || ext == ".jpeg" {
			kind = ".jpg"
		}
		return fmt.Sprintf("%s%s_%d%s", base, strings.TrimSuffix(name, ext), side, kind)
	}
	t.Thumb64, t.Thumb80, t.Thumb160 = at(64), at(80), at(160)
	for _, x := range []struct {
		side int
		url  *string
		w, h *int
	}{
		{360, &t.Thumb360, &t.Thumb360W, &t.Thumb360H}, {480, &t.Thumb480, &t.Thumb480W, &t.Thumb480H},
		{720, &t.Thumb720, &t.Thumb720W, &t.Thumb720H}, {960, &t.Thumb960, &t.Thumb960W, &t.Thumb960H},
		{1024, &t.Thumb1024, &t.Thumb1024W, &t.Thumb1024H},
	} {
		if x.side == 360 || max(w, h) > x.side {
			*x.url = at(x.side)
			*x.w, *x.h = fit(w, h, x.side)
		}
	}
	return t
}

// fit scales w by h into a square, never up.
func fit(w, h, side int) (int, int) {
	if most := max(w, h); most > side {
		return max(1, w*side/most), max(1, h*side/most)
	}
	return w, h
}

// imageSize reads the size from the header of a PNG, JPEG or GIF; 0 for other images and broken ones.
func imageSize(b *blob) (w, h int, err error) {
	c, err := b.open()
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	conf, err := decodeConfig(c)
	if err != nil {
		return 0, 0, nil // a picture that cannot be read is a file like others
	}
	return conf.Width, conf.Height, nil
}

var errNoImage = errors.New("neither PNG, JPEG nor GIF")

// decodeConfig and decode name the three formats themselves, as a registry of formats is for the whole program.
func decodeConfig(r io.ReadSeeker) (image.Config, error) {
	for _, d := range []func(io.Reader) (image.Config, error){png.DecodeConfig, jpeg.DecodeConfig, gif.DecodeConfig} {
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return image.Config{}, err
		}
		if conf, err := d(r); err == nil && conf.Width > 0 && conf.Height > 0 {
			return conf, nil
		}
	}
	return image.Config{}, errNoImage
}

func decode(r io.ReadSeeker) (image.Image, error) {
	conf, err := decodeConfig(r)
	if err != nil {
		return nil, err
	}
	if tooManyPixels(conf.Width, conf.Height) {
		return nil, fmt.Errorf("%d by %d pixels are too many", conf.Width, conf.Height)
	}
	for _, d := range []func(io.Reader) (image.Image, error){png.Decode, jpeg.Decode, gif.Decode} {
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		if img, err := d(r); err == nil {
			return img, nil
		}
	}
	return nil, errNoImage
}

func tooManyPixels(w, h int) bool { return w <= 0 || h <= 0 || w > maxPixels/h }

// paintable reports whether the file has thumbnails.
func (f *file) paintable() bool {
	return f.blob != nil && (f.Filetype == "png" || f.Filetype == "jpg" || f.Filetype == "gif") && !tooManyPixels(f.OriginalW, f.OriginalH)
}

// gallery keeps the thumbnails of one image once they were asked for.
type gallery struct {
	mu      sync.Mutex
	painted map[int][]byte
	broken  bool
}

// thumb is the thumbnail of a side, as JPEG for photographs and PNG for the rest. One image is decoded at a time, as
// a large one takes hundreds of megabytes.
func (s *Sim) thumb(g *gallery, b *blob, photo bool, side int) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.painted[side]; p != nil {
		return p, nil
	}
	if g.broken {
		return nil, errNoImage
	}
	s.painting.Lock()
	defer s.painting.Unlock()
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	img, err := decode(c)
	if err != nil {
		g.broken = true
		return nil, err
	}
	p, err := paint(img, photo, side)
	if err != nil {
		return nil, err
	}
	if g.painted == nil {
		g.painted = map[int][]byte{}
	}
	g.painted[side] = p
	return p, nil
}

func paint(img image.Image, photo bool, side int) ([]byte, error) {
	from := img.Bounds()
	w, h := fit(from.Dx(), from.Dy(), side)
	if square(side) {
		n := min(from.Dx(), from.Dy())
		x, y := from.Min.X+(from.Dx()-n)/2, from.Min.Y+(from.Dy()-n)/2
		from = image.Rect(x, y, x+n, y+n)
		w, h = side, side
	}
	var out bytes.Buffer
	small := scale(img, from, w, h)
	if photo {
		err := jpeg.Encode(&out, small, &jpeg.Options{Quality: 85})
		return out.Bytes(), err
	}
	err := png.Encode(&out, small)
	return out.Bytes(), err
}

// scale draws a part of an image with w by h pixels, each the mean of the pixels it stands for.
func scale(img image.Image, from image.Rectangle, w, h int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		top := from.Min.Y + y*from.Dy()/h
		bottom := max(from.Min.Y+(y+1)*from.Dy()/h, top+1)
		for x := range w {
			left := from.Min.X + x*from.Dx()/w
			right := max(from.Min.X+(x+1)*from.Dx()/w, left+1)
			var r, g, b, a, n uint64
			for j := top; j < bottom; j++ {
				for i := left; i < right; i++ {
					pr, pg, pb, pa := img.At(i, j).RGBA()
					r, g, b, a, n = r+uint64(pr), g+uint64(pg), b+uint64(pb), a+uint64(pa), n+1
				}
			}
			out.SetRGBA(x, y, color.RGBA{R: uint8(r / n >> 8), G: uint8(g / n >> 8), B: uint8(b / n >> 8), A: uint8(a / n >> 8)})
		}
	}
	return out
}
