package ui_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// drawn renders each text with a view of the page (a module and the name of its export)
// and returns the markup.
func drawn(w *window, module, view, props string, texts []string) []string {
	w.t.Helper()
	raw, err := json.Marshal(texts)
	if err != nil {
		w.t.Fatal(err)
	}
	return eval[[]string](w, fmt.Sprintf(`(async () => {
		const { h, render } = await import('/vendor/htm-preact.js');
		const { AppContext } = await import('/hooks.js');
		const { Store } = await import('/store.js');
		const view = (await import(%q))[%q];
		const store = new Store();
		store.load({ team: { id: 'T1' }, app: { bot_user_id: 'UBOT', name: 'Holdfast' }, users: [{ id: 'U1', real_name: 'Ada Marsh' }], channels: [{ id: 'C1', name: 'general' }] });
		return %s.map((text) => {
			const box = document.createElement('div');
			render(h(AppContext.Provider, { value: { store, me: 'U1' } }, h(view, { text, ...%s })), box);
			return box.innerHTML;
		});
	})()`, module, view, raw, props))
}

type sample struct{ text, want string }

func compare(t *testing.T, samples []sample, got []string) {
	t.Helper()
	for i, s := range samples {
		if got[i] != s.want {
			t.Errorf("%q\n got %s\nwant %s", s.text, got[i], s.want)
		}
	}
}

func textsOf(samples []sample) []string {
	var out []string
	for _, s := range samples {
		out = append(out, s.text)
	}
	return out
}

const linked = ` target="_blank" rel="noopener noreferrer">`

func TestMarkdown(t *testing.T) {
	_, url := workspace(t, 0)
	w := open(t, url+"/?as=U1", 800, 600)
	md := func(inner string) string { return `<div class="md">` + inner + `</div>` }
	samples := []sample{
		{"a **b *c* d** ~~e~~ `f*g`", md(`<p>a <strong>b <em>c</em> d</strong> <del>e</del> <code>f*g</code></p>`)},
		{"snake_case_name and 2 * 3 * 4", md(`<p>snake_case_name and 2 * 3 * 4</p>`)},
		{"***both*** __bold__ _it_", md(`<p><em><strong>both</strong></em> <strong>bold</strong> <em>it</em></p>`)},
		{"one\ntwo", md(`<p>one<br>two</p>`)},
		{`\*plain\* &amp; &lt;b&gt; <b>`, md(`<p>*plain* &amp; &lt;b&gt; &lt;b&gt;</p>`)},
		{"# A\n### B ##", md(`<h3 class="h h1">A</h3><h5 class="h h3">B</h5>`)},
		{"[a](https://x.example/(y) \"t\") <https://z.example> https://w.example/a_b.", md(`<p><a class="link" href="https://x.example/(y)"` + linked + `a</a> <a class="link" href="https://z.example"` + linked + `https://z.example</a> <a class="link" href="https://w.example/a_b"` + linked + `https://w.example/a_b</a>.</p>`)},
		{"[x](javascript:alert(1)) [y](data:text/html,1)", md(`<p><span class="deadlink">x</span> <span class="deadlink">y</span></p>`)},
		{"- a\n  - b\n    1. c\n- d", md(`<ul><li class="">a<ul><li class="">b<ol start="1"><li class="">c</li></ol></li></ul></li><li class="">d</li></ul>`)},
		{"3. c\n4. d", md(`<ol start="3"><li class="">c</li><li class="">d</li></ol>`)},
		{"> a\n> > b\n\nc", md(`<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote><p>c</p>`)},
		{"---", md(`<hr>`)},
		{"<@U1> in <#C1> :tada: :nosuch:", md(`<p><span class="mention me" data-user="U1">@Ada Marsh</span> in <a class="mention" href="#/C1">#general</a> <span class="emoji" role="img" aria-label="tada" title=":tada:">🎉</span> :nosuch:</p>`)},
	}
	compare(t, samples, drawn(w, "/text/markdown_view.js", "Markdown", `{}`, textsOf(samples)))
}

