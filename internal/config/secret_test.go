package config

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// whole is a configuration with a secret in each place that has one.
var whole = Config{SlackBotToken: "xoxb-hush", SlackAppToken: "xapp-hush", OpenAIKey: "sk-hush", OpenAIKeyOld: "old-hush"}

func TestSecretDoesNotPrintItself(t *testing.T) {
	var out strings.Builder
	secret := whole.OpenAIKey
	for _, value := range []any{secret, &secret, []Secret{secret}, map[string]Secret{"key": secret}, whole, &whole, struct{ S any }{secret}} {
		// Also the verbs that do not fit: fmt says what the value is.
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "% X", "%d", "%t", "%f", "%c", "%U", "%10.3v", "%-40s|"} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
		fmt.Fprintln(&out, value)
		fmt.Fprintln(&out, errors.Join(fmt.Errorf("with %v", value)))
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).With("a", value).WithGroup("g").Info("m", "b", value, slog.Group("h", "c", value))
		}
		var b bytes.Buffer
		for what, encode := range map[string]func() error{
			"json": func() error { return json.NewEncoder(&b).Encode(value) },
			"xml":  func() error { return xml.NewEncoder(&b).Encode(value) }, // refuses maps
		} {
			if err := encode(); err != nil && what == "json" {
				t.Errorf("%s of %T: %v", what, value, err)
			}
		}
		out.Write(b.Bytes())
	}
	got := out.String()
	for _, leak := range []string{"hush", fmt.Sprintf("%x", "hush"), fmt.Sprintf("% X", "hush")} {
		if at := strings.Index(got, leak); at >= 0 {
			t.Errorf("printed: …%q…", got[max(0, at-80):min(len(got), at+40)])
		}
	}
	if !strings.Contains(got, redacted) {
		t.Error("nothing says that a secret is set")
	}
}

func TestSecretTellsWhetherItIsSet(t *testing.T) {
	if got := fmt.Sprintf("%s|%v|%q|%10s|", Secret(""), Secret(""), Secret(""), Secret("")); got != `||""|          |` {
		t.Errorf("unset: %s", got)
	}
	if got := fmt.Sprintf("%s %#v", Secret("x"), Secret("x")); got != redacted+` "`+redacted+`"` {
		t.Errorf("set: %s", got)
	}
	if Secret("x").Reveal() != "x" {
		t.Error("Reveal does not reveal")
	}
	b, err := json.Marshal(whole)
	if err != nil || strings.Count(string(b), redacted) != 4 {
		t.Errorf("json of the whole: %s, %v", b, err)
	}
}
