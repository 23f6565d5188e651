package modelsim

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"html"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"strings"
)

// picture is one image to be made, with everything decided that may be asked as
// "auto".
type picture struct {
	prompt        string
	seed          uint64
	number        int // of several for one prompt
	width, height int
	format        string // png, jpeg, webp, gif or svg
	quality       string
	transparent   bool
	compression   int         // 0 to 100, of a jpeg
	source        image.Image // what an edit starts from, or nil
	mask          image.Image // where it may change, or nil for all of it
}

func (p picture) size() string { return fmt.Sprintf("%dx%d", p.width, p.height) }

func (p picture) background() string {
	if p.transparent {
		return "transparent"
	}
	return "opaque"
}

// make draws and encodes the picture. blur over 1 makes it of squares of so many
// pixels, as a partial image.
func (p picture) make(blur int) ([]byte, error) {
	if p.format == "svg" {
		return p.svg(), nil
	}
	m := p.draw()
	if blur > 1 {
		coarsen(m, blur)
	}
	var b bytes.Buffer
	var err error
	switch p.format {
	case "jpeg":
		err = jpeg.Encode(&b, m, &jpeg.Options{Quality: max(1, p.compression)})
	case "webp":
		return encodeWebP(m)
	case "gif":
		err = gif.Encode(&b, paletted(m), nil)
	default:
		err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m)
	}
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", p.format, err)
	}
	return b.Bytes(), nil
}

func (p picture) svg() []byte {
	c := p.colors()
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d">`, p.width, p.height)
	if !p.transparent {
		fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#%02x%02x%02x"/>`, c.sky.R, c.sky.G, c.sky.B)
	}
	fmt.Fprintf(&b, `<circle cx="%d" cy="%d" r="%d" fill="#%02x%02x%02x"/><text x="50%%" y="90%%" font-size="%d" text-anchor="middle">%s</text></svg>`+"\n",
		p.width/2, p.height/2, p.height/4, c.sun.R, c.sun.G, c.sun.B, max(8, p.height/24), html.EscapeString(clip(p.prompt, 200)))
	return b.Bytes()
}

// palette holds the colors of one scene.
type palette struct{ sky, haze, sun, sea, land color.NRGBA }

func (p picture) hash() uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %d %s", p.seed, p.number, p.prompt) // a hash never fails
	return h.Sum64()
}

func (p picture) colors() palette {
	hue := 0.5 + float64(p.hash()%100)/400 // from teal to violet
	sun := 0.02 + float64(p.hash()>>8%100)/800
	return palette{hsv(hue, 0.55, 0.8), hsv(sun, 0.2, 1), hsv(sun, 0.55, 1), hsv(hue+0.03, 0.65, 0.45), hsv(0.1, 0.35, 0.3)}
}

func hsv(h, s, v float64) color.NRGBA {
	channel := func(n float64) uint8 {
		k := math.Mod(n+6*h, 6)
		return uint8(255 * (v - v*s*max(0, min(k, 4-k, 1))))
	}
	return color.NRGBA{channel(5), channel(3), channel(1), 255}
}

// draw paints a coast at dawn, or tints the source, and writes the prompt under
// it. The same picture always looks the same.
func (p picture) draw() *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, p.width, p.height))
	if p.source != nil {
		p.tint(m)
	} else {
		p.scene(m)
	}
	p.caption(m)
	return m
}

func (p picture) scene(m *image.NRGBA) {
	c, w, h := p.colors(), p.width, p.height
	horizon := h * 2 / 3
	if !p.transparent {
		for y := range horizon {
			fill(m, image.Rect(0, y, w, y+1), mix(c.sky, c.haze, float64(y)/float64(horizon)))
		}
	}
	sunX, r := w/6+int(p.hash()>>16%uint64(max(1, w*2/3))), min(w, h)/9
	disc(m, sunX, horizon-r/2, r, c.sun)
	if !p.transparent {
		for y := horizon; y < h; y++ {
			fill(m, image.Rect(0, y, w, y+1), mix(c.sea, c.land, 0.4*float64(y-horizon)/float64(h-horizon)))
		}
	}
	for i := range 12 { // light on the waves
		y := horizon + (h-horizon)*(i+1)/14
		half := r * (14 - i) / 14
		fill(m, image.Rect(sunX-half, y, sunX+half, y+max(1, h/200)), color.NRGBA{c.sun.R, c.sun.G, c.sun.B, 160})
	}
	rockX, rockR := w-w/4, min(w, h)/5
	if sunX > w/2 {
		rockX = w / 4
	}
	for y := horizon - rockR/2; y <= horizon; y++ {
		half := rockR * (y - horizon + rockR/2) / (rockR/2 + 1)
		fill(m, image.Rect(rockX-half, y, rockX+half, y+1), c.land)
	}
	if words := strings.ToLower(p.prompt); strings.Contains(words, "lighthouse") || strings.Contains(words, "tower") {
		lighthouse(m, rockX, horizon-rockR/3, h/3)
	}
}

