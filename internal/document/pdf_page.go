package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"strings"
	"unicode"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/responses"
)

// flat loads a page with the values of its forms and its notes made part of it:
// without that they are no text.
func (s *sandbox) flat(n int) (requests.Page, func(), error) {
	load := func() (requests.Page, func(), error) {
		p, err := s.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: s.doc, Index: n - 1})
		if err != nil {
			return requests.Page{}, nil, err
		}
		return requests.Page{ByReference: &p.Page}, func() { _, _ = s.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: p.Page}) }, nil
	}
	p, done, err := load()
	if err != nil {
		return p, nil, err
	}
	_, err = s.FPDFPage_Flatten(&requests.FPDFPage_Flatten{Page: p, Usage: requests.FPDFPage_FlattenUsageNormalDisplay})
	done()
	if err != nil && (broken(err) || s.ctx.Err() != nil) {
		return p, nil, err
	}
	return load()
}

// read takes the text of one page, twice if it has tables.
func (s *sandbox) read(b *budget, n int) (u Unit, err error) {
	p, done, err := s.flat(n)
	if err != nil {
		return u, err
	}
	defer done()
	t, err := s.GetPageText(&requests.GetPageText{Page: p})
	if err != nil {
		return u, err
	}
	u.Text = b.take(prose(t.Text))
	chars := len([]rune(strings.TrimSpace(u.Text)))
	turned := false
	if chars > 0 {
		words, err := s.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: p})
		if err != nil {
			return u, err
		}
		defer func() { _, _ = s.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: words.TextPage}) }()
		turned = s.turned(words.TextPage)
		if all, cell := s.pieces(words.TextPage, chars); chars < 40_000 && tabular(split(all, cell), cell) {
			r, err := s.GetPageTextStructured(&requests.GetPageTextStructured{Page: p, Mode: requests.GetPageTextStructuredModeChars})
			if err != nil {
				return u, err
			}
			all = fill(all, r.Chars)
			u.Table = b.take(columns(all, width(all)))
		}
	}
	u.Eyes = s.drawn(p, chars) || turned
	return u, s.failed()
}

func (s *sandbox) failed() error {
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	return nil
}

// prose mends what PDFium does to text: U+0002 is a hyphen at the end of a line that
// it has joined with the next.
func prose(s string) string {
	if strings.ContainsRune(s, 2) {
		var b strings.Builder
		runes := []rune(s)
		for i, r := range runes {
			if r != 2 {
				b.WriteRune(r)
				continue
			}
			next := i + 1
			for next < len(runes) && (runes[next] == '\r' || runes[next] == '\n') {
				next++
			}
			if next >= len(runes) || !unicode.IsLower(runes[next]) {
				b.WriteByte('-')
			}
		}
		s = b.String()
	}
	s = strings.TrimSpace(strings.ToValidUTF8(clean(s), ""))
	if s == "" {
		return ""
	}
	return s + "\n"
}

// objects of a page that are looked at; each costs several calls.
const maxObjects = 200

// drawn says whether a page shows more than its text: a picture over much of it, or
// a drawing of many strokes.
func (s *sandbox) drawn(p requests.Page, chars int) bool {
	count, err := s.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: p})
	if err != nil {
		return false
	}
	size := func() float64 {
		w, err := s.FPDF_GetPageWidthF(&requests.FPDF_GetPageWidthF{Page: p})
		if err != nil {
			return 0
		}
		h, err := s.FPDF_GetPageHeightF(&requests.FPDF_GetPageHeightF{Page: p})
		if err != nil {
			return 0
		}
		return float64(w.PageWidth) * float64(h.PageHeight)
	}
	area := math.Max(size(), 1)
	images, strokes := 0.0, 0
	for i := range min(count.Count, maxObjects) {
		o, err := s.FPDFPage_GetObject(&requests.FPDFPage_GetObject{Page: p, Index: i})
		if err != nil {
			return false
		}
		t, err := s.FPDFPageObj_GetType(&requests.FPDFPageObj_GetType{PageObject: o.PageObject})
		if err != nil {
			return false
		}
		switch t.Type {
		case enums.FPDF_PAGEOBJ_IMAGE, enums.FPDF_PAGEOBJ_FORM, enums.FPDF_PAGEOBJ_SHADING:
			if r, err := s.FPDFPageObj_GetBounds(&requests.FPDFPageObj_GetBounds{PageObject: o.PageObject}); err == nil && t.Type != enums.FPDF_PAGEOBJ_FORM {
				images += math.Abs(float64(r.Right-r.Left) * float64(r.Top-r.Bottom))
			} else if chars < 25 {
				images += area
			}
		case enums.FPDF_PAGEOBJ_PATH:
			strokes++
		}
	}
	return images > area*0.2 || chars < 25 && (images > 0 || strokes > 0) || strokes > 150
}

