package slacksim

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// fetch sends a request and returns status, headers and body.
func (r *rig) fetch(verb, address string, body io.Reader, header ...string) (int, http.Header, []byte) {
	r.t.Helper()
	req, err := http.NewRequest(verb, address, body)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, b
}

// asked is the first step of an upload, sent the second.
func (r *rig) asked(name string, length int, more ...string) (id, at string) {
	r.t.Helper()
	a := obj{"filename": name, "length": length}
	for i := 0; i < len(more); i += 2 {
		a[more[i]] = more[i+1]
	}
	out := r.ok("files.getUploadURLExternal", a)
	return out["file_id"].(string), out["upload_url"].(string)
}

func (r *rig) sent(name string, content []byte, more ...string) string {
	r.t.Helper()
	id, at := r.asked(name, len(content), more...)
	if code, _, b := r.fetch("POST", at, bytes.NewReader(content)); code != 200 || string(b) != fmt.Sprintf("OK - %d", len(content)) {
		r.t.Fatal(code, string(b))
	}
	return id
}

func files(ids ...string) []obj {
	out := []obj{}
	for _, id := range ids {
		out = append(out, obj{"id": id})
	}
	return out
}

// brought is a person's upload.
func (r *rig) brought(user, name string, content []byte) obj {
	r.t.Helper()
	code, _, b := r.fetch("POST", r.srv.URL()+"/sim/files?"+url.Values{"user": {user}, "name": {name}}.Encode(), bytes.NewReader(content))
	if code != 200 {
		r.t.Fatal(code, string(b))
	}
	return parse(r.t, b)
}

func (r *rig) info(id string) obj {
	r.t.Helper()
	return r.ok("files.info", obj{"file": id})["file"].(obj)
}

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

func picture(w, h int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.NRGBA{R: uint8(x), G: uint8(y), B: 200, A: 255})
		}
	}
	return img
}

func pngOf(t *testing.T, w, h int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, picture(w, h)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestF1UploadAndShare(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Subscriptions = append(s.Subscriptions, "file_created") })
	l := r.dial()
	root := r.say(SeedAda, SeedGeneral, "root", "")
	reply := r.say(SeedBen, SeedGeneral, "reply", root.TS)
	l.eventOf("message", "")
	l.eventOf("message", "")

	id := r.sent("notes.txt", []byte("one\ntwo\n"), "alt_text", "my notes")
	out := r.ok("files.completeUploadExternal", obj{
		"files": []obj{{"id": id, "title": "Notes"}}, "channel_id": SeedGeneral, "thread_ts": reply.TS,
		"initial_comment": "here", "blocks": []obj{{"type": "nonsense"}}, // the comment wins
	})
	if got := fmt.Sprint(out["files"]); got != "[map[id:"+id+" title:Notes]]" {
		t.Fatal(got)
	}
	before := r.info(id)
	if len(before["channels"].([]any)) != 0 || len(before["shares"].(obj)) != 0 || r.Messages(SeedGeneral)[len(r.Messages(SeedGeneral))-1].Text != "reply" {
		t.Fatal("shared at once:", before)
	}
	if e := l.eventOf("file_created", ""); e["file_id"] != id {
		t.Fatal(e)
	}
	r.Advance(time.Second)
	e := l.eventOf("message", "file_share")
	f := e["files"].([]any)[0].(obj)
	if e["text"] != "here" || e["thread_ts"] != root.TS || e["bot_id"] != SeedBot || e["user"] != SeedBotUser || f["id"] != id || f["title"] != "Notes" ||
		f["mimetype"] != "text/plain" || f["filetype"] != "text" || f["alt_txt"] != "my notes" || f["size"] != 8.0 || f["is_public"] != true || f["shares"] != nil {
		t.Fatal(e)
	}
	if e["action_token"] != nil {
		t.Fatal("a message of the app has a token to search with")
	}
	if s := l.eventOf("file_shared", ""); s["file_id"] != id || s["channel_id"] != SeedGeneral || s["user_id"] != SeedBotUser || s["event_ts"] != e["ts"] {
		t.Fatal(s)
	}
	share := r.info(id)["shares"].(obj)["public"].(obj)[SeedGeneral].([]any)[0].(obj)
	if share["ts"] != e["ts"] || share["thread_ts"] != root.TS || share["share_user_id"] != SeedBotUser {
		t.Fatal(share)
	}
}

