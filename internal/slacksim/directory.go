package slacksim

import "maps"

func (c *call) apiTest() (reply, error) {
	if code := c.args.str("error"); code != "" {
		return nil, no(code)
	}
	given := map[string]string{}
	for name := range maps.Keys(c.args) {
		given[name] = c.args.str(name)
	}
	return reply{"args": given}, nil
}

func (c *call) authTest() (reply, error) {
	return reply{
		"url": "https://" + c.ws.team.Domain + ".slack.com/", "team": c.ws.team.Name, "team_id": c.ws.team.ID,
		"user": c.ws.userByID[c.ws.app.BotUserID].Name, "user_id": c.ws.app.BotUserID, "bot_id": c.ws.app.BotID,
		"is_enterprise_install": false,
	}, nil
}

func (c *call) teamInfo() (reply, error) {
	if id := c.args.str("team"); id != "" && id != c.ws.team.ID {
		return nil, no("team_not_found")
	}
	return reply{"team": reply{
		"id": c.ws.team.ID, "name": c.ws.team.Name, "domain": c.ws.team.Domain, "email_domain": "",
		"icon": reply{"image_default": true},
	}}, nil
}

func (c *call) botsInfo() (reply, error) {
	a := c.ws.app
	if id := c.args.str("bot"); id != a.BotID {
		return nil, no("bot_not_found")
	}
	return reply{"bot": reply{
		"id": a.BotID, "deleted": false, "name": a.Name, "updated": seedCreated, "app_id": a.ID, "user_id": a.BotUserID,
	}}, nil
}

// member is a user as the users methods show it.
func (c *call) member(u *User) reply {
	profile := c.profile(u)
	r := reply{
		"id": u.ID, "team_id": c.ws.team.ID, "name": u.Name, "deleted": u.Deleted, "color": u.Color,
		"real_name": u.RealName, "tz": u.TZ, "tz_label": u.TZLabel, "tz_offset": u.TZOffset, "profile": profile,
		"is_admin": false, "is_owner": false, "is_restricted": u.Guest, "is_ultra_restricted": false,
		"is_bot": u.IsBot, "is_app_user": false, "updated": seedCreated,
	}
	return r
}

func (c *call) profile(u *User) reply {
	p := reply{
		"real_name": u.RealName, "real_name_normalized": u.RealName, "display_name": u.Name,
		"display_name_normalized": u.Name, "title": "", "team": c.ws.team.ID, "status_text": "", "status_emoji": "",
	}
	if u.ID == c.ws.app.BotUserID {
		p["bot_id"], p["api_app_id"] = c.ws.app.BotID, c.ws.app.ID
	}
	return p
}

func (c *call) userInfo() (reply, error) {
	u := c.ws.userByID[c.args.str("user")]
	if u == nil {
		return nil, no("user_not_found")
	}
	return reply{"user": c.member(u)}, nil
}

func (c *call) userList() (reply, error) {
	list, next, err := listPage(c, c.ws.users, func(u *User) string { return u.ID }, 1000)
	if err != nil {
		return nil, err
	}
	out := []reply{}
	for _, u := range list {
		out = append(out, c.member(u))
	}
	return reply{"members": out, "cache_ts": c.now().Unix(), "response_metadata": reply{"next_cursor": next}}, nil
}

// userGroups is usergroups.list.
func (c *call) userGroups() (reply, error) {
	out := []reply{}
	for _, g := range c.settings.UserGroups {
		group := reply{"id": g.ID, "team_id": c.ws.team.ID, "is_usergroup": true, "name": g.Name, "handle": g.Handle, "user_count": len(g.Users), "date_delete": 0}
		if c.args.flag("include_users", false) {
			group["users"] = g.Users
		}
		out = append(out, group)
	}
	return reply{"usergroups": out}, nil
}

// userGroupUsers is usergroups.users.list.
func (c *call) userGroupUsers() (reply, error) {
	for _, g := range c.settings.UserGroups {
		if g.ID == c.args.str("usergroup") {
			return reply{"users": append([]string{}, g.Users...)}, nil
		}
	}
	return nil, no("no_such_subteam")
}

func (c *call) userProfile() (reply, error) {
	id := c.args.str("user")
	if id == "" {
		id = c.ws.app.BotUserID
	}
	u := c.ws.userByID[id]
	if u == nil {
		return nil, no("user_not_found")
	}
	return reply{"profile": c.profile(u)}, nil
}

// reacted resolves the message of a reactions call.
func (c *call) reacted() (*channel, *Message, error) {
	if c.args.str("channel") == "" || c.args.str("timestamp") == "" {
		return nil, nil, no("no_item_specified")
	}
	ch, err := c.channel("channel")
	if err != nil {
		return nil, nil, err
	}
	ts := c.args.str("timestamp")
	if !validTS(ts) {
		return nil, nil, no("bad_timestamp")
	}
	m := ch.byTS[ts]
	if m == nil || !ch.has(c.ws.app.BotUserID) {
		return nil, nil, no("message_not_found")
	}
	return ch, m, nil
}

func (c *call) addReaction() (reply, error)    { return c.reaction(false) }
func (c *call) removeReaction() (reply, error) { return c.reaction(true) }

func (c *call) reaction(remove bool) (reply, error) {
	ch, m, err := c.reacted()
	if err != nil {
		return nil, err
	}
	if ch.IsArchived {
		return nil, no("is_archived")
	}
	name := c.args.str("name")
	if !validEmoji(name) {
		return nil, no("invalid_name")
	}
	if why := c.react(ch, m, c.ws.app.BotUserID, name, remove); why != "" {
		return nil, no(why)
	}
	return reply{}, nil
}

func (c *call) getReactions() (reply, error) {
	ch, m, err := c.reacted()
	if err != nil {
		return nil, err
	}
	return reply{"type": "message", "channel": ch.ID, "message": m.wire()}, nil
}
