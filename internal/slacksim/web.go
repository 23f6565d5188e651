package slacksim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// reply is the body of a Web API answer; these objects are open by nature.
type reply map[string]any

// call is one Web API call while it runs, with mu held.
type call struct {
	*Sim
	args   args
	host   string // of the request, for WebSocket addresses
	secure bool
	token  string

	client, clientSecret string // of HTTP Basic, for OAuth
}

// method is one row of the Web API.
type method struct {
	run    func(*call) (reply, error)
	scopes []string // any one of them is enough; none: no scope needed
	limit  int      // calls a minute; 0: none of its own
	app    bool     // takes the app-level token instead of the bot's
	user   bool     // takes a person's token as well
	open   bool     // takes no token
	read   bool     // a reading method
}

// Call is one journalled Web API call.
type Call struct {
	N         int             `json:"n"`
	Method    string          `json:"method"`
	TokenKind string          `json:"token_kind"` // bot, user, app, unknown, or empty
	At        string          `json:"at"`
	MS        float64         `json:"ms"`
	Status    int             `json:"status"` // 0: no response was sent
	OK        bool            `json:"ok"`
	Error     string          `json:"error,omitempty"`
	Retry     int             `json:"retry_after,omitempty"` // of a 429: the seconds that it says
	Args      json.RawMessage `json:"args"`
	Response  json.RawMessage `json:"response,omitempty"`
	Fault     string          `json:"fault,omitempty"`
}

// maxJournalled bounds the arguments and the response of one call in the journal; what is longer is left out.
const maxJournalled = 32 << 10

// outcome is what a call gave, before a fault changes what the caller sees of it.
type outcome struct {
	status int
	body   []byte
	retry  int // Retry-After seconds
	code   string
	kind   string
}

func (s *Sim) serveAPI(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	began := time.Now()
	name := r.PathValue("method")
	entry := &Call{Method: name, Args: json.RawMessage("{}")}
	a, token, bad := readArgs(r)
	if a != nil {
		if b, err := json.Marshal(a.public()); err == nil && len(b) <= maxJournalled {
			entry.Args = b
		}
	}
	fault := s.strike(name)
	if fault != nil {
		entry.Fault = fault.Kind
	}
	var o outcome
	if fault == nil || !fault.before(s, w, r, &o) {
		s.enter()
		s.base = baseURL(r)
		o = s.answer(name, a, token, bad, r)
		s.leave()
	}
	if fault != nil {
		fault.after(&o)
	}
	entry.Status, entry.Error, entry.TokenKind = o.status, o.code, o.kind
	entry.OK = o.status == http.StatusOK && o.code == ""
	if o.status == http.StatusTooManyRequests {
		entry.Retry = o.retry
	}
	if len(o.body) <= maxJournalled && json.Valid(o.body) {
		entry.Response = hideTokens(name, o.body)
	}
	// The journal comes before the answer: who has the answer may look for the call.
	s.mu.Lock()
	entry.At = stamp(s.now())
	entry.MS = float64(time.Since(began).Microseconds()) / 1000
	s.calls.add(func(n int) *Call { entry.N = n; return entry })
	s.publish("call", entry)
	scopes := strings.Join(s.scopesOf(token), ",")
	s.mu.Unlock()

	if o.status == 0 {
		if fault != nil && fault.Kind == "hang_after" {
			fault.hang(s, r)
		}
		cutConnection(w, fault != nil && fault.Kind != "lost")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	if len(o.body) > 0 && o.body[0] == '<' {
		h.Set("Content-Type", "text/html; charset=utf-8")
	}
	h.Set("X-OAuth-Scopes", scopes)
	if m, ok := s.table[name]; ok {
		h.Set("X-Accepted-OAuth-Scopes", strings.Join(m.scopes, ","))
	}
	h.Set("X-Slack-Req-Id", strconv.Itoa(entry.N))
	if o.status == http.StatusTooManyRequests {
		h.Set("Retry-After", strconv.Itoa(o.retry))
	}
	w.WriteHeader(o.status)
	_, _ = w.Write(o.body)
}

// answer checks the caller and runs the method.
func (s *Sim) answer(name string, a args, token string, bad *Refusal, r *http.Request) outcome {
	o := outcome{status: http.StatusOK}
	give := func(body reply, err error) outcome {
		if err != nil {
			x := asRefusal(err)
			body, o.code = x.reply(), x.Code
		} else {
			body["ok"] = true
		}
		b, err := json.Marshal(body)
		if err != nil {
			s.log.Error("slacksim: response not encoded", "method", name, "error", err)
			b, o.code = []byte(`{"ok":false,"error":"fatal_error"}`), "fatal_error"
		}
		o.body = b
		return o
	}
	m, known := s.table[name]
	if !known {
		return give(nil, no("unknown_method"))
	}
	if bad != nil {
		return give(nil, bad)
	}
	var err error
	if o.kind, err = s.admit(m, token, r); err != nil {
		return give(nil, err)
	}
	if wait := s.limits.take(s.now(), name, m, a.str("channel"), s.settings.NonMarketplace); wait > 0 {
		o.status, o.retry, o.code = http.StatusTooManyRequests, wait, "ratelimited"
		o.body = []byte(`{"ok":false,"error":"ratelimited"}`)
		return o
	}
	if m.read && !s.settings.JSONReads && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		a = args{}
	}
	c := &call{Sim: s, args: a, host: r.Host, secure: r.TLS != nil, token: token}
	c.client, c.clientSecret, _ = r.BasicAuth()
	return give(m.run(c))
}