func TestF1Channels(t *testing.T) {
	r := start(t, Options{})
	a, b := r.sent("a.png", pngOf(t, 3, 3), "alt_txt", "x"), r.sent("b.md", []byte("# b"))
	r.ok("files.completeUploadExternal", obj{
		"files": files(a, b), "channels": SeedGeneral + "," + SeedEngineering, "blocks": []obj{{"type": "divider"}},
	})
	r.Advance(time.Second)
	for _, ch := range []string{SeedGeneral, SeedEngineering} {
		list := r.Messages(ch)
		m := list[len(list)-1]
		if m.Subtype != "file_share" || !strings.Contains(string(m.Files), a) || !strings.Contains(string(m.Files), b) || !strings.Contains(string(m.Blocks), "divider") {
			t.Fatalf("%+v", m)
		}
	}
	if got := r.info(a)["channels"].([]any); len(got) != 2 {
		t.Fatal(got)
	}
	// A message that is deleted is no share any more.
	m := r.Messages(SeedGeneral)[0]
	r.ok("chat.delete", obj{"channel": SeedGeneral, "ts": m.TS})
	if got := r.info(a)["channels"].([]any); len(got) != 1 || got[0] != SeedEngineering {
		t.Fatal(got)
	}
	// Without a channel it stays the app's own.
	c := r.sent("c.txt", []byte("c"))
	r.ok("files.completeUploadExternal", obj{"files": files(c)})
	r.Advance(time.Second)
	if f := r.info(c); len(f["channels"].([]any)) != 0 || f["is_public"] != false {
		t.Fatal(f)
	}
}

func TestF1GetUploadURLErrors(t *testing.T) {
	r := start(t, Options{})
	const method = "files.getUploadURLExternal"
	r.bad("invalid_arguments", method, obj{"length": 3})
	r.bad("missing_argument", method, obj{"filename": "a"})
	r.bad("missing_argument", method, obj{"filename": "a", "length": 0})
	r.bad("invalid_arguments", method, obj{"filename": "a", "length": "many"})
	r.bad("invalid_arguments", method, obj{"filename": "a/b", "length": 1})
	r.bad("alt_txt_too_large", method, obj{"filename": "a", "length": 1, "alt_txt": strings.Repeat("é", 1001)})
	r.ok(method, obj{"filename": "a", "length": 1, "alt_txt": strings.Repeat("é", 1000)})
	r.bad("alt_txt_too_large", method, obj{"filename": "a", "length": 1, "alt_text": strings.Repeat("é", 1001)})
	r.bad("unknown_snippet_type", method, obj{"filename": "a", "length": 1, "snippet_type": "klingon"})
	r.bad("snippet_too_large", method, obj{"filename": "a", "length": 1<<20 + 1, "snippet_type": "python"})
	r.ok(method, obj{"filename": "a", "length": 1 << 20, "snippet_type": "python"})
	r.bad("file_upload_size_restricted", method, obj{"filename": "a", "length": 1<<30 + 1})
	r.set(func(s *Settings) { s.RefusedTypes = []string{"zip"} })
	r.bad("file_type_not_allowed", method, obj{"filename": "a.ZIP", "length": 1})
	r.set(func(s *Settings) { s.FileUploads = "images" })
	r.bad("file_uploads_except_images_disabled", method, obj{"filename": "a.pdf", "length": 1})
	r.ok(method, obj{"filename": "a.png", "length": 1})
	r.set(func(s *Settings) { s.FileUploads = "none" })
	r.bad("file_uploads_disabled", method, obj{"filename": "a.png", "length": 1})
	r.set(func(s *Settings) { s.FileUploads, s.StorageBytes = "all", 10 })
	r.bad("storage_limit_reached", method, obj{"filename": "a.png", "length": 11})
	r.set(func(s *Settings) { s.Scopes = []string{"files:read"} })
	if out := r.bad("missing_scope", method, obj{"filename": "a.png", "length": 1}); out["needed"] != "files:write" {
		t.Fatal(out)
	}
	r.bad("method_deprecated", "files.upload", obj{"content": "x"})
}

