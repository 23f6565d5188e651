package ui_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestAddPersonAndBeThem(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		w := s.open(s.person("Ada Marsh"), s.channel("general"), width)
		w.rail()
		w.click(".whoami")
		w.pressText(".menu-add", "Add a person")
		w.wait(`document.activeElement?.matches('dialog input')`)
		w.keys("Carla Nowak")
		w.fill(`dialog input[list=zones]`, "Europe/Warsaw")
		w.press(`document.querySelector('dialog .check input')`)
		w.pressText("dialog button", "Add")
		w.wait(shows(".whoami", "Carla Nowak") + ` && !document.querySelector('dialog')`)
		carla := s.person("Carla Nowak")
		if got := eval[string](w, `new URLSearchParams(location.search).get('as')`); got != carla {
			t.Errorf("the window belongs to %s, want %s", got, carla)
		}
		// Back to Ada, in one click from the menu.
		w.rail()
		w.click(".whoami")
		w.pressText(".menu [role=menuitemradio]", "Ada Marsh")
		w.wait(shows(".whoami", "Ada Marsh"))

		// What is refused is told, and nothing typed is lost.
		w.rail()
		w.click(".whoami")
		w.pressText(".menu-add", "Add a person")
		w.keys("Dora")
		w.fill(`dialog input[list=zones]`, "Moon/Tycho")
		w.pressText("dialog button", "Add")
		w.wait(`document.querySelector('dialog .problem') && document.querySelector('dialog input').value === 'Dora'`)
		w.keys(kb.Escape)
		w.wait(`!document.querySelector('dialog')`)
	})
}

func TestDirectMessagesBetweenPeople(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada, ben := s.person("Ada Marsh"), s.person("Ben Okafor")
		a := s.open(ada, s.channel("general"), width)
		b := s.open(ben, s.channel("general"), width)
		a.rail()
		a.press(`document.querySelector('[aria-label="New message"]')`)
		a.wait(`document.activeElement?.matches('.tokens input')`)
		a.keys("ben")
		a.wait(`document.querySelectorAll('dialog .person').length === 1`)
		a.enter()
		a.wait(shows(".token", "Ben Okafor"))
		a.enter()
		a.wait(shows(".head h1", "Ben Okafor") + ` && !document.querySelector('dialog') && ` + shows(".head-sub", "Direct message"))
		a.write(".main", "Lunch at one?")
		b.rail()
		b.wait(`[...document.querySelectorAll('.entry')].some((e) => e.textContent.includes('Ada Marsh') && e.querySelector('.count')?.textContent === '1')`)
		b.pressText(".entry", "Ada Marsh")
		b.wait(shows(".msg", "Lunch at one?"))
		b.write(".main", "At two!")
		a.wait(shows(".msg", "At two!"))

		// The same people again lead to the same place.
		here := eval[string](a, `location.hash`)
		a.rail()
		a.press(`document.querySelector('[aria-label="New message"]')`)
		a.pressText("dialog .person", "Ben Okafor")
		a.pressText("dialog button", "Write")
		a.wait(`!document.querySelector('dialog') && location.hash === ` + quote(here))

		// Three make a group, and the assistant may be one of them.
		a.rail()
		a.press(`document.querySelector('[aria-label="New message"]')`)
		a.pressText("dialog .person", "Ben Okafor")
		a.pressText("dialog .person", "Holdfast")
		a.wait(shows("dialog button", "Write to 2 people"))
		a.pressText("dialog button", "Write to 2 people")
		a.wait(shows(".head-sub", "Group message") + " && " + shows(".head h1", "Ben Okafor") + " && " + shows(".head h1", "Holdfast"))
		a.write(".main", "All of us")
		b.rail()
		b.wait(`[...document.querySelectorAll('.entry')].some((e) => e.textContent.includes('Ada Marsh, Holdfast') && e.querySelector('.count'))`)
	})
}

