package slacksim

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever comes in, a call is answered or refused with a code, and the token never stays among the arguments.
func FuzzReadArgs(f *testing.F) {
	f.Add("application/json", `{"channel":"C1","limit":5,"blocks":[{}],"token":"x"}`)
	f.Add("application/x-www-form-urlencoded", "channel=C1&blocks=%5B%5D&token=x")
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhi\r\n--b--\r\n")
	f.Add("application/json; charset=latin1", "{}")
	f.Add("", "text")
	f.Add("application/json", "null")
	f.Fuzz(func(t *testing.T, kind, body string) {
		r := httptest.NewRequest("POST", "/api/chat.postMessage?limit=3", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		a, _, bad := readArgs(r)
		if bad != nil {
			if bad.Code == "" {
				t.Fatal("a refusal without a code")
			}
			return
		}
		if _, ok := a["token"]; ok {
			t.Fatal("the token is among the arguments")
		}
		for name := range a {
			a.str(name)
			a.flag(name, false)
			a.num(name, 0)
			_, _ = a.raw(name)
		}
	})
}

func TestT1_Multipart(t *testing.T) {
	r := httptest.NewRequest("POST", "/api/chat.postMessage", strings.NewReader(
		"--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhi\r\n--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nxoxb\r\n--b--\r\n"))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	a, token, bad := readArgs(r)
	if bad != nil || a.str("text") != "hi" || token != "xoxb" {
		t.Fatal(a, token, bad)
	}
}
