package slacksim

import (
	"maps"
	"slices"
	"time"
)

// install is what the workspace knows of the app's installation: whether it is there, and its tokens.
type install struct {
	gone      bool              // uninstalled: no events, no interactions
	exchanged bool              // the token of Options was given for a rotating one
	dead      string            // the error that the token of Options gives; empty: it works
	grants    map[string]*Grant // by access token
	fresh     map[string]*Grant // by refresh token
	codes     map[string]*oauthCode
}

func newInstall() *install {
	return &install{grants: map[string]*Grant{}, fresh: map[string]*Grant{}, codes: map[string]*oauthCode{}}
}

// Grant is a token that OAuth issued.
type Grant struct {
	Token     string    `json:"token"`
	Refresh   string    `json:"refresh_token,omitempty"`
	Scopes    []string  `json:"scopes"`
	User      string    `json:"user"`                // who allowed it
	IsUser    bool      `json:"is_user"`             // acts for the person; the simulator only issues it
	Expires   time.Time `json:"expires,omitzero"`    // zero: never
	Dead      string    `json:"dead,omitempty"`      // the error that it gives; empty: it works
	Exchanged bool      `json:"exchanged,omitempty"` // it was given for a rotating one
	Next      string    `json:"next,omitempty"`      // the token that its refresh token was used for
	Grace     time.Time `json:"grace,omitzero"`      // until when the used refresh token gives Next once more
}

// Installation is the part of an Archive that keeps a saved workspace's tokens working.
type Installation struct {
	Gone      bool    `json:"gone,omitempty"`
	Exchanged bool    `json:"exchanged,omitempty"`
	Dead      string  `json:"dead,omitempty"`
	Grants    []Grant `json:"grants,omitempty"`
}

func (i *install) archive() Installation {
	a := Installation{Gone: i.gone, Exchanged: i.exchanged, Dead: i.dead}
	for _, token := range slices.Sorted(maps.Keys(i.grants)) {
		a.Grants = append(a.Grants, *i.grants[token])
	}
	return a
}

func (a Installation) build() *install {
	i := newInstall()
	i.gone, i.exchanged, i.dead = a.Gone, a.Exchanged, a.Dead
	for _, g := range a.Grants {
		i.add(&g)
	}
	return i
}

func (i *install) add(g *Grant) {
	i.grants[g.Token] = g
	if g.Refresh != "" {
		i.fresh[g.Refresh] = g
	}
}

// tokenKind names what a token is: bot, user, app, unknown, or empty.
func (s *Sim) tokenKind(token string) string {
	switch token {
	case "":
		return ""
	case s.opts.BotToken:
		return "bot"
	case s.opts.AppToken:
		return "app"
	}
	switch g := s.ws.install.grants[token]; {
	case g == nil:
		return "unknown"
	case g.IsUser:
		return "user"
	}
	return "bot"
}

// tokenError is the error that a bot or user token gives; empty means that it works.
func (s *Sim) tokenError(token string) string {
	if g := s.ws.install.grants[token]; g != nil {
		if g.Dead == "" && !g.Expires.IsZero() && !s.now().Before(g.Expires) {
			return "token_expired"
		}
		return g.Dead
	}
	if s.ws.install.dead != "" {
		return s.ws.install.dead
	}
	switch s.settings.TokenState {
	case "revoked":
		return "token_revoked"
	case "expired":
		return "token_expired"
	case "inactive":
		return "account_inactive"
	}
	return ""
}

// scopesOf are the scopes of a token: those that were allowed, or the Settings' for the token of Options.
func (s *Sim) scopesOf(token string) []string {
	if g := s.ws.install.grants[token]; g != nil {
		return g.Scopes
	}
	return s.settings.Scopes
}

// Uninstall is an administrator who removes the app: tokens_revoked and app_uninstalled, in either order, and from
// then on every call with a bot token gives account_inactive. Slack: "app_uninstalled event".
func (s *Sim) Uninstall() error {
	s.enter()
	defer s.leave()
	return s.uninstall()
}

func (s *Sim) uninstall() error {
	i := s.ws.install
	if i.gone {
		return &BadRequest{"not_installed", "the app is not installed: POST /sim/install, or go through the OAuth page"}
	}
	send := []func(){
		func() {
			s.emit("app_uninstalled", "", nil, "app_uninstalled", map[string]any{"type": "app_uninstalled", "event_ts": s.eventTS()})
		},
		s.emitRevoked,
	}
	s.rng.Shuffle(len(send), func(i, j int) { send[i], send[j] = send[j], send[i] })
	for _, f := range send {
		f()
	}
	i.gone, i.dead = true, "account_inactive"
	for _, g := range i.grants {
		g.Dead = "account_inactive"
	}
	clear(i.fresh)
	clear(i.codes)
	s.publish("install", map[string]bool{"installed": false})
	return nil
}

func (s *Sim) emitRevoked() {
	s.emit("tokens_revoked", "", nil, "tokens_revoked", map[string]any{
		"type": "tokens_revoked", "event_ts": s.eventTS(),
		"tokens": map[string][]string{"oauth": {}, "bot": {s.ws.app.BotUserID}},
	})
}

// Install puts the app back, with the token of Options working again. Tokens that OAuth issued before stay dead.
func (s *Sim) Install() {
	s.enter()
	defer s.leave()
	s.ws.install.dead, s.ws.install.exchanged = "", false
	s.reinstall()
}

func (s *Sim) reinstall() {
	if i := s.ws.install; i.gone {
		i.gone = false
		s.publish("install", map[string]bool{"installed": true})
	}
}

// revoke is auth.revoke: the token that it is called with works no longer; test=1 only tries.
func (c *call) revoke() (reply, error) {
	if c.args.flag("test", false) {
		return reply{"revoked": false}, nil
	}
	if g := c.ws.install.grants[c.token]; g != nil {
		g.Dead = "token_revoked"
		delete(c.ws.install.fresh, g.Refresh)
	} else {
		c.ws.install.dead = "token_revoked"
	}
	c.emitRevoked()
	return reply{"revoked": true}, nil
}

// uninstallApp is apps.uninstall.
func (c *call) uninstallApp() (reply, error) {
	if err := c.checkClient(true); err != nil {
		return nil, err
	}
	return reply{}, c.uninstall()
}

// scoped reports whether the token of the call has a scope.
func (c *call) scoped(scope string) bool { return slices.Contains(c.scopesOf(c.token), scope) }
