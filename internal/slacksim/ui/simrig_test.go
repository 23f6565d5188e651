package ui_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"holdfast/internal/slacksim"
	"holdfast/internal/slacksim/ui"
)

// sandbox is slacksim with its page, and the test as the app and as the control API's user.
type sandbox struct {
	t   *testing.T
	sim *slacksim.Sim
	url string
}

func simulated(t *testing.T, mount map[string]http.Handler) *sandbox {
	t.Helper()
	browser(t) // skips without one
	sim := slacksim.New(slacksim.Options{Page: ui.Page(), Policy: ui.Policy, Mount: mount})
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		server.CloseClientConnections()
		server.Close()
	})
	return &sandbox{t, sim, server.URL}
}

func (s *sandbox) decode(response *http.Response, err error) object {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var out object
	if err := json.Unmarshal(raw, &out); err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: HTTP %d %s", response.Request.URL, response.StatusCode, raw)
	}
	return out
}

// api calls a Web API method as the app.
func (s *sandbox) api(method string, args url.Values) object {
	s.t.Helper()
	args.Set("token", slacksim.DefaultBotToken)
	out := s.decode(http.PostForm(s.url+"/api/"+method, args))
	if out["ok"] != true {
		s.t.Fatalf("%s: %v", method, out)
	}
	return out
}

func (s *sandbox) post(path string, body object) object {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.decode(http.Post(s.url+path, "application/json", bytes.NewReader(raw)))
}

func (s *sandbox) get(path string) object {
	s.t.Helper()
	return s.decode(http.Get(s.url + path))
}

// upload puts a file of a person into the workspace, not yet shared.
func (s *sandbox) upload(user, name, alt string, content []byte) string {
	s.t.Helper()
	q := url.Values{"user": {user}, "name": {name}, "alt": {alt}}
	return s.decode(http.Post(s.url+"/sim/files?"+q.Encode(), "application/octet-stream", bytes.NewReader(content)))["id"].(string)
}

// share posts files as a person.
func (s *sandbox) share(user, channel, text string, ids ...string) string {
	s.t.Helper()
	files := []object{}
	for _, id := range ids {
		files = append(files, object{"id": id})
	}
	return s.post("/sim/messages", object{"user": user, "channel": channel, "text": text, "files": files})["ts"].(string)
}

// named finds the id of a person or channel in /sim/state.
func (s *sandbox) named(kind, name string) string {
	s.t.Helper()
	for _, x := range s.get("/sim/state")[kind].([]any) {
		o := x.(object)
		if o["name"] == name || o["real_name"] == name {
			return o["id"].(string)
		}
	}
	s.t.Fatalf("%s has no %q", kind, name)
	return ""
}

func (s *sandbox) person(name string) string  { return s.named("users", name) }
func (s *sandbox) channel(name string) string { return s.named("channels", name) }

// dm is a person's direct message with the app.
func (s *sandbox) dm(user string) string {
	s.t.Helper()
	for _, x := range s.get("/sim/state")["channels"].([]any) {
		if o := x.(object); o["is_im"] == true && o["user"] == user {
			return o["id"].(string)
		}
	}
	s.t.Fatalf("%s has no direct message with the app", user)
	return ""
}

// members are the names in a channel.
func (s *sandbox) members(channel string) []string {
	c, _ := slacksimChannel(s.sim, channel)
	slices.Sort(c.Members)
	return c.Members
}

func slacksimChannel(sim *slacksim.Sim, id string) (c slacksim.Channel, ok bool) {
	sim.Look(func(v slacksim.View) { c, ok = v.Channel(id) })
	return c, ok
}

// open shows a place to a person, whatever the width.
func (s *sandbox) open(user, place string, width int64) *window {
	s.t.Helper()
	height := int64(800)
	if width < 600 {
		height = 844
	}
	return open(s.t, s.url+"/?as="+user+"#/"+place, width, height)
}

// atBothWidths runs a test as on a desk and as on a phone, each over a workspace of its own.
func atBothWidths(t *testing.T, run func(t *testing.T, width int64)) {
	for _, width := range []int64{1280, 390} {
		t.Run(fmt.Sprint(width), func(t *testing.T) { run(t, width) })
	}
}

