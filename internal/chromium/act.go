package chromium

import (
	"fmt"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// witness is the first listener of each document: it can keep a click that fell beside
// its element from everybody else.
const witness = `(() => {
	let hear = null;
	for (const kind of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) addEventListener(kind, (ev) => hear?.(ev), true);
	Object.defineProperty(window, 'witness', { value: { set: (f) => { hear = f; } } });
})()`

// drawn is a promise that all of the last frame has been done; preact runs effects after it.
const drawn = `const drawn = () => new Promise((done) => {
		const late = setTimeout(done, 500);
		requestAnimationFrame(() => setTimeout(() => { clearTimeout(late); done(); }));
	});`

// ready is a script that yields {x, y} of an element on which one can act, or {why} not.
// The first %s is an expression of the element, the second what is done once it is ready.
const ready = `(async () => {
	` + drawn + `
	const find = () => (%s);
	const box = (e) => [...e.getClientRects()].find((r) => r.width > 0 && r.height > 0);
	let e;
	try { e = find(); } catch (err) { return { why: String(err) }; }
	if (!e) return { why: 'it is not there' };
	if (!box(e)) return { why: 'it cannot be seen' };
	e.scrollIntoView({ block: 'nearest', behavior: 'instant' });
	let was = box(e), still = 0;
	for (let n = 0; still < 2; n++) {
		if (n > 50) return { why: 'it does not stand still' };
		await drawn();
		const now = e.isConnected && box(e);
		if (!now) return { why: 'it has gone' };
		still = now.x === was.x && now.y === was.y && now.width === was.width && now.height === was.height ? still + 1 : 0;
		was = now;
	}
	try { if (find() !== e) return { why: 'it is another one now' }; } catch (err) { return { why: String(err) }; }
	if (e.matches(':disabled')) return { why: 'it is disabled' };
	const at = { x: was.x + was.width / 2, y: was.y + was.height / 2 };
	const inside = (x) => x instanceof Node && (e.contains(x) || x.closest?.('label')?.control === e);
	%s
	return at;
})()`

// place is where an element is, or why it cannot be acted on.
type place struct {
	X, Y float64
	Why  string
}

// aim lets the witness watch for the click at an element.
const aim = `const under = document.elementFromPoint(at.x, at.y);
	if (!inside(under)) return { why: 'it is covered by ' + (under ? under.cloneNode().outerHTML : 'nothing') };
	let heard = 'nothing';
	witness.heard = () => { witness.set(null); return heard; };
	witness.set((ev) => {
		if (ev.type === 'pointerdown') heard = inside(ev.target) ? 'pressed' : 'missed';
		if (heard === 'missed') { ev.preventDefault(); ev.stopImmediatePropagation(); }
		else if (ev.type === 'click' && inside(ev.target)) heard = 'clicked';
	});`

// act waits until an element can be acted on, does something where it is, and again until that worked.
func (w *Window) act(element, then string, do func(place) bool) {
	w.t.Helper()
	var why string
	w.until(func() string {
		return fmt.Sprintf("could not act on %s: %s\nthe page shows:\n%s", element, why, w.text())
	}, func() bool {
		at, err := ask[place](w, fmt.Sprintf(ready, element, then))
		if err != nil {
			at.Why = err.Error()
		}
		if why = at.Why; why != "" {
			return false
		}
		why = "it moved away from the pointer"
		return do(at)
	})
}

// Press clicks what an expression yields.
func (w *Window) Press(element string) {
	w.t.Helper()
	w.act(element, aim, func(at place) bool {
		w.Run(chromedp.MouseClickXY(at.X, at.Y))
		heard, err := ask[string](w, `witness.heard ? witness.heard() : 'left'`)
		switch {
		case err != nil, heard == "clicked", heard == "left": // the click led to another document
			return true
		case heard == "pressed":
			w.t.Fatalf("the page drew %s anew, or moved it, between the press and the release: the click got lost", element)
		}
		return false
	})
}

// Hover moves the pointer over what an expression yields, near its upper edge.
func (w *Window) Hover(element string) {
	w.t.Helper()
	w.act(element, `at.y = was.y + Math.min(was.height / 2, 12);`, func(at place) bool {
		w.Run(chromedp.MouseEvent(chromedp.MouseMoved, at.X, at.Y))
		over, err := ask[bool](w, "("+element+").matches(':hover')")
		return err == nil && over
	})
}

// Focus gives the focus to what an expression yields, and sees that it stays there.
func (w *Window) Focus(element string) {
	w.t.Helper()
	w.act(element, `e.focus(); await drawn(); await drawn();
		if (document.activeElement !== e) return { why: 'it does not keep the focus' };`, func(place) bool { return true })
}

// Type types into what an expression yields.
func (w *Window) Type(element, text string) {
	w.t.Helper()
	w.Focus(element)
	w.Run(chromedp.KeyEvent(text))
}

// Keys types into whatever has the focus.
func (w *Window) Keys(text string, options ...chromedp.KeyOption) {
	w.t.Helper()
	w.settle()
	w.Run(chromedp.KeyEvent(text, options...))
}

// Key presses one key as a keyboard does; the driver's own event types a letter, or a line
// break, although the page has refused the key.
func (w *Window) Key(key, code string, number int64) {
	w.t.Helper()
	w.settle()
	down := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Key: key, Code: code, WindowsVirtualKeyCode: number}
	up := down
	up.Type = input.DispatchKeyEventTypeKeyUp
	w.Run(Command(input.DispatchKeyEvent, down), Command(input.DispatchKeyEvent, up))
}

// Enter presses Enter.
func (w *Window) Enter() {
	w.t.Helper()
	w.Key("Enter", "Enter", 13)
}

// settle lets the page draw what it was told before, and run the effects of that: whatever
// takes the focus has it then.
func (w *Window) settle() {
	w.t.Helper()
	Eval[bool](w, `(async () => { `+drawn+` await drawn(); await drawn(); return true; })()`)
}
