package transcript

import "unicode"

// Tokens estimates how many tokens a text is, from its letters by script: a table of
// what OpenAI's o200k vocabulary needs for a rune of each.
func Tokens(s string) int {
	var n float64
	word := false
	for _, r := range s {
		switch {
		case r < 0x80:
			letter := r|0x20 >= 'a' && r|0x20 <= 'z'
			switch {
			case letter && r < 'a':
				n += 0.45 // ids and abbreviations are not in the vocabulary
			case letter && word:
				n += 0.18
			case letter:
				n += 0.43
			case r >= '0' && r <= '9':
				n += 0.6
			case r == ' ':
				n += 0.05
			default:
				n += 0.6
			}
			word = letter
			continue
		}
		word = true
		n += perRune(r)
	}
	return int(n) + 1
}

// perRune is the cost of a rune beyond ASCII.
func perRune(r rune) float64 {
	switch {
	case r < 0x100: // Latin with accents
		return 0.6
	case r < 0x250: // and with those of Poland, Turkey, the Baltic
		return 1.1
	case unicode.In(r, unicode.Cyrillic, unicode.Greek):
		return 0.38
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
		return 0.9
	case unicode.Is(unicode.Hangul, r):
		return 0.8
	case unicode.In(r, unicode.Arabic, unicode.Hebrew):
		return 0.45
	case r >= 0x900 && r < 0x1100: // India to Burma
		return 0.5
	case unicode.IsLetter(r) || unicode.IsMark(r):
		return 1.2
	}
	return 1.5 // emoji, signs
}
