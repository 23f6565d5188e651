package slacksim

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"time"
)

func TestF2DownloadNeedsToken(t *testing.T) {
	r := start(t, Options{})
	f := r.brought(SeedAda, "report.pdf", []byte("%PDF-1.7 whole report"))
	if _, err := r.Post(Remark{User: SeedAda, Channel: "@bot", Files: []byte(`[{"id":"` + f["id"].(string) + `"}]`)}); err != nil {
		t.Fatal(err)
	}
	at, download := f["url_private"].(string), f["url_private_download"].(string)
	if !strings.HasPrefix(at, r.srv.URL()+"/files-pri/"+SeedTeam+"-") {
		t.Fatal(at)
	}
	code, h, b := r.fetch("GET", download, nil, bearer(DefaultBotToken)...)
	if code != 200 || string(b) != "%PDF-1.7 whole report" || h.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") {
		t.Fatal(code, h, string(b))
	}
	if code, h, b := r.fetch("GET", at, nil, append(bearer(DefaultBotToken), "Range", "bytes=9-13")...); code != 206 || string(b) != "whole" || h.Get("Content-Range") != "bytes 9-13/21" {
		t.Fatal(code, h, string(b))
	}
	if code, h, b := r.fetch("HEAD", at, nil, bearer(DefaultBotToken)...); code != 200 || h.Get("Content-Length") != "21" || len(b) != 0 {
		t.Fatal(code, h)
	}
	login := func(what string, header ...string) {
		t.Helper()
		if code, h, b := r.fetch("GET", download, nil, header...); code != 200 || !strings.HasPrefix(h.Get("Content-Type"), "text/html") || !bytes.Contains(b, []byte("Sign in")) {
			t.Fatal(what, code, h, string(b))
		}
	}
	login("no token")
	login("wrong token", bearer("xoxb-nobody")...)
	login("the app-level token", bearer(DefaultAppToken)...)
	login("not a bearer", "Authorization", "Basic "+DefaultBotToken)
	if code, _, _ := r.fetch("GET", download, nil, bearer("xoxb-sim-foreign")...); code != 403 {
		t.Fatal(code)
	}
	if code, _, _ := r.fetch("POST", download, nil, bearer(DefaultBotToken)...); code != 405 {
		t.Fatal(code)
	}
	r.set(func(s *Settings) { s.TokenState = "revoked" })
	login("revoked", bearer(DefaultBotToken)...)
	r.set(func(s *Settings) { s.TokenState, s.Scopes = "live", []string{"files:write"} })
	login("no scope", bearer(DefaultBotToken)...)
	r.set(func(s *Settings) { s.Scopes = DefaultSettings().Scopes })

	for _, gone := range []string{strings.Replace(at, f["id"].(string), "F0", 1), strings.Replace(at, SeedTeam, "T0", 1)} {
		if code, _, _ := r.fetch("GET", gone, nil, bearer(DefaultBotToken)...); code != 404 {
			t.Fatal(gone, code)
		}
	}
	// What the app was never shown it does not get, and does not see.
	private := r.brought(SeedBen, "diary.txt", []byte("secret"))
	if code, _, _ := r.fetch("GET", private["url_private"].(string), nil, bearer(DefaultBotToken)...); code != 404 {
		t.Fatal(code)
	}
	r.bad("file_not_found", "files.info", obj{"file": private["id"]})
	r.bad("file_not_found", "files.info", obj{"file": "F0"})
	r.bad("invalid_arguments", "files.info", obj{})
}

