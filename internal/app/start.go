package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"holdfast/internal/admin"
	"holdfast/internal/chat"
	"holdfast/internal/config"
	"holdfast/internal/inbox"
	"holdfast/internal/openai"
	"holdfast/internal/reception"
	slacksocket "holdfast/internal/slack/socket"
	"holdfast/internal/slack/web"
	"holdfast/internal/turn"
)

// receiver joins the socket to the inbox, and to what answers with the acknowledgement.
type receiver struct {
	inbox *inbox.Inbox
	door  *reception.Door
}

// Receive stores an envelope.
func (r receiver) Receive(ctx context.Context, e slacksocket.Envelope) (json.RawMessage, error) {
	if err := r.inbox.Receive(ctx, inbox.Envelope{Type: e.Type, ID: e.ID, Payload: e.Payload, At: e.At}); err != nil {
		return nil, err
	}
	if !e.AcceptsResponse {
		return nil, nil
	}
	return r.door.Answer(e.Payload), nil
}

// rates are Slack's, as the operator has them changed.
func rates(c config.Config) web.Limits {
	return web.Limits{Factor: c.SlackRate, PerMinute: map[string]int{
		"conversations.history": c.HistoryRate, "conversations.replies": c.HistoryRate,
	}}
}

// early stops what runs here in the conversation that a stop names, if it names one.
func early(runner *turn.Runner) func(inbox.Stop) {
	return func(s inbox.Stop) {
		if s.Root != "" {
			runner.StopEarly(chat.Conversation{Team: s.Team, Channel: s.Channel, Root: s.Root}.Key(), s.At)
		}
	}
}

// note is what a turn that runs is told of an entry.
func note(e inbox.Entry, work bool) turn.Note {
	m := e.Message
	lane := e.Lane
	if lane.IsZero() {
		lane = m.Conversation
	}
	return turn.Note{Lane: lane.Key(), TS: m.TS, Edited: m.Edited, Came: work, Deleted: m.Deleted}
}

// identify asks Slack who we are, again and again while Slack is away: what it
// answers decides which messages are for us.
func identify(ctx context.Context, calls *web.Client, log *slog.Logger) (web.Identity, error) {
	for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
		who, err := calls.AuthTest(ctx)
		if err == nil {
			return who, nil
		}
		if e, ok := errors.AsType[*web.Error](err); ok && (e.Class == web.Auth || e.Class == web.Refused) {
			return web.Identity{}, &SetupError{Say: "SLACK_BOT_TOKEN: Slack refuses it: copy the Bot User OAuth Token again, or install the app again", Cause: err}
		}
		log.Error("cannot reach Slack; will try again", "pause", pause, "err", err)
		select {
		case <-ctx.Done():
			return web.Identity{}, nil
		case <-time.After(pause):
		}
	}
}

// ownName is what people call us, for the model to know; the handle if Slack
// will not say.
func ownName(ctx context.Context, calls *web.Client, who web.Identity, log *slog.Logger) string {
	me, err := calls.UserInfo(ctx, who.User, web.Send{Wait: 2 * time.Second, Timeout: 2 * time.Second})
	if err != nil || me.Name == "" {
		log.Debug("cannot read our own profile; going by the handle", "err", err)
		return who.UserName
	}
	return me.Name
}

// capabilities are what the operator says of the endpoint; nil: go by its address.
func capabilities(endpoint string) *openai.Capabilities {
	switch endpoint {
	case "full":
		all := openai.Full()
		return &all
	case "basic":
		return &openai.Capabilities{}
	}
	return nil
}

// checkModel tells mistakes from outages: only the former end the start. It returns the
// models that the endpoint has, none if it does not say.
func checkModel(ctx context.Context, m *openai.Client, name string, log *slog.Logger) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := m.Check(ctx, name)
	if err == nil {
		names, err := m.Models(ctx)
		if err != nil {
			log.Info("the endpoint does not list its models", "err", err)
		}
		return names, nil
	}
	failure, ok := errors.AsType[*turn.Failure](err)
	if ok && failure.Code == "bad_key" {
		return nil, &SetupError{Say: "OPENAI_API_KEY: " + err.Error()}
	}
	log.Warn("the model cannot be checked; serving all the same", "model", name, "err", err)
	return nil, nil
}

// socketReady tells why nothing would arrive now.
func socketReady(s *slacksocket.Client) error {
	switch st := s.Status(); {
	case st.Live > 0:
		return nil
	case st.Disabled:
		return errors.New("Socket Mode is switched off in the app's settings")
	case st.LastError != "":
		return errors.New("no connection: " + st.LastError)
	}
	return errors.New("no connection yet")
}

// readiness is what must hold for this process to take messages in and answer.
func readiness(ctx context.Context, db database, socket *slacksocket.Client) admin.Checks {
	return admin.Checks{
		"slack socket": func(context.Context) error { return socketReady(socket) },
		"database":     db.Ping,
		"process": func(context.Context) error {
			if ctx.Err() != nil {
				return errors.New("draining: it takes nothing in, and ends when what runs has ended or yielded")
			}
			return nil
		},
	}
}

// serveAdmin answers on the admin address. The returned function stops it.
func serveAdmin(ctx context.Context, addr string, log *slog.Logger, pages http.Handler) (func(), error) {
	if addr == "off" {
		return func() {}, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, &SetupError{Say: "HOLDFAST_ADMIN_ADDR: cannot listen on " + addr + ": choose another address, or off", Cause: err}
	}
	srv := &http.Server{Handler: pages, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the admin address does not answer any more", "err", err)
		}
	}()
	log.Info("admin address", "url", fmt.Sprintf("http://%s/readyz", l.Addr()))
	return func() {
		_ = srv.Close() // what it was saying is of no use to a process that ends
		<-done
	}, nil
}