// admit checks token and scopes, and names the token's kind.
func (s *Sim) admit(m method, token string, r *http.Request) (kind string, err error) {
	kind = s.tokenKind(token)
	if m.open {
		return kind, nil
	}
	switch kind {
	case "":
		return kind, no("not_authed")
	case "unknown":
		return kind, no("invalid_auth")
	}
	if m.app != (kind == "app") || kind == "user" && !m.user {
		return kind, no("not_allowed_token_type")
	}
	if m.app {
		if r.Header.Get("Authorization") == "" {
			return kind, no("not_authed")
		}
		return kind, nil
	}
	if code := s.tokenError(token); code != "" {
		return kind, no(code)
	}
	has := s.scopesOf(token)
	if len(m.scopes) > 0 && !slices.ContainsFunc(m.scopes, func(x string) bool { return slices.Contains(has, x) }) {
		return kind, &Refusal{Code: "missing_scope", Needed: m.scopes[0], Provided: strings.Join(has, ",")}
	}
	return kind, nil
}

func (s *Sim) scoped(scope string) bool { return slices.Contains(s.settings.Scopes, scope) }

func (c *call) missing(scope string) *Refusal {
	return &Refusal{Code: "missing_scope", Needed: scope, Provided: strings.Join(c.scopesOf(c.token), ",")}
}

// cutConnection ends a request without an answer: with a TCP reset, or with an ordinary close.
func cutConnection(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 or a recorder: the nearest thing there
	}
	if t, ok := conn.(interface{ SetLinger(int) error }); ok && reset {
		_ = t.SetLinger(0)
	}
	_ = conn.Close()
}

// missing arguments: Slack names the field in response_metadata.
func lacking(field string) *Refusal {
	return no("invalid_arguments", "[ERROR] missing required field: "+field)
}

