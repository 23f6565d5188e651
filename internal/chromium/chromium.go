package chromium

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Path is where the browser is, as Debian installs it.
const Path = "/usr/bin/chromium"

// Patience is how long a test waits for the page to show something. A busy machine is
// slow, not wrong.
const Patience = time.Minute

// Need skips a test on a machine without the browser.
func Need(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(Path); err != nil {
		t.Skip("no browser at " + Path + ": install the package chromium to run the tests of the page")
	}
}

// Start starts a browser. The context is for Open; stop ends the browser.
func Start() (chrome context.Context, stop func(), err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(Path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("headless", "new"), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", false))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopBrowser := chromedp.NewContext(allocator)
	stop = func() { stopBrowser(); stopAllocator() }
	if err := chromedp.Do(ctx); err != nil {
		stop()
		return nil, nil, fmt.Errorf("start the browser: %w", err)
	}
	return ctx, stop, nil
}

// Window is one tab with a storage of its own.
type Window struct {
	t     testing.TB
	ctx   context.Context
	Close func() // more than once is once; the end of the test does it too

	mu       sync.Mutex
	problems []string
}

// Open shows an address in a new window of a size in pixels.
func Open(t testing.TB, chrome context.Context, address string, width, height int64) *Window {
	t.Helper()
	w := &Window{t: t}
	tab, closeTab := chromedp.NewContext(chrome, chromedp.WithNewBrowserContext(), chromedp.WithListener(w.listen))
	if err := chromedp.Do(tab); err != nil { // without a deadline: it would become the tab's
		t.Fatalf("opening a window: %v", err)
	}
	w.ctx = tab
	w.Close = sync.OnceFunc(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, p := range w.problems {
			t.Errorf("the console of %s says: %s", address, p)
		}
		closeTab()
	})
	t.Cleanup(w.Close)
	w.Run(Command(runtime.Enable, cdp.Empty{}), Command(log.Enable, cdp.Empty{}), chromedp.EmulateViewport(width, height),
		// Each window believes that it is the one in front, as two people's windows are.
		Command(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}),
		Command(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: witness}),
		chromedp.Navigate(address))
	return w
}

// listen collects what the console complains of.
func (w *Window) listen(ev any) {
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

// Forgive drops the problems so far: for tests that break something on purpose.
func (w *Window) Forgive() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = nil
}

// Command is a call of the browser's protocol whose result does not matter.
func Command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// Run does something to the window, or fails the test.
func (w *Window) Run(actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, Patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		w.t.Fatal(err)
	}
}

// Picture is what the window shows, as PNG.
func (w *Window) Picture() []byte {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, Patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		w.t.Fatal(err)
	}
	return png
}

// Downloads lets the window save files into a folder, without asking.
func (w *Window) Downloads(dir string) {
	w.t.Helper()
	tab := chromedp.FromContext(w.ctx)
	params := browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: tab.BrowserContextID, DownloadPath: dir}
	if _, err := cdp.Call(w.ctx, tab.Browser, browser.SetDownloadBehavior, params); err != nil {
		w.t.Fatal(err)
	}
}

// ask evaluates an expression, and waits for what it promises.
func ask[T any](w *Window, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(w.ctx, Patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Eval returns what an expression yields, as the page sees it.
func Eval[T any](w *Window, expression string) T {
	w.t.Helper()
	out, err := ask[T](w, expression)
	if err != nil {
		w.t.Fatalf("%s: %v", expression, err)
	}
	return out
}

// Wait waits until an expression, or what it promises, is true. It asks from outside, as a strict policy of the
// page forbids the polling that the driver would plant.
func (w *Window) Wait(expression string) {
	w.t.Helper()
	var last error
	w.until(func() string {
		return fmt.Sprintf("waited for: %s (%v)\nthe page shows:\n%s", expression, last, w.text())
	}, func() (ok bool) {
		ok, last = ask[bool](w, "(async () => !!(await ("+expression+")))()")
		return ok && last == nil
	})
}

// Until waits for something outside the page.
func (w *Window) Until(ok func() bool, what string) {
	w.t.Helper()
	w.until(func() string { return fmt.Sprintf("waited until %s\nthe page shows:\n%s", what, w.text()) }, ok)
}

func (w *Window) until(trouble func() string, ok func() bool) {
	w.t.Helper()
	deadline := time.After(Patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatal(trouble())
		}
	}
}

// text is what the page shows, for the message of a failed test.
func (w *Window) text() string {
	text, err := ask[string](w, `document.body.innerText`)
	if err != nil {
		return err.Error()
	}
	return text
}
