package assistant_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/settings"
	"holdfast/internal/turn"
)

func TestNewConversationAsksForNoHistory(t *testing.T) {
	k := setup(t)
	k.slack.broken, k.slack.pages = 1, [][]chat.Message{{}}
	c := thread(1)
	k.says(message(c, 1, ada.ID, "<@UBOT> hello"))
	k.says(message(c, 2, ada.ID, "and one more thing"))
	_, tn := k.begin()
	r := k.brief(tn)
	k.equal("input", r.Input, []turn.Input{user(ada, 1, "@Holdfast hello"), user(ada, 2, "and one more thing")})
	k.equal("calls for history", k.slack.threads, 0)
}

// oldThread is a thread of three pages that nobody told us of, into which Ben
// calls the assistant.
func oldThread(k *kit) chat.Conversation {
	c := thread(1)
	called := message(c, 9, ben.ID, "<@UBOT> what do you think?")
	k.slack.pages = [][]chat.Message{
		{message(c, 1, ada.ID, "The pontoon is loose"), message(c, 2, ben.ID, "Which one?")},
		{message(c, 3, ada.ID, "The long one, <@UBEN>"), {Conversation: c, TS: ts(4), BotID: "BCI", Text: "build &lt;red&gt;"}},
		{message(c, 5, "UEVE", "I saw it too"), called},
	}
	k.says(called)
	return c
}

var oldThreadInput = []turn.Input{
	user(ada, 1, "The pontoon is loose"),
	user(ben, 2, "Which one?"),
	user(ada, 3, "The long one, @Ben Okafor (<@UBEN>)"),
	user(chat.User{ID: "BCI", Name: "BCI"}, 4, "build <red>"),
	user(chat.User{ID: "UEVE", Name: "UEVE"}, 5, "I saw it too"),
	user(ben, 9, "@Holdfast what do you think?"),
}

func TestOldThreadIsReadOnce(t *testing.T) {
	k := setup(t)
	c := oldThread(k)
	_, tn := k.begin()
	k.equal("input", k.brief(tn).Input, oldThreadInput)
	k.equal("calls for history", k.slack.threads, 1)
	k.equal("profiles asked for", k.slack.asked, []string{ada.ID, ben.ID, "UEVE"}) // neither the app's nor our own

	// The process dies with the turn unfinished; the next one reads nothing again.
	k.restart()
	k.slack.pages, k.slack.broken = [][]chat.Message{{}}, 1
	f, tn := k.begin()
	k.equal("attempt", tn.Attempt, 2)
	k.equal("input after a restart", k.brief(tn).Input, oldThreadInput)
	k.answers(f, tn, 10, "It is **loose**.")

	k.says(message(c, 11, ada.ID, "thanks"))
	k.restart()
	f, tn = k.begin()
	want := append(append([]turn.Input{}, oldThreadInput...), answer("It is **loose**."), user(ada, 11, "thanks"))
	k.equal("input of the next turn", k.brief(tn).Input, want)
	k.equal("calls for history", k.slack.threads, 1)
	k.answers(f, tn, 12, "!")

	// Another thread is another matter.
	k.says(message(thread(20), 21, ada.ID, "<@UBOT> and here?"))
	_, tn = k.begin()
	if _, err := k.assistant.Brief(t.Context(), tn); !errors.Is(err, errOff) {
		t.Errorf("got %v, want that another thread is asked for", err)
	}
}

func TestHistoryThatBreaksOff(t *testing.T) {
	k := setup(t)
	c := oldThread(k)
	k.slack.broken = 2
	_, tn := k.begin()
	_, err := k.assistant.Brief(t.Context(), tn)
	failure, ok := errors.AsType[*turn.Failure](err)
	if !ok || !failure.Retry || failure.Code != "history_unreadable" || failure.Say == "" || !errors.Is(err, errOff) {
		t.Fatalf("got %#v, want a failure that can be tried again", err)
	}
	fetched, err := k.db.Fetched(t.Context(), c)
	k.must(err)
	k.equal("fetched", fetched, false)

	// In another process, so that nothing hangs on what this one remembers.
	k.restart()
	k.slack.broken = 0
	_, tn = k.begin()
	k.equal("input", k.brief(tn).Input, oldThreadInput)
	k.equal("calls for history", k.slack.threads, 2)
}

func TestEmptyHistoryCounts(t *testing.T) {
	k := setup(t)
	k.says(message(thread(1), 2, ada.ID, "<@UBOT> hello"))
	_, tn := k.begin()
	k.brief(tn)
	k.brief(tn)
	k.equal("calls for history", k.slack.threads, 1)
}

