package slacksim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxQuery    = 1_000 // characters; Slack names no number
	searchLimit = 20
)

// search is one assistant.search.context call. Slack: "Real-time Search API" page.
type search struct {
	*call
	user          string // of the action token
	words         []string
	any           bool // a question: one word is enough
	kinds         map[string]bool
	before, after string // ts
	bots, context bool
	hits          []hit
}

// hit is one finding. Only the fields that its kind has go out.
type hit struct {
	kind  string // messages, files, channels or users
	score int
	ts    string
	order int
	show  func() reply
}

// searchInfo is assistant.search.info.
func (c *call) searchInfo() (reply, error) {
	if c.settings.Search == "missing" {
		return nil, no("feature_not_enabled")
	}
	return reply{"is_ai_search_enabled": c.settings.Search == "on"}, nil
}

// searchContext is assistant.search.context, for bot tokens.
func (c *call) searchContext() (reply, error) {
	switch c.settings.Search {
	case "missing":
		return nil, no("feature_not_enabled")
	case "disabled":
		return nil, no("assistant_search_context_disabled")
	}
	q := &search{call: c}
	query := strings.TrimSpace(c.args.str("query"))
	switch {
	case query == "":
		return nil, no("missing_query")
	case utf8.RuneCountInString(query) > maxQuery:
		return nil, no("query_too_long")
	}
	var ok bool
	if q.user, ok = c.bearer(c.args.str("action_token")); !ok {
		return nil, no("invalid_action_token")
	}
	if id := c.args.str("context_channel_id"); id != "" {
		if ch := c.ws.channelBy[id]; ch == nil || ch.ID != id || ch.closed() && !ch.has(q.user) {
			return nil, no("context_channel_not_found")
		}
	}
	contents, err := c.searchKinds("content_types", "messages", map[string]string{
		"messages": "", "files": "search:read.files", "channels": "", "users": "search:read.users",
	})
	if err != nil {
		return nil, err
	}
	if q.kinds, err = c.searchKinds("channel_types", "public_channel", map[string]string{
		"public_channel": "", "private_channel": "search:read.private", "im": "search:read.im", "mpim": "search:read.mpim",
	}); err != nil {
		return nil, err
	}
	limit, good := c.args.num("limit", searchLimit)
	if !good || limit < 1 || limit > searchLimit {
		return nil, no("invalid_arguments", fmt.Sprintf("[ERROR] must be from 1 to %d [json-pointer:/limit]", searchLimit))
	}
	from, err := c.searchFrom()
	if err != nil {
		return nil, err
	}
	if err := q.window(); err != nil {
		return nil, err
	}
	q.bots, q.context = c.args.flag("include_bots", false), c.args.flag("include_context_messages", false)
	q.any = strings.HasSuffix(query, "?") && !c.args.flag("disable_semantic_search", false)
	q.words = searchWords(query)
	q.run(contents)
	if err := q.sort(); err != nil {
		return nil, err
	}
	return q.page(from, limit), nil
}

// searchKinds reads a list of kinds, each of which may want a scope.
func (c *call) searchKinds(field, otherwise string, scopes map[string]string) (map[string]bool, error) {
	list, err := c.idList(field)
	if err != nil {
		return nil, no("invalid_arguments", "[ERROR] must be an array [json-pointer:/"+field+"]")
	}
	if len(list) == 0 {
		list = []string{otherwise}
	}
	out := map[string]bool{}
	for _, k := range list {
		k = strings.TrimSpace(k)
		scope, known := scopes[k]
		if !known {
			return nil, no("invalid_arguments", "[ERROR] unknown kind "+k+" [json-pointer:/"+field+"]")
		}
		if scope != "" && !c.scoped(scope) {
			return nil, c.missing(scope)
		}
		out[k] = true
	}
	return out, nil
}

func (c *call) searchFrom() (int, error) {
	last, err := c.cursor("search")
	if err != nil || last == "" {
		return 0, err
	}
	n, err := strconv.Atoi(last)
	if err != nil || n < 1 {
		return 0, no("invalid_cursor")
	}
	return n, nil
}

func (q *search) window() error {
	var a, b bool
	q.after, a = normalTS(q.args.str("after"))
	q.before, b = normalTS(q.args.str("before"))
	if !a || !b {
		return no("invalid_arguments", "[ERROR] must be a UNIX time [json-pointer:/before] or [json-pointer:/after]")
	}
	return nil
}