// What has only begun is drawn as what it is going to be.
func TestMarkdownWhileItGrows(t *testing.T) {
	_, url := workspace(t, 0)
	w := open(t, url+"/?as=U1", 800, 600)
	md := func(inner string) string { return `<div class="md">` + inner + `</div>` }
	const caret = `<span class="caret" aria-hidden="true"></span>`
	code := func(lang, text string) string {
		return `<figure class="code` + map[bool]string{true: " bare"}[lang == ""] + `"><figcaption><span class="lang">` + lang + `</span><button type="button" class="copy">Copy</button></figcaption><pre tabindex="0"><code>` + text + `</code></pre></figure>`
	}
	table := func(inner string) string {
		return `<div class="tablewrap" tabindex="0" role="region" aria-label="Table"><table>` + inner + `</table></div>`
	}
	samples := []sample{
		{"", md(`<p>` + caret + `</p>`)},
		{"**Wor", md(`<p><strong>Wor</strong>` + caret + `</p>`)},
		{"see `co", md(`<p>see <code>co</code>` + caret + `</p>`)},
		{"see [the](https://x.exa", md(`<p>see <span class="deadlink">the</span>` + caret + `</p>`)},
		{"a\n\n```go\nfunc", md(`<p>a</p>` + code("go", "func"+caret))},
		{"```go\nx\n``", md(code("go", "x"+caret))},
		{"```\nx\n```\nb", md(code("", "x") + `<p>b` + caret + `</p>`)},
		{"| A | B", md(table(`<thead><tr><th class="">A</th><th class="">B` + caret + `</th></tr></thead><tbody></tbody>`))},
		{"| A | B |\n|--", md(table(`<thead><tr><th class="">A</th><th class="">B` + caret + `</th></tr></thead><tbody></tbody>`))},
		{"| A | B |\n|---|--:|\n| 1", md(table(`<thead><tr><th class="">A</th><th class="right">B</th></tr></thead><tbody><tr><td class="">1` + caret + `</td><td class="right"></td></tr></tbody>`))},
		{"- a\n- ", md(`<ul><li class="">a</li><li class="">` + caret + `</li></ul>`)},
	}
	compare(t, samples, drawn(w, "/text/markdown_view.js", "Markdown", `{live: true}`, textsOf(samples)))
}

func TestMrkdwn(t *testing.T) {
	_, url := workspace(t, 0)
	w := open(t, url+"/?as=U1", 800, 600)
	line := func(inner string) string { return `<div class="mrkdwn"><div class="line">` + inner + `</div></div>` }
	samples := []sample{
		{"*b* _i_ ~s~ `c` *_bi_*", line(`<strong>b</strong> <em>i</em> <del>s</del> <code>c</code> <strong><em>bi</em></strong>`)},
		{"2*3*4 a_b_c * no *", line(`2*3*4 a_b_c * no *`)},
		{"&lt;b&gt; &amp;amp; <b>", line(`&lt;b&gt; &amp;amp; &lt;b&gt;`)},
		{"<https://x.example/?a=1&amp;b=2|here> <mailto:a@x.example|mail> <javascript:alert(1)|no>", line(`<a class="link" href="https://x.example/?a=1&amp;b=2"` + linked + `here</a> <a class="link" href="mailto:a@x.example"` + linked + `mail</a> &lt;javascript:alert(1)|no&gt;`)},
		{"<@U1> <#C1|old> <!here> <!subteam^S1|@crew> <!date^1^{date}|then>", line(`<span class="mention me" data-user="U1">@Ada Marsh</span> <a class="mention" href="#/C1">#general</a> <span class="mention me">@here</span> <span class="mention me">@crew</span> <time>then</time>`)},
		{"&gt; q\n&gt; r\ns", `<div class="mrkdwn"><blockquote>q<br>r</blockquote><div class="line">s</div></div>`},
		{"a\n&gt;&gt;&gt; q\nr", `<div class="mrkdwn"><div class="line">a</div><blockquote>q<br>r</blockquote></div>`},
		{"a ```x *y*``` b", `<div class="mrkdwn"><div class="line">a </div><figure class="code bare"><figcaption><span class="lang"></span><button type="button" class="copy">Copy</button></figcaption><pre tabindex="0"><code>x *y*</code></pre></figure><div class="line"> b</div></div>`},
		{"open ``` only", line("open ``` only")},
	}
	compare(t, samples, drawn(w, "/text/mrkdwn.js", "Mrkdwn", `{}`, textsOf(samples)))
}

