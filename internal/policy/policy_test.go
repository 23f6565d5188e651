package policy_test

import (
	"fmt"
	"testing"

	"holdfast/internal/policy"
)

// author is everybody who can write.
type author struct {
	name            string
	kind            policy.Author
	guest, external bool
}

var authors = []author{
	{"member", policy.Person, false, false},
	{"guest", policy.Person, true, false},
	{"stranger", policy.Person, false, true},
	{"bot", policy.Bot, false, false},
	{"ourselves", policy.Self, false, false},
	{"Slackbot", policy.Slackbot, false, false},
	{"nobody", policy.Nobody, false, false},
}

// place is where they can write, and what was there before.
type place struct {
	name           string
	direct, thread bool
	before         policy.Thread
}

var places = []place{
	{"direct", true, false, policy.Thread{}},
	{"thread of a direct channel", true, true, policy.Thread{Here: true, Asked: true}},
	{"channel", false, false, policy.Thread{}},
	{"thread of others", false, true, policy.Thread{}},
	{"thread of ours, by one who asked", false, true, policy.Thread{Here: true, Asked: true}},
	{"thread of ours, by another", false, true, policy.Thread{Here: true}},
	{"thread of ours, people aside", false, true, policy.Thread{Here: true, Asked: true, Aside: true}},
}

// text is what they can write.
type text struct {
	name              string
	mentioned, others bool
}

var texts = []text{
	{"plain", false, false},
	{"mention", true, false},
	{"to another", false, true},
	{"to us and another", true, true},
}

// decide asks the three questions in the order of a message's way.
func decide(f policy.FollowUps, r policy.Rules, a author, p place, x text) string {
	h := policy.Heard{Author: a.kind, Direct: p.direct, Thread: p.thread, Mentioned: x.mentioned, Others: x.others}
	switch to := h.For(); {
	case to == policy.Others, to == policy.Perhaps && !policy.Follows(f, p.before):
		return "overheard"
	}
	no := r.Admit(policy.Caller{User: "U1", Channel: "C1", Direct: p.direct, Guest: a.guest, External: a.external})
	if no != nil {
		if no.Say == "" {
			return "no words for " + no.Reason
		}
		return "declined: " + no.Reason
	}
	return "answered"
}

// addressed is the table to check by eye: whether a person's message is for us, for
// each place, setting of follow-ups, and text.
var addressed = map[string][3][4]bool{ // off, asker, everyone × plain, mention, to another, both
	"direct":                           {{true, true, true, true}, {true, true, true, true}, {true, true, true, true}},
	"thread of a direct channel":       {{true, true, true, true}, {true, true, true, true}, {true, true, true, true}},
	"channel":                          {{false, true, false, true}, {false, true, false, true}, {false, true, false, true}},
	"thread of others":                 {{false, true, false, true}, {false, true, false, true}, {false, true, false, true}},
	"thread of ours, by one who asked": {{false, true, false, true}, {true, true, false, true}, {true, true, false, true}},
	"thread of ours, by another":       {{false, true, false, true}, {false, true, false, true}, {true, true, false, true}},
	"thread of ours, people aside":     {{false, true, false, true}, {false, true, false, true}, {false, true, false, true}},
}

func TestMatrix(t *testing.T) {
	rows := 0
	for i, f := range []policy.FollowUps{policy.Off, policy.Asker, policy.Everyone} {
		for _, guests := range []bool{false, true} {
			for _, external := range []bool{false, true} {
				for _, a := range authors {
					for _, p := range places {
						for j, x := range texts {
							rows++
							want := "overheard"
							if a.kind == policy.Person && addressed[p.name][i][j] {
								want = "answered"
								if a.guest && !guests {
									want = "declined: guest"
								}
								if a.external && !external {
									want = "declined: external"
								}
							}
							got := decide(f, policy.Rules{Guests: guests, External: external}, a, p, x)
							if got != want {
								t.Errorf("follow-ups %s, guests %v, external %v; %s, %s, %s: %s, want %s", f, guests, external, a.name, p.name, x.name, got, want)
							}
						}
					}
				}
			}
		}
	}
	if rows != 3*2*2*7*7*4 {
		t.Errorf("%d rows", rows)
	}
}

