package web

import "time"

// Limits are the rates that the scheduler keeps to. The zero value is Slack's
// documented ones.
type Limits struct {
	// Unlimited gives every call its slot at once. A 429 is obeyed all the same.
	Unlimited bool
	// Factor multiplies all rates; 0 is 1. Less than 1 is a share of Slack's rates,
	// for an app that something else uses too; more is for a workspace that was
	// granted more.
	Factor float64
	// PerMinute replaces the rate of single methods, such as
	// "conversations.replies": 1 for an app that Slack's rule of May 2025 for
	// commercially distributed apps outside the Marketplace applies to.
	PerMinute map[string]int
}

// Slack: Rate limits. Calls a minute, per method, workspace and app.
const (
	tier2   = 20
	tier3   = 50
	tier4   = 100
	special = 100 // "special" tiers are said to be generous, without a number
	posts   = 300 // "several hundred messages per minute"
)

// postMethod is paced per channel too: one message a second.
const postMethod = "chat.postMessage"

var tiers = map[string]int{
	"chat.startStream": tier2, "chat.stopStream": tier2, "conversations.list": tier2, "reactions.remove": tier2,
	"users.list": tier2, "usergroups.users.list": tier2, "canvases.create": tier2, "emoji.list": tier2,

	"chat.update": tier3, "chat.delete": tier3, "conversations.history": tier3, "conversations.replies": tier3,
	"users.conversations": tier3, "conversations.info": tier3, "conversations.open": tier3, "reactions.add": tier3, "reactions.get": tier3,
	"apps.connections.open": tier3, "bots.info": tier3, "team.info": tier3, "canvases.edit": tier3,
	"agents.sessions.setStatus": tier3, "agents.sessions.rename": tier3,

	"chat.appendStream": tier4, "chat.postEphemeral": tier4, "views.open": tier4, "views.push": tier4,
	"views.update": tier4, "views.publish": tier4, "users.info": tier4, "conversations.members": tier4,
	"assistant.threads.setTitle": tier4, "assistant.threads.setSuggestedPrompts": tier4, "files.info": tier4,
	"files.getUploadURLExternal": tier4, "files.completeUploadExternal": tier4, "api.test": tier4,

	"auth.test": special, "chat.getPermalink": special, "assistant.threads.setStatus": special,
	"assistant.search.context": special,

	postMethod: posts,
}

// methodRate is the pace of a method, and that of its ticks and backfills. A
// method that is not known is taken as tier 2.
func (l Limits) methodRate(method string) (all, low rate) {
	if l.Unlimited {
		return rate{burst: 1}, rate{burst: 1}
	}
	n, ok := l.PerMinute[method]
	if !ok || n <= 0 {
		if n, ok = tiers[method]; !ok {
			n = tier2
		}
	}
	n = max(1, int(float64(n)*l.factor()))
	burst := n / 4
	switch method {
	case "chat.startStream", "agents.sessions.setStatus", "assistant.threads.setStatus", "reactions.add":
		burst = n / 2 // a stream or a sign that gets no slot is not waited for
	case "chat.stopStream":
		burst = n // all are final, and there are no more of them than of starts
	}
	all, low = rate{burst: max(1, burst), every: spaced(time.Minute, n), window: n}, lesser(n)
	if method == "conversations.history" {
		low = all // nobody but backfills reads it
	}
	return all, low
}

// channelRate is the pace of posts into one channel: one a second with short
// bursts.
func (l Limits) channelRate() rate {
	f := l.factor()
	return rate{burst: max(1, int(4*f)), every: time.Duration(float64(spaced(time.Second, 1)) / f)}
}

func (l Limits) factor() float64 {
	if l.Factor <= 0 {
		return 1
	}
	return l.Factor
}

// spaced is the time between n calls in d, a tenth longer than Slack asks for.
func spaced(d time.Duration, n int) time.Duration {
	return d / time.Duration(n) * 10 / 9
}
