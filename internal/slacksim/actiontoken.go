package slacksim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// actionToken is what lets the app search on behalf of the person who wrote to it. It says all there is to know, so
// that the simulator has nothing to remember for each event.
func (s *Sim) actionToken(user string) string {
	until := s.now().Add(ms(s.settings.ActionToken)).UnixMilli()
	s.tokenN++
	text := fmt.Sprintf("%d.%d.%s", until, s.tokenN, user)
	return base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + s.seal(text)
}

func (s *Sim) seal(text string) string {
	key := fmt.Sprintf("%d:%d:%s", s.opts.Seed, s.epoch, s.ws.team.ID)
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// bearer is the person of an action token that is good now.
func (s *Sim) bearer(token string) (user string, ok bool) {
	body, seal, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || !hmac.Equal([]byte(seal), []byte(s.seal(string(text)))) {
		return "", false
	}
	until, rest, _ := strings.Cut(string(text), ".")
	_, user, _ = strings.Cut(rest, ".")
	at, err := strconv.ParseInt(until, 10, 64)
	return user, err == nil && s.now().Before(time.UnixMilli(at)) && s.ws.userByID[user] != nil
}

// threadToken is the token once more, where events of agents carry it.
type threadToken struct {
	ActionToken string `json:"action_token"`
}

// grant gives the event of a person's message its action token.
func (s *Sim) grant(e *messageEvent, m *Message) {
	if m.byApp() || m.User == "" {
		return
	}
	e.ActionToken = s.actionToken(m.User)
	e.AssistantThread = &threadToken{e.ActionToken}
}
