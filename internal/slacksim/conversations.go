package slacksim

import (
	"encoding/base64"
	"slices"
	"strings"
)

// A cursor is opaque to the app: a word for its kind and the last item shown.
func makeCursor(kind, last string) string {
	return base64.StdEncoding.EncodeToString([]byte(kind + ":" + last))
}

// cursor reads the cursor argument; the empty one stands for the first page.
func (c *call) cursor(kind string) (string, error) {
	raw := c.args.str("cursor")
	if raw == "" {
		return "", nil
	}
	b, err := base64.StdEncoding.DecodeString(raw)
	last, ok := strings.CutPrefix(string(b), kind+":")
	if err != nil || !ok || last == "" {
		return "", no("invalid_cursor")
	}
	return last, nil
}

// readable resolves a channel whose messages the app may read.
func (c *call) readable() (*channel, error) {
	ch, err := c.channel("channel")
	if err != nil {
		return nil, err
	}
	if scope := ch.plural() + ":history"; !c.scoped(scope) {
		return nil, c.missing(scope)
	}
	if !ch.has(c.ws.app.BotUserID) {
		return nil, no("not_in_channel")
	}
	return ch, nil
}

// span is the oldest/latest window of history and replies.
type span struct {
	oldest, latest string
	inclusive      bool
}

func (c *call) span() (w span, err error) {
	var ok bool
	if w.oldest, ok = normalTS(c.args.str("oldest")); !ok {
		return w, no("invalid_ts_oldest")
	}
	if w.latest, ok = normalTS(c.args.str("latest")); !ok {
		return w, no("invalid_ts_latest")
	}
	w.inclusive = c.args.flag("inclusive", false)
	return w, nil
}

// normalTS completes a ts such as "0" or "1712345678.5" to six decimals; empty stays empty.
func normalTS(ts string) (string, bool) {
	if ts == "" {
		return "", true
	}
	if !strings.Contains(ts, ".") {
		ts += ".0"
	}
	if !validTS(ts) {
		return "", false
	}
	sec, micro, _ := strings.Cut(ts, ".")
	sec = strings.TrimLeft(sec, "0")
	if sec == "" {
		sec = "0"
	}
	return sec + "." + micro + strings.Repeat("0", 6-len(micro)), true
}

// cut is the part of list (by ts) inside the window.
func (w span) cut(list []*Message) []*Message {
	from, to := 0, len(list)
	if w.oldest != "" {
		i, found := slices.BinarySearchFunc(list, w.oldest, byTS)
		if found && !w.inclusive {
			i++
		}
		from = i
	}
	if w.latest != "" {
		i, found := slices.BinarySearchFunc(list, w.latest, byTS)
		if found && w.inclusive {
			i++
		}
		to = i
	}
	if from >= to {
		return nil
	}
	return list[from:to]
}

// pageSize is the limit argument of history and replies; the non-marketplace rule caps it.
func (c *call) pageSize(otherwise, most int) (int, error) {
	if c.settings.NonMarketplace {
		otherwise, most = 15, 15
	}
	n, ok := c.args.num("limit", otherwise)
	if !ok || n < 1 {
		return 0, no("invalid_limit")
	}
	return min(n, most), nil
}

// shown is a message as history returns it.
func (c *call) shown(ch *channel, m *Message) Message {
	w := m.wire()
	if !c.args.flag("include_all_metadata", false) || c.settings.HideMetadata {
		w.Metadata = nil
	}
	w.AgentSession = c.onRoot(ch, m)
	return w
}

func paged(messages []Message, next string) reply {
	return reply{"messages": messages, "has_more": next != "", "response_metadata": reply{"next_cursor": next}}
}