// lighthouse stands on (x, foot) and is so high, in red and white.
func lighthouse(m *image.NRGBA, x, foot, high int) {
	red, white, dark, light := color.NRGBA{200, 50, 45, 255}, color.NRGBA{250, 248, 240, 255}, color.NRGBA{40, 40, 50, 255}, color.NRGBA{255, 240, 150, 255}
	for y := range high {
		half := max(1, high/12+high/12*y/max(high, 1))
		c := white
		if y*6/max(high, 1)%2 == 1 {
			c = red
		}
		fill(m, image.Rect(x-half, foot-high+y, x+half, foot-high+y+1), c)
	}
	lamp := max(2, high/9)
	fill(m, image.Rect(x-lamp, foot-high-lamp, x+lamp, foot-high), light)
	fill(m, image.Rect(x-lamp-lamp/3, foot-high-lamp-lamp/3, x+lamp+lamp/3, foot-high-lamp), dark)
	for i := range high { // the beam
		spread := i / 6
		fill(m, image.Rect(x+lamp+i, foot-high-lamp/2-spread, x+lamp+i+1, foot-high-lamp/2+spread+1), color.NRGBA{255, 240, 150, 70})
	}
}

// tint scales the source to the asked size and colors what may change.
func (p picture) tint(m *image.NRGBA) {
	c, from := p.colors().sun, p.source.Bounds()
	for y := range p.height {
		for x := range p.width {
			sx, sy := from.Min.X+x*from.Dx()/p.width, from.Min.Y+y*from.Dy()/p.height
			at := color.NRGBAModel.Convert(p.source.At(sx, sy)).(color.NRGBA)
			if p.mask != nil && (image.Pt(sx, sy).Sub(from.Min).Add(p.mask.Bounds().Min).In(p.mask.Bounds())) {
				_, _, _, a := p.mask.At(p.mask.Bounds().Min.X+sx-from.Min.X, p.mask.Bounds().Min.Y+sy-from.Min.Y).RGBA()
				if a > 0 { // OpenAI: only fully transparent areas are edited
					m.SetNRGBA(x, y, at)
					continue
				}
			}
			a := at.A
			at = mix(at, c, 0.4)
			at.A = a
			m.SetNRGBA(x, y, at)
		}
	}
}

// caption writes the prompt on a band along the lower edge.
func (p picture) caption(m *image.NRGBA) {
	scale := max(1, p.width/(6*34))
	columns := max(1, p.width/(6*scale)-2)
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(p.prompt) {
		word = clip(word, columns)
		if line != "" && len([]rune(line))+1+len([]rune(word)) > columns {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	lines = append(lines, line)
	if len(lines) > 3 {
		lines = append(lines[:2], clip(lines[2], max(0, columns-3))+"...")
	}
	top := p.height - (len(lines)*9+3)*scale
	fill(m, image.Rect(0, top, p.width, p.height), color.NRGBA{20, 22, 30, 190})
	for i, l := range lines {
		writeText(m, 6*scale, top+(3+9*i)*scale, scale, l, color.NRGBA{255, 255, 255, 255})
	}
}

// fill paints r, within m, with c over what is there.
func fill(m *image.NRGBA, r image.Rectangle, c color.NRGBA) {
	r = r.Intersect(m.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := m.Pix[m.PixOffset(r.Min.X, y) : m.PixOffset(r.Min.X, y)+4*r.Dx()]
		for i := 0; i < len(row); i += 4 {
			at := color.NRGBA{row[i], row[i+1], row[i+2], row[i+3]}
			if c.A < 255 && at.A > 0 {
				a := max(at.A, c.A)
				at = mix(at, c, float64(c.A)/255)
				at.A = a
			} else {
				at = c
			}
			row[i], row[i+1], row[i+2], row[i+3] = at.R, at.G, at.B, at.A
		}
	}
}

func disc(m *image.NRGBA, x, y, r int, c color.NRGBA) {
	for dy := -r; dy <= r; dy++ {
		half := int(math.Sqrt(float64(r*r - dy*dy)))
		fill(m, image.Rect(x-half, y+dy, x+half, y+dy+1), c)
	}
}

// mix goes from a to b as t goes from 0 to 1.
func mix(a, b color.NRGBA, t float64) color.NRGBA {
	m := func(x, y uint8) uint8 { return uint8(float64(x) + t*(float64(y)-float64(x))) }
	return color.NRGBA{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B), 255}
}

// coarsen gives every square of n pixels the color of its first.
func coarsen(m *image.NRGBA, n int) {
	for y := 0; y < m.Rect.Dy(); y += n {
		for x := 0; x < m.Rect.Dx(); x += n {
			c := m.NRGBAAt(x, y)
			r := image.Rect(x, y, x+n, y+n).Intersect(m.Rect)
			for yy := r.Min.Y; yy < r.Max.Y; yy++ {
				for xx := r.Min.X; xx < r.Max.X; xx++ {
					m.SetNRGBA(xx, yy, c)
				}
			}
		}
	}
}

// paletted brings m down to 216 colors and a transparent one, for a GIF.
func paletted(m *image.NRGBA) *image.Paletted {
	colors := color.Palette{color.NRGBA{}}
	for i := range 216 {
		colors = append(colors, color.NRGBA{uint8(i / 36 * 51), uint8(i / 6 % 6 * 51), uint8(i % 6 * 51), 255})
	}
	out := image.NewPaletted(m.Rect, colors)
	step := func(v uint8) uint8 { return (v + 25) / 51 }
	for i := 0; i < len(m.Pix); i += 4 {
		if m.Pix[i+3] >= 128 {
			out.Pix[i/4] = 1 + 36*min(5, step(min(m.Pix[i], 230))) + 6*min(5, step(min(m.Pix[i+1], 230))) + min(5, step(min(m.Pix[i+2], 230)))
		}
	}
	return out
}