func TestNothingSetIsOff(t *testing.T) {
	for _, p := range places {
		if got, off := policy.Follows("", p.before), policy.Follows(policy.Off, p.before); got || off {
			t.Errorf("%s: followed", p.name)
		}
	}
}

func TestLists(t *testing.T) {
	for _, tt := range []struct {
		name string
		r    policy.Rules
		c    policy.Caller
		want string
	}{
		{"no lists", policy.Rules{}, policy.Caller{}, ""},
		{"allowed", policy.Rules{AllowUsers: []string{"U0", "U1"}}, policy.Caller{}, ""},
		{"not allowed", policy.Rules{AllowUsers: []string{"U2"}}, policy.Caller{}, "user_not_allowed"},
		{"denied", policy.Rules{DenyUsers: []string{"U1"}}, policy.Caller{}, "user_denied"},
		{"denied and allowed", policy.Rules{AllowUsers: []string{"U1"}, DenyUsers: []string{"U1"}}, policy.Caller{}, "user_denied"},
		{"another denied", policy.Rules{DenyUsers: []string{"U2"}}, policy.Caller{}, ""},
		{"guest by name", policy.Rules{AllowUsers: []string{"U1"}}, policy.Caller{Guest: true}, ""},
		{"stranger by name", policy.Rules{AllowUsers: []string{"U1"}}, policy.Caller{External: true}, ""},
		{"stranger and guest", policy.Rules{Guests: true}, policy.Caller{External: true, Guest: true}, "external"},
		{"guest of a list without them", policy.Rules{AllowUsers: []string{"U2"}, Guests: true}, policy.Caller{Guest: true}, "user_not_allowed"},
		{"channel allowed", policy.Rules{AllowChannels: []string{"C1"}}, policy.Caller{}, ""},
		{"channel not allowed", policy.Rules{AllowChannels: []string{"C2"}}, policy.Caller{}, "channel_not_allowed"},
		{"direct needs no name", policy.Rules{AllowChannels: []string{"C2"}}, policy.Caller{Direct: true}, ""},
		{"channel denied", policy.Rules{DenyChannels: []string{"C1"}}, policy.Caller{}, "channel_denied"},
		{"channel denied and allowed", policy.Rules{AllowChannels: []string{"C1"}, DenyChannels: []string{"C1"}}, policy.Caller{}, "channel_denied"},
		{"direct denied", policy.Rules{DenyChannels: []string{"C1"}}, policy.Caller{Direct: true}, "channel_denied"},
		{"a person by name, a channel that is denied", policy.Rules{AllowUsers: []string{"U1"}, DenyChannels: []string{"C1"}}, policy.Caller{}, "channel_denied"},
	} {
		c := tt.c
		c.User, c.Channel = "U1", "C1"
		got := ""
		if no := tt.r.Admit(c); no != nil {
			got = no.Reason
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// NeedsProfile must be true wherever a guest's answer differs from a member's.
func TestNeedsProfile(t *testing.T) {
	lists := [][]string{nil, {"U1"}, {"U2"}}
	for i := range 3 * 3 * 2 {
		r := policy.Rules{AllowUsers: lists[i%3], DenyUsers: lists[i/3%3], Guests: i >= 9}
		say := func(guest bool) string {
			return fmt.Sprint(r.Admit(policy.Caller{User: "U1", Channel: "C1", Guest: guest}))
		}
		if differs := say(true) != say(false); differs != r.NeedsProfile("U1") {
			t.Errorf("%+v: the profile decides: %v, is asked for: %v", r, differs, !differs)
		}
	}
}
