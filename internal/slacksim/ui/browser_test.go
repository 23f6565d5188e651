package ui_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"holdfast/internal/chromium"
	"holdfast/internal/slacksim/ui"
)

var shared struct {
	once sync.Once
	ctx  context.Context
	stop func()
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.stop != nil {
		shared.stop()
	}
	os.Exit(code)
}

// browser returns the one browser of this test run; each window is a tab of it.
func browser(t *testing.T) context.Context {
	t.Helper()
	chromium.Need(t)
	var err error
	shared.once.Do(func() { shared.ctx, shared.stop, err = chromium.Start() })
	if err != nil || shared.ctx == nil {
		t.Fatalf("no browser: %v", err)
	}
	return shared.ctx
}

// window is one tab that shows the page.
type window struct {
	*chromium.Window
	t *testing.T
}

// serve runs the fake behind a server for one test.
func serve(t *testing.T, f *fake) string {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(func() {
		server.CloseClientConnections() // event streams never end by themselves
		server.Close()
	})
	return server.URL
}

// open shows an address in a new window. A console error, an exception or a request that
// failed fails the test at its end.
func open(t *testing.T, address string, width, height int64) *window {
	t.Helper()
	w := &window{chromium.Open(t, browser(t), address, width, height), t}
	w.wait(`document.querySelector('.shell .head h1') || document.querySelector('.rail .entry')`)
	return w
}

// Short forms, as the tests are made of them.

func (w *window) run(actions ...chromedp.Action[chromedp.Void]) { w.t.Helper(); w.Run(actions...) }
func (w *window) wait(expression string)                        { w.t.Helper(); w.Wait(expression) }
func (w *window) until(ok func() bool, what string)             { w.t.Helper(); w.Until(ok, what) }
func (w *window) press(expression string)                       { w.t.Helper(); w.Press(expression) }
func (w *window) click(selector string)                         { w.t.Helper(); w.Press(one(selector)) }
func (w *window) hover(selector string)                         { w.t.Helper(); w.Hover(one(selector)) }
func (w *window) focus(selector string)                         { w.t.Helper(); w.Focus(one(selector)) }
func (w *window) enter()                                        { w.t.Helper(); w.Enter() }
func (w *window) forgive()                                      { w.Forgive() }

func (w *window) keys(text string, options ...chromedp.KeyOption) {
	w.t.Helper()
	w.Keys(text, options...)
}

func (w *window) key(key, code string, number int64) {
	w.t.Helper()
	w.Key(key, code, number)
}

// one is an expression: the first element that fits a selector.
func one(selector string) string { return "document.querySelector(" + quote(selector) + ")" }

// eval returns what an expression yields, as the page sees it.
func eval[T any](w *window, expression string) T {
	w.t.Helper()
	return chromium.Eval[T](w.Window, expression)
}

// typeIn types into the composer of a pane (".main" or ".thread").
func (w *window) typeIn(pane, text string) {
	w.t.Helper()
	w.Type(one(pane+" .composer textarea"), text)
}

func (w *window) write(pane, text string) {
	w.t.Helper()
	w.typeIn(pane, text)
	w.enter()
}

// shot saves a picture of the window when UI_SHOTS names a folder.
func (w *window) shot(name string) {
	w.t.Helper()
	dir := os.Getenv("UI_SHOTS")
	if dir == "" {
		return
	}
	png := w.Picture()
	if err := os.WriteFile(dir+"/"+name+".png", png, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func dark() chromedp.Action[chromedp.Void] {
	return chromium.Command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
}

// workspace is a furnished fake and its address.
func workspace(t *testing.T, pace time.Duration) (*fake, string) {
	t.Helper()
	f := newFake(ui.Page(), pace)
	f.furnish()
	return f, serve(t, f)
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

// shows is an expression: some element of a kind contains a text.
func shows(selector, text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.textContent.includes(%q))`, selector, strings.TrimSpace(text))
}
