package modelsim

import (
	"encoding/binary"
	"fmt"
	"image"
	"math/bits"
	"slices"
)

// encodeWebP returns m as a lossless WebP file (WebP: RFC 9649, VP8L). Of the
// format's means it uses Huffman codes and copies of the pixel to the left and
// of the row above, which is enough for pictures with even areas. m must be at
// most 16384 pixels wide and high.
func encodeWebP(m *image.NRGBA) ([]byte, error) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if w < 1 || h < 1 || w > 1<<14 || h > 1<<14 {
		return nil, fmt.Errorf("webp: %dx%d is not within 1 to 16384 pixels", w, h)
	}
	pix := make([]uint32, 0, w*h) // ARGB
	opaque := true
	for y := range h {
		row := m.Pix[y*m.Stride : y*m.Stride+4*w]
		for i := 0; i < len(row); i += 4 {
			pix = append(pix, uint32(row[i+3])<<24|uint32(row[i])<<16|uint32(row[i+1])<<8|uint32(row[i+2]))
			opaque = opaque && row[i+3] == 255
		}
	}
	out := &bitWriter{}
	out.put(0x2f, 8) // signature
	out.put(uint32(w-1), 14)
	out.put(uint32(h-1), 14)
	alpha := uint32(1)
	if opaque {
		alpha = 0
	}
	out.put(alpha, 1)
	out.put(0, 3) // version
	out.put(0, 1) // no transform
	out.put(0, 1) // no color cache
	out.put(0, 1) // one set of codes for all
	tokens := webpTokens(pix, w)
	var freq [5][]int // green and lengths, red, blue, alpha, distance
	for i, n := range []int{256 + 24, 256, 256, 256, 40} {
		freq[i] = make([]int, n)
	}
	for _, t := range tokens {
		if t.length > 0 {
			code, _, _ := prefixCode(t.length)
			freq[0][256+code]++
			freq[4][t.distance-1]++
			continue
		}
		freq[0][t.argb>>8&255]++
		freq[1][t.argb>>16&255]++
		freq[2][t.argb&255]++
		freq[3][t.argb>>24]++
	}
	var codes [5]huffman
	for i := range codes {
		codes[i] = newHuffman(freq[i], 15)
		codes[i].describe(out)
	}
	for _, t := range tokens {
		if t.length > 0 {
			code, extra, n := prefixCode(t.length)
			codes[0].put(out, 256+code)
			out.put(extra, n)
			codes[4].put(out, t.distance-1)
			continue
		}
		codes[0].put(out, int(t.argb>>8&255))
		codes[1].put(out, int(t.argb>>16&255))
		codes[2].put(out, int(t.argb&255))
		codes[3].put(out, int(t.argb>>24))
	}
	data := out.bytes()
	size := len(data)
	if size%2 == 1 {
		data = append(data, 0)
	}
	file := []byte("RIFF")
	file = binary.LittleEndian.AppendUint32(file, uint32(4+8+len(data)))
	file = append(file, "WEBPVP8L"...)
	file = binary.LittleEndian.AppendUint32(file, uint32(size))
	return append(file, data...), nil
}

// webpToken is one pixel, or a copy of length pixels. The format's distance code
// 1 is the row above, 2 the pixel to the left.
type webpToken struct {
	argb             uint32
	length, distance int
}

func webpTokens(pix []uint32, w int) []webpToken {
	same := func(i, back int) int {
		if i < back {
			return 0
		}
		n := 0
		for n < 4096 && i+n < len(pix) && pix[i+n] == pix[i+n-back] {
			n++
		}
		return n
	}
	var out []webpToken
	for i := 0; i < len(pix); {
		above, left := same(i, w), same(i, 1)
		switch n := max(above, left); {
		case n < 4:
			out = append(out, webpToken{argb: pix[i]})
			i++
		case above >= left:
			out = append(out, webpToken{length: n, distance: 1})
			i += n
		default:
			out = append(out, webpToken{length: n, distance: 2})
			i += n
		}
	}
	return out
}

