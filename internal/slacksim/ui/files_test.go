package ui_test

import (
	"encoding/base64"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func encoded(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func TestUploadByButtonDropAndPaste(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada, general := s.person("Ada Marsh"), s.channel("general")
		notes := filepath.Join(t.TempDir(), "notes.txt")
		if err := os.WriteFile(notes, []byte(lines(40)), 0o600); err != nil {
			t.Fatal(err)
		}
		w := s.open(ada, general, width)
		w.wait(`document.querySelector('.main .send').disabled`)
		w.choose(".main .composer input[type=file]", notes)
		w.wait(shows(".attachment.ready", "notes.txt"))

		// A file that is dragged over the conversation shows where it will go.
		red := [3]string{"pier.png", "image/png", encoded(picture(300, 200, teal))}
		w.drop("dragenter", ".main .scroller", red)
		w.wait(shows(".dropzone", "Drop to attach"))
		w.drop("dragleave", ".main .scroller", red)
		w.wait(`!document.querySelector('.dropzone')`)
		w.drop("dragenter", ".main .scroller", red)
		w.drop("drop", ".main .scroller", red, [3]string{"plan.pdf", "application/pdf", encoded([]byte("%PDF-1.4\n%%EOF\n"))})
		w.wait(`!document.querySelector('.dropzone') && document.querySelectorAll('.attachment.ready').length === 3 && document.querySelector('.attachment.thumb img')?.complete`)
		w.drop("paste", ".main textarea", [3]string{"image.png", "image/png", encoded(picture(120, 90, orange))})
		w.wait(`document.querySelectorAll('.attachment.thumb').length === 2`)
		if fits := eval[bool](w, `document.documentElement.scrollWidth <= innerWidth`); !fits {
			t.Error("the attachments make the page wider than the window")
		}

		// Alt text, and a change of mind.
		w.press(`document.querySelector('.attachment .alt')`)
		w.wait(`document.activeElement?.matches('dialog textarea')`)
		w.keys("A pier in teal squares")
		w.pressText("dialog button", "Save")
		w.wait(`document.querySelector('.attachment.thumb.ready img')?.alt === 'A pier in teal squares'`)
		w.press(`document.querySelector('[aria-label="Remove plan.pdf"]')`)
		w.wait(`document.querySelectorAll('.attachment.ready').length === 3`)

		// Files and drafts stay with their place.
		w.rail()
		w.press(`document.querySelector(".entry[href='#/` + s.channel("random") + `']")`)
		w.wait(`document.querySelector('.main textarea')?.placeholder === 'Message #random' && !document.querySelector('.attachment')`)
		w.rail()
		w.press(`document.querySelector(".entry[href='#/` + general + `']")`)
		w.wait(`document.querySelectorAll('.attachment').length === 3`)

		// A message of files alone, which the others see at once.
		other := s.open(s.person("Ben Okafor"), general, width)
		w.press(`document.querySelector('.main .send')`)
		w.wait(`document.querySelectorAll('.msg .picture img').length === 2 && document.querySelector('.msg .file.snippet') && !document.querySelector('.attachment')`)
		other.wait(`document.querySelectorAll('.msg .picture img').length === 2 && ` + shows(".msg .snippet pre", "line 1 of the log"))
		if got := eval[string](w, `document.querySelector('.msg .picture img').alt`); got != "A pier in teal squares" {
			t.Errorf("the picture's alt text is %q", got)
		}
		messages := s.sim.Messages(general)
		last := messages[len(messages)-1]
		if last.Subtype != "file_share" || last.Text != "" || !strings.Contains(string(last.Files), "notes.txt") || strings.Contains(string(last.Files), "plan.pdf") {
			t.Errorf("posted %q %q with %s", last.Subtype, last.Text, last.Files)
		}
		// What was taken back is gone from the workspace too.
		for _, f := range s.get("/sim/state")["files"].([]any) {
			if f.(object)["name"] == "plan.pdf" && f.(object)["mode"] != "tombstone" {
				t.Error("plan.pdf stays although it was removed before sending")
			}
		}
	})
}