// methods is the Web API that the simulator has, with the tiers of Slack's rate limit page: 1, 20, 50 and 100 a minute.
func methods() map[string]method {
	const t2, t3, t4, special = 20, 50, 100, 300
	const write = "chat:write"
	history := []string{"channels:history", "groups:history", "im:history", "mpim:history"}
	reads := []string{"channels:read", "groups:read", "im:read", "mpim:read"}
	all := map[string]method{
		"api.test":              {run: (*call).apiTest, limit: t4, open: true},
		"auth.test":             {run: (*call).authTest, limit: special},
		"team.info":             {run: (*call).teamInfo, limit: t3, scopes: []string{"team:read"}, read: true},
		"bots.info":             {run: (*call).botsInfo, limit: t3, scopes: []string{"users:read"}, read: true},
		"apps.connections.open": {run: (*call).connectionsOpen, limit: t3, app: true},
		"oauth.v2.access":       {run: (*call).access, limit: special, open: true},
		"oauth.v2.exchange":     {run: (*call).exchange, limit: special, open: true},
		"auth.revoke":           {run: (*call).revoke, limit: t3, user: true},
		"apps.uninstall":        {run: (*call).uninstallApp, limit: t3},

		"chat.postMessage":   {run: (*call).postMessage, scopes: []string{write}},
		"chat.postEphemeral": {run: (*call).postEphemeral, limit: t4, scopes: []string{write}},
		"chat.update":        {run: (*call).update, limit: t3, scopes: []string{write}},
		"chat.delete":        {run: (*call).deleteMessage, limit: t3, scopes: []string{write}},
		"chat.getPermalink":  {run: (*call).permalink, limit: special, read: true},
		"chat.startStream":   {run: (*call).startStream, limit: t2, scopes: []string{write}},
		"chat.appendStream":  {run: (*call).appendStream, limit: t4, scopes: []string{write}},
		"chat.stopStream":    {run: (*call).stopStream, limit: t2, scopes: []string{write}},

		"conversations.history": {run: (*call).history, limit: t3, scopes: history, read: true},
		"conversations.replies": {run: (*call).replies, limit: t3, scopes: history, read: true},
		"conversations.info":    {run: (*call).conversationInfo, limit: t3, scopes: reads, read: true},
		"conversations.list":    {run: (*call).conversationList, limit: t2, scopes: reads, read: true},
		"users.conversations":   {run: (*call).conversationsOf, limit: t3, scopes: reads, read: true},
		"conversations.members": {run: (*call).members, limit: t4, scopes: reads, read: true},
		"conversations.open":    {run: (*call).openConversation, limit: t3, scopes: []string{"im:write", "mpim:write"}},
		"conversations.join":    {run: (*call).join, limit: t3, scopes: []string{"channels:join"}},
		"users.info":            {run: (*call).userInfo, limit: t4, scopes: []string{"users:read"}, read: true},
		"users.list":            {run: (*call).userList, limit: t2, scopes: []string{"users:read"}, read: true},
		"usergroups.list":       {run: (*call).userGroups, limit: t2, scopes: []string{"usergroups:read"}, read: true},
		"usergroups.users.list": {run: (*call).userGroupUsers, limit: t2, scopes: []string{"usergroups:read"}, read: true},
		"users.profile.get":     {run: (*call).userProfile, limit: t4, scopes: []string{"users.profile:read"}, read: true},
		"reactions.add":         {run: (*call).addReaction, limit: t3, scopes: []string{"reactions:write"}},
		"reactions.remove":      {run: (*call).removeReaction, limit: t2, scopes: []string{"reactions:write"}},
		"reactions.get":         {run: (*call).getReactions, limit: t3, scopes: []string{"reactions:read"}, read: true},
		"views.publish":         {run: (*call).publishView, limit: t4},
		"views.open":            {run: (*call).openView, limit: t4},
		"views.push":            {run: (*call).pushView, limit: t4},
		"views.update":          {run: (*call).updateView, limit: t4},
		"blocks.validate":       {run: (*call).validateBlocks, limit: t4},

		"files.upload":                  {run: (*call).oldUpload, limit: t2},
		"files.getUploadURLExternal":    {run: (*call).getUploadURL, limit: t4, scopes: []string{"files:write"}},
		"files.completeUploadExternal":  {run: (*call).completeUpload, limit: t4, scopes: []string{"files:write"}},
		"files.info":                    {run: (*call).fileInfo, limit: t4, scopes: []string{"files:read"}, read: true},
		"files.list":                    {run: (*call).fileList, limit: t3, scopes: []string{"files:read"}, read: true},
		"files.delete":                  {run: (*call).removeFile, limit: t3, scopes: []string{"files:write"}},
		"canvases.create":               {run: (*call).createCanvas, limit: t2, scopes: []string{"canvases:write"}},
		"canvases.edit":                 {run: (*call).editCanvas, limit: t3, scopes: []string{"canvases:write"}},
		"canvases.delete":               {run: (*call).deleteCanvas, limit: t3, scopes: []string{"canvases:write"}},
		"canvases.sections.lookup":      {run: (*call).lookupSections, limit: t3, scopes: []string{"canvases:read"}, read: true},
		"canvases.access.set":           {run: (*call).setAccess, limit: t3, scopes: []string{"canvases:write"}},
		"canvases.access.delete":        {run: (*call).deleteAccess, limit: t3, scopes: []string{"canvases:write"}},
		"conversations.canvases.create": {run: (*call).createChannelCanvas, limit: t2, scopes: []string{"canvases:write"}},
		"assistant.search.context":      {run: (*call).searchContext, limit: special, scopes: []string{"search:read.public"}, read: true},
		"assistant.search.info":         {run: (*call).searchInfo, limit: t2, scopes: []string{"search:read.public"}, read: true},

		"agents.sessions.setStatus":             {run: (*call).setSessionStatus, limit: t3, scopes: []string{write}},
		"agents.sessions.rename":                {run: (*call).renameSession, limit: t3, scopes: []string{write}},
		"assistant.threads.setStatus":           {run: (*call).setProse, limit: t4, scopes: []string{write, "assistant:write"}},
		"assistant.threads.setTitle":            {run: (*call).setTitle, limit: t4, scopes: []string{write, "assistant:write"}},
		"assistant.threads.setSuggestedPrompts": {run: (*call).setPrompts, limit: t4, scopes: []string{"assistant:write"}},
	}
	return maps.Clone(all)
}

// channel resolves the channel argument of a call that may read it: known, and the app can see it.
func (c *call) channel(field string) (*channel, error) {
	id := c.args.str(field)
	if id == "" {
		return nil, no("channel_not_found")
	}
	ch := c.ws.channelBy[id]
	if ch == nil || strings.HasPrefix(id, "#") || (ch.closed() && !ch.has(c.ws.app.BotUserID)) {
		return nil, no("channel_not_found")
	}
	return ch, nil
}

// target resolves the channel argument of a call that writes. A user's id stands for their DM with the app.
func (c *call) target(field string) (*channel, error) {
	id := c.args.str(field)
	if u := c.ws.userByID[id]; u != nil && id != c.ws.app.BotUserID {
		return c.dm(id), nil
	}
	ch, err := c.channel(field)
	if err != nil {
		return nil, err
	}
	if ch.IsArchived {
		return nil, no("is_archived")
	}
	if !ch.has(c.ws.app.BotUserID) && (ch.IsPrivate || !c.scoped("chat:write.public")) {
		return nil, no("not_in_channel")
	}
	return ch, nil
}
