package slacksim

import (
	"encoding/json"
	"html/template"
	"mime"
	"net/http"
	"strings"
)

// authorizePage is where a person allows the app to be installed. Slack: "Installing with OAuth".
var authorizePage = template.Must(template.New("authorize").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Install {{.App}}</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 30rem; margin: 10vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.4rem; }
li { font-family: ui-monospace, monospace; font-size: .9rem; }
button, select { font: inherit; padding: .4rem 1rem; }
p.error { color: #c01343; }
</style></head><body>
{{if .Error}}<h1>This app cannot be installed</h1>
<p class="error"><code>{{.Error}}</code></p>
<p>{{.Why}}</p>
{{else}}<h1>{{.App}} asks for access to the workspace {{.Team}}</h1>
{{if .Scopes}}<p>As the app it will have these scopes:</p><ul>{{range .Scopes}}<li>{{.}}</li>{{end}}</ul>{{end}}
{{if .UserScopes}}<p>On your behalf it will have these scopes:</p><ul>{{range .UserScopes}}<li>{{.}}</li>{{end}}</ul>{{end}}
<form method="post">
{{range $name, $value := .Fields}}<input type="hidden" name="{{$name}}" value="{{$value}}">{{end}}
<p><label>You are <select name="user">{{range .People}}<option value="{{.ID}}">{{.RealName}}</option>{{end}}</select></label></p>
<p><button name="approve" value="true">Allow</button> <button name="approve" value="false">Cancel</button></p>
</form>{{end}}
</body></html>
`))

// whyNot explains the errors of the authorize page.
var whyNot = map[string]string{
	"invalid_client_id":                    "client_id is not the app's.",
	"bad_redirect_uri":                     "redirect_uri is missing, or none of redirect_urls in the settings (by default any address on loopback).",
	"no_scopes":                            "Name at least one scope in scope or user_scope.",
	"invalid_scope":                        "A scope is written like chat:write; several are separated by commas.",
	"pkce_not_allowed":                     "PKCE is switched off (pkce_enabled in the settings).",
	"invalid_code_challenge":               "code_challenge needs code_challenge_method=S256.",
	"invalid_team_for_non_distributed_app": "team is not this workspace.",
}

// serveAuthorize is the authorize page and the answer to it: a form from the page, or JSON from a test, which gets
// {"location","code"} instead of a redirect.
func (s *Sim) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/oauth/v2/authorize" && r.URL.Path != "/oauth/authorize" {
		http.NotFound(w, r)
		return
	}
	var ask consent
	asJSON := false
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if asJSON = kind == "application/json"; asJSON {
			if err := body(r, &ask); err != nil {
				refuse(w, http.StatusBadRequest, asBadRequest(err))
				return
			}
		}
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if !asJSON {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		_ = r.ParseForm() // what cannot be read is missing
		ask = consent{
			ClientID: r.Form.Get("client_id"), Scope: r.Form.Get("scope"), UserScope: r.Form.Get("user_scope"),
			RedirectURI: r.Form.Get("redirect_uri"), State: r.Form.Get("state"), Team: r.Form.Get("team"),
			Challenge: r.Form.Get("code_challenge"), Method: r.Form.Get("code_challenge_method"), User: r.Form.Get("user"),
		}
		if v := r.Form.Get("approve"); v != "" {
			yes := v == "true"
			ask.Approve = &yes
		}
	}
	ask.sent, ask.old = ask.RedirectURI, r.URL.Path == "/oauth/authorize"
	decided := r.Method == http.MethodPost && (asJSON || ask.Approve != nil)

	s.enter()
	bad := s.checkConsent(&ask)
	to, id := "", ""
	var err error
	if bad == "" && decided {
		to, id, err = s.decide(ask)
	}
	app, team, people := s.ws.app.Name, s.ws.team.Name, s.people()
	s.leave()

	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, asBadRequest(err))
	case asJSON && bad != "":
		refuse(w, http.StatusBadRequest, &BadRequest{bad, whyNot[bad]})
	case asJSON:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		b, _ := json.Marshal(map[string]string{"location": to, "code": id}) // strings always encode
		_, _ = w.Write(b)
	case to != "":
		http.Redirect(w, r, to, http.StatusFound)
	default:
		var page strings.Builder
		if err := authorizePage.Execute(&page, map[string]any{
			"Error": bad, "Why": whyNot[bad], "App": app, "Team": team, "People": people,
			"Scopes": splitScopes(ask.Scope), "UserScopes": splitScopes(ask.UserScope),
			"Fields": map[string]string{
				"client_id": ask.ClientID, "scope": ask.Scope, "user_scope": ask.UserScope, "redirect_uri": ask.sent,
				"state": ask.State, "team": ask.Team, "code_challenge": ask.Challenge, "code_challenge_method": ask.Method,
			},
		}); err != nil {
			s.log.Error("slacksim: authorize page", "error", err)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
		if bad != "" {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = w.Write([]byte(page.String()))
	}
}

// people are those who may install the app.
func (s *Sim) people() []User {
	out := []User{}
	for _, u := range s.ws.users {
		if !u.IsBot && !u.Deleted {
			out = append(out, *u)
		}
	}
	return out
}
