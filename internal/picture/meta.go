package picture

import (
	"bytes"
	"encoding/binary"
	"image"

	"golang.org/x/image/webp"
)

// segments walks a JPEG's markers up to its end; f says for each whether to keep it.
// What comes back is the picture without what was dropped and without what stands
// behind its end: previews, other pictures of a phone. It is nil if it has no end.
func segments(b []byte, f func(marker byte, body []byte) bool) []byte {
	if len(b) < 4 || b[0] != 0xff || b[1] != 0xd8 {
		return nil
	}
	out := append(make([]byte, 0, len(b)), 0xff, 0xd8)
	for i := 2; i+1 < len(b); {
		if b[i] != 0xff {
			return nil
		}
		m := b[i+1]
		switch {
		case m == 0xff:
			i++
			continue
		case m == 0xd9:
			return append(out, 0xff, 0xd9)
		case m == 0x01 || m >= 0xd0 && m <= 0xd7:
			out = append(out, 0xff, m)
			i += 2
			continue
		}
		if i+4 > len(b) {
			return nil
		}
		n := int(binary.BigEndian.Uint16(b[i+2:]))
		if n < 2 || i+2+n > len(b) {
			return nil
		}
		if f(m, b[i+4:i+2+n]) {
			out = append(out, b[i:i+2+n]...)
		}
		i += 2 + n
		if m != 0xda {
			continue
		}
		from := i // the points themselves, up to the next marker
		for i+1 < len(b) && (b[i] != 0xff || b[i+1] == 0 || b[i+1] >= 0xd0 && b[i+1] <= 0xd7) {
			i++
		}
		out = append(out, b[from:min(i, len(b))]...)
	}
	return nil
}

// stripJPEG keeps JFIF, colour profiles and Adobe's note on colours.
func stripJPEG(b []byte) []byte {
	return segments(b, func(m byte, body []byte) bool {
		switch {
		case m == 0xfe:
			return false
		case m == 0xe2:
			return bytes.HasPrefix(body, []byte("ICC_PROFILE\x00"))
		case m == 0xe0:
			return bytes.HasPrefix(body, []byte("JFIF\x00"))
		case m >= 0xe1 && m <= 0xef:
			return m == 0xee && bytes.HasPrefix(body, []byte("Adobe"))
		}
		return true
	})
}

// maxScans is more than any program writes; each goes over the whole picture.
const maxScans = 64

func scans(b []byte) int {
	n := 0
	segments(b, func(m byte, _ []byte) bool {
		if m == 0xda {
			n++
		}
		return false
	})
	return n
}

// chunksPNG walks the chunks of a PNG up to its end.
func chunksPNG(b []byte, f func(name string, body []byte) bool) []byte {
	out := append(make([]byte, 0, len(b)), b[:min(8, len(b))]...)
	for i := 8; i+12 <= len(b); {
		n := int(binary.BigEndian.Uint32(b[i:]))
		if n < 0 || n > len(b)-i-12 {
			return nil
		}
		name := string(b[i+4 : i+8])
		if f(name, b[i+8:i+8+n]) {
			out = append(out, b[i:i+12+n]...)
		}
		if name == "IEND" {
			return out
		}
		i += 12 + n
	}
	return nil
}

func stripPNG(b []byte) []byte {
	keep := map[string]bool{"IHDR": true, "PLTE": true, "IDAT": true, "IEND": true, "tRNS": true, "cHRM": true, "gAMA": true, "iCCP": true, "sBIT": true, "sRGB": true, "cICP": true, "bKGD": true, "pHYs": true}
	return chunksPNG(b, func(name string, _ []byte) bool { return keep[name] })
}