// Every text is drawn, at every step of its growth, without failing and in bounded time:
// the parsers meet whatever a model or a stranger writes.
func TestTextNeverFails(t *testing.T) {
	_, url := workspace(t, 0)
	w := open(t, url+"/?as=U1", 800, 600)
	began := time.Now()
	got := eval[string](w, `(async () => {
		const { parseMarkdown } = await import('/text/markdown.js');
		const { parseInline } = await import('/text/inline.js');
		const { Markdown } = await import('/text/markdown_view.js');
		const { Mrkdwn } = await import('/text/mrkdwn.js');
		const { h, render } = await import('/vendor/htm-preact.js');
		const { AppContext } = await import('/hooks.js');
		const { Store } = await import('/store.js');
		const store = new Store();
		const pieces = ['*', '**', '_', '~~', '~', '\x60', '\x60\x60\x60', '\n', '\n\n', '    ', '- ', '1. ', '> ', '# ', '|', '|---|', '[', '](', ')', '<', '>', '<@U1>', '&lt;', '&gt;', ':tada:', ':', '\\', 'a', 'b c', 'https://x.y/', '\u{1F600}', '\u0301', '- [x] ', '---'];
		let seed = 12345;
		const next = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
		const box = document.createElement('div');
		const show = (view, props) => render(h(AppContext.Provider, { value: { store, me: 'U1' } }, h(view, props)), box);
		for (let round = 0; round < 400; round++) {
			let text = '';
			for (let n = next(30); n >= 0; n--) {
				text += pieces[next(pieces.length)];
				try {
					show(Markdown, { text, live: true });
					if (n === 0) { show(Markdown, { text }); show(Mrkdwn, { text }); }
				} catch (err) {
					return JSON.stringify(text) + ': ' + err;
				}
			}
		}
		const many = ['*a ', '**a ', '_', '[', '[a](', '<', '> ', '- ', '|', '\x60', '~~a ', '* _ ', '1. ', '\n> ', '\n- ', '![', '&', '://', 'http', '\\'];
		for (const piece of many) {
			const text = piece.repeat(12000 / piece.length);
			const began = performance.now();
			parseMarkdown(text, true);
			parseInline(text, true);
			show(Markdown, { text });
			show(Mrkdwn, { text });
			const took = performance.now() - began;
			if (took > 15_000) return JSON.stringify(piece) + ' repeated takes ' + took + ' ms';
		}
		const deep = '**a '.repeat(1500) + 'a** '.repeat(1500);
		show(Markdown, { text: deep });
		return '';
	})()`)
	if got != "" {
		t.Error(got)
	}
	t.Logf("took %v", time.Since(began))
}