func TestMembersLeaveAndArchive(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada, ben := s.person("Ada Marsh"), s.person("Ben Okafor")
		quay := s.post("/sim/channels", object{"name": "quay", "members": []string{ada}})["id"].(string)
		w := s.open(ada, quay, width)
		w.press(`document.querySelector('.main .faces')`)
		w.wait(shows("dialog .inside", "Ada Marsh") + " && " + shows("dialog .outside", "Ben Okafor"))
		w.press(`document.querySelector('dialog [aria-label="Add Ben Okafor"]')`)
		w.wait(shows("dialog .inside", "Ben Okafor"))
		if !slices.Contains(s.members(quay), ben) {
			t.Error("Ben was not added")
		}
		w.press(`document.querySelector('dialog [aria-label="Remove Ben Okafor"]')`)
		w.wait(shows("dialog .outside", "Ben Okafor"))
		w.keys("hold")
		w.wait(`document.querySelectorAll('dialog .person').length === 1`)
		w.press(`document.querySelector('dialog [aria-label="Add Holdfast"]')`)
		w.wait(shows("dialog .inside", "Holdfast"))
		w.keys(kb.Escape) // empties the search
		w.keys(kb.Escape)
		w.wait(`!document.querySelector('dialog') && document.querySelector('.main .faces').textContent.includes('2')`)

		// Archiving asks first; then it can be read, found and taken back.
		w.press(`document.querySelector('.main [aria-label="More about this place"]')`)
		w.pressText(".popmenu button", "Archive")
		w.wait(shows("dialog", "Archive #quay?") + ` && document.activeElement.textContent === 'Cancel'`)
		w.pressText("dialog .danger", "Archive")
		w.wait(shows(".joinbar", "#quay is archived") + ` && !document.querySelector(".rail .entry[href='#/` + quay + `']")`)
		w.rail()
		w.press(`document.querySelector('[aria-label="Browse channels"]')`)
		w.keys("qua")
		w.wait(shows("dialog .person", "archived") + ` && document.querySelectorAll('dialog .person').length === 1`)
		w.press(`document.querySelector('dialog [aria-label="Open #quay"]')`)
		w.pressText(".joinbar button", "Take it back")
		w.wait(`document.querySelector('.main textarea')`)

		w.press(`document.querySelector('.main [aria-label="More about this place"]')`)
		w.pressText(".popmenu button", "Leave")
		w.pressText("dialog .danger", "Leave")
		w.wait(shows(".joinbar", "You are not a member of #quay"))
		if slices.Contains(s.members(quay), ada) {
			t.Error("Ada is still a member")
		}
		w.rail()
		w.press(`document.querySelector('[aria-label="Browse channels"]')`)
		w.press(`document.querySelector('dialog [data-channel="` + quay + `"] .button')`)
		w.wait(`document.querySelector('.main textarea') && !document.querySelector('dialog')`)
	})
}

// Unread marks, mention counts and the line above what is new do not depend on what
// anybody types, and survive a look at another place.
func TestUnreadAndJumpToNewest(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada, ben := s.person("Ada Marsh"), s.person("Ben Okafor")
		random := s.channel("random")
		w := s.open(ada, s.channel("general"), width)
		w.typeIn(".main", "half a sen")
		for range 30 {
			if _, err := s.sim.Say(ben, random, "something long enough to make the list of messages scroll on every screen there is", ""); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.sim.Say(ben, random, "look, <@"+ada+">", ""); err != nil {
			t.Fatal(err)
		}
		entry := `document.querySelector(".entry[href='#/` + random + `']")`
		w.rail()
		w.wait(entry + `.classList.contains('unread') && ` + entry + `.querySelector('.count').textContent === '1' && document.title.startsWith('(1)')`)
		w.press(entry)
		w.wait(shows(".divider.new", "New") + " && !" + entry + `.classList.contains('unread')`)
		w.wheelUp(".main .scroller", 600)
		w.wait(shows(".pill", "To the newest"))
		if _, err := s.sim.Say(ben, random, "one more", ""); err != nil {
			t.Fatal(err)
		}
		w.pressText(".pill", "1 new message")
		w.wait(message("one more") + ` && !document.querySelector('.pill')`)
		w.rail()
		w.press(`document.querySelector(".entry[href='#/` + s.channel("general") + `']")`)
		w.wait(`document.querySelector('.main textarea').value === 'half a sen'`)
	})
}

