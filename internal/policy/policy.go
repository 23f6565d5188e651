package policy

// Author is who wrote a message, as far as the message itself tells.
type Author int

// The kinds of authors. Only a Person starts a turn.
const (
	Nobody   Author = iota // Slack's own notice, a deletion, anything without an author
	Person                 // a member, a guest or a stranger
	Bot                    // an app or a workflow, also where it names a user
	Self                   // the assistant
	Slackbot               //
)

// Heard is what the bytes of one message tell.
type Heard struct {
	Author    Author
	Direct    bool // in a direct channel between the person and the assistant
	Thread    bool // a reply, not the top of its conversation
	Mentioned bool // it mentions the assistant
	Others    bool // it mentions somebody else, a group or the whole channel
}

// Address is whom a message is for.
type Address int

// The addresses.
const (
	Others  Address = iota // people among themselves: it is overheard
	Ours                   // the assistant
	Perhaps                // the assistant, if it follows the thread: see [Follows]
)

// For tells whom the message is for.
func (h Heard) For() Address {
	switch {
	case h.Author != Person:
		return Others
	case h.Direct, h.Mentioned:
		return Ours
	case h.Thread && !h.Others:
		return Perhaps
	}
	return Others
}

// FollowUps is whose replies without a mention are answered, in a thread where the
// assistant answers already.
type FollowUps string

// The settings. The empty one is as good as Off.
const (
	Off      FollowUps = "off"
	Asker    FollowUps = "asker" // of people who asked in this thread before
	Everyone FollowUps = "everyone"
)

// Known reports whether f is one of the settings.
func (f FollowUps) Known() bool { return f == Off || f == Asker || f == Everyone }

// Thread is what is known of the thread of a message that is [Perhaps] ours.
type Thread struct {
	Here  bool // the assistant answered in it, or is about to
	Asked bool // the author is among those whom it answers there
	Aside bool // since it was last spoken to, somebody there spoke to somebody else by name
}

// Follows tells whether a message that is [Perhaps] ours is ours.
func Follows(f FollowUps, t Thread) bool {
	switch {
	case !t.Here, t.Aside:
		return false
	case f == Everyone:
		return true
	}
	return f == Asker && t.Asked
}