// The store's trouble is not the person's: the turn is run again later.
func TestStoreThatFails(t *testing.T) {
	k := setup(t)
	oldThread(k)
	_, tn := k.begin()
	k.must(k.db.Close())
	_, err := k.assistant.Brief(t.Context(), tn)
	if _, known := errors.AsType[*turn.Failure](err); err == nil || known {
		t.Errorf("got %#v, want a plain error", err)
	}
	k.open()
}

func TestProfileThatCannotBeRead(t *testing.T) {
	k := setup(t)
	k.slack.off = true
	c := thread(1)
	k.says(message(c, 1, ada.ID, "tell <@UBEN> and <@UBEN|ben> of <@UADA>"))
	f, tn := k.begin()
	k.equal("input", k.brief(tn).Input, []turn.Input{
		user(chat.User{ID: ada.ID, Name: ada.ID}, 1, "tell <@UBEN> and @ben (<@UBEN>) of <@UADA>")})
	k.equal("asked", k.slack.asked, []string{ada.ID, ben.ID})
	k.answers(f, tn, 2, "done")

	// It is asked for again, and then known.
	k.slack.off, k.slack.asked = false, nil
	k.says(message(c, 3, ada.ID, "again"))
	r := k.ask(4, "done")
	k.equal("first heading", strings.HasPrefix(r.Input[0].Text, heading(ada, 1)), true)
	k.equal("asked", k.slack.asked, []string{ada.ID, ben.ID})
	k.slack.asked = nil
	k.says(message(c, 5, ada.ID, "and again"))
	k.ask(6, "done")
	k.equal("asked", k.slack.asked, []string(nil))
}

// One that Slack does not show is not asked for at each turn.
func TestProfileThatIsNotThere(t *testing.T) {
	k := setup(t)
	for n := range 2 {
		k.says(message(thread(n), n, "UEVE", "hello"))
		_, tn := k.begin()
		k.equal("input", k.brief(tn).Input, []turn.Input{user(chat.User{ID: "UEVE", Name: "UEVE"}, n, "hello")})
	}
	k.equal("asked", k.slack.asked, []string{"UEVE"})
}

func TestProfilesGrowOld(t *testing.T) {
	k := setup(t)
	c := thread(1)
	renamed := ada
	renamed.Name = "Ada Fenn"
	n := 1
	says := func() turn.Request {
		t.Helper()
		k.says(message(c, n, ada.ID, "hello"))
		n += 2
		return k.ask(n-1, "hi")
	}
	name := func(r turn.Request) string {
		in := steady(r).Input
		head, _, _ := strings.Cut(in[len(in)-1].Text, " <@")
		return head
	}
	k.equal("name", name(says()), "⟦Ada Marsh")
	k.slack.people[ada.ID] = renamed
	k.clock = k.clock.Add(24*time.Hour - time.Second)
	k.equal("name before a day is over", name(says()), "⟦Ada Marsh")
	k.equal("asked", k.slack.asked, []string{ada.ID})

	k.clock = k.clock.Add(time.Second)
	k.slack.off = true
	k.equal("name while Slack is off", name(says()), "⟦Ada Marsh")
	k.equal("asked", k.slack.asked, []string{ada.ID, ada.ID})
	k.slack.off = false
	k.equal("name after a day", name(says()), "⟦Ada Fenn")
	k.equal("name", name(says()), "⟦Ada Fenn")
	k.equal("asked", k.slack.asked, []string{ada.ID, ada.ID, ada.ID})
}