func TestF1UploadURL(t *testing.T) {
	r := start(t, Options{})
	try := func(what, at, body string, want int, header ...string) {
		t.Helper()
		if code, _, b := r.fetch("POST", at, strings.NewReader(body), header...); code != want {
			t.Fatalf("%s: %d %s", what, code, b)
		}
	}
	id, at := r.asked("a.txt", 4)
	try("short", at, "abc", 400)
	try("long", at, "abcde", 400)
	r.bad("file_update_failed", "files.completeUploadExternal", obj{"files": files(id)})
	if code, _, _ := r.fetch("GET", at, nil); code != 405 {
		t.Fatal(code)
	}
	try("right", at, "abcd", 200)
	try("second use", at, "abcd", 409)
	r.ok("files.completeUploadExternal", obj{"files": files(id)})
	r.bad("file_not_found", "files.completeUploadExternal", obj{"files": files(id)})
	try("after completion", at, "abcd", 404)
	try("unknown", r.srv.URL()+"/upload/v1/nonsense", "abcd", 404)

	r.set(func(s *Settings) { s.RepeatUploads = true })
	id, at = r.asked("a.txt", 4)
	try("first of two", at, "abcd", 200)
	try("second of two", at, "efgh", 200)
	r.ok("files.completeUploadExternal", obj{"files": files(id)})
	if out := r.ok("files.info", obj{"file": id}); out["content"] != "efgh" {
		t.Fatal(out)
	}

	// As a form, whatever its field is called.
	for _, field := range []string{"file", "filename", "body"} {
		id, at = r.asked("a.txt", 4)
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		if err := w.WriteField("other", "x"); err != nil {
			t.Fatal(err)
		}
		part, err := w.CreateFormFile(field, "a.txt")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte("abcd"))
		_ = w.Close()
		try("form", at, form.String(), 200, "Content-Type", w.FormDataContentType())
		r.ok("files.completeUploadExternal", obj{"files": files(id)})
	}
	_, at = r.asked("a.txt", 4)
	try("form without a file", at, "--b\r\n\r\n--b--\r\n", 400, "Content-Type", "multipart/form-data; boundary=b")

	id, at = r.asked("a.txt", 4)
	r.Advance(11 * time.Minute)
	try("expired", at, "abcd", 410)
	r.bad("file_not_found", "files.completeUploadExternal", obj{"files": files(id)})
	id = r.sent("a.txt", []byte("late"))
	r.Advance(11 * time.Minute)
	r.bad("file_not_found", "files.completeUploadExternal", obj{"files": files(id)})
	r.Advance(2 * time.Hour)
	r.asked("b.txt", 1)
	r.Look(func(v View) {
		if n := len(v.s.ws.files.uploads); n != 1 {
			t.Errorf("%d uploads remembered", n)
		}
	})
}

func TestF1CompleteErrors(t *testing.T) {
	r := start(t, Options{})
	const method = "files.completeUploadExternal"
	id := r.sent("a.txt", []byte("abc"))
	r.bad("invalid_arguments", method, obj{})
	r.bad("invalid_arguments", method, obj{"files": []obj{}})
	r.bad("invalid_arguments", method, obj{"files": "x"})
	r.bad("file_not_found", method, obj{"files": files("F0")})
	r.bad("file_not_found", method, obj{"files": files(id, id)})
	r.bad("invalid_channel", method, obj{"files": files(id), "channel_id": "C0"})
	r.bad("invalid_channel", method, obj{"files": files(id), "channel_id": "#general"})
	r.bad("invalid_channel", method, obj{"files": files(id), "channel_id": SeedAda})
	r.bad("not_in_channel", method, obj{"files": files(id), "channel_id": SeedRandom})
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprint("C", i)
	}
	r.bad("channels_limit_exceeded", method, obj{"files": files(id), "channels": strings.Join(many, ",")})
	if err := r.Archive(SeedGeneral, true); err != nil {
		t.Fatal(err)
	}
	r.bad("posting_to_channel_denied", method, obj{"files": files(id), "channel_id": SeedGeneral})
	r.bad("invalid_blocks", method, obj{"files": files(id), "channel_id": SeedEngineering, "blocks": []obj{{"type": "nonsense"}}})
	r.bad("invalid_blocks", method, obj{"files": files(id), "channel_id": SeedEngineering, "blocks": obj{"type": "divider"}})
	// None of these used the upload up, and a form does as well.
	out := r.form(method, url.Values{
		"token": {DefaultBotToken}, "files": {`[{"id":"` + id + `"}]`}, "channel_id": {SeedAdaDM}, "thread_ts": {"1.000001"},
	})
	if out["ok"] != true {
		t.Fatal(out)
	}
	r.Advance(time.Second)
	if list := r.Messages(SeedAdaDM); len(list) != 1 || list[0].ThreadTS != "" {
		t.Fatalf("%+v", list)
	}
}

