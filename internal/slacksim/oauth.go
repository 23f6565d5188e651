package slacksim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Default credentials of the app, used where Options names none.
const (
	DefaultClientID     = "1000000000001.1000000000002"
	DefaultClientSecret = "sim-client-secret"
)

// oauthCode is what the authorize page gave away.
type oauthCode struct {
	ask     consent
	user    string
	expires time.Time
}

// consent is what an app asks for on the authorize page. Slack: "Installing with OAuth".
type consent struct {
	ClientID    string `json:"client_id"`
	Scope       string `json:"scope"`
	UserScope   string `json:"user_scope"`
	RedirectURI string `json:"redirect_uri"`
	State       string `json:"state"`
	Team        string `json:"team"`
	Challenge   string `json:"code_challenge"`
	Method      string `json:"code_challenge_method"`
	User        string `json:"user"`    // who answers; empty: the first person
	Approve     *bool  `json:"approve"` // false: Cancel
	sent        string // RedirectURI as it came
	old         bool   // it came to the address of the first version of OAuth
}

var scopeName = regexp.MustCompile(`^[a-z_]+([.:][a-z_]+)*$`)

func splitScopes(list string) []string {
	return slices.DeleteFunc(strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }), func(s string) bool { return s == "" })
}

// checkConsent names what is wrong with a request to the authorize page; without an error ask.RedirectURI is where to
// go on.
func (s *Sim) checkConsent(ask *consent) (code string) {
	if ask.ClientID != s.opts.ClientID {
		return "invalid_client_id"
	}
	if ask.Team != "" && ask.Team != s.ws.team.ID {
		return "invalid_team_for_non_distributed_app"
	}
	if ask.RedirectURI == "" && len(s.settings.RedirectURLs) > 0 {
		ask.RedirectURI = s.settings.RedirectURLs[0]
	}
	if !s.mayRedirect(ask.RedirectURI) {
		return "bad_redirect_uri"
	}
	scopes := append(splitScopes(ask.Scope), splitScopes(ask.UserScope)...)
	if len(scopes) == 0 {
		return "no_scopes"
	}
	for _, name := range scopes {
		if !scopeName.MatchString(name) {
			return "invalid_scope"
		}
	}
	if ask.Challenge != "" && !s.settings.PKCE {
		return "pkce_not_allowed"
	}
	if ask.Challenge != "" && ask.Method != "S256" || ask.Challenge == "" && ask.Method != "" {
		return "invalid_code_challenge"
	}
	return ""
}

// mayRedirect reports whether an address is registered, or on loopback while none is.
func (s *Sim) mayRedirect(to string) bool {
	if len(s.settings.RedirectURLs) == 0 {
		return checkAddress(to) == nil
	}
	return slices.ContainsFunc(s.settings.RedirectURLs, func(known string) bool {
		return to == known || strings.HasPrefix(to, strings.TrimSuffix(known, "/")+"/") || strings.HasPrefix(to, known+"?")
	})
}

// decide answers a valid request: the address to go back to, and the code in it, if it was allowed.
func (s *Sim) decide(ask consent) (to, id string, err error) {
	u, err := url.Parse(ask.RedirectURI)
	if err != nil {
		return "", "", &BadRequest{"bad_redirect_uri", err.Error()}
	}
	q := u.Query()
	if ask.Approve != nil && !*ask.Approve {
		q.Set("error", "access_denied")
	} else {
		user, err := s.consenting(ask.User)
		if err != nil {
			return "", "", err
		}
		id = s.secret("")
		s.ws.install.codes[id] = &oauthCode{ask: ask, user: user, expires: s.now().Add(ms(s.settings.CodeLife))}
		q.Set("code", id)
	}
	q.Set("state", ask.State)
	u.RawQuery = q.Encode()
	return u.String(), id, nil
}

