package holdfast_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"holdfast/internal/chromium"
)

// browser starts a browser for one test.
func browser(t *testing.T) context.Context {
	t.Helper()
	chromium.Need(t)
	ctx, stop, err := chromium.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return ctx
}

// window is one tab, of a person of its own.
type window struct {
	*chromium.Window
}

// open shows an address in a new window.
func open(t *testing.T, browser context.Context, address string) *window {
	t.Helper()
	w := &window{chromium.Open(t, browser, address, 1280, 800)}
	w.Wait(`document.querySelector('.rail .entry')`)
	return w
}

// typeIn types into the composer of a pane (".main" or ".thread").
func (w *window) typeIn(pane, text string) { w.Type(composer(pane), text) }

func composer(pane string) string {
	return fmt.Sprintf(`document.querySelector(%q)`, pane+" .composer textarea")
}

// mention writes to the assistant, whose name it takes from the completion.
func (w *window) mention(pane, text string) {
	w.typeIn(pane, "@ho")
	w.Wait(shows(pane+" .offer li.on", "Holdfast"))
	w.Enter()
	w.Wait(composer(pane) + `.value === '@Holdfast '`)
	w.Keys(text)
	w.Enter()
}

// shows is an expression: some element of a kind contains a text.
func shows(selector, text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.textContent.includes(%q))`, selector, text)
}

// answered waits until the newest answer in a pane is whole and ends with words.
func (w *window) answered(pane, words string) {
	w.Wait(fmt.Sprintf(`(() => { const e = [...document.querySelectorAll(%q)].at(-1);
		return e && !e.querySelector('.caret') && !document.querySelector(%q) && e.textContent.includes(%q); })()`, pane+" .msg.byapp .body", pane+" .status", words))
}

// watch notes from now on, in the page itself, each length in which an unfinished answer is seen.
func (w *window) watch() {
	chromium.Eval[bool](w.Window, `(window.grown = [], new MutationObserver(() => {
		const text = document.querySelector('.msg.byapp .body:has(.caret)')?.textContent;
		if (text && text.length > (grown.at(-1)?.length ?? 0)) grown.push({ length: text.length, at: Date.now() });
	}).observe(document.body, { subtree: true, childList: true, characterData: true }), true)`)
}

// grown is what watch has seen: when there were the first words, and how many lengths.
func (w *window) grown() (first time.Time, steps int) {
	seen := chromium.Eval[[]struct{ Length, At int64 }](w.Window, `grown`)
	if len(seen) == 0 {
		return time.Time{}, 0
	}
	return time.UnixMilli(seen[0].At), len(seen)
}
