package slacksim

import (
	"fmt"
	"slices"
	"strings"
)

// maxGroup is how many people a group conversation has.
const maxGroup = 9

// closed is a conversation that only its members know of.
func (c *channel) closed() bool { return c.IsPrivate || c.IsIM }

// withApp is the direct conversation of a person and the app.
func (c *channel) withApp() bool { return c.IsIM && c.User != "" }

// OpenDM gives the direct conversation of these people, made when there is none yet: a DM of two, a group of more.
// The app's bot user may be one of them.
func (s *Sim) OpenDM(user string, with ...string) (string, error) {
	s.enter()
	defer s.leave()
	people := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(with), user))))
	for _, id := range people {
		if _, err := s.person(id); err != nil {
			return "", err
		}
	}
	switch {
	case len(people) < 2:
		return "", &BadRequest{"not_enough_users", "name at least one other person in with"}
	case len(people) > maxGroup:
		return "", &BadRequest{"too_many_users", fmt.Sprintf("a group has at most %d people", maxGroup)}
	}
	ch, _ := s.directly(people)
	return ch.ID, nil
}

// directly finds or makes the conversation of these people, sorted by id; there tells that it was there.
func (s *Sim) directly(people []string) (ch *channel, there bool) {
	bot := s.ws.app.BotUserID
	if i := slices.Index(people, bot); len(people) == 2 && i >= 0 {
		person := people[1-i]
		there = s.ws.dms[person] != nil
		return s.dm(person), there
	}
	for _, ch := range s.ws.channels {
		if (ch.IsIM || ch.IsMPIM) && slices.Equal(slices.Sorted(slices.Values(ch.Members)), people) {
			return ch, true
		}
	}
	c := Channel{ID: s.nextID("D"), IsIM: true, Members: people, Created: s.now().Unix()}
	if len(people) > 2 {
		c = Channel{ID: s.nextID("C"), IsMPIM: true, IsPrivate: true, Name: s.groupName(people), Members: people, Created: s.now().Unix()}
	}
	ch = s.ws.addChannel(c)
	s.publish("channel", ch)
	return ch, false
}

// groupName is the name that Slack gives to a group: mpdm-ada--ben--holdfast-1.
func (s *Sim) groupName(people []string) string {
	names := make([]string, len(people))
	for i, id := range people {
		names[i] = s.ws.userByID[id].Name
	}
	slices.Sort(names)
	return "mpdm-" + strings.Join(names, "--") + "-1"
}

// openGroup is conversations.open with several users: the app joins them in a group.
func (c *call) openGroup(users []string) (reply, error) {
	if !c.scoped("mpim:write") {
		return nil, c.missing("mpim:write")
	}
	people := []string{c.ws.app.BotUserID}
	for _, id := range users {
		id = strings.TrimSpace(id)
		switch {
		case c.ws.userByID[id] == nil:
			return nil, no("user_not_found")
		case slices.Contains(people, id):
			return nil, no("invalid_user_combination")
		}
		people = append(people, id)
	}
	if len(people) > maxGroup {
		return nil, no("too_many_users")
	}
	slices.Sort(people)
	ch, there := c.directly(people)
	r := reply{"channel": reply{"id": ch.ID}}
	if c.args.flag("return_im", false) {
		r["channel"] = c.describe(ch)
	}
	if there {
		r["no_op"], r["already_open"] = true, true
	}
	return r, nil
}
