package baseline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// Endpoints are the addresses and tokens that a bot is given.
type Endpoints struct {
	SlackURL, BotToken, AppToken string
	ModelURL, ModelKey           string
}

// client keeps its connections: a pool that is too small would be a handicap.
func client(timeout time.Duration) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, 10_000
	return &http.Client{Transport: t, Timeout: timeout}
}

// slack is the Web API and the socket.
type slack struct {
	e    Endpoints
	http *http.Client
}

func newSlack(e Endpoints) *slack { return &slack{e: e, http: client(30 * time.Second)} }

// event is a message or a mention.
type event struct {
	Type        string `json:"type"`
	Subtype     string `json:"subtype"`
	ChannelType string `json:"channel_type"`
	Channel     string `json:"channel"`
	BotID       string `json:"bot_id"`
	Text        string `json:"text"`
	TS          string `json:"ts"`
	ThreadTS    string `json:"thread_ts"`
}

// ours says whether the bot answers: mentions, and what people write to it alone.
func (m event) ours() bool {
	return m.Type == "app_mention" || m.Type == "message" && m.ChannelType == "im" && m.BotID == "" &&
		(m.Subtype == "" || m.Subtype == "file_share")
}

func (m event) root() string {
	if m.ThreadTS != "" {
		return m.ThreadTS
	}
	return m.TS
}

// listen puts messages into the queue until ctx ends.
func (s *slack) listen(ctx context.Context, queue chan<- event, log *slog.Logger) {
	for ctx.Err() == nil {
		err := s.socket(ctx, queue)
		if err == nil || ctx.Err() != nil {
			continue
		}
		log.Error("socket", "err", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// socket reads one connection to its end. It returns nil when Slack asked for
// another.
func (s *slack) socket(ctx context.Context, queue chan<- event) error {
	var opened struct {
		URL string `json:"url"`
	}
	if err := s.call(ctx, "apps.connections.open", s.e.AppToken, nil, &opened); err != nil {
		return err
	}
	ws, _, err := websocket.Dial(ctx, opened.URL, &websocket.DialOptions{HTTPClient: s.http})
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	defer ws.CloseNow()
	ws.SetReadLimit(-1)
	for {
		var f struct {
			Type       string `json:"type"`
			EnvelopeID string `json:"envelope_id"`
			Payload    struct {
				Event event `json:"event"`
			} `json:"payload"`
		}
		if err := wsjson.Read(ctx, ws, &f); err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if f.Type == "disconnect" {
			return nil
		}
		if f.EnvelopeID == "" {
			continue
		}
		if err := wsjson.Write(ctx, ws, map[string]string{"envelope_id": f.EnvelopeID}); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
		if m := f.Payload.Event; f.Type == "events_api" && m.ours() {
			select {
			case queue <- m:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// post writes a message into the thread of m and returns its ts.
func (s *slack) post(ctx context.Context, m event, text string) (string, error) {
	var posted struct {
		TS string `json:"ts"`
	}
	err := s.call(ctx, "chat.postMessage", s.e.BotToken, url.Values{"channel": {m.Channel}, "thread_ts": {m.root()}, "text": {text}}, &posted)
	return posted.TS, err
}

func (s *slack) update(ctx context.Context, channel, ts, text string) error {
	return s.call(ctx, "chat.update", s.e.BotToken, url.Values{"channel": {channel}, "ts": {ts}, "text": {text}}, nil)
}

// call calls a method, again after each 429, when Slack says.
func (s *slack) call(ctx context.Context, method, token string, args url.Values, result any) error {
	for {
		again, err := s.try(ctx, method, token, args, result)
		if again == 0 {
			return err
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *slack) try(ctx context.Context, method, token string, args url.Values, result any) (again time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.e.SlackURL+method, strings.NewReader(args.Encode()))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", method, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := s.http.Do(req)
	if err != nil {
		return 0, err // it names the address
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusTooManyRequests {
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err != nil {
			seconds = 1
		}
		return time.Duration(max(seconds, 1)) * time.Second, nil
	}
	var body json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		return 0, fmt.Errorf("%s: HTTP %d: %w", method, resp.StatusCode, err)
	}
	var status struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if err := json.Unmarshal(body, &status); err != nil {
		return 0, fmt.Errorf("%s: %w", method, err)
	}
	if !status.OK {
		return 0, errors.New(method + ": " + status.Error)
	}
	if result == nil {
		return 0, nil
	}
	return 0, json.Unmarshal(body, result)
}