func TestUploadRefusals(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada, general := s.person("Ada Marsh"), s.channel("general")
		s.post("/sim/settings", object{"max_file_bytes": 5000})
		w := s.open(ada, general, width)
		w.drop("drop", ".main .scroller", [3]string{"nothing.txt", "text/plain", ""})
		w.wait(shows(".banner.bad", "nothing.txt is empty") + ` && !document.querySelector('.attachment')`)
		w.drop("drop", ".main .scroller", [3]string{"huge.log", "text/plain", encoded([]byte(lines(500)))}, [3]string{"small.log", "text/plain", encoded([]byte(lines(5)))})
		w.wait(shows(".attachment.failed", "at most 5000 bytes") + " && " + shows(".attachment.ready", "small.log"))
		w.typeIn(".main", "the logs")
		w.enter()
		w.wait(shows(".banner.bad", "Not sent. huge.log") + ` && document.querySelector('.main textarea').value === 'the logs' && document.querySelectorAll('.attachment').length === 2`)
		s.post("/sim/settings", object{"max_file_bytes": 500000})
		w.pressText(".attachment button", "Try again")
		w.wait(`document.querySelectorAll('.attachment.ready').length === 2`)

		// The files survive a message that fails, as its text does.
		s.post("/sim/archive", object{"channel": general})
		w.wait(`document.querySelector('.joinbar')`)
		s.post("/sim/archive", object{"channel": general, "remove": true})
		w.wait(`document.querySelectorAll('.attachment.ready').length === 2 && document.querySelector('.main textarea').value === 'the logs'`)
		eval[int](w, `(window.realFetch = fetch, window.fetch = (path, ...rest) => path === '/sim/messages' ? Promise.resolve(new Response('{"error":"broken","message":"Broken on purpose."}', {status: 500})) : realFetch(path, ...rest), 1)`)
		w.press(`document.querySelector('.main .send')`)
		w.wait(shows(".banner.bad", "Not sent. Broken on purpose.") + ` && document.querySelectorAll('.attachment.ready').length === 2 && document.querySelector('.main textarea').value === 'the logs'`)
		eval[int](w, `(window.fetch = realFetch, 1)`)
		w.press(`document.querySelector('.main .send')`)
		w.wait(shows(".msg", "the logs") + ` && document.querySelectorAll('.msg .file').length === 2 && !document.querySelector('.attachment') && document.querySelector('.main textarea').value === ''`)
		w.forgive() // the browser complains of the refused upload
	})
}

func TestFilesInMessages(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada, ben, general := s.person("Ada Marsh"), s.person("Ben Okafor"), s.channel("general")
		wide := s.upload(ben, "wide.png", "A wide one", picture(1600, 400, teal))
		tall := s.upload(ben, "tall.png", "", picture(300, 900, orange))
		tiny := s.upload(ben, "tiny.png", "", picture(40, 40, teal))
		s.share(ben, general, "Three pictures", wide, tall, tiny)
		log := s.upload(ben, "harbour.log", "", []byte(lines(60)))
		pdf := s.upload(ben, "a very long name of a report that has to be cut somewhere before the end of the card.pdf", "", []byte("%PDF-1.4\n%%EOF\n"))
		wav := s.upload(ben, "bell.wav", "", wave())
		bin := s.upload(ben, "core.bin", "", []byte{0, 1, 2, 3})
		page := s.upload(ben, "page.html", "", []byte("<script>window.pwned = 1</script>"))
		s.share(ben, general, "and the rest", log, pdf, wav, bin, page)
		w := s.open(ada, general, width)

		// Pictures keep their shape, and none is wider than its place.
		w.wait(`[...document.querySelectorAll('.msg .picture img')].filter((i) => i.complete && i.naturalWidth > 0).length === 3`)
		for name, ok := range map[string]string{
			"shapes":           `[...document.querySelectorAll('.msg .picture img')].every((i) => { const shape = i.naturalWidth / i.naturalHeight; return getComputedStyle(i).objectFit === 'cover' || Math.abs(i.width / i.height - shape) < 0.1 * shape })`,
			"width":            `[...document.querySelectorAll('.msg .files *')].every((e) => e.getBoundingClientRect().right <= innerWidth)`,
			"scroll":           `document.documentElement.scrollWidth <= innerWidth`,
			"alt":              `document.querySelector('.picture img').alt === 'A wide one'`,
			"no other host":    `[...document.querySelectorAll('.files [src], .files [href]')].every((e) => (e.src || e.href).startsWith(location.origin))`,
			"downloads":        `[...document.querySelectorAll('.file a[download]')].length === 5`,
			"pdf opens":        `!!document.querySelector('.file a[href$="` + pdf + `/content"]')`,
			"sound has player": `!!document.querySelector('.file audio[controls]')`,
		} {
			if !eval[bool](w, ok) {
				t.Errorf("%s: not so: %s", name, ok)
			}
		}

		// A text shows its beginning, and all of it on demand; HTML is text too.
		w.wait(shows(".snippet pre", "line 8 of the log") + " && !(" + shows(".snippet pre", "line 60") + ")")
		w.pressText(".snippet button", "Show all 61 lines")
		w.wait(shows(".snippet pre", "line 60 of the log"))
		if eval[bool](w, `window.pwned !== undefined`) {
			t.Error("an uploaded page ran")
		}

		// The lightbox.
		eval[int](w, `(document.querySelector('.main .scroller').scrollTop = 0, 1)`)
		w.press(`document.querySelectorAll('.picture')[1]`)
		w.wait(shows(".lightbox .name", "tall.png") + " && " + shows(".lightbox .place", "2 of 3") + ` && document.querySelector('.lightbox img').naturalHeight === 900`)
		if !eval[bool](w, `(() => { const r = document.querySelector('.lightbox-stage img').getBoundingClientRect(); return r.bottom <= innerHeight + 1 && r.right <= innerWidth && r.height > 100 })()`) {
			t.Error("the picture does not fit into the lightbox")
		}
		w.keys(kb.ArrowRight)
		w.wait(shows(".lightbox .name", "tiny.png"))
		w.keys(kb.ArrowRight)
		w.wait(shows(".lightbox .name", "wide.png") + " && " + shows(".lightbox .caption", "A wide one"))
		w.keys(kb.ArrowLeft)
		w.wait(shows(".lightbox .name", "tiny.png"))
		w.press(`document.querySelector('.lightbox .turn.left')`)
		w.wait(shows(".lightbox .name", "tall.png"))
		if got := eval[string](w, `document.querySelector('.lightbox a[download]').getAttribute('href')`); got != "/sim/files/"+tall+"/content?download=1" {
			t.Errorf("the download is %q", got)
		}
		w.keys(kb.Escape)
		w.wait(`!document.querySelector('.lightbox') && document.activeElement === document.querySelectorAll('.picture')[1]`)

		// A file that is deleted leaves its place.
		s.post("/sim/files/delete", object{"user": ben, "file": tiny})
		s.post("/sim/files/delete", object{"user": ben, "file": bin})
		w.wait(`document.querySelectorAll('.picture').length === 2 && [...document.querySelectorAll('.file.gone')].length === 2`)
	})
}