// chunksWebP walks the chunks of a WebP, and writes its length anew.
func chunksWebP(b []byte, f func(name string, body []byte) []byte) []byte {
	if len(b) < 12 {
		return nil
	}
	out := append(make([]byte, 0, len(b)), b[:12]...)
	for i := 12; i+8 <= len(b); {
		n := int(binary.LittleEndian.Uint32(b[i+4:]))
		if n < 0 || n > len(b)-i-8 {
			return nil
		}
		if body := f(string(b[i:i+4]), b[i+8:i+8+n]); body != nil {
			out = append(out, b[i:i+4]...)
			out = binary.LittleEndian.AppendUint32(out, uint32(len(body)))
			if out = append(out, body...); len(body)&1 == 1 {
				out = append(out, 0)
			}
		}
		i += 8 + n + n&1
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

func stripWebP(b []byte) []byte {
	return chunksWebP(b, func(name string, body []byte) []byte {
		switch name {
		case "VP8X":
			if len(body) < 10 {
				return nil
			}
			body = bytes.Clone(body)
			body[0] &^= 0x0c // neither EXIF nor XMP any more
			return body
		case "VP8 ", "VP8L", "ALPH", "ICCP":
			return body
		}
		return nil
	})
}

// firstWebP is the first frame of an animation as a picture of its own.
func firstWebP(b []byte) []byte {
	var frame []byte
	chunksWebP(b, func(name string, body []byte) []byte {
		if name == "ANMF" && frame == nil && len(body) > 16 {
			frame = body
		}
		return nil
	})
	if frame == nil {
		return nil
	}
	head := append([]byte("RIFF\x00\x00\x00\x00WEBP"), "VP8X\x0a\x00\x00\x00\x10\x00\x00\x00"...)
	head = append(head, frame[6:12]...) // its width and height, less one
	inner := append([]byte("RIFF\x00\x00\x00\x00WEBP"), frame[16:]...)
	alpha := false
	body := chunksWebP(inner, func(name string, body []byte) []byte {
		if name == "ALPH" {
			alpha = true
		}
		if name == "VP8 " || name == "VP8L" || name == "ALPH" {
			return body
		}
		return nil
	})
	if len(body) <= 12 {
		return nil
	}
	if !alpha {
		return body
	}
	out := append(head, body[12:]...)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// honest says whether the frame within a WebP is no larger than the file says: the
// decoder takes its memory by the one, and everybody else believes the other.
func honest(b []byte, c image.Config) bool {
	first := false
	bare := chunksWebP(b, func(name string, body []byte) []byte {
		if first || name != "VP8 " && name != "VP8L" {
			return nil
		}
		first = true
		return body
	})
	in, err := webp.DecodeConfig(bytes.NewReader(bare))
	return err == nil && in.Width <= c.Width && in.Height <= c.Height
}

// blocksGIF counts the frames of a GIF, and gives it without comments and what
// programs wrote into it.
func blocksGIF(b []byte) (frames int, out []byte) {
	if len(b) < 13 {
		return 0, nil
	}
	i := 13
	if b[10]&0x80 != 0 {
		i += 3 << (b[10]&7 + 1)
	}
	if i > len(b) {
		return 0, nil
	}
	out = append(make([]byte, 0, len(b)), b[:i]...)
	sub := func(at int) int { // the end of the blocks that begin there
		for at < len(b) && b[at] != 0 {
			at += int(b[at]) + 1
		}
		return at + 1
	}
	for i < len(b) {
		from, keep := i, true
		switch b[i] {
		case 0x3b:
			return frames, append(out, 0x3b)
		case 0x21:
			if i+2 > len(b) {
				return frames, nil
			}
			keep = b[i+1] == 0xf9
			i = sub(i + 2)
		case 0x2c:
			frames++
			if i+10 > len(b) {
				return frames, nil
			}
			if f := b[i+9]; f&0x80 != 0 {
				i += 3 << (f&7 + 1)
			}
			i = sub(i + 11)
		default:
			return frames, nil
		}
		if i > len(b) {
			return frames, nil
		}
		if keep {
			out = append(out, b[from:i]...)
		}
	}
	return frames, nil
}

func stripGIF(b []byte) []byte {
	_, out := blocksGIF(b)
	return out
}

// stills is how many frames or pages there are; 1 if that cannot be told.
func stills(b []byte, kind Kind) int {
	switch kind {
	case GIF:
		n, _ := blocksGIF(b)
		return max(n, 1)
	case PNG:
		n := 1
		chunksPNG(b, func(name string, body []byte) bool {
			if name == "acTL" && len(body) >= 4 {
				n = max(1, int(binary.BigEndian.Uint32(body)&0xffff))
			}
			return false
		})
		return n
	case WebP:
		n := 0
		chunksWebP(b, func(name string, _ []byte) []byte {
			if name == "ANMF" {
				n++
			}
			return nil
		})
		if n > 0 {
			return n + 1 // one frame is an animation as well
		}
	case TIFF:
		n := 0
		directories(b, func(uint16, []byte) {}, func() bool { n++; return n < 1_000 })
		return max(n, 1)
	}
	return 1
}

// orientation is EXIF's, from 1 to 8; 1 if it says nothing.
func orientation(b []byte, kind Kind) int {
	var exif []byte
	switch kind {
	case JPEG:
		segments(b, func(m byte, body []byte) bool {
			if m == 0xe1 && exif == nil && bytes.HasPrefix(body, []byte("Exif\x00\x00")) {
				exif = body[6:]
			}
			return false
		})
	case PNG:
		chunksPNG(b, func(name string, body []byte) bool {
			if name == "eXIf" {
				exif = body
			}
			return false
		})
	case WebP:
		chunksWebP(b, func(name string, body []byte) []byte {
			if name == "EXIF" {
				exif = bytes.TrimPrefix(body, []byte("Exif\x00\x00"))
			}
			return nil
		})
	case TIFF:
		exif = b
	}
	turned := 1
	directories(exif, func(tag uint16, value []byte) {
		if tag != 0x0112 || turned != 1 {
			return
		}
		v := binary.LittleEndian.Uint16(value)
		if exif[0] == 'M' {
			v = binary.BigEndian.Uint16(value)
		}
		if v >= 1 && v <= 8 {
			turned = int(v)
		}
	}, func() bool { return false })
	return turned
}

// directories walks those of a TIFF, as EXIF is one: tag is called for each entry with
// the four bytes of its value, more before each following directory.
func directories(b []byte, tag func(uint16, []byte), more func() bool) {
	if len(b) < 8 {
		return
	}
	var order binary.ByteOrder = binary.LittleEndian
	if b[0] == 'M' {
		order = binary.BigEndian
	}
	for at := int64(order.Uint32(b[4:])); at >= 8 && at+2 <= int64(len(b)); {
		n := int64(order.Uint16(b[at:]))
		for i := range n {
			e := at + 2 + 12*i
			if e+12 > int64(len(b)) {
				return
			}
			tag(order.Uint16(b[e:]), b[e+8:e+12])
		}
		next := at + 2 + 12*n
		if !more() || next+4 > int64(len(b)) {
			return
		}
		at = int64(order.Uint32(b[next:]))
	}
}
