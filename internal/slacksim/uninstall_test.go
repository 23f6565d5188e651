package slacksim

import (
	"maps"
	"slices"
	"testing"
)

// callWith calls a method with a token and returns its error, empty when it worked.
func (r *rig) callWith(method, token string, a obj) string {
	r.t.Helper()
	resp, err := r.send(method, a, token)
	if err != nil {
		r.t.Fatal(err)
	}
	out := r.decode(resp)
	if resp.StatusCode != 200 {
		r.t.Fatal(resp.Status, out)
	}
	code, _ := out["error"].(string)
	if (code == "") != (out["ok"] == true) {
		r.t.Fatal(out)
	}
	return code
}

func TestE6_UninstallAndInstall(t *testing.T) {
	orders := map[string]bool{}
	for seed := range uint64(12) {
		r := start(t, Options{Seed: seed})
		l := r.dial()
		if code, body := r.ctl("POST", "/sim/uninstall", obj{}); code != 200 {
			t.Fatalf("%d %s", code, body)
		}
		a, b := l.event(), l.event()
		orders[a["type"].(string)+" "+b["type"].(string)] = true
		if a["type"] != "tokens_revoked" {
			a = b
		}
		tokens := a["tokens"].(obj)
		if bots := tokens["bot"].([]any); len(bots) != 1 || bots[0] != SeedBotUser || len(tokens["oauth"].([]any)) != 0 {
			t.Fatal(a)
		}
		for method, args := range map[string]obj{
			"auth.test": {}, "chat.postMessage": {"channel": SeedGeneral, "text": "x"}, "users.list": {}, "oauth.nothing": nil,
		} {
			want := "account_inactive"
			if args == nil {
				want = "unknown_method"
			}
			if got := r.callWith(method, DefaultBotToken, args); got != want {
				t.Fatalf("%s: %q", method, got)
			}
		}
		// No more events, and no interactions.
		r.settled()
		n := len(r.Envelopes())
		r.say(SeedAda, "@bot", "anybody there?", "")
		if len(r.Envelopes()) != n {
			t.Fatal("an event after the uninstallation")
		}
		if code, body := r.ctl("POST", "/sim/uninstall", obj{}); code != 400 {
			t.Fatalf("twice: %d %s", code, body)
		}
		if code, body := r.ctl("POST", "/sim/install", obj{}); code != 200 {
			t.Fatalf("%d %s", code, body)
		}
		r.ok("auth.test", obj{})
		r.say(SeedAda, "@bot", "back", "")
		if e := l.event(); e["text"] != "back" {
			t.Fatal(e)
		}
		r.settled()
	}
	if want := []string{"app_uninstalled tokens_revoked", "tokens_revoked app_uninstalled"}; !slices.Equal(slices.Sorted(maps.Keys(orders)), want) {
		t.Fatal(orders)
	}
}

func TestE6_RevokeAndUninstallByTheApp(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	if out := r.ok("auth.revoke", obj{"test": true}); out["revoked"] != false {
		t.Fatal(out)
	}
	if out := r.ok("auth.revoke", obj{}); out["revoked"] != true {
		t.Fatal(out)
	}
	if e := l.event(); e["type"] != "tokens_revoked" {
		t.Fatal(e)
	}
	r.bad("token_revoked", "auth.test", obj{})
	r.Install()
	r.bad("invalid_client_id", "apps.uninstall", obj{})
	r.bad("bad_client_secret", "apps.uninstall", obj{"client_id": DefaultClientID, "client_secret": "x"})
	r.ok("apps.uninstall", obj{"client_id": DefaultClientID, "client_secret": DefaultClientSecret})
	if a, b := l.event()["type"], l.event()["type"]; a == b {
		t.Fatal(a, b)
	}
	r.bad("account_inactive", "auth.test", obj{})
	r.settled()
	// It is part of the workspace: an archive keeps it, a reset ends it.
	a := r.Export()
	r.Reset()
	r.ok("auth.test", obj{})
	if err := r.Import(a); err != nil {
		t.Fatal(err)
	}
	r.bad("account_inactive", "auth.test", obj{})
}