func TestE5PersonsUpload(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Subscriptions = append(s.Subscriptions, "file_created") })
	l := r.dial()
	f := r.brought(SeedAda, "chart.png", pngOf(t, 20, 10))
	id := f["id"].(string)
	r.say(SeedAda, "@bot", "before", "")
	if e := l.event(); e["text"] != "before" {
		t.Fatal("the upload itself was told:", e)
	}
	code, b := r.ctl("POST", "/sim/messages", obj{"user": SeedAda, "channel": "@bot", "text": "", "files": files(id)})
	if code != 200 {
		t.Fatal(code, string(b))
	}
	e := l.event()
	got := e["files"].([]any)[0].(obj)
	if e["subtype"] != "file_share" || e["channel_type"] != "im" || got["id"] != id || got["name"] != "chart.png" || got["original_w"] != 20.0 || got["thumb_64"] == nil || got["url_private_download"] == nil {
		t.Fatal(e)
	}
	if e := l.event(); e["type"] != "file_created" || e["file_id"] != id {
		t.Fatal(e)
	}
	if e := l.event(); e["type"] != "file_shared" || e["file_id"] != id || e["channel_id"] != SeedAdaDM || e["user_id"] != SeedAda {
		t.Fatal(e)
	}
	// What the app is not subscribed to or has no scope for does not come.
	r.set(func(s *Settings) {
		s.Scopes = slices.DeleteFunc(s.Scopes, func(x string) bool { return x == "files:read" })
	})
	id = r.brought(SeedAda, "b.txt", []byte("b"))["id"].(string)
	r.ctl("POST", "/sim/messages", obj{"user": SeedAda, "channel": "@bot", "files": files(id)})
	r.say(SeedAda, "@bot", "after", "")
	if e := l.event(); e["subtype"] != "file_share" {
		t.Fatal(e)
	}
	if e := l.event(); e["text"] != "after" {
		t.Fatal(e)
	}
}

func TestPersonsFilesAndControl(t *testing.T) {
	r := start(t, Options{})
	base := r.srv.URL() + "/sim/files"
	bad := func(want int, code, query, body string) {
		t.Helper()
		got, _, b := r.fetch("POST", base+"?"+query, strings.NewReader(body))
		if got != want || !bytes.Contains(b, []byte(`"`+code+`"`)) {
			t.Fatal(got, string(b))
		}
	}
	bad(404, "user_not_found", "user=U0&name=a", "x")
	bad(400, "bad_name", "user="+SeedAda, "x")
	bad(400, "bad_name", "user="+SeedAda+"&name=a%2Fb", "x")
	bad(400, "empty_file", "user="+SeedAda+"&name=a", "")
	bad(400, "alt_txt_too_large", "user="+SeedAda+"&name=a&alt="+strings.Repeat("a", 1001), "x")
	r.set(func(s *Settings) { s.MaxFileBytes = 3 })
	bad(400, "file_too_large", "user="+SeedAda+"&name=a", "xxxx")
	r.set(func(s *Settings) { s.MaxFileBytes, s.StorageBytes = 1<<30, 3 })
	bad(400, "storage_limit_reached", "user="+SeedAda+"&name=a", "xxxx")
	r.set(func(s *Settings) { s.StorageBytes = 0 })

	// Somebody else's file, and one that is not there.
	id := r.brought(SeedBen, "b.txt", []byte("b"))["id"].(string)
	for _, x := range []obj{{"files": files(id)}, {"files": files("F0")}, {"files": "x"}, {"files": []any{1}}} {
		x["user"], x["channel"], x["text"] = SeedAda, SeedGeneral, "t"
		if code, b := r.ctl("POST", "/sim/messages", x); code/100 != 4 {
			t.Fatal(code, string(b))
		}
	}
	// A file that is shared where she is she may share on.
	r.ctl("POST", "/sim/messages", obj{"user": SeedBen, "channel": SeedGeneral, "files": files(id)})
	if code, b := r.ctl("POST", "/sim/messages", obj{"user": SeedAda, "channel": SeedEngineering, "files": files(id)}); code != 200 {
		t.Fatal(code, string(b))
	}

	// What a browser could run stays a download.
	for name, want := range map[string]string{"a.html": "attachment", "a.svg": "attachment", "a.txt": "inline", "a.json": "inline", "a.bin": "attachment"} {
		content := "<svg><script>1</script></svg>"
		if name == "a.bin" {
			content = "\x00\x01\x02"
		}
		id := r.brought(SeedAda, name, []byte(content))["id"].(string)
		_, h, b := r.fetch("GET", base+"/"+id+"/content", nil)
		if !strings.HasPrefix(h.Get("Content-Disposition"), want) || strings.Contains(h.Get("Content-Type"), "svg") || strings.Contains(h.Get("Content-Type"), "html") ||
			h.Get("X-Content-Type-Options") != "nosniff" || string(b) != content {
			t.Fatal(name, h, string(b))
		}
		if _, h, _ := r.fetch("GET", base+"/"+id+"/content?download=1", nil); !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") {
			t.Fatal(h)
		}
	}
	id = r.brought(SeedAda, "p.png", pngOf(t, 500, 100))["id"].(string)
	_, h, b := r.fetch("GET", base+"/"+id+"/thumb?size=360", nil)
	if conf, err := png.DecodeConfig(bytes.NewReader(b)); err != nil || conf.Width != 360 || conf.Height != 72 || h.Get("Content-Type") != "image/png" {
		t.Fatal(h, err)
	}
	for path, want := range map[string]int{"/" + id + "/thumb?size=1": 400, "/F0/thumb": 404, "/F0/content": 404} {
		if code, _, _ := r.fetch("GET", base+path, nil); code != want {
			t.Fatal(path, code)
		}
	}
	if code, _, _ := r.fetch("GET", base+"/"+id+"/content", nil, "Origin", "https://evil.example"); code != 403 {
		t.Fatal(code)
	}
}

