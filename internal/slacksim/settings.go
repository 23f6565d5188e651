package slacksim

import (
	"fmt"
	"reflect"
	"slices"
	"time"
)

// Settings are the switches of the simulated Slack. Where Slack's behaviour is not documented, the default is the
// stricter reading. Times are milliseconds.
type Settings struct {
	StreamTTL           int    `json:"stream_ttl_ms"`         // life of a stream from its start, appends or not
	StreamChars         int    `json:"stream_chars"`          // cumulative markdown of one stream
	StreamWithoutThread bool   `json:"stream_without_thread"` // startStream in a channel may omit thread_ts
	TaskChars           int    `json:"task_string_chars"`     // each string of a task_update or plan_update
	RecipientInDM       bool   `json:"recipient_in_dm"`       // recipient ids are required in DMs too
	SessionTTL          int    `json:"session_ttl_ms"`        // processing falls back to active
	ProseTTL            int    `json:"prose_ttl_ms"`          // legacy status line
	SplitText           bool   `json:"split_text"`            // posts over 4,000 characters become several messages
	NonMarketplace      bool   `json:"non_marketplace"`       // history and replies: 1 a minute, 15 messages
	HideMetadata        bool   `json:"hide_metadata"`         // no message's metadata is shown to the app
	JSONReads           bool   `json:"json_reads"`            // reading methods accept JSON bodies
	AckTimeout          int    `json:"ack_timeout_ms"`        // an envelope unacknowledged for so long is redelivered
	Redelivery          [3]int `json:"redelivery_ms"`         // pause before attempts 1, 2 and 3
	AckAnyConnection    bool   `json:"ack_any_connection"`    // an ack counts on another connection than its envelope's
	SameEnvelopeID      bool   `json:"same_envelope_id"`      // redeliveries keep their envelope id
	QueueWhenDown       bool   `json:"queue_when_down"`       // with no connection, events wait for the retry window; else they are lost
	TicketLife          int    `json:"ticket_ms"`             // time to dial after apps.connections.open
	Ping                int    `json:"ping_ms"`               // between server pings
	Pong                int    `json:"pong_ms"`               // a client silent for so long is dropped
	Connection          int    `json:"connection_ms"`         // life of a connection, ± a tenth
	Warning             int    `json:"warning_ms"`            // between the warning and the close
	MaxConnections      int    `json:"max_connections"`
	CloseOldest         bool   `json:"close_oldest"` // a connection too many closes the oldest instead of being refused

	Trigger     int `json:"trigger_ms"`     // life of a trigger_id
	Interaction int `json:"interaction_ms"` // time to acknowledge an interaction or a command, from the person's click

	Commands  []Command  `json:"commands"`  // slash commands of the app
	Shortcuts []Shortcut `json:"shortcuts"` // global and message shortcuts of the app
	HomeTab   bool       `json:"home_tab"`  // the app has a Home tab

	UserGroups []UserGroup `json:"user_groups"` // groups of people that can be mentioned

	// HTTP mode: where an address is set, Socket Mode is not used for what goes there.
	EventsURL        string   `json:"events_url"` // in Options taken as proved; else proved by the url_verification handshake when it is set
	InteractivityURL string   `json:"interactivity_url"`
	OptionsURL       string   `json:"options_url"`  // empty: InteractivityURL
	CommandsURL      string   `json:"commands_url"` // empty: InteractivityURL
	SigningSecret    string   `json:"signing_secret"`
	Sign             string   `json:"sign"`             // "" well, "wrong" with another secret, "stale" with a time six minutes ago
	HTTPTimeout      int      `json:"http_timeout_ms"`  // an event without an answer for so long is sent again
	TokenRotation    bool     `json:"token_rotation"`   // OAuth issues tokens that expire
	TokenLife        int      `json:"token_life_ms"`    // of those
	RefreshGrace     int      `json:"refresh_grace_ms"` // a used refresh token still gives the same new token for so long
	CodeLife         int      `json:"code_ms"`          // between the authorize page and oauth.v2.access
	PKCE             bool     `json:"pkce_enabled"`
	RedirectURLs     []string `json:"redirect_urls"` // empty: any address on loopback

	EventsPerHour int `json:"events_per_hour"` // more give app_rate_limited, while the rate limits are on

	Agent           bool `json:"agent"`          // declared an agent (agents.* work)
	AssistantView   bool `json:"assistant_view"` // the legacy surface instead of agent_view
	ContentSettings      // of files, canvases and search

	TokenState    string   `json:"token_state"`   // of the bot token: live, revoked, expired, inactive
	Scopes        []string `json:"scopes"`        // of the bot token
	Subscriptions []string `json:"subscriptions"` // bot events
}

// UserGroup is people who can be mentioned together. Slack: usergroups.list.
type UserGroup struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Handle string   `json:"handle"`
	Users  []string `json:"users"`
}