func TestF2DownloadFaults(t *testing.T) {
	r := start(t, Options{})
	id := r.sent("a.txt", []byte("abcd"))
	r.ok("files.completeUploadExternal", obj{"files": files(id)})
	at := r.info(id)["url_private"].(string)
	for _, f := range []Fault{{Method: "download", Kind: "500", Times: 1}, {Method: "*", Kind: "500"}} {
		if _, err := r.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, _ := r.fetch("GET", at, nil, bearer(DefaultBotToken)...); code != 500 {
		t.Fatal(code)
	}
	if code, _, b := r.fetch("GET", at, nil, bearer(DefaultBotToken)...); code != 200 || string(b) != "abcd" { // "*" is for methods
		t.Fatal(code, string(b))
	}
	r.ClearFaults("")
	_, up := r.asked("b.txt", 4)
	if _, err := r.AddFault(Fault{Method: "upload", Kind: "lost", Times: 1}); err != nil {
		t.Fatal(err)
	}
	if resp, err := r.client.Post(up, "", strings.NewReader("abcd")); err == nil {
		resp.Body.Close()
		t.Fatal(resp.Status)
	}
	if code, _, _ := r.fetch("POST", up, strings.NewReader("abcd")); code != 409 {
		t.Fatal("the lost upload did not arrive:", code)
	}
}

func TestF2Thumbnails(t *testing.T) {
	r := start(t, Options{})
	var photo, drawing bytes.Buffer
	if err := jpeg.Encode(&photo, picture(800, 200), nil); err != nil {
		t.Fatal(err)
	}
	if err := gif.Encode(&drawing, picture(90, 90), nil); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name    string
		content []byte
		kind    string
		w, h    int
	}{{"a.png", pngOf(t, 1000, 500), "png", 1000, 500}, {"b.jpeg", photo.Bytes(), "jpg", 800, 200}, {"c.gif", drawing.Bytes(), "gif", 90, 90}} {
		id := r.sent(x.name, x.content)
		r.ok("files.completeUploadExternal", obj{"files": files(id)})
		f := r.info(id)
		if f["filetype"] != x.kind || f["original_w"] != float64(x.w) || f["original_h"] != float64(x.h) || f["mode"] != "hosted" || f["media_display_type"] != "image" {
			t.Fatal(f)
		}
		for _, side := range thumbSizes() {
			field := fmt.Sprint("thumb_", side)
			at, there := f[field].(string)
			if want := side <= 360 || max(x.w, x.h) > side; there != want {
				t.Fatalf("%s: %s is %v", x.name, field, f[field])
			}
			if !there {
				continue
			}
			code, h, b := r.fetch("GET", at, nil, bearer(DefaultBotToken)...)
			img, _, err := image.Decode(bytes.NewReader(b))
			if code != 200 || err != nil || !strings.HasPrefix(h.Get("Content-Type"), "image/") {
				t.Fatal(code, err, h)
			}
			size, want := img.Bounds().Size(), image.Pt(side, side)
			if side > 160 {
				want = image.Pt(int(f[field+"_w"].(float64)), int(f[field+"_h"].(float64)))
			}
			if size != want || max(want.X, want.Y) > side {
				t.Fatalf("%s %s: %v, want %v", x.name, field, size, want)
			}
		}
		if code, _, b := r.fetch("GET", f["thumb_360"].(string), nil); code != 200 || !bytes.Contains(b, []byte("Sign in")) {
			t.Fatal("a thumbnail without a token:", code)
		}
		if code, _, _ := r.fetch("GET", strings.Replace(f["thumb_360"].(string), "_360", "_361", 1), nil, bearer(DefaultBotToken)...); code != 404 {
			t.Fatal(code)
		}
	}
	// The colour of a thumbnail is that of the picture.
	img, err := png.Decode(bytes.NewReader(must(paint(picture(256, 256), false, 64))(t)))
	if err != nil {
		t.Fatal(err)
	}
	if c := img.At(32, 16).(color.RGBA); c.R < 126 || c.R > 132 || c.G < 62 || c.G > 68 || c.B != 200 {
		t.Fatal(c)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestF2PixelBomb(t *testing.T) {
	r := start(t, Options{})
	bomb := pngOf(t, 1, 1)
	copy(bomb[16:], []byte{0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30}) // 30,000 by 30,000
	bomb = pngChecksum(bomb)
	f := r.brought(SeedAda, "bomb.png", bomb)
	if f["original_w"] != 30000.0 || f["thumb_360"] != nil {
		t.Fatal(f)
	}
	if code, _, _ := r.fetch("GET", r.srv.URL()+"/sim/files/"+f["id"].(string)+"/thumb?size=64", nil); code != 404 {
		t.Fatal(code)
	}
	broken := pngOf(t, 300, 300)[:200]
	f = r.brought(SeedAda, "broken.png", broken)
	if code, _, _ := r.fetch("GET", r.srv.URL()+"/sim/files/"+f["id"].(string)+"/thumb", nil); code != 404 {
		t.Fatal(code)
	}
}

func TestF2Tombstone(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Subscriptions = append(s.Subscriptions, "file_deleted") })
	l := r.dial()
	f := r.brought(SeedAda, "a.txt", []byte("abc"))
	id := f["id"].(string)
	p, err := r.Post(Remark{User: SeedAda, Channel: SeedGeneral, Text: "look", Files: []byte(`[{"id":"` + id + `"}]`)})
	if err != nil {
		t.Fatal(err)
	}
	r.bad("cant_delete_file", "files.delete", obj{"file": id})
	r.bad("file_not_found", "files.delete", obj{"file": "F0"})
	if code, b := r.ctl("POST", "/sim/files/delete", obj{"user": SeedBen, "file": id}); code != 400 || !bytes.Contains(b, []byte("cant_delete_file")) {
		t.Fatal(code, string(b))
	}
	if code, b := r.ctl("POST", "/sim/files/delete", obj{"user": SeedAda, "file": id}); code != 200 {
		t.Fatal(code, string(b))
	}
	e := l.eventOf("message", "message_changed")
	now, before := e["message"].(obj)["files"].([]any)[0].(obj), e["previous_message"].(obj)["files"].([]any)[0].(obj)
	if now["id"] != id || now["mode"] != "tombstone" || now["url_private"] != nil || before["mode"] != "snippet" {
		t.Fatal(e)
	}
	if e := l.eventOf("file_deleted", ""); e["file_id"] != id {
		t.Fatal(e)
	}
	if m := r.ok("conversations.history", obj{"channel": SeedGeneral})["messages"].([]any)[0].(obj); m["ts"] != p.TS || m["files"].([]any)[0].(obj)["mode"] != "tombstone" {
		t.Fatal(m)
	}
	if code, _, _ := r.fetch("GET", f["url_private"].(string), nil, bearer(DefaultBotToken)...); code != 404 {
		t.Fatal(code)
	}
	r.bad("file_not_found", "files.delete", obj{"file": "F0"})
	r.bad("file_deleted", "files.info", obj{"file": id})
	if code, _ := r.ctl("POST", "/sim/files/delete", obj{"user": SeedAda, "file": id}); code != 404 {
		t.Fatal(code)
	}
	own := r.sent("b.txt", []byte("b"))
	r.ok("files.completeUploadExternal", obj{"files": files(own), "channel_id": SeedGeneral})
	r.ok("files.delete", obj{"file": own}) // before it is shared
	r.Advance(time.Second)
	if got := r.Messages(SeedGeneral); got[len(got)-1].TS != p.TS {
		t.Fatal("a deleted file was shared")
	}
}

func TestF2CheckFileInfo(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.CheckFileInfo = true })
	l := r.dial()
	id := r.brought(SeedAda, "a.txt", []byte("abc"))["id"].(string)
	if _, err := r.Post(Remark{User: SeedAda, Channel: "@bot", Files: []byte(`[{"id":"` + id + `"}]`)}); err != nil {
		t.Fatal(err)
	}
	f := l.eventOf("message", "file_share")["files"].([]any)[0].(obj)
	if f["id"] != id || f["file_access"] != "check_file_info" || f["url_private"] != nil || f["name"] != nil {
		t.Fatal(f)
	}
	if f := r.info(id); f["file_access"] != "visible" || f["url_private"] == nil || f["name"] != "a.txt" {
		t.Fatal(f)
	}
	if m := r.Messages(SeedAdaDM)[0]; !strings.Contains(string(m.Files), "a.txt") {
		t.Fatal("the page sees a stub too:", string(m.Files))
	}
}