// turned says whether some words stand at an angle to the others: their order is lost.
func (s *sandbox) turned(page references.FPDF_TEXTPAGE) bool {
	n, err := s.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: page})
	if err != nil || n.Count <= 0 {
		return false
	}
	const samples = 30
	angles := map[int]int{}
	for i := range samples {
		a, err := s.FPDFText_GetCharAngle(&requests.FPDFText_GetCharAngle{TextPage: page, Index: i * n.Count / samples})
		if err == nil && a.CharAngle >= 0 {
			angles[int(math.Round(float64(a.CharAngle)*180/math.Pi/10))%36]++
		}
	}
	most, all := 0, 0
	for _, n := range angles {
		most = max(most, n)
		all += n
	}
	return all-most > samples/10
}

// Picture is a page as a picture.
type Picture struct {
	Page          int
	Type          string // image/jpeg or image/png
	Width, Height int
	Data          []byte
}

// Pictures draws pages of a PDF, each within pixels in width and height (1,568 if 0:
// what a model sees of it). Its errors are for people.
func (r *Reader) Pictures(ctx context.Context, src io.ReaderAt, size int64, pixels int, pages ...int) (all []Picture, err error) {
	if size > r.o.Bytes {
		return nil, fmt.Errorf("the file is larger than %s", megabytes(r.o.Bytes))
	}
	ctx, done, err := r.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	ctx, cancel := withTime(ctx, r.o.Time)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			r.o.Log.Error("drawing a page panicked", "panic", p)
			err = errors.New("the page cannot be drawn")
		}
	}()
	raw, err := (&source{ReaderAt: src, size: size}).bytes(size)
	if err != nil {
		return nil, err
	}
	s, err := r.pdf.load(ctx, raw)
	if err != nil {
		var no *refusal
		if errors.As(err, &no) {
			return nil, errors.New(no.why)
		}
		return nil, err
	}
	defer s.end()
	if pixels <= 0 {
		pixels = 1568
	}
	for _, n := range pages {
		if n < 1 || n > s.pages {
			return all, fmt.Errorf("there is no page %d: the document has %d", n, s.pages)
		}
		s.next()
		p, err := s.draw(n, min(pixels, 4096))
		if err != nil {
			switch {
			case ctx.Err() != nil:
				return all, context.Cause(ctx)
			case s.ctx.Err() != nil:
				return all, fmt.Errorf("page %d takes longer than %v to draw", n, r.o.Page)
			case broken(err):
				return all, fmt.Errorf("page %d asks for more memory than a page may have", n)
			}
			return all, fmt.Errorf("page %d cannot be drawn: %w", n, err)
		}
		all = append(all, p)
	}
	return all, nil
}

func (s *sandbox) draw(n, pixels int) (Picture, error) {
	var ref references.FPDF_PAGE
	page, err := s.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: s.doc, Index: n - 1})
	if err != nil {
		return Picture{}, err
	}
	ref = page.Page
	defer func() { _, _ = s.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: ref}) }()
	drawn, err := s.RenderPageInPixels(&requests.RenderPageInPixels{
		Page: requests.Page{ByReference: &ref}, Width: pixels, Height: pixels, RenderFlags: enums.FPDF_RENDER_FLAG_ANNOT,
	})
	if err != nil {
		return Picture{}, err
	}
	defer drawn.Cleanup()
	return encode(n, drawn)
}

// encode makes a PNG of what is nearly black and white, and a JPEG of all else: each
// is the smaller one then.
func encode(n int, drawn *responses.RenderPageInPixels) (Picture, error) {
	img := drawn.Result.RenderedImage
	if img == nil {
		return Picture{}, errors.New("there is no picture")
	}
	size := img.Bounds().Size()
	p := Picture{Page: n, Width: size.X, Height: size.Y}
	var out bytes.Buffer
	var err error
	if gray := bilevel(img); gray != nil {
		p.Type = "image/png"
		err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, gray)
	} else {
		p.Type = "image/jpeg"
		err = jpeg.Encode(&out, img, &jpeg.Options{Quality: 85})
	}
	p.Data = out.Bytes()
	return p, err
}

// bilevel gives the picture in grey if hardly anything in it is neither black nor white.
func bilevel(img image.Image) *image.Gray {
	rgba, ok := img.(*image.RGBA)
	if !ok {
		return nil
	}
	const step = 7
	between, all := 0, 0
	for i := 0; i+3 < len(rgba.Pix); i += 4 * step {
		r, g, b := int(rgba.Pix[i]), int(rgba.Pix[i+1]), int(rgba.Pix[i+2])
		all++
		if r > 32 && r < 223 || max(r, g, b)-min(r, g, b) > 24 {
			between++
		}
	}
	if between*50 > all {
		return nil
	}
	gray := image.NewGray(rgba.Rect)
	for y := range rgba.Rect.Dy() {
		for x := range rgba.Rect.Dx() {
			gray.Pix[y*gray.Stride+x] = rgba.Pix[y*rgba.Stride+4*x+1]
		}
	}
	return gray
}