// consenting is who answers the authorize page.
func (s *Sim) consenting(id string) (string, error) {
	if id != "" {
		u, err := s.person(id)
		if err != nil {
			return "", err
		}
		return u.ID, nil
	}
	for _, u := range s.ws.users {
		if !u.IsBot && !u.Deleted {
			return u.ID, nil
		}
	}
	return "", &BadRequest{"user_not_found", "the workspace has no person who could install the app"}
}

// secret makes a hard to guess part of a token.
func (s *Sim) secret(prefix string) string {
	return prefix + strings.ReplaceAll(s.uuid()+s.uuid(), "-", "")
}

// checkClient checks the app's credentials, from HTTP Basic or the body.
func (c *call) checkClient(secretNeeded bool) error {
	id, secret := c.args.str("client_id"), c.args.str("client_secret")
	if c.client != "" {
		id, secret = c.client, c.clientSecret
	}
	if id != c.opts.ClientID {
		return no("invalid_client_id")
	}
	if (secretNeeded || secret != "") && subtle.ConstantTimeCompare([]byte(secret), []byte(c.opts.ClientSecret)) != 1 {
		return no("bad_client_secret")
	}
	return nil
}

// access is oauth.v2.access: a code, or a refresh token, for a new token.
func (c *call) access() (reply, error) {
	verifier := c.args.str("code_verifier")
	kind := c.args.str("grant_type")
	if err := c.checkClient(verifier == "" || kind == "refresh_token"); err != nil { // a public client proves itself by PKCE
		return nil, err
	}
	switch kind {
	case "", "authorization_code":
	case "refresh_token":
		return c.refreshToken()
	default:
		return nil, no("invalid_grant_type")
	}
	if verifier != "" && !c.settings.PKCE {
		return nil, no("pkce_not_allowed")
	}
	id := c.args.str("code")
	given := c.ws.install.codes[id]
	if given == nil {
		return nil, no("invalid_code")
	}
	if given.ask.old {
		return nil, no("oauth_authorization_url_mismatch")
	}
	delete(c.ws.install.codes, id) // once, whatever comes of it
	switch {
	case !c.now().Before(given.expires):
		return nil, no("invalid_code")
	case c.args.str("redirect_uri") != given.ask.sent && (given.ask.sent != "" || c.args.str("redirect_uri") != given.ask.RedirectURI):
		return nil, no("bad_redirect_uri")
	case given.ask.Challenge != "" && challengeOf(verifier) != given.ask.Challenge, given.ask.Challenge == "" && verifier != "":
		return nil, no("invalid_code_verifier")
	}
	c.reinstall()
	user := reply{"id": given.user}
	if scopes := splitScopes(given.ask.UserScope); len(scopes) > 0 {
		g := &Grant{Token: c.secret("xoxp-sim-"), Scopes: scopes, User: given.user, IsUser: true}
		c.ws.install.add(g)
		user["scope"], user["access_token"], user["token_type"] = strings.Join(scopes, ","), g.Token, "user"
	}
	scopes := splitScopes(given.ask.Scope)
	if len(scopes) == 0 {
		return reply{"app_id": c.ws.app.ID, "authed_user": user, "team": c.teamOf(), "enterprise": nil, "is_enterprise_install": false}, nil
	}
	return c.granted(c.grant(given.user, scopes), user), nil
}

// challengeOf is the S256 challenge of a verifier (RFC 7636).
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// grant issues a bot token, rotating or for good.
func (c *call) grant(user string, scopes []string) *Grant {
	g := &Grant{Scopes: scopes, User: user, Token: c.secret("xoxb-sim-")}
	if c.settings.TokenRotation {
		g.Token, g.Refresh = c.secret("xoxe.xoxb-1-"), c.secret("xoxe-1-")
		g.Expires = c.now().Add(ms(c.settings.TokenLife))
	}
	c.ws.install.add(g)
	return g
}

func (c *call) teamOf() reply { return reply{"id": c.ws.team.ID, "name": c.ws.team.Name} }

