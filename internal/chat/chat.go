package chat

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// TS is a Slack timestamp such as "1712345678.123456": the identity of a
// message in its channel, and its place in the channel's order.
type TS string

// Compare orders timestamps as Slack does: by seconds, then by the fraction.
// Strings that are not timestamps sort before all that are, by their bytes.
func (t TS) Compare(u TS) int {
	ts, tf, tok := t.split()
	us, uf, uok := u.split()
	switch {
	case !tok || !uok:
		if tok != uok {
			if uok {
				return -1
			}
			return 1
		}
		return strings.Compare(string(t), string(u))
	case ts != us:
		return sign(ts < us)
	case tf != uf:
		return sign(tf < uf)
	}
	return 0
}

func sign(less bool) int {
	if less {
		return -1
	}
	return 1
}

// split reads seconds and microseconds. Slack sends six decimals; fewer are
// read as if padded with zeros.
func (t TS) split() (sec, micro int64, ok bool) {
	whole, frac, _ := strings.Cut(string(t), ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || sec < 0 {
		return 0, 0, false
	}
	if len(frac) > 6 {
		frac = frac[:6]
	}
	micro, err = strconv.ParseInt((frac + "000000")[:6], 10, 64)
	if err != nil || micro < 0 {
		return 0, 0, false
	}
	return sec, micro, true
}

// Valid reports whether t has the form of a Slack timestamp.
func (t TS) Valid() bool { _, _, ok := t.split(); return ok }

// Time is the moment that t names, in UTC; the zero time if t is not valid.
func (t TS) Time() time.Time {
	sec, micro, ok := t.split()
	if !ok {
		return time.Time{}
	}
	return time.Unix(sec, micro*1000).UTC()
}

// Conversation is what is answered in order: a thread, named by its root. A
// top-level message in a direct channel is its own root.
type Conversation struct {
	Team    string
	Channel string
	Root    TS
}

// IsZero reports whether c names no conversation.
func (c Conversation) IsZero() bool { return c == Conversation{} }

// Key is the conversation as one string: the name of its lane.
func (c Conversation) Key() string {
	if c.IsZero() {
		return ""
	}
	return c.Team + "/" + c.Channel + "/" + string(c.Root)
}

// ParseConversation reads what [Conversation.Key] wrote.
func ParseConversation(key string) (Conversation, error) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return Conversation{}, fmt.Errorf("conversation key %q: want team/channel/root", key)
	}
	return Conversation{Team: parts[0], Channel: parts[1], Root: TS(parts[2])}, nil
}

// Direct reports whether the conversation is in a direct message channel.
// Slack: ids of direct channels begin with D.
func (c Conversation) Direct() bool { return strings.HasPrefix(c.Channel, "D") }

// Message is one message as Slack has it now: edits applied, or deleted.
type Message struct {
	Conversation
	TS      TS
	User    string // the author's id; empty for messages by integrations alone
	BotID   string // set when an app posted it
	AppID   string
	Text    string // Slack's mrkdwn, as delivered
	Files   []File
	Edited  TS // when it was last edited; empty if never
	Deleted bool
	// ClientTeam is the author's own team when it is not ours (Slack Connect).
	ClientTeam string
}

// File is a file as Slack names it in a message; its content is not here.
type File struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Mimetype string `json:"mimetype"`
	Size     int64  `json:"size"` // bytes
}

// User is a person or app of the workspace.
type User struct {
	ID       string
	Name     string // real name, else display name, else handle
	Zone     string // IANA name, such as "Europe/London"; empty if unknown
	Offset   int    // seconds east of UTC, used when Zone is unknown to us
	Bot      bool
	Guest    bool      // of the workspace, in one channel or some
	Org      string    // the enterprise organisation that they belong to, if any
	Fetched  time.Time // when Slack was last asked
	NotFound bool      // Slack would not tell (deleted, or of another organisation)
}

// Local is t in the person's own zone, UTC if it is not known.
func (u User) Local(t time.Time) time.Time {
	if u.Zone != "" {
		if loc, err := time.LoadLocation(u.Zone); err == nil {
			return t.In(loc)
		}
	}
	if u.Offset != 0 {
		return t.In(time.FixedZone("", u.Offset))
	}
	return t.UTC()
}