// DefaultSettings are those of a new workspace.
func DefaultSettings() Settings {
	return Settings{
		StreamTTL: 300_000, StreamChars: 12_000, TaskChars: 256, RecipientInDM: true,
		SessionTTL: 3_600_000, ProseTTL: 120_000, SplitText: true, JSONReads: true,
		AckTimeout: 3_000, Redelivery: [3]int{0, 60_000, 300_000}, QueueWhenDown: true,
		TicketLife: 30_000, Ping: 10_000, Pong: 30_000, Connection: 3_600_000, Warning: 10_000, MaxConnections: 10,
		Trigger: 3_000, Interaction: 3_000, Commands: []Command{}, Shortcuts: []Shortcut{}, HomeTab: true, UserGroups: []UserGroup{},
		SigningSecret: DefaultSigningSecret, HTTPTimeout: 3_000, EventsPerHour: 30_000,
		TokenLife: 43_200_000, RefreshGrace: 5_000, CodeLife: 600_000, PKCE: true, RedirectURLs: []string{},
		ContentSettings: defaultContent(),
		Agent:           true, TokenState: "live",
		Scopes: []string{
			"app_mentions:read", "assistant:write", "channels:history", "channels:join", "channels:read", "chat:write",
			"chat:write.customize", "commands", "files:read", "files:write", "groups:history", "groups:read",
			"im:history", "im:read", "im:write", "mpim:history", "mpim:read", "reactions:read", "reactions:write",
			"search:read.public", "team:read", "users:read", "users.profile:read", "canvases:read", "canvases:write",
		},
		Subscriptions: []string{
			"agent_session_stopped", "agent_session_title_changed", "app_context_changed", "app_home_opened",
			"app_mention", "app_uninstalled", "file_shared", "member_joined_channel", "message.channels",
			"message.groups", "message.im", "message.mpim", "reaction_added", "tokens_revoked",
		},
	}
}

func (t Settings) check() error {
	if !slices.Contains([]string{"live", "revoked", "expired", "inactive"}, t.TokenState) {
		return fmt.Errorf("token_state %q: use live, revoked, expired or inactive", t.TokenState)
	}
	for name, n := range map[string]int{
		"stream_ttl_ms": t.StreamTTL, "stream_chars": t.StreamChars, "task_string_chars": t.TaskChars,
		"session_ttl_ms": t.SessionTTL, "prose_ttl_ms": t.ProseTTL, "ack_timeout_ms": t.AckTimeout, "ping_ms": t.Ping,
		"pong_ms": t.Pong, "connection_ms": t.Connection, "max_connections": t.MaxConnections, "ticket_ms": t.TicketLife,
		"trigger_ms": t.Trigger, "interaction_ms": t.Interaction,
		"http_timeout_ms": t.HTTPTimeout, "events_per_hour": t.EventsPerHour,
		"token_life_ms": t.TokenLife, "code_ms": t.CodeLife,
	} {
		if n <= 0 {
			return fmt.Errorf("%s is %d: it must be above 0", name, n)
		}
	}
	if t.Warning < 0 || slices.Min(t.Redelivery[:]) < 0 {
		return fmt.Errorf("warning_ms and redelivery_ms must not be negative")
	}
	if err := t.ContentSettings.check(); err != nil {
		return err
	}
	if err := t.checkHTTP(); err != nil {
		return err
	}
	if err := t.checkOAuth(); err != nil {
		return err
	}
	if err := checkCommands(t.Commands); err != nil {
		return err
	}
	return checkShortcuts(t.Shortcuts)
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// Settings returns the switches as they are.
func (s *Sim) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings.clone()
}

func (t Settings) clone() Settings {
	t.Scopes, t.Subscriptions = slices.Clone(t.Scopes), slices.Clone(t.Subscriptions)
	t.RedirectURLs = slices.Clone(t.RedirectURLs)
	t.ContentSettings = t.ContentSettings.clone()
	t.Commands, t.Shortcuts = slices.Clone(t.Commands), slices.Clone(t.Shortcuts)
	return t
}

// Configure changes the switches. Streams, sessions and connections that are already running keep the times they
// were started with; pings and acknowledgements follow at once. A new EventsURL has to pass the url_verification
// handshake first, so change may be called twice; it is real time that this takes, at most HTTPTimeout.
func (s *Sim) Configure(change func(*Settings)) error {
	for verified := ""; ; {
		unproved, err := s.configure(change, verified)
		if err == nil && unproved != nil {
			err = s.verify(unproved)
			verified = unproved.EventsURL
		}
		if err != nil {
			return fmt.Errorf("slacksim: settings: %w", err)
		}
		if unproved == nil {
			return nil
		}
	}
}

// configure changes the switches, unless there is a new EventsURL to be verified first: then it returns them.
func (s *Sim) configure(change func(*Settings), verified string) (unproved *Settings, err error) {
	s.enter()
	defer s.leave()
	t := s.settings.clone()
	change(&t)
	if err := t.check(); err != nil {
		return nil, err
	}
	if t.EventsURL != "" && t.EventsURL != s.settings.EventsURL && t.EventsURL != verified {
		return &t, nil
	}
	before := s.appState()
	s.settings = t
	if now := s.appState(); !reflect.DeepEqual(before, now) {
		s.publish("app", now)
	}
	if t.EventsURL != "" {
		s.flushParked()
	}
	return nil, nil
}