// A profile may not hold up an answer, nor may it hide that the process stops.
func TestProfileIsBoundedInTime(t *testing.T) {
	k := setup(t)
	var limit time.Duration
	k.slack.ask = func(ctx context.Context) {
		if deadline, ok := ctx.Deadline(); ok {
			limit = time.Until(deadline)
		}
	}
	k.says(message(thread(1), 1, ada.ID, "hello"))
	_, tn := k.begin()
	k.brief(tn)
	if limit <= 0 || limit > 3*time.Second {
		t.Errorf("a profile may take %s, want 3 s at most", limit)
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	k.slack.ask = func(context.Context) { cancel(turn.ErrYield) }
	k.slack.people = nil
	tn.Messages[0].User = ben.ID
	if _, err := k.assistant.Brief(ctx, tn); !errors.Is(err, turn.ErrYield) {
		t.Errorf("got %v, want %v", err, turn.ErrYield)
	}
}

// The endpoint's cache lives on the beginning of the request.
func TestSecondRequestBeginsWithTheFirst(t *testing.T) {
	k := setup(t)
	c := oldThread(k)
	var before turn.Request
	for i := range 4 {
		n := 20 + 10*i
		f, tn := k.begin()
		r := steady(k.brief(tn))
		if i > 0 {
			if !strings.HasPrefix(wire(t, r), wire(t, before)+",") {
				t.Fatalf("turn %d does not begin with the one before:\n%s\n%s", i+1, wire(t, before), wire(t, r))
			}
			k.equal("instructions", r.Instructions, before.Instructions)
			k.equal("cache key", r.CacheKey, before.CacheKey)
		}
		before = r
		// Meanwhile others speak, and the day after profiles are read again.
		k.overhears(message(c, n+1, ada.ID, "meanwhile"))
		k.answers(f, tn, n, "An answer with **marks** & <signs>\n\n```\ncode\n```")
		if i%2 == 1 {
			k.restart()
		}
		k.clock = k.clock.Add(25 * time.Hour)
		k.says(message(c, n+2, ben.ID, "more, <@UADA>"))
		k.says(message(c, n+3, ada.ID, "yes, more &amp; more"))
	}
}

func TestRequestsOfTwoConversations(t *testing.T) {
	k := setup(t)
	k.says(message(thread(1), 1, ada.ID, "hello"))
	a := k.ask(2, "hi")
	k.says(message(thread(3), 3, ben.ID, "hello"))
	b := k.ask(4, "hi")
	k.equal("instructions", a.Instructions, b.Instructions)
	if a.CacheKey == b.CacheKey || a.SafetyID == b.SafetyID || a.Metadata["turn_id"] == b.Metadata["turn_id"] {
		t.Errorf("what names lane, person and turn is the same: %+v, %+v", a, b)
	}
	for _, id := range []string{a.CacheKey, a.SafetyID} {
		if id == "" || len(id) > 64 || strings.Contains(id, ada.ID) || strings.Contains(id, "C1") {
			t.Errorf("%q: want a short name that tells nothing", id)
		}
	}
	if len(a.Metadata["turn_id"]) != 36 {
		t.Errorf("turn_id %q", a.Metadata["turn_id"])
	}
}

func TestOwnAnswersAppearOnce(t *testing.T) {
	k := setup(t)
	c := thread(1)
	// We are called into a thread that has an answer from before our database.
	k.slack.pages = [][]chat.Message{{own(c, 1, "older &lt;3 for <@UADA>"), message(c, 2, ada.ID, "hello")}}
	k.says(message(c, 2, ada.ID, "hello"))
	k.ask(3, "Hi **Ada**. &lt; stays, <@UADA> too")
	k.overhears(own(c, 3, "Hi *Ada*.")) // Slack tells us of our own words
	k.says(message(c, 4, ada.ID, "and now?"))
	f, tn := k.begin()
	want := []turn.Input{
		answer("older <3 for @Ada Marsh (<@UADA>)"), user(ada, 2, "hello"), answer("Hi **Ada**. &lt; stays, <@UADA> too"), user(ada, 4, "and now?"),
	}
	k.equal("input", k.brief(tn).Input, want)
	k.equal("calls for history", k.slack.threads, 1)

	// While this one is being shown, Slack tells of it: it is not part of itself.
	ctx := t.Context()
	before := k.brief(tn)
	k.answers(f, tn, 5, "This.")
	k.says(message(c, 6, ada.ID, "ok"))
	_, tn = k.begin()
	r, err := k.assistant.Brief(ctx, tn)
	k.must(err)
	k.equal("next input", r.Request.Input, append(before.Input, answer("This."), user(ada, 6, "ok")))
}

func TestEditsAndDeletions(t *testing.T) {
	k := setup(t)
	c := thread(1)
	a, b, d := message(c, 1, ada.ID, "one"), message(c, 2, ben.ID, "two"), message(c, 3, ada.ID, "three")
	k.says(a)
	k.overhears(b)
	k.overhears(d)
	k.edits(a, 4, "one, edited") // before the turn begins
	f, tn := k.begin()
	k.equal("input", k.brief(tn).Input, []turn.Input{user(ben, 2, "two"), user(ada, 3, "three"), user(ada, 1, "one, edited")})
	k.answers(f, tn, 5, "An answer.")

	k.edits(b, 7, "two, edited twice")
	k.edits(b, 6, "two, edited") // comes late
	k.deletes(d)
	k.slack.pages = [][]chat.Message{{a, b, d}} // Slack's history may be behind, too
	k.says(message(c, 8, ben.ID, "next"))
	_, tn = k.begin()
	k.equal("input", k.brief(tn).Input, []turn.Input{
		user(ada, 1, "one, edited"), user(ben, 2, "two, edited twice"), answer("An answer."), user(ben, 8, "next"),
	})
}

// A question that was deleted while it waited is not answered, and one that is
// deleted later is not told to the model again.
func TestDeletedQuestion(t *testing.T) {
	k := setup(t)
	c := thread(1)
	first, second := message(c, 1, ada.ID, "secret"), message(c, 2, ada.ID, "hello")
	k.says(first)
	k.says(second)
	k.deletes(first)
	f, tn := k.begin()
	k.equal("input", k.brief(tn).Input, []turn.Input{user(ada, 2, "hello")})
	k.answers(f, tn, 3, "hi")
	k.deletes(second)
	k.says(message(c, 4, ada.ID, "again"))
	_, tn = k.begin()
	k.equal("input", k.brief(tn).Input, []turn.Input{answer("hi"), user(ada, 4, "again")})
}

func TestWhatTheTurnIsAboutComesLast(t *testing.T) {
	k := setup(t)
	c := thread(1)
	k.says(message(c, 1, ada.ID, "root"))
	k.ask(2, "hi")
	k.overhears(message(c, 9, ben.ID, "said later, but to others"))
	k.says(message(c, 7, ada.ID, "second"))
	k.says(message(c, 5, ben.ID, "first"))
	_, tn := k.begin()
	k.equal("input", k.brief(tn).Input, []turn.Input{
		user(ada, 1, "root"), answer("hi"), user(ben, 9, "said later, but to others"), user(ben, 5, "first"), user(ada, 7, "second"),
	})
}

func TestSettingsReachTheRequest(t *testing.T) {
	k := setup(t)
	half := 0.5
	k.operator = map[settings.Key]string{
		settings.Model: "m-1", settings.Effort: "high", settings.Verbosity: "low", settings.Temperature: "0.5", settings.TopP: "0.5",
	}
	k.settings.MaxOutput, k.settings.Store, k.settings.Background = 77, true, true
	k.settings.Company, k.settings.Website, k.settings.Instructions = "Harbour Works", "https://harbour.example", " Answer in verse. \n"
	k.restart()
	k.says(message(thread(1), 1, ada.ID, "hello"))
	_, tn := k.begin()
	r := k.brief(tn)
	want := turn.Request{
		Model: "m-1", Effort: "high", Verbosity: "low", MaxOutput: 77, Temperature: &half, TopP: &half, Store: true, Background: true,
		Search: true, Vision: "auto", Picture: turn.Picture{Model: "gpt-image-2", Size: "auto", Quality: "auto", Background: "auto"},
		Instructions: r.Instructions, Input: []turn.Input{user(ada, 1, "hello")}, CacheKey: r.CacheKey, SafetyID: r.SafetyID,
		Metadata: map[string]string{"turn_id": tn.ID},
	}
	k.equal("request", r, want)
	for _, part := range []string{"You are Holdfast,", "only when it is needed. Never address a whole channel.\n\nThe workspace", "\n\nThe workspace belongs to Harbour Works (https://harbour.example).", "\n\n# From the operator\n\nAnswer in verse."} {
		if strings.Count(r.Instructions, part) != 1 {
			t.Errorf("%q is not in the instructions once:\n%s", part, r.Instructions)
		}
	}
	if strings.Contains(r.Instructions, "{name}") || !strings.HasSuffix(r.Instructions, "verse.") {
		t.Errorf("instructions:\n%s", r.Instructions)
	}

	k.settings.Company, k.settings.Instructions = "", "  "
	k.restart()
	_, tn = k.begin()
	if r := k.brief(tn); strings.Contains(r.Instructions, "belongs to") || strings.Contains(r.Instructions, "operator") {
		t.Errorf("instructions speak of what is not set:\n%s", r.Instructions)
	}
}

// refused is an error of Slack's that no repetition mends.
type refused string

func (r refused) Error() string                      { return string(r) }
func (r refused) Refused() (code string, known bool) { return string(r), true }

// An app without the right to read history answers from what it heard.
func TestHistoryThatSlackRefuses(t *testing.T) {
	k := setup(t)
	c := thread(1)
	k.slack.pages, k.slack.broken, k.slack.refuse = [][]chat.Message{{}}, 1, refused("missing_scope")
	k.overhears(message(c, 2, ben.ID, "heard"))
	k.says(message(c, 3, ada.ID, "hello"))
	_, tn := k.begin()
	k.equal("input", k.brief(tn).Input, []turn.Input{user(ben, 2, "heard"), user(ada, 3, "hello")})
}