// granted is the answer of oauth.v2.access.
func (c *call) granted(g *Grant, user reply) reply {
	r := reply{
		"app_id": c.ws.app.ID, "authed_user": user, "scope": strings.Join(g.Scopes, ","), "token_type": "bot",
		"access_token": g.Token, "bot_user_id": c.ws.app.BotUserID, "team": c.teamOf(), "enterprise": nil,
		"is_enterprise_install": false,
	}
	if g.Refresh != "" {
		r["refresh_token"] = g.Refresh
		r["expires_in"] = int(math.Ceil(g.Expires.Sub(c.now()).Seconds()))
	}
	return r
}

// refreshToken uses up a refresh token. The access token that came with it stays valid until it expires. Within a
// short grace the used one gives the same new token again, for who lost the first answer.
func (c *call) refreshToken() (reply, error) {
	old := c.ws.install.fresh[c.args.str("refresh_token")]
	if old == nil || old.Dead != "" {
		return nil, no("invalid_refresh_token")
	}
	if old.Next != "" {
		next := c.ws.install.grants[old.Next]
		if next == nil || next.Next != "" || !c.now().Before(old.Grace) {
			return nil, no("invalid_refresh_token")
		}
		return c.granted(next, reply{"id": next.User}), nil
	}
	next := c.grant(old.User, old.Scopes)
	if next.Refresh == "" { // rotation was switched off meanwhile; a rotating token stays one
		delete(c.ws.install.grants, next.Token)
		next.Token, next.Refresh, next.Expires = c.secret("xoxe.xoxb-1-"), c.secret("xoxe-1-"), c.now().Add(ms(c.settings.TokenLife))
		c.ws.install.add(next)
	}
	old.Next, old.Grace = next.Token, c.now().Add(ms(c.settings.RefreshGrace))
	return c.granted(next, reply{"id": next.User}), nil
}

// exchange is oauth.v2.exchange: a token for good becomes a rotating one, once.
func (c *call) exchange() (reply, error) {
	if err := c.checkClient(true); err != nil {
		return nil, err
	}
	if !c.settings.TokenRotation {
		return nil, no("token_rotation_not_enabled")
	}
	g := c.ws.install.grants[c.token]
	switch {
	case c.tokenKind(c.token) != "bot" || g != nil && g.Refresh != "":
		return nil, no("invalid_token")
	case g == nil && c.ws.install.exchanged, g != nil && g.Exchanged:
		return nil, no("token_already_exchanged")
	case c.tokenError(c.token) != "":
		return nil, no("authorization_not_found")
	}
	user, err := c.consenting("")
	if err != nil {
		return nil, no("authorization_not_found")
	}
	next := c.grant(user, slices.Clone(c.scopesOf(c.token)))
	if g != nil {
		next.User, g.Exchanged, g.Dead = g.User, true, "token_revoked"
	} else {
		c.ws.install.exchanged, c.ws.install.dead = true, "token_revoked"
	}
	return c.granted(next, reply{"id": next.User}), nil
}

// checkOAuth checks the switches of OAuth.
func (t Settings) checkOAuth() error {
	for _, to := range t.RedirectURLs {
		if err := checkAddress(to); err != nil {
			return fmt.Errorf("redirect_urls %w", err)
		}
	}
	if t.RefreshGrace < 0 {
		return fmt.Errorf("refresh_grace_ms is %d: it must not be negative", t.RefreshGrace)
	}
	return nil
}

// public is the arguments without secrets, for the journal.
func (a args) public() args {
	secrets := []string{"client_secret", "code", "code_verifier", "refresh_token"}
	if !slices.ContainsFunc(secrets, a.has) {
		return a
	}
	a = maps.Clone(a)
	for _, name := range secrets {
		delete(a, name)
	}
	return a
}

var tokenField = regexp.MustCompile(`"(access_token|refresh_token)":"[^"]*"`)

// hideTokens is the answer of an OAuth method as the journal keeps it.
func hideTokens(method string, body []byte) []byte {
	if !strings.HasPrefix(method, "oauth.") {
		return body
	}
	return tokenField.ReplaceAll(body, []byte(`"$1":"(hidden)"`))
}
