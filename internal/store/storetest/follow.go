package storetest

import (
	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/policy"
)

// inThread is the thread that the settings' scopes are about.
var inThread = chat.Conversation{Team: "T1", Channel: "C1", Root: "1700000000.000001"}

// perhaps is a reply without a mention.
func perhaps(user string, ts chat.TS, text string, f policy.FollowUps) inbox.Entry {
	e := overhears(inThread, ts, text)
	e.Message.User, e.Follow, e.Self = user, f, "UBOT"
	return e
}

// answeredHere is a thread in which U1 asked and was answered.
func (k *kit) answeredHere() {
	k.Helper()
	f, t := k.running(inThread)
	k.finish(f, t, answered)
}

var followTests = []test{
	{"FollowsWhoAsked", func(k *kit) {
		k.equal("before anything was answered", k.append(perhaps("U1", "1700000000.500000", "a", policy.Everyone)), false)
		k.answeredHere()
		k.equal("off", k.append(perhaps("U1", "1700000002.000001", "b", policy.Off)), false)
		k.equal("another person", k.append(perhaps("U2", "1700000002.000002", "c", policy.Asker)), false)
		k.equal("another person, for everyone", k.append(perhaps("U2", "1700000002.000003", "d", policy.Everyone)), true)
		k.equal("who asked", k.append(perhaps("U1", "1700000002.000004", "e", policy.Asker)), true)
		k.equal("the same again", k.append(perhaps("U1", "1700000002.000004", "e", policy.Asker)), false)
		k.join("r")
		f := k.claim("r")
		t := k.begin(f)
		k.equal("messages", texts(t.Messages), []string{"d", "e"})
		k.equal("who was answered counts while it is answered", k.append(perhaps("U2", "1700000002.000005", "f", policy.Asker)), true)
		k.equal("more", k.finish(f, t, answered), true)
		elsewhere := perhaps("U1", "1700000003.000001", "g", policy.Everyone)
		elsewhere.Message.Root, elsewhere.Message.Conversation.Root = "1700000009.000001", "1700000009.000001"
		k.equal("another thread", k.append(elsewhere), false)
	}},
	{"FollowsNobodyAside", func(k *kit) {
		k.answeredHere()
		k.append(perhaps("U2", "1700000002.000001", "<@U1> what do you think?", ""))
		k.equal("after somebody was called", k.append(perhaps("U1", "1700000002.000002", "no idea", policy.Everyone)), false)
		k.equal("a mention", k.append(says(inThread, "1700000002.000003", "<@UBOT> and you?")), true)
		k.equal("after the assistant was called", k.append(perhaps("U1", "1700000002.000004", "well?", policy.Everyone)), true)
	}},
	{"FollowsOnAfterItWasCalledInVain", func(k *kit) {
		k.answeredHere()
		// A refused person's mention, and a stop that found something, leave no answer.
		refused := overhears(inThread, "1700000002.000001", "<@UBOT> and I?")
		refused.Message.User = "U9"
		k.append(refused)
		k.equal("after a mention of ours", k.append(perhaps("U1", "1700000002.000002", "well?", policy.Asker)), true)
		k.append(overhears(inThread, "1700000002.000003", "it is <!date^1700000000^{date}|then>"))
		k.equal("after a date", k.append(perhaps("U1", "1700000002.000004", "so?", policy.Asker)), true)
		k.append(overhears(inThread, "1700000002.000005", "<!here> boats!"))
		k.equal("after a call to all", k.append(perhaps("U1", "1700000002.000006", "hm", policy.Asker)), false)
	}},
	{"FollowsAsItIsSet", func(k *kit) {
		k.answeredHere()
		k.save(channels, "U1", 1, "s1", "follow_up", `"asker"`)
		k.equal("the channel's", k.append(perhaps("U1", "1700000002.000001", "a", policy.Off)), true)
		k.save(threads, "U1", 2, "s2", "follow_up", `"off"`)
		k.equal("the thread's", k.append(perhaps("U1", "1700000002.000002", "b", policy.Everyone)), false)
		k.save(threads, "U1", 3, "s3", "follow_up", "")
		k.equal("the channel's again", k.append(perhaps("U1", "1700000002.000003", "c", policy.Off)), true)
		k.save(threads, "U1", 4, "s4", "follow_up", `7`)
		k.equal("what nobody can read is not there", k.append(perhaps("U1", "1700000002.000004", "d", policy.Off)), true)
		k.save(channels, "U1", 5, "s5", "follow_up", `"sometimes"`)
		k.equal("nor what means nothing", k.append(perhaps("U1", "1700000002.000005", "e", policy.Off)), false)
	}},
	{"FollowedMentionIsOneMessage", func(k *kit) {
		k.answeredHere()
		e := perhaps("U1", "1700000002.000001", "and?", policy.Off)
		k.equal("not followed", k.append(e), false)
		mention := says(inThread, "1700000002.000001", "<@UBOT> and?")
		k.equal("the mention that was forgotten", k.append(mention), true)
		k.equal("and again", k.append(mention), false)
		followed := perhaps("U1", "1700000002.000002", "so?", policy.Asker)
		k.equal("followed", k.append(followed), true)
		mention = says(inThread, "1700000002.000002", "<@UBOT> so?")
		k.equal("a mention of what is followed", k.append(mention), false)
		k.join("r")
		k.equal("messages", len(k.begin(k.claim("r")).Messages), 2)
	}},
}
