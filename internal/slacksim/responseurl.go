package slacksim

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// How often and how long a response_url can be used. Slack: "Handling user interaction", message responses.
const (
	hookUses = 5
	hookLife = 30 * time.Minute
	maxHooks = 10_000
)

// hook is what stands behind a response_url.
type hook struct {
	path      string // actions, commands
	url       string
	user      string // who sees ephemeral answers
	channel   string
	original  string // ts of the message with the element; "" when there is none
	ephemeral bool   // the original is an ephemeral message
	thread    string // of the original
	uses      int
	at        time.Time
}

// viewHook is a response_url of a view_submission.
type viewHook struct {
	BlockID     string `json:"block_id"`
	ActionID    string `json:"action_id"`
	ChannelID   string `json:"channel_id"`
	ResponseURL string `json:"response_url"`
}

// newHook makes a response_url.
func (s *Sim) newHook(h hook) string { return s.hookFor(h).url }

func (s *Sim) hookFor(h hook) *hook {
	a := s.acts
	path := fmt.Sprintf("/%s/%s/%d/%s", h.path, s.ws.team.ID, 1e12+s.rng.Int64N(9e12), strings.ReplaceAll(s.uuid(), "-", "")[:24])
	h.at, h.url = s.now(), s.base+path
	a.hooks[path] = &h
	a.hookLog = append(a.hookLog, path)
	if len(a.hookLog) > maxHooks {
		delete(a.hooks, a.hookLog[0])
		a.hookLog = a.hookLog[1:]
	}
	return &h
}

// serveHook answers a POST to a response_url. It needs no token.
func (s *Sim) serveHook(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	entry := &Call{Method: "response_url", Args: json.RawMessage("{}")}
	a, err := hookArgs(r)
	if b, e := json.Marshal(a); err == nil && e == nil && len(b) <= maxJournalled {
		entry.Args = b
	}
	s.enter()
	status := http.StatusOK
	if err == nil {
		h := s.acts.hooks[r.URL.Path]
		switch {
		case h == nil:
			status, err = http.StatusNotFound, no("invalid_url")
		case s.now().Sub(h.at) > hookLife:
			status, err = http.StatusNotFound, no("expired_url")
		case h.uses >= hookUses:
			status, err = http.StatusNotFound, no("used_url")
		default:
			if err = s.answerHook(h, a); err == nil {
				h.uses++
			}
		}
	}
	body := []byte("ok")
	if err != nil {
		x := asRefusal(err)
		if status == http.StatusOK {
			status = http.StatusBadRequest
		}
		entry.Error = x.Code
		body, _ = json.Marshal(x.reply()) // strings always encode
		entry.Response = body
	}
	entry.At, entry.Status, entry.OK = stamp(s.now()), status, err == nil
	entry.MS = float64(time.Since(began).Microseconds()) / 1000
	s.calls.add(func(n int) *Call { entry.N = n; return entry })
	s.publish("call", entry)
	s.leave()
	if err != nil {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// hookArgs reads a JSON body, or a form with it in payload.
func hookArgs(r *http.Request) (args, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return nil, no("invalid_payload")
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		v, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, no("invalid_payload")
		}
		body = []byte(v.Get("payload"))
	}
	var a args
	if json.Unmarshal(body, &a) != nil || a == nil {
		return nil, no("invalid_payload")
	}
	return a, nil
}

// answerHook posts, replaces or deletes what a response_url, or the acknowledgement of a command, says.
func (s *Sim) answerHook(h *hook, a args) error {
	ch := s.ws.channelBy[h.channel]
	if ch == nil {
		return no("channel_not_found")
	}
	own := ch.byTS[h.original] // the original, if the app may change it
	if own != nil && own.AppID != s.ws.app.ID {
		own = nil
	}
	var ghost *Ephemeral
	if h.ephemeral {
		ghost = s.ephemeral(h.channel, h.user, h.original)
	}
	if a.flag("delete_original", false) {
		if a.has("text") || a.has("blocks") || a.flag("replace_original", false) {
			return no("invalid_arguments", "[ERROR] delete_original stands alone")
		}
		switch {
		case own != nil:
			before := own.wire()
			s.remove(ch, own)
			s.emitDeleted(ch, before)
		case ghost != nil:
			s.hide(ghost)
		default:
			return no("message_not_found")
		}
		return nil
	}
	x, err := (&call{Sim: s, args: a}).content()
	if err != nil {
		return err
	}
	x.text = cutText(x.text)
	inChannel := a.str("response_type") == "in_channel"
	if a.flag("replace_original", false) {
		switch {
		case ghost != nil: // it stays ephemeral, whatever response_type says
			ghost.Text, ghost.Blocks = x.shown(), x.blocks
			s.publish("ephemeral", ghost)
			return nil
		case own != nil && own.stream != nil && own.stream.state == streamLive:
			return no("streaming_state_conflict")
		case own != nil:
			before := own.wire()
			x.fill(own)
			own.stream, own.StreamingState = nil, ""
			s.publishMessage(ch, own)
			s.emitChanged(ch, own, before)
			return nil
		}
	}
	if !inChannel {
		e := &Ephemeral{Channel: ch.ID, User: h.user, Text: x.shown(), Blocks: x.blocks, TS: ch.tick(s.now())}
		s.ws.ephemerals = append(s.ws.ephemerals, e)
		s.publish("ephemeral", e)
		return nil
	}
	m := s.appMessage()
	x.fill(m)
	if root := ch.byTS[a.str("thread_ts")]; root != nil {
		m.ThreadTS = root.root()
	}
	s.insert(ch, m)
	s.emitMessage(ch, m)
	return nil
}

// shown is the text of an ephemeral message.
func (x content) shown() string {
	switch {
	case x.markdown != "":
		return x.markdown
	case x.text == "" && x.blocks != nil:
		return unshowable
	}
	return x.text
}

// hide takes an ephemeral message from the person's screen.
func (s *Sim) hide(e *Ephemeral) {
	s.ws.ephemerals = slices.DeleteFunc(s.ws.ephemerals, func(x *Ephemeral) bool { return x == e })
	s.publish("ephemeral_deleted", map[string]string{"channel": e.Channel, "ts": e.TS})
}

// baseURL is the simulator as the caller addresses it.
func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