// history is conversations.history: newest first, without replies.
func (c *call) history() (reply, error) {
	ch, err := c.readable()
	if err != nil {
		return nil, err
	}
	w, err := c.span()
	if err != nil {
		return nil, err
	}
	limit, err := c.pageSize(100, 999)
	if err != nil {
		return nil, err
	}
	last, err := c.cursor("next_ts")
	if err != nil {
		return nil, err
	}
	list := w.cut(ch.top)
	if last != "" {
		list = span{latest: last}.cut(list)
	}
	n := min(limit, len(list))
	out := make([]Message, 0, n)
	for i := range n {
		out = append(out, c.shown(ch, list[len(list)-1-i]))
	}
	next := ""
	if n < len(list) {
		next = makeCursor("next_ts", out[n-1].TS)
	}
	return paged(out, next), nil
}

// replies is conversations.replies: the root first on every page, then its replies, oldest first.
func (c *call) replies() (reply, error) {
	ch, err := c.readable()
	if err != nil {
		return nil, err
	}
	root := ch.byTS[c.args.str("ts")]
	if root == nil || root.isReply() {
		return nil, no("thread_not_found")
	}
	w, err := c.span()
	if err != nil {
		return nil, err
	}
	limit, err := c.pageSize(1000, 1000)
	if err != nil {
		return nil, err
	}
	last, err := c.cursor("reply_ts")
	if err != nil {
		return nil, err
	}
	var list []*Message
	if t := ch.threads[root.TS]; t != nil {
		list = w.cut(t.replies)
	}
	if last != "" {
		list = span{oldest: last}.cut(list)
	}
	n := min(max(limit-1, 1), len(list)) // the root counts, but every page goes on by one reply at least
	out := []Message{c.shown(ch, root)}
	for _, m := range list[:n] {
		out = append(out, c.shown(ch, m))
	}
	next := ""
	if n < len(list) {
		next = makeCursor("reply_ts", list[n-1].TS)
	}
	return paged(out, next), nil
}

// describe is a channel as the conversations methods show it.
func (c *call) describe(ch *channel) reply {
	r := reply{
		"id": ch.ID, "created": ch.Created, "is_channel": !ch.IsIM && !ch.IsPrivate, "is_group": ch.IsPrivate,
		"is_im": ch.IsIM, "is_mpim": ch.IsMPIM, "is_private": ch.IsPrivate || ch.IsIM, "is_archived": ch.IsArchived,
		"is_ext_shared": false, "is_shared": false, "is_org_shared": false, "context_team_id": c.ws.team.ID,
	}
	if ch.IsIM {
		r["user"] = ch.User
		return r
	}
	r["name"], r["name_normalized"] = ch.Name, ch.Name
	r["is_general"] = ch.Name == "general"
	r["is_member"] = ch.has(c.ws.app.BotUserID)
	r["topic"] = reply{"value": ch.Topic, "creator": "", "last_set": 0}
	r["purpose"] = reply{"value": "", "creator": "", "last_set": 0}
	r["num_members"] = len(ch.Members)
	return r
}

func (c *call) conversationInfo() (reply, error) {
	ch, err := c.channel("channel")
	if err != nil {
		return nil, err
	}
	if scope := ch.plural() + ":read"; !c.scoped(scope) {
		return nil, c.missing(scope)
	}
	return reply{"channel": c.describe(ch)}, nil
}

// listPage cuts a page out of a list by a cursor that counts.
func listPage[T any](c *call, list []T, id func(T) string, otherwise int) ([]T, string, error) {
	limit, ok := c.args.num("limit", otherwise)
	if !ok || limit < 0 || limit > 1000 {
		return nil, "", no("invalid_limit")
	}
	if limit == 0 {
		limit = otherwise
	}
	last, err := c.cursor("item")
	if err != nil {
		return nil, "", err
	}
	if last != "" {
		i := slices.IndexFunc(list, func(v T) bool { return id(v) == last })
		if i < 0 {
			return nil, "", no("invalid_cursor")
		}
		list = list[i+1:]
	}
	if len(list) <= limit {
		return list, "", nil
	}
	return list[:limit], makeCursor("item", id(list[limit-1])), nil
}

func (c *call) conversationList() (reply, error) { return c.listed("") }