// wave is a tenth of a second of silence.
func wave() []byte {
	const n = 800
	head := "RIFF" + little(36+n, 4) + "WAVEfmt " + little(16, 4) + little(1, 2) + little(1, 2) + little(8000, 4) + little(8000, 4) + little(1, 2) + little(8, 2) + "data" + little(n, 4)
	return []byte(head + strings.Repeat("\x80", n))
}

func little(n, size int) string {
	var b strings.Builder
	for range size {
		b.WriteByte(byte(n))
		n >>= 8
	}
	return b.String()
}

// What the app uploads looks like what people upload.
func TestFilesOfTheApp(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada, general := s.person("Ada Marsh"), s.channel("general")
		w := s.open(ada, general, width)
		content := picture(640, 480, orange)
		got := s.api("files.getUploadURLExternal", url.Values{"filename": {"chart.png"}, "length": {itoa(len(content))}, "alt_txt": {"A chart"}})
		s.send(got["upload_url"].(string), content)
		s.api("files.completeUploadExternal", url.Values{"files": {`[{"id":"` + got["file_id"].(string) + `","title":"The chart"}]`}, "channel_id": {general}, "initial_comment": {"Here it is"}})
		w.wait(shows(".msg.byapp", "Here it is") + ` && document.querySelector('.msg.byapp .picture img[alt="A chart"]')?.naturalWidth > 0`)
	})
}

func TestCanvas(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada, general := s.person("Ada Marsh"), s.channel("general")
		w := s.open(ada, general, width)
		made := s.api("conversations.canvases.create", url.Values{"channel_id": {general}, "title": {"Mooring plan"}, "document_content": {`{"type":"markdown","markdown":"# Berths\n\n- **one** is free\n"}`}})
		id := made["canvas_id"].(string)
		w.press(`document.querySelector('.main [aria-label="More about this place"]')`)
		w.pressText(".popmenu button", "Mooring plan")
		w.wait(shows(".canvas .head h1", "Mooring plan") + " && " + shows(".canvas .md .h1", "Berths") + " && " + shows(".canvas li strong", "one"))
		s.api("canvases.edit", url.Values{"canvas_id": {id}, "changes": {`[{"operation":"insert_at_end","document_content":{"type":"markdown","markdown":"Berth two is *taken*"}}]`}})
		w.wait(shows(".canvas .md em", "taken"))
		w.run(chromedp.Reload())
		w.wait(shows(".canvas .md em", "taken"))
		w.press(`[...document.querySelectorAll('.canvas .head button')].find((b) => b.offsetWidth > 0)`)
		w.wait(`!document.querySelector('.canvas') && document.querySelector('.main').offsetWidth > 0`)
	})
}