// searchWords are the words that a finding has to have; those that every text has do not count.
func searchWords(query string) []string {
	const common = " a an and are as at be by did do does for from has have how i in is it me my of on or our the to was we what when where which who why with you "
	out := []string{}
	for _, w := range strings.FieldsFunc(strings.ToLower(query), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-'
	}) {
		if !strings.Contains(common, " "+w+" ") && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// score counts the words in a text; 0 means that it is no finding.
func (q *search) score(text string) int {
	text = strings.ToLower(text)
	n := 0
	for _, w := range q.words {
		if strings.Contains(text, w) {
			n++
		}
	}
	if n < len(q.words) && !q.any {
		return 0
	}
	return n
}

func (q *search) inWindow(ts string) bool {
	return (q.after == "" || compareTS(ts, q.after) > 0) && (q.before == "" || compareTS(ts, q.before) < 0)
}

func (q *search) add(h hit) {
	if h.score > 0 {
		h.order = len(q.hits)
		q.hits = append(q.hits, h)
	}
}

func (q *search) run(contents map[string]bool) {
	for _, ch := range q.ws.channels {
		kind := map[string]string{"im": "im", "mpim": "mpim", "group": "private_channel", "channel": "public_channel"}[ch.kind()]
		if !q.kinds[kind] || kind != "public_channel" && !ch.has(q.user) {
			continue
		}
		if contents["messages"] {
			q.messages(ch)
		}
		if contents["channels"] && ch.Name != "" {
			q.add(hit{kind: "channels", score: q.score(ch.Name + " " + ch.Topic), ts: fmt.Sprintf("%d.000000", ch.Created), show: func() reply {
				return reply{
					"team_id": q.ws.team.ID, "channel_id": ch.ID, "name": ch.Name, "topic": ch.Topic, "purpose": "", "creator_user_id": "",
					"date_created": ch.Created, "date_updated": ch.Created, "permalink": q.site() + "/archives/" + ch.ID,
				}
			}})
		}
	}
	if contents["files"] {
		q.files()
	}
	if contents["users"] {
		for _, u := range q.ws.users {
			q.add(hit{kind: "users", score: q.score(u.Name + " " + u.RealName), show: func() reply {
				return reply{"user_id": u.ID, "full_name": u.RealName, "title": "", "timezone": u.TZ, "permalink": q.site() + "/team/" + u.ID}
			}})
		}
	}
}

func (q *search) site() string { return "https://" + q.ws.team.Domain + ".slack.com" }

func (q *search) messages(ch *channel) {
	for i, m := range ch.list {
		if m.byApp() && !q.bots || strings.HasPrefix(m.Subtype, "channel_") || !q.inWindow(m.TS) {
			continue
		}
		text := m.Text
		if m.stream != nil {
			text = m.stream.text()
		}
		q.add(hit{kind: "messages", score: q.score(text), ts: m.TS, show: func() reply {
			r := reply{
				"author_user_id": m.User, "author_name": q.nameOf(m.User), "team_id": q.ws.team.ID, "channel_id": ch.ID, "channel_name": ch.Name,
				"message_ts": m.TS, "content": text, "is_author_bot": m.byApp(),
				"permalink": q.site() + "/archives/" + ch.ID + "/p" + strings.Replace(m.TS, ".", "", 1),
			}
			if m.isReply() {
				r["thread_ts"] = m.ThreadTS
			}
			if q.context {
				r["context_messages"] = reply{"before": q.around(ch, i-2, i), "after": q.around(ch, i+1, i+3)}
			}
			return r
		}})
	}
}

// around are the messages from one place up to before another, where there are any.
func (q *search) around(ch *channel, from, to int) []reply {
	out := []reply{}
	for _, m := range ch.list[max(from, 0):max(min(to, len(ch.list)), 0)] {
		out = append(out, reply{"user_id": m.User, "author_name": q.nameOf(m.User), "ts": m.TS, "text": m.Text})
	}
	return out
}

func (q *search) nameOf(user string) string {
	if u := q.ws.userByID[user]; u != nil {
		return u.RealName
	}
	return ""
}

func (q *search) files() {
	for _, f := range q.ws.files.shown() {
		ts := fmt.Sprintf("%d.000000", f.Timestamp)
		if !q.sharedInScope(f) || !q.inWindow(ts) || f.ownedByApp() && !q.bots {
			continue
		}
		text := f.Preview
		if f.canvas != nil {
			text = joinSections(f.canvas.sections)
		}
		q.add(hit{kind: "files", score: q.score(f.Name + " " + f.Title + " " + text), ts: ts, show: func() reply {
			return reply{
				"uploader_user_id": f.User, "author_user_id": f.User, "author_name": q.nameOf(f.User), "team_id": q.ws.team.ID, "file_id": f.ID,
				"date_created": f.Created, "date_updated": f.Timestamp, "title": f.Title, "file_type": f.Filetype,
				"permalink": f.addressed().Permalink, "content": text,
			}
		}})
	}
}

// sharedInScope reports whether the file is in a conversation of the kinds that are searched.
func (q *search) sharedInScope(f *file) bool {
	return slices.ContainsFunc(f.shared, func(p Posted) bool {
		ch := q.ws.channelBy[p.Channel]
		if ch == nil || p.TS != "" && ch.byTS[p.TS] == nil {
			return false
		}
		kind := map[string]string{"im": "im", "mpim": "mpim", "group": "private_channel", "channel": "public_channel"}[ch.kind()]
		return q.kinds[kind] && (kind == "public_channel" || ch.has(q.user))
	})
}

func (q *search) sort() error {
	way := -1
	switch q.args.str("sort_dir") {
	case "", "desc":
	case "asc":
		way = 1
	default:
		return no("invalid_arguments", "[ERROR] must be asc or desc [json-pointer:/sort_dir]")
	}
	by := q.args.str("sort")
	if by != "" && by != "score" && by != "timestamp" {
		return no("invalid_arguments", "[ERROR] must be score or timestamp [json-pointer:/sort]")
	}
	slices.SortFunc(q.hits, func(a, b hit) int {
		first := 0
		if by != "timestamp" {
			first = way * cmp.Compare(a.score, b.score)
		}
		return cmp.Or(first, way*compareTS(a.ts, b.ts), cmp.Compare(a.order, b.order))
	})
	return nil
}

// page gives out the hits from a place on, each under its kind.
func (q *search) page(from, limit int) reply {
	results := map[string][]reply{"messages": {}, "files": {}, "channels": {}, "users": {}}
	from = min(from, len(q.hits))
	to := min(from+limit, len(q.hits))
	for _, h := range q.hits[from:to] {
		results[h.kind] = append(results[h.kind], h.show())
	}
	next := ""
	if to < len(q.hits) {
		next = makeCursor("search", strconv.Itoa(to))
	}
	return reply{"results": results, "response_metadata": reply{"next_cursor": next}}
}
