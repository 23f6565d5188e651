package web

import (
	"context"
	"iter"
	"maps"
	"strings"

	"holdfast/internal/chat"
)

// Identity is who a token is. Slack: auth.test.
type Identity struct {
	Team     string // id of the workspace
	TeamName string
	URL      string // of the workspace
	User     string // the bot's user id
	UserName string
	Bot      string // the bot's own id
	App      string // Slack does not always say
	Org      string // id of the enterprise organisation, if any
	Scopes   string // of the token, comma-separated, if Slack said
}

// AuthTest asks who we are.
func (c *Client) AuthTest(ctx context.Context) (Identity, error) {
	var out struct {
		URL    text `json:"url"`
		Team   text `json:"team"`
		User   text `json:"user"`
		TeamID text `json:"team_id"`
		UserID text `json:"user_id"`
		BotID  text `json:"bot_id"`
		AppID  text `json:"app_id"`
		Org    text `json:"enterprise_id"`
	}
	header, err := c.call(ctx, Request{Method: "auth.test", Priority: Final}, &out)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Team: string(out.TeamID), TeamName: string(out.Team), URL: string(out.URL),
		User: string(out.UserID), UserName: string(out.User), Bot: string(out.BotID), App: string(out.AppID),
		Org: string(out.Org), Scopes: header.Get("X-OAuth-Scopes")}, nil
}

// OpenConnection asks for the address of a Socket Mode connection; the client
// must hold an app-level token. The address works once and soon, and is a
// secret. Slack: apps.connections.open.
func (c *Client) OpenConnection(ctx context.Context) (address string, err error) {
	var out struct {
		URL text `json:"url"`
	}
	r := Request{Method: "apps.connections.open", Priority: Final}
	if err := c.Call(ctx, r, &out); err != nil {
		return "", err
	}
	if out.URL == "" {
		return "", &Error{Method: r.Method, Code: "no_url_in_answer", Status: 200, Class: Unknown}
	}
	return string(out.URL), nil
}

// UserInfo asks for a person. One whom Slack will not show (deleted, or of
// another organisation) comes with NotFound set and no error.
// Slack: users.info.
func (c *Client) UserInfo(ctx context.Context, id string, s Send) (chat.User, error) {
	var out struct {
		User struct {
			Name     text   `json:"name"`
			RealName text   `json:"real_name"`
			TZ       text   `json:"tz"`
			Offset   number `json:"tz_offset"`
			IsBot    flag   `json:"is_bot"`
			Guest    flag   `json:"is_restricted"`
			Single   flag   `json:"is_ultra_restricted"` // guest of one channel
			Org      struct {
				ID text `json:"enterprise_id"`
			} `json:"enterprise_user"`
			Profile struct {
				DisplayName text `json:"display_name"`
				RealName    text `json:"real_name"`
			} `json:"profile"`
		} `json:"user"`
	}
	a := Args{}
	err := c.Call(ctx, s.request("users.info", "", a.Set("user", id)), &out)
	switch Code(err) {
	case "user_not_found", "user_not_visible", "users_not_found":
		return chat.User{ID: id, NotFound: true}, nil
	}
	if err != nil {
		return chat.User{}, err
	}
	u := out.User
	who := chat.User{ID: id, Zone: string(u.TZ), Offset: int(u.Offset), Bot: bool(u.IsBot),
		Guest: bool(u.Guest || u.Single), Org: string(u.Org.ID)}
	for _, name := range []text{u.RealName, u.Profile.RealName, u.Profile.DisplayName, u.Name} {
		if name != "" {
			who.Name = string(name)
			break
		}
	}
	return who, nil
}

// UserGroup lists the ids of the people of a user group. Codes to expect:
// no_such_subteam, missing_scope (usergroups:read). Slack: usergroups.users.list.
func (c *Client) UserGroup(ctx context.Context, id string, s Send) ([]string, error) {
	var out struct {
		Users texts `json:"users"`
	}
	a := Args{}
	if err := c.Call(ctx, s.request("usergroups.users.list", "", a.Set("usergroup", id)), &out); err != nil {
		return nil, err
	}
	return out.Users, nil
}

// Conversation is what Slack tells of a channel. Slack: conversations.info.
type Conversation struct {
	ID        string
	Name      string // empty for direct channels
	User      string // the other person of a direct channel
	Direct    bool
	Group     bool // a direct channel of several people
	Private   bool
	Archived  bool
	Member    bool // the bot is in it
	ExtShared bool // with another organisation
	Topic     string
	Purpose   string
}

// conversation is a Conversation on the wire.
type conversation struct {
	ID        text         `json:"id"`
	Name      text         `json:"name"`
	User      text         `json:"user"`
	IM        flag         `json:"is_im"`
	MPIM      flag         `json:"is_mpim"`
	Private   flag         `json:"is_private"`
	Archived  flag         `json:"is_archived"`
	Member    flag         `json:"is_member"`
	ExtShared flag         `json:"is_ext_shared"`
	Topic     topicOrAlike `json:"topic"`
	Purpose   topicOrAlike `json:"purpose"`
}

type topicOrAlike struct {
	Value text `json:"value"`
}

func (v conversation) plain() Conversation {
	return Conversation{ID: string(v.ID), Name: string(v.Name), User: string(v.User), Direct: bool(v.IM), Group: bool(v.MPIM),
		Private: bool(v.Private), Archived: bool(v.Archived), Member: bool(v.Member), ExtShared: bool(v.ExtShared),
		Topic: string(v.Topic.Value), Purpose: string(v.Purpose.Value)}
}

// ConversationInfo asks for a channel.
func (c *Client) ConversationInfo(ctx context.Context, id string, s Send) (Conversation, error) {
	var out struct {
		Channel conversation `json:"channel"`
	}
	a := Args{}
	if err := c.Call(ctx, s.request("conversations.info", id, a.Set("channel", id)), &out); err != nil {
		return Conversation{}, err
	}
	return out.Channel.plain(), nil
}

// Conversations walks the channels of these types (public_channel,
// private_channel, im, mpim; the app needs the scope to read each) that we are
// in, page by page, archived ones left out. A workspace may have many thousands of
// others. Slack: users.conversations.
func (c *Client) Conversations(ctx context.Context, types []string, s Send) iter.Seq2[[]Conversation, error] {
	return func(yield func([]Conversation, error) bool) {
		a := Args{}
		a.Set("types", strings.Join(types, ",")).Bool("exclude_archived", true).Int("limit", 1000)
		seen := map[string]bool{}
		for {
			var out struct {
				Channels []conversation `json:"channels"`
				Metadata struct {
					Next text `json:"next_cursor"`
				} `json:"response_metadata"`
			}
			if err := c.page(ctx, s, s.request("users.conversations", "", a), &out); err != nil {
				yield(nil, err)
				return
			}
			page := make([]Conversation, len(out.Channels))
			for i, v := range out.Channels {
				page[i] = v.plain()
			}
			next := string(out.Metadata.Next)
			if !yield(page, nil) || next == "" || seen[next] {
				return
			}
			seen[next] = true
			a = maps.Clone(a)
			a.Set("cursor", next)
		}
	}
}
