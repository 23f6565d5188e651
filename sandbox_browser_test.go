package holdfast_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const chromium = "/usr/bin/chromium"

// browser starts a browser for one test.
func browser(t *testing.T) context.Context {
	t.Helper()
	if _, err := os.Stat(chromium); err != nil {
		t.Skip("no browser at " + chromium + ": install the package chromium to try the sandbox's page")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("headless", "new"), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", false))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	t.Cleanup(func() { stop(); stopAllocator() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return ctx
}

// window is one tab, of a person of its own.
type window struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string
}

// open shows an address in a new window. What its console complains of until the
// window is closed fails the test.
func open(t *testing.T, browser context.Context, address string) (w *window, closed func()) {
	t.Helper()
	w = &window{t: t}
	// A context of its own keeps the storage of one window from the next.
	tab, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(w.listen))
	if err := chromedp.Do(tab); err != nil { // without a deadline: it would become the tab's
		t.Fatalf("open a window: %v", err)
	}
	ctx, cancel := context.WithTimeout(tab, 5*time.Minute)
	w.ctx = ctx
	closed = sync.OnceFunc(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, p := range w.problems {
			t.Errorf("the console of %s says: %s", address, p)
		}
		cancel()
		closeTab()
	})
	t.Cleanup(closed)
	w.run(command(runtime.Enable, cdp.Empty{}), command(log.Enable, cdp.Empty{}), chromedp.EmulateViewport(1280, 800), chromedp.Navigate(address))
	w.wait(`document.querySelector('.rail .entry')`)
	return w, closed
}

// listen collects what the console complains of.
func (w *window) listen(ev any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		w.problems = append(w.problems, "exception: "+ev.ExceptionDetails.Text)
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

// command is a call of the browser's protocol whose result does not matter.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

func (w *window) run(actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx, actions...); err != nil {
		w.t.Fatal(err)
	}
}

// eval returns what an expression yields.
func eval[T any](w *window, expression string) T {
	w.t.Helper()
	out, err := chromedp.Run(w.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		w.t.Fatalf("%s: %v", expression, err)
	}
	return out
}

// wait waits until an expression is true, and fails with what the page shows
// instead. The page's policy forbids that it polls by itself.
func (w *window) wait(expression string) {
	w.t.Helper()
	w.until(expression, func() bool { return eval[bool](w, "!!("+expression+")") })
}

func (w *window) until(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("waited for: %s\nthe page shows:\n%s", what, eval[string](w, `document.body.innerText`))
		}
	}
}

// typeIn types into the composer of a pane (".main" or ".thread").
func (w *window) typeIn(pane, text string) {
	w.t.Helper()
	area := pane + " .composer textarea"
	w.wait(fmt.Sprintf(`document.querySelector(%q)`, area))
	w.run(chromedp.Focus(chromedp.CSS(area)), chromedp.KeyEvent(text))
}

// mention writes to the assistant, whose name it takes from the completion.
func (w *window) mention(pane, text string) {
	w.t.Helper()
	w.typeIn(pane, "@ho")
	w.wait(shows(pane+" .offer li.on", "Holdfast"))
	w.enter()
	w.wait(fmt.Sprintf(`document.querySelector(%q).value === '@Holdfast '`, pane+" .composer textarea"))
	w.run(chromedp.KeyEvent(text))
	w.enter()
}

// enter presses Enter as a keyboard does: the driver's own key event would insert
// a line break although the page has refused the key.
func (w *window) enter() {
	w.t.Helper()
	key := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13}
	up := key
	up.Type = input.DispatchKeyEventTypeKeyUp
	w.run(command(input.DispatchKeyEvent, key), command(input.DispatchKeyEvent, up))
}

// shows is an expression: some element of a kind contains a text.
func shows(selector, text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.textContent.includes(%q))`, selector, text)
}

// grows waits until the newest answer in a pane is whole and ends with words; it
// returns when its first words were there, and how many lengths it was seen in
// before its end.
func (w *window) grows(pane, words string) (first time.Time, steps int) {
	w.t.Helper()
	newest := fmt.Sprintf(`(() => { const all = document.querySelectorAll(%q), e = all[all.length - 1];
		return e ? { text: e.textContent, live: !!e.querySelector('.caret') } : { text: '', live: false }; })()`, pane+" .msg.byapp .body")
	length := 0
	w.until("an answer that grows and ends with "+words, func() bool {
		now := eval[struct {
			Text string `json:"text"`
			Live bool   `json:"live"`
		}](w, newest)
		if now.Text != "" && first.IsZero() {
			first = time.Now()
		}
		if now.Live && len(now.Text) > length {
			length, steps = len(now.Text), steps+1
		}
		return !now.Live && !eval[bool](w, fmt.Sprintf(`!!document.querySelector(%q)`, pane+" .status")) && strings.Contains(now.Text, words)
	})
	return first, steps
}
