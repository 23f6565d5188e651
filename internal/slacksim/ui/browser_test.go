package ui_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"holdfast/internal/slacksim/ui"
)

const chromium = "/usr/bin/chromium"

// within is how long a test waits for the page to show something.
const within = 15 * time.Second

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
	if _, err := os.Stat(chromium); err != nil {
		t.Skip("no browser at " + chromium + ": install the package chromium to run the tests of the page")
	}
	shared.once.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
			chromedp.Flag("headless", "new"), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", false))
		allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, stopBrowser := chromedp.NewContext(allocator)
		shared.ctx, shared.stop = ctx, func() { stopBrowser(); stopAllocator() }
		if err := chromedp.Do(ctx); err != nil {
			t.Fatalf("starting the browser: %v", err)
		}
	})
	return shared.ctx
}

// window is one tab that shows the page.
type window struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string
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
	parent := browser(t)
	// A context of its own keeps the storage of one window from the next test.
	w := &window{t: t}
	tab, closeTab := chromedp.NewContext(parent, chromedp.WithNewBrowserContext(), chromedp.WithListener(w.listen))
	if err := chromedp.Do(tab); err != nil { // without a deadline: it would become the tab's
		t.Fatalf("opening a window: %v", err)
	}
	ctx, cancel := context.WithTimeout(tab, 2*time.Minute)
	w.ctx = ctx
	t.Cleanup(func() {
		w.mu.Lock()
		problems := w.problems
		w.mu.Unlock()
		for _, p := range problems {
			t.Errorf("the console says: %s", p)
		}
		cancel()
		closeTab()
	})
	w.run(command(runtime.Enable, cdp.Empty{}), command(log.Enable, cdp.Empty{}), chromedp.EmulateViewport(width, height), chromedp.Navigate(address))
	w.wait(`document.querySelector('.shell .head h1') || document.querySelector('.rail .entry')`)
	return w
}

// listen collects what the console complains of.
func (w *window) listen(ev any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		w.problems = append(w.problems, fmt.Sprintf("exception: %s %v", ev.ExceptionDetails.Text, exception(ev.ExceptionDetails)))
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeWarning {
			raw, _ := json.Marshal(ev.Args) // for the message of a failed test only
			w.problems = append(w.problems, string(raw))
		}
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError {
			w.problems = append(w.problems, ev.Entry.Text+" "+ev.Entry.URL)
		}
	}
}

func exception(d *runtime.ExceptionDetails) string {
	if d.Exception == nil {
		return ""
	}
	return d.Exception.Description
}

// command is a call of the browser's protocol whose result does not matter.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// forgive drops the problems so far: for tests that break something on purpose.
func (w *window) forgive() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = nil
}

func (w *window) run(actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx, actions...); err != nil {
		w.t.Fatal(err)
	}
}

// eval returns what an expression yields, as the page sees it.
func eval[T any](w *window, expression string) T {
	w.t.Helper()
	out, err := chromedp.Run(w.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		w.t.Fatalf("%s: %v", expression, err)
	}
	return out
}

// wait waits until an expression is true, and fails with what the page shows instead. It
// asks from outside, as the page's policy forbids the polling that the driver would plant.
func (w *window) wait(expression string) {
	w.t.Helper()
	deadline := time.After(within)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !eval[bool](w, "!!("+expression+")") {
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("waited for: %s\nthe page shows:\n%s", expression, eval[string](w, `document.body.innerText`))
		}
	}
}

func (w *window) click(selector string) {
	w.t.Helper()
	w.wait(fmt.Sprintf(`document.querySelector(%q)`, selector))
	w.run(chromedp.Click(chromedp.CSS(selector)))
}

// hover moves the pointer over an element.
func (w *window) hover(selector string) {
	w.t.Helper()
	at := eval[[]float64](w, fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [r.x + r.width / 2, r.y + Math.min(r.height / 2, 12)] })()`, selector))
	w.run(chromedp.MouseEvent("mouseMoved", at[0], at[1]))
}

// keys types into whatever has the focus.
func (w *window) keys(text string, options ...chromedp.KeyOption) {
	w.t.Helper()
	w.run(chromedp.KeyEvent(text, options...))
}

// typeIn types into the composer of a pane (".main" or ".thread").
func (w *window) typeIn(pane, text string) {
	w.t.Helper()
	area := pane + " .composer textarea"
	w.wait(fmt.Sprintf(`document.querySelector(%q)`, area))
	w.run(chromedp.Focus(chromedp.CSS(area)))
	w.keys(text)
}

func (w *window) write(pane, text string) {
	w.t.Helper()
	w.typeIn(pane, text)
	w.enter()
}

// enter presses Enter as a keyboard does: the driver's own key event would insert a line
// break although the page has refused the key.
func (w *window) enter() {
	w.t.Helper()
	key := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13}
	up := key
	up.Type = input.DispatchKeyEventTypeKeyUp
	w.run(command(input.DispatchKeyEvent, key), command(input.DispatchKeyEvent, up))
}

// shot saves a picture of the window when UI_SHOTS names a folder.
func (w *window) shot(name string) {
	w.t.Helper()
	dir := os.Getenv("UI_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/"+name+".png", png, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func dark() chromedp.Action[chromedp.Void] {
	return command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
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