// conversationsOf is users.conversations: those that a person, or else the app, is in.
func (c *call) conversationsOf() (reply, error) {
	who := c.args.str("user")
	if who == "" {
		who = c.ws.app.BotUserID
	}
	if c.ws.userByID[who] == nil {
		return nil, no("user_not_found")
	}
	return c.listed(who)
}

// listed is a page of the channels that the app may see, of those that somebody is in if one is named.
func (c *call) listed(member string) (reply, error) {
	kinds := strings.Split(c.args.str("types"), ",")
	if c.args.str("types") == "" {
		kinds = []string{"public_channel"}
	}
	want := map[string]bool{}
	scope := map[string]string{"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read", "mpim": "mpim:read"}
	for _, k := range kinds {
		k = strings.TrimSpace(k)
		if scope[k] == "" {
			return nil, no("invalid_types")
		}
		if !c.scoped(scope[k]) {
			return nil, c.missing(scope[k])
		}
		want[k] = true
	}
	var list []*channel
	for _, ch := range c.ws.channels {
		kind := map[string]string{"im": "im", "mpim": "mpim", "group": "private_channel", "channel": "public_channel"}[ch.kind()]
		visible := !ch.closed() || ch.has(c.ws.app.BotUserID)
		if member != "" && !ch.has(member) {
			continue
		}
		if want[kind] && visible && !(ch.IsArchived && c.args.flag("exclude_archived", false)) {
			list = append(list, ch)
		}
	}
	list, next, err := listPage(c, list, func(ch *channel) string { return ch.ID }, 100)
	if err != nil {
		return nil, err
	}
	out := []reply{}
	for _, ch := range list {
		r := c.describe(ch)
		if member != "" { // users.conversations says neither
			delete(r, "is_member")
			delete(r, "num_members")
		}
		out = append(out, r)
	}
	return reply{"channels": out, "response_metadata": reply{"next_cursor": next}}, nil
}

func (c *call) members() (reply, error) {
	ch, err := c.channel("channel")
	if err != nil {
		return nil, err
	}
	list, next, err := listPage(c, ch.Members, func(id string) string { return id }, 100)
	if err != nil {
		return nil, err
	}
	return reply{"members": slices.Clone(list), "response_metadata": reply{"next_cursor": next}}, nil
}

func (c *call) openConversation() (reply, error) {
	if id := c.args.str("channel"); id != "" {
		ch, err := c.channel("channel")
		if err != nil {
			return nil, err
		}
		return reply{"no_op": true, "already_open": true, "channel": reply{"id": ch.ID}}, nil
	}
	users := strings.Split(c.args.str("users"), ",")
	switch {
	case users[0] == "":
		return nil, no("users_list_not_supplied")
	case len(users) > 1:
		return c.openGroup(users)
	case c.ws.userByID[users[0]] == nil:
		return nil, no("user_not_found")
	case users[0] == c.ws.app.BotUserID:
		return nil, no("cannot_dm_bot")
	}
	already := c.ws.dms[users[0]] != nil
	ch := c.dm(users[0])
	r := reply{"channel": reply{"id": ch.ID}}
	if c.args.flag("return_im", false) {
		r["channel"] = c.describe(ch)
	}
	if already {
		r["no_op"], r["already_open"] = true, true
	}
	return r, nil
}

// join is conversations.join: the app lets itself into a public channel.
func (c *call) join() (reply, error) {
	ch, err := c.channel("channel")
	if err != nil {
		return nil, err
	}
	if ch.IsIM || ch.IsPrivate {
		return nil, no("method_not_supported_for_channel_type")
	}
	if ch.IsArchived {
		return nil, no("is_archived")
	}
	r := reply{}
	if ch.has(c.ws.app.BotUserID) {
		r["warning"] = "already_in_channel"
		r["response_metadata"] = reply{"warnings": []string{"already_in_channel"}}
	}
	c.Sim.join(ch, c.ws.app.BotUserID)
	r["channel"] = c.describe(ch)
	return r, nil
}