// rail brings the list of places into view: on a phone it is behind the back button.
func (w *window) rail() {
	w.t.Helper()
	w.wait(`document.querySelector('.shell')`)
	// A click just before may be about to change the place, and with it what is in view.
	eval[bool](w, `new Promise((done) => { setTimeout(() => done(true), 500); requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true)))); })`)
	for range 3 {
		if eval[bool](w, `document.querySelector('.rail').offsetWidth > 0`) {
			return
		}
		const shown = `[...document.querySelectorAll('.pane')].find((p) => p.offsetWidth > 0)`
		was := eval[string](w, shown+`.className`)
		w.press(shown + `?.querySelector('.only-narrow')`)
		w.wait(`document.querySelector('.rail').offsetWidth > 0 || ` + shown + `.className !== ` + quote(was))
	}
	w.wait(`document.querySelector('.rail').offsetWidth > 0`)
}

// pressText clicks the button (or link, or menu item) with a text, of those that can be seen.
func (w *window) pressText(selector, text string) {
	w.t.Helper()
	w.press(fmt.Sprintf(`[...document.querySelectorAll(%q)].find((e) => e.offsetWidth > 0 && e.textContent.includes(%q))`, selector, text))
}

// fill replaces what a field holds, as typing would.
func (w *window) fill(selector, text string) {
	w.t.Helper()
	w.focus(selector)
	eval[int](w, fmt.Sprintf(`(document.querySelector(%q).select?.(), 1)`, selector))
	if text == "" {
		text = kb.Backspace
	}
	w.run(chromedp.KeyEvent(text))
}

// message is an expression: the last message that contains a text.
func message(text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll('.msg')].filter((e) => e.offsetWidth > 0 && e.textContent.includes(%q)).at(-1)`, text)
}

// reach gives the focus to a message, in the middle of the window: its tools show.
func (w *window) reach(text string) {
	w.t.Helper()
	w.wait(`(` + message(text) + `.scrollIntoView({block: 'center'}), true)`)
	w.Focus(message(text))
}

// menuOf opens the menu of a message and takes an entry.
func (w *window) menuOf(text, entry string) {
	w.t.Helper()
	w.reach(text)
	w.press(message(text) + `?.querySelector('.tools [aria-label=More]')`)
	w.pressText(".popmenu button", entry)
}

// catchCopies keeps what the page writes to the clipboard, which a test may not read.
func (w *window) catchCopies() {
	w.t.Helper()
	eval[int](w, `(navigator.clipboard.writeText = async (text) => { window.copied = text; }, 1)`)
}

// choose gives files of this machine to a hidden file field.
func (w *window) choose(selector string, paths ...string) {
	w.t.Helper()
	w.wait(fmt.Sprintf(`document.querySelector(%q)`, selector))
	w.run(chromedp.SetUploadFiles(chromedp.CSS(selector), paths))
}

// drop lets files fall on a pane: [name, type, base64 or text].
func (w *window) drop(kind, selector string, files ...[3]string) {
	w.t.Helper()
	raw, err := json.Marshal(files)
	if err != nil {
		w.t.Fatal(err)
	}
	eval[int](w, fmt.Sprintf(`(() => {
		const data = new DataTransfer();
		for (const [name, type, base64] of %s) data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { type }));
		const at = document.querySelector(%q);
		if (%q === 'paste') at.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
		else at.dispatchEvent(new DragEvent(%q, { dataTransfer: data, bubbles: true, cancelable: true }));
		return 1;
	})()`, raw, selector, kind, kind))
}

// picture is a PNG of two colours, to be told apart from others.
func picture(width, height int, at color.RGBA) []byte {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := at
			if (x/24+y/24)%2 == 0 {
				c.R, c.G, c.B = c.R/2+100, c.G/2+100, c.B/2+100
			}
			img.SetRGBA(x, y, c)
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		panic(err) // a buffer takes everything
	}
	return out.Bytes()
}

var (
	teal   = color.RGBA{20, 110, 120, 255}
	orange = color.RGBA{220, 120, 50, 255}
)

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d of the log\n", i+1)
	}
	return b.String()
}

func itoa(n int) string { return fmt.Sprint(n) }

// send puts bytes to an upload address that the Web API gave.
func (s *sandbox) send(to string, content []byte) {
	s.t.Helper()
	response, err := http.Post(to, "application/octet-stream", bytes.NewReader(content))
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: HTTP %d", to, response.StatusCode)
	}
}
