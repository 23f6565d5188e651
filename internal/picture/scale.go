package picture

import (
	"image"

	"golang.org/x/image/draw"
)

// shrink makes a picture of at most side pixels in width and height. It halves first,
// since the quick scaling that follows looks at four points only.
func shrink(img image.Image, side int) *image.RGBA {
	b := img.Bounds()
	full := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(full, full.Bounds(), img, b.Min, draw.Src)
	for max(full.Rect.Dx(), full.Rect.Dy()) >= 2*side && min(full.Rect.Dx(), full.Rect.Dy()) >= 2 {
		full = halve(full)
	}
	w, h := full.Rect.Dx(), full.Rect.Dy()
	if max(w, h) <= side {
		return full
	}
	if w > h {
		w, h = side, max(1, h*side/w)
	} else {
		w, h = max(1, w*side/h), side
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(out, out.Bounds(), full, full.Bounds(), draw.Src, nil)
	return out
}

// halve takes the mean of four points, in place of the old ones.
func halve(in *image.RGBA) *image.RGBA {
	w, h := in.Rect.Dx()/2, in.Rect.Dy()/2
	out := &image.RGBA{Pix: in.Pix[:w*h*4], Stride: w * 4, Rect: image.Rect(0, 0, w, h)}
	for y := range h {
		top, low := in.Pix[2*y*in.Stride:], in.Pix[(2*y+1)*in.Stride:]
		for x := range w {
			for c := range 4 {
				i := 8*x + c
				out.Pix[(y*w+x)*4+c] = uint8((int(top[i]) + int(top[i+4]) + int(low[i]) + int(low[i+4]) + 2) / 4)
			}
		}
	}
	return out
}

// upright turns and mirrors a picture as EXIF's orientation (1 to 8) asks.
func upright(in *image.RGBA, turned int) *image.RGBA {
	if turned <= 1 || turned > 8 {
		return in
	}
	w, h := in.Rect.Dx(), in.Rect.Dy()
	size := image.Rect(0, 0, w, h)
	if turned >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			var tx, ty int
			switch turned {
			case 2:
				tx, ty = w-1-x, y
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				tx, ty = x, h-1-y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			i, o := in.PixOffset(x, y), out.PixOffset(tx, ty)
			copy(out.Pix[o:o+4], in.Pix[i:i+4])
		}
	}
	return out
}