func TestFilesList(t *testing.T) {
	r := start(t, Options{})
	ids := []string{}
	for i := range 5 {
		id := r.brought(SeedAda, fmt.Sprintf("%d.txt", i), []byte("x"))["id"].(string)
		ids = append(ids, id)
		r.ctl("POST", "/sim/messages", obj{"user": SeedAda, "channel": SeedGeneral, "files": files(id)})
	}
	pic := r.sent("p.png", pngOf(t, 2, 2))
	r.ok("files.completeUploadExternal", obj{"files": files(pic)})
	r.brought(SeedBen, "hidden.txt", []byte("x"))
	list := func(a obj) ([]string, obj) {
		out := r.ok("files.list", a)
		got := []string{}
		for _, f := range out["files"].([]any) {
			got = append(got, f.(obj)["id"].(string))
		}
		return got, out["paging"].(obj)
	}
	got, paging := list(obj{"count": 4})
	equal(t, "first page", got, []string{pic, ids[4], ids[3], ids[2]})
	if paging["total"] != 6.0 || paging["pages"] != 2.0 || paging["page"] != 1.0 {
		t.Fatal(paging)
	}
	got, _ = list(obj{"count": 4, "page": 2})
	equal(t, "second page", got, []string{ids[1], ids[0]})
	got, _ = list(obj{"count": 4, "page": 3})
	equal(t, "past the end", got, []string{})
	got, _ = list(obj{"types": "images"})
	equal(t, "images", got, []string{pic})
	got, _ = list(obj{"types": "snippets,zips", "user": SeedAda, "channel": SeedGeneral, "count": 1})
	equal(t, "snippets", got, []string{ids[4]})
	got, _ = list(obj{"ts_to": 1})
	equal(t, "old", got, []string{})
	r.bad("unknown_type", "files.list", obj{"types": "songs"})
	r.bad("user_not_found", "files.list", obj{"user": "U0"})
	r.bad("channel_not_found", "files.list", obj{"channel": "C0"})
	r.bad("invalid_arguments", "files.list", obj{"page": 0})
}

