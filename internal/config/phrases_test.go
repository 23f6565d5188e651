package config

import (
	"slices"
	"strings"
	"testing"
)

func TestPhrases(t *testing.T) {
	var p phrases
	if err := p.UnmarshalText([]byte(" is reading, slowly | | is looking at the tide|")); err != nil || !slices.Equal(p, phrases{"is reading, slowly", "is looking at the tide"}) {
		t.Errorf("%q, %v", p, err)
	}
	for _, bad := range []string{strings.Repeat("x", 81), strings.Repeat("x|", 11)} {
		if err := p.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if err := p.UnmarshalText(nil); err != nil || len(p) != 0 {
		t.Errorf("%q, %v", p, err)
	}
}