func TestKeyboardHelp(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		w := s.open(s.person("Ada Marsh"), s.channel("general"), width)
		if width > 600 {
			w.focus(".main .scroller")
			w.keys("?")
		} else {
			w.rail()
			w.press(`document.querySelector('[aria-label^="Keyboard help"]')`)
		}
		w.wait(shows("dialog", "Jump to a channel or person"))
		w.keys("k", chromedp.KeyModifiers(kb.ModifierCtrl))
		if eval[bool](w, `!!document.querySelector('.switcher')`) {
			t.Error("a key went through the dialog to the page behind it")
		}
		w.keys(kb.Escape)
		w.wait(`!document.querySelector('dialog')`)
		// What is typed into a field is no command.
		w.rail()
		w.press(`document.querySelector(".entry[href='#/` + s.channel("general") + `']")`)
		w.typeIn(".main", "really?")
		w.wait(`document.querySelector('.main textarea').value === 'really?' && !document.querySelector('dialog')`)
	})
}

func TestEmojiPicker(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada, general := s.person("Ada Marsh"), s.channel("general")
		if _, err := s.sim.Say(s.person("Ben Okafor"), general, "A fine day", ""); err != nil {
			t.Fatal(err)
		}
		w := s.open(ada, general, width)
		w.press(`document.querySelector('.main .composer [aria-label=Emoji]')`)
		w.wait(`document.querySelector('.picker .grid [aria-label=thumbsup]')`)
		w.press(`document.querySelector('.picker-tabs [aria-label=nature]')`)
		w.wait(`document.querySelector('.picker .grid [aria-label=whale]') && !document.querySelector('.picker .grid [aria-label=thumbsup]')`)
		w.press(`document.querySelector('.picker .grid [aria-label=whale]')`)
		w.wait(`document.querySelector('.main textarea').value === ':whale: ' && !document.querySelector('.picker')`)
		w.keys("and :rock")
		w.wait(shows(".offer li.on", ":rocket:"))
		w.enter()
		w.enter()
		w.wait(shows(".msg", "🐳 and 🚀"))

		// A reaction, by keyboard only once the picker is open; its tooltip says who.
		w.reach("A fine day")
		w.press(message("A fine day") + `.querySelector('.tools [aria-label="Add a reaction"]')`)
		w.wait(`document.activeElement.matches('.picker input')`)
		if width < 600 && !eval[bool](w, `(() => { const r = document.querySelector('.picker').getBoundingClientRect(); return r.left >= 0 && r.right <= innerWidth && r.top >= 0 && r.bottom <= innerHeight })()`) {
			t.Error("the picker does not fit on the phone")
		}
		w.keys("sun")
		w.wait(`document.querySelector('.picker .grid [aria-label=sunny]')`)
		w.keys(kb.ArrowDown)
		w.keys(kb.ArrowRight)
		second := eval[string](w, `document.activeElement.getAttribute('aria-label')`)
		if second == "" || second != eval[string](w, `document.querySelectorAll('.picker .grid button')[1].getAttribute('aria-label')`) {
			t.Errorf("the arrow keys led to %q", second)
		}
		w.keys(kb.Enter)
		w.wait(`document.querySelector('.reaction')?.title === 'you reacted with :` + second + `:'`)
		// What was taken comes first the next time.
		w.press(`document.querySelector('.main .composer [aria-label=Emoji]')`)
		w.wait(`[...document.querySelectorAll('.picker .grid button')].slice(0, 2).map((e) => e.getAttribute('aria-label')).sort().join() === ` + quote(sorted(second, "whale")))
		w.keys(kb.Escape)
	})
}

func sorted(names ...string) string {
	slices.Sort(names)
	return strings.Join(names, ",")
}

// Two windows of one person agree on what was read.
func TestReadElsewhere(t *testing.T) {
	s := simulated(t, nil)
	ada, random := s.person("Ada Marsh"), s.channel("random")
	one := s.open(ada, s.channel("general"), 1280)
	if _, err := s.sim.Say(s.person("Ben Okafor"), random, "news", ""); err != nil {
		t.Fatal(err)
	}
	entry := `document.querySelector(".entry[href='#/` + random + `']")`
	one.wait(entry + `.classList.contains('unread')`)
	// A frame has the storage of its window, and is told of changes as another window is.
	eval[int](one, `(() => { const f = document.createElement('iframe'); f.src = 'about:blank'; document.body.append(f); return 1 })()`)
	eval[int](one, `(() => { const name = Object.keys(localStorage).find((k) => k.startsWith('holdfast.reads.')); const marks = JSON.parse(localStorage[name]); marks[`+quote(random)+`] = '9999999999.000000'; frames[0].localStorage.setItem(name, JSON.stringify(marks)); return 1 })()`)
	one.wait(`!` + entry + `.classList.contains('unread')`)
}