// Nothing that anybody writes becomes an element, an attribute or code.
func TestHostileTextIsText(t *testing.T) {
	f, url := workspace(t, 0)
	hostile := []string{
		`<script>window.pwned = 1</script>`, `<img src=x onerror="window.pwned = 1">`, `"><svg onload=window.pwned=1>`,
		`[x](javascript:window.pwned=1)`, `<javascript:window.pwned=1|x>`, `[x](JaVaScRiPt:window.pwned=1)`, "[x](\tjavascript:window.pwned=1)",
		`<https://x.example"onmouseover="window.pwned=1|x>`, `![x](x" onerror="window.pwned=1)`, "```\"><script>window.pwned=1</script>\n<script>window.pwned=1</script>\n```",
		`<iframe srcdoc="<script>parent.pwned=1</script>">`, `&lt;script&gt;window.pwned=1&lt;/script&gt;`, `<@U1"><script>window.pwned=1</script>>`, `<!date^1^{date}^javascript:window.pwned=1|x>`,
		`| <script>window.pwned=1</script> |` + "\n|---|\n" + `| <img src=x onerror=window.pwned=1> |`, `[a]: javascript:window.pwned=1`, `<style>*{display:none}</style>`, `{{constructor.constructor('window.pwned=1')()}}`, `${window.pwned=1}`,
	}
	const bad = `<img src=x onerror="window.pwned=1">`
	f.locked(func() {
		f.state["note"] = bad
		f.state["users"] = append(f.state["users"].([]object), object{"id": "U9", "name": bad, "real_name": bad, "tz_label": bad})
		f.state["channels"] = append(f.state["channels"].([]object), object{"id": "C9", "name": bad, "members": []string{"U1", "U9", "UBOT"}, "topic": bad})
		for _, h := range hostile {
			plain := object{"type": "plain_text", "text": h}
			mrkdwn := object{"type": "mrkdwn", "text": h}
			f.say("C9", "U9", h, time.Now(), object{"reactions": []object{{"name": h, "users": []string{"U9"}, "count": 1}}, "files": []object{{"name": h, "url_private": "javascript:window.pwned=1"}}})
			f.say("C9", "UBOT", h, time.Now(), object{"username": h, "markdown_text": h})
			f.say("C9", "UBOT", "", time.Now(), object{"streaming_state": "in_progress", "stream": object{"text": h, "plan": h,
				"tasks": []object{{"id": h, "title": h, "details": h, "output": h, "status": h, "sources": []object{{"url": "javascript:window.pwned=1", "text": h}, {"url": h}}}}}})
			f.say("C9", "UBOT", "", time.Now(), object{"blocks": []object{
				{"type": "header", "text": plain}, {"type": "section", "text": mrkdwn, "fields": []object{mrkdwn, plain}, "accessory": object{"type": "button", "text": plain, "url": "javascript:window.pwned=1", "style": h}},
				{"type": "context", "elements": []object{mrkdwn, {"type": "image", "image_url": "javascript:window.pwned=1", "alt_text": h}}},
				{"type": "image", "image_url": "data:text/html,<script>window.pwned=1</script>", "alt_text": h, "title": plain},
				{"type": "markdown", "text": h}, {"type": h}, {"type": "alert", "level": h, "text": mrkdwn},
				{"type": "table", "rows": [][]object{{{"type": "raw_text", "text": h}}, {{"type": "rich_text", "elements": []object{{"type": "rich_text_section", "elements": []object{{"type": "text", "text": h}}}}}}}},
				{"type": "rich_text", "elements": []object{{"type": "rich_text_section", "elements": []object{{"type": "text", "text": h}, {"type": "link", "url": "javascript:window.pwned=1", "text": h}, {"type": "emoji", "name": h, "unicode": h}, {"type": "user", "user_id": h}, {"type": "date", "fallback": h}}},
					{"type": "rich_text_preformatted", "language": h, "elements": []object{{"type": "text", "text": h}}}}},
				{"type": "actions", "elements": []object{{"type": "button", "text": plain}, {"type": h}}},
			}})
		}
		f.session(object{"channel": "C9", "thread_ts": f.messages["C9"][0]["ts"], "status": "processing", "title": bad, "prose": bad, "stoppable": true})
		f.record("call", object{"method": bad, "at": time.Now().Format(time.RFC3339Nano), "ok": false, "error": bad, "args": object{bad: bad}})
	})
	w := open(t, url+"/?as=U1#/C9", 1300, 800)
	w.wait(shows(".msg", "window.pwned"))
	w.click(".inspect")
	w.click(".entry-row button")
	w.wait(shows(".detail pre", "onerror"))
	w.click(".whoami")
	w.wait(shows(".menu", "<img src=x"))
	w.run(chromedp.Navigate(url + "/?as=U1#/C9/" + f.messages["C9"][0]["ts"].(string)))
	w.wait(shows(".thread .head", "<img src=x"))
	for text, found := range map[string]string{
		"code ran":                  `window.pwned !== undefined`,
		"an element was made":       `document.querySelector('#root script, #root img, #root iframe, #root style, #root object, #root embed')`,
		"a handler attribute":       `[...document.querySelectorAll('#root *')].some((e) => [...e.attributes].some((a) => a.name.startsWith('on')))`,
		"a link to somewhere wrong": `[...document.querySelectorAll('#root a[href]')].some((a) => !/^(https?:|mailto:)/.test(a.protocol))`,
	} {
		if eval[bool](w, "!!("+found+")") {
			t.Errorf("%s: %s", text, eval[string](w, `document.querySelector('#root').innerHTML.slice(0, 2000)`))
		}
	}
	for _, h := range []string{hostile[0], hostile[1]} {
		if !eval[bool](w, shows(".mrkdwn", h)) || !eval[bool](w, shows(".md", h)) || !eval[bool](w, shows(".rich", h)) {
			t.Errorf("%q is not shown as it was written", h)
		}
	}
}