func TestLargeFilesOnDisk(t *testing.T) {
	folder := t.TempDir()
	r := start(t, Options{Folder: folder})
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<17) // 2 MiB
	entries := func() int {
		n := 0
		for _, d := range must(os.ReadDir(folder))(t) {
			n += len(must(os.ReadDir(folder + "/" + d.Name()))(t))
		}
		return n
	}
	if entries() != 0 {
		t.Fatal("a folder before there is a need")
	}
	f := r.brought(SeedAda, "big.txt", big)
	if f["mode"] != "hosted" || f["size"] != float64(len(big)) || entries() != 1 {
		t.Fatal(f, entries())
	}
	at := r.srv.URL() + "/sim/files/" + f["id"].(string) + "/content"
	if _, _, b := r.fetch("GET", at, nil); !bytes.Equal(b, big) {
		t.Fatal(len(b))
	}
	if code, _, b := r.fetch("GET", at, nil, "Range", "bytes=-16"); code != 206 || string(b) != "0123456789abcdef" {
		t.Fatal(code, string(b))
	}
	r.set(func(s *Settings) { s.MaxFileBytes = 1<<20 + 5 })
	if code, _, _ := r.fetch("POST", r.srv.URL()+"/sim/files?user="+SeedAda+"&name=b", bytes.NewReader(big)); code != 400 || entries() != 1 {
		t.Fatal(code, entries())
	}
	r.ctl("POST", "/sim/files/delete", obj{"user": SeedAda, "file": f["id"]})
	if entries() != 0 {
		t.Fatal("deleted bytes are still there")
	}
	r.set(func(s *Settings) { s.MaxFileBytes = 1 << 30 })
	r.brought(SeedAda, "big.txt", big)
	r.Reset()
	if entries() != 0 {
		t.Fatal("bytes of an earlier workspace are still there")
	}
	r.brought(SeedAda, "big.txt", big)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if left := must(os.ReadDir(folder))(t); len(left) != 0 {
		t.Fatal(left)
	}
}

func TestExportKeepsFiles(t *testing.T) {
	r := start(t, Options{})
	small := pngOf(t, 400, 20)
	id := r.brought(SeedAda, "p.png", small)["id"].(string)
	large := r.brought(SeedAda, "large.bin", make([]byte, maxArchivedFile+1))["id"].(string)
	medium := r.brought(SeedAda, "medium.bin", make([]byte, 2<<20))["id"].(string)
	p, err := r.Post(Remark{User: SeedAda, Channel: SeedGeneral, Files: fmt.Appendf(nil, `[{"id":%q},{"id":%q},{"id":%q},{"id":"FX","name":"whole"}]`, id, large, medium)})
	if err != nil {
		t.Fatal(err)
	}
	canvas := r.ok("canvases.create", obj{"title": "T", "channel_id": SeedGeneral, "document_content": markdown("# A\n\nb")})["canvas_id"].(string)
	section := r.sections(canvas, obj{"contains_text": "b"})[0]
	_, b := r.ctl("GET", "/sim/export", nil)

	other := start(t, Options{})
	if code, out := other.ctl("POST", "/sim/import", rawJSON(b)); code != 200 {
		t.Fatal(code, string(out))
	}
	f := other.info(id)
	if f["shares"].(obj)["public"].(obj)[SeedGeneral].([]any)[0].(obj)["ts"] != p.TS || !strings.HasPrefix(f["url_private"].(string), other.srv.URL()) || f["thumb_360_w"] != 360.0 {
		t.Fatal(f)
	}
	if _, _, got := other.fetch("GET", f["url_private"].(string), nil, bearer(DefaultBotToken)...); !bytes.Equal(got, small) {
		t.Fatal(len(got))
	}
	other.info(medium)
	other.bad("file_deleted", "files.info", obj{"file": large})
	list := other.Messages(SeedGeneral)[0].Files
	if !strings.Contains(string(list), `{"id":"`+large+`","mode":"tombstone"}`) || !strings.Contains(string(list), "whole") {
		t.Fatal(string(list))
	}
	equal(t, "sections", other.sections(canvas, obj{"contains_text": "b"}), []string{section})
	next := other.brought(SeedAda, "next.txt", []byte("x"))["id"]
	if next == id || next == large || next == medium || next == canvas {
		t.Fatal("an id came twice:", next)
	}
	for _, bad := range []func(*Archive){
		func(a *Archive) { a.Files = append(a.Files, a.Files[0]) },
		func(a *Archive) { a.Files[0].Content = nil },
		func(a *Archive) { a.Files[0].ID = "" },
		func(a *Archive) { a.Canvases[0].Channel = "C0" },
		func(a *Archive) { a.Canvases = append(a.Canvases, a.Canvases[0]) },
	} {
		a := r.Export()
		if bad(&a); other.Import(a) == nil {
			t.Fatal("a broken archive was taken")
		}
	}
}