// prefixCode is how the format writes a length or distance from 1 on: a symbol
// and n extra bits.
func prefixCode(v int) (code int, extra uint32, n int) {
	if v <= 4 {
		return v - 1, 0, 0
	}
	v--
	top := bits.Len(uint(v)) - 1
	n = top - 1
	return 2*top + v>>n&1, uint32(v & (1<<n - 1)), n
}

// huffman is one canonical prefix code.
type huffman struct {
	lengths []int
	codes   []uint32 // bit-reversed: the stream starts with the code's first bit
	only    int      // the one symbol in use, which takes no bits; else -1
}

// newHuffman makes a code for symbols of those frequencies, no code being longer
// than limit.
func newHuffman(freq []int, limit int) huffman {
	h := huffman{lengths: make([]int, len(freq)), codes: make([]uint32, len(freq)), only: -1}
	var used []int
	for s, n := range freq {
		if n > 0 {
			used = append(used, s)
		}
	}
	if len(used) < 2 {
		h.only = 0
		if len(used) == 1 {
			h.only = used[0]
		}
		return h
	}
	// Halved frequencies make a flatter tree, if it is too deep.
	for shift := 0; ; shift++ {
		if h.measure(freq, used, shift); slices.Max(h.lengths) <= limit {
			break
		}
	}
	slices.SortFunc(used, func(a, b int) int {
		if h.lengths[a] != h.lengths[b] {
			return h.lengths[a] - h.lengths[b]
		}
		return a - b
	})
	var code uint32
	for i, s := range used {
		if i > 0 {
			code = (code + 1) << (h.lengths[s] - h.lengths[used[i-1]])
		}
		h.codes[s] = bits.Reverse32(code) >> (32 - h.lengths[s])
	}
	return h
}

// measure sets the lengths by joining the two rarest nodes until one is left.
func (h *huffman) measure(freq, used []int, shift int) {
	type node struct {
		weight  int
		symbols []int
	}
	nodes := make([]node, 0, len(used))
	for _, s := range used {
		h.lengths[s] = 0
		nodes = append(nodes, node{max(1, freq[s]>>shift), []int{s}})
	}
	for len(nodes) > 1 {
		slices.SortStableFunc(nodes, func(a, b node) int { return b.weight - a.weight })
		a, b := nodes[len(nodes)-1], nodes[len(nodes)-2]
		joined := node{a.weight + b.weight, slices.Concat(b.symbols, a.symbols)}
		for _, s := range joined.symbols {
			h.lengths[s]++
		}
		nodes = append(nodes[:len(nodes)-2], joined)
	}
}

// describe writes the code itself.
func (h *huffman) describe(out *bitWriter) {
	if h.only >= 0 {
		out.put(1, 1) // a simple code
		out.put(0, 1) // of one symbol
		out.put(1, 1) // in eight bits
		out.put(uint32(h.only), 8)
		return
	}
	out.put(0, 1)
	// The lengths are themselves coded, here plainly: 0 to 15 in four bits each.
	order := []int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	out.put(uint32(len(order)-4), 4)
	for _, s := range order {
		if s < 16 {
			out.put(4, 3)
		} else {
			out.put(0, 3)
		}
	}
	out.put(0, 1) // all symbols are listed
	for _, n := range h.lengths {
		out.put(bits.Reverse32(uint32(n))>>28, 4)
	}
}

func (h *huffman) put(out *bitWriter, symbol int) { out.put(h.codes[symbol], h.lengths[symbol]) }

// bitWriter fills bytes from their lowest bit.
type bitWriter struct {
	b   []byte
	acc uint64
	n   int
}

func (w *bitWriter) put(v uint32, n int) {
	w.acc |= uint64(v) << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.b = append(w.b, byte(w.acc))
		w.acc >>= 8
	}
}

func (w *bitWriter) bytes() []byte {
	if w.n > 0 {
		w.b = append(w.b, byte(w.acc))
		w.acc, w.n = 0, 0
	}
	return w.b
}
