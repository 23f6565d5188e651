package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"
)

// Config is everything that an operator sets. The tags name the variables;
// docs/configuration.md explains them.
type Config struct {
	SlackBotToken Secret `env:"SLACK_BOT_TOKEN"`
	SlackAppToken Secret `env:"SLACK_APP_TOKEN"`
	SlackAPIURL   string `env:"SLACK_API_URL" envDefault:"https://slack.com/api/"`

	OpenAIKey     Secret `env:"OPENAI_API_KEY"`
	OpenAIKeyOld  Secret `env:"OPENAI_KEY"` // the older name
	OpenAIBaseURL string `env:"OPENAI_BASE_URL" envDefault:"https://api.openai.com/v1"`
	OpenAIOrg     string `env:"OPENAI_ORG_ID"`
	OpenAIProject string `env:"OPENAI_PROJECT_ID"`
	Endpoint      string `env:"HOLDFAST_ENDPOINT" envDefault:"auto"`

	DatabaseURL string `env:"DATABASE_URL" envDefault:"sqlite:data/holdfast.db"`
	AdminAddr   string `env:"HOLDFAST_ADMIN_ADDR" envDefault:"127.0.0.1:8080"`

	Model        string   `env:"GPT_MODEL" envDefault:"gpt-6.1-terra"`
	Effort       string   `env:"DEFAULT_REASONING_EFFORT"`
	Verbosity    string   `env:"DEFAULT_VERBOSITY"`
	MaxOutput    int      `env:"DEFAULT_MAX_TOKENS"`
	Temperature  *float64 `env:"DEFAULT_TEMPERATURE"`
	TopP         *float64 `env:"DEFAULT_TOP_P"`
	SmallModel   string   `env:"UTILITY_MODEL"`
	Titles       bool     `env:"HOLDFAST_TITLES" envDefault:"true"`
	Invitation   bool     `env:"HOLDFAST_INVITATION" envDefault:"true"`
	Prompts      string   `env:"ASSISTANT_SUGGESTED_PROMPTS"`
	Instructions string   `env:"HOLDFAST_INSTRUCTIONS"`
	Company      string   `env:"SLACK_COMPANY_NAME"`
	Website      string   `env:"SLACK_COMPANY_WEBSITE"`
	Midturn      string   `env:"HOLDFAST_MIDTURN" envDefault:"queue"`

	SettingsCommand string `env:"SETTINGS_SLASH_COMMAND" envDefault:"/chatgpt-settings"`

	// What people may choose otherwise; empty: the field's own default.
	Models          ids    `env:"HOLDFAST_MODELS"`
	AnswerLength    string `env:"HOLDFAST_ANSWER_LENGTH"`
	Language        string `env:"HOLDFAST_LANGUAGE"`
	WebSearch       *bool  `env:"ENABLE_WEB_SEARCH"`
	ReadFiles       bool   `env:"HOLDFAST_READ_FILES" envDefault:"true"`
	ReadPages       bool   `env:"HOLDFAST_READ_PAGES" envDefault:"true"`
	ReadNetworks    ids    `env:"HOLDFAST_READ_NETWORKS"`
	ShowAsWritten   *bool  `env:"ENABLE_STREAMING"`
	SlackStreaming  *bool  `env:"SLACK_STREAMING"` // the older bot wanted both
	LongAnswers     string `env:"HOLDFAST_LONG_ANSWERS"`
	Footer          *bool  `env:"ENABLE_RESPONSE_FOOTER"`
	Feedback        *bool  `env:"ENABLE_FEEDBACK_BUTTONS"`
	FollowUp        string `env:"HOLDFAST_FOLLOW_UP"`
	ChannelContext  string `env:"HOLDFAST_CHANNEL_CONTEXT"`
	ImageModel      string `env:"GPT_IMAGE_MODEL"`
	ImageSize       string `env:"DEFAULT_IMAGE_SIZE"`
	ImageQuality    string `env:"DEFAULT_IMAGE_QUALITY"`
	ImageBackground string `env:"DEFAULT_IMAGE_BACKGROUND"`
	VisionDetail    string `env:"DEFAULT_DETAIL_LEVEL"`

	Phrases phrases `env:"HOLDFAST_STATUS_PHRASES"`

	Store      bool `env:"HOLDFAST_STORE" envDefault:"false"`
	Background bool `env:"HOLDFAST_BACKGROUND" envDefault:"false"`
	Streaming  bool `env:"SLACK_NATIVE_STREAMING" envDefault:"true"`

	AllowUsers    ids  `env:"HOLDFAST_ALLOW_USERS"`
	DenyUsers     ids  `env:"HOLDFAST_DENY_USERS"`
	AllowChannels ids  `env:"HOLDFAST_ALLOW_CHANNELS"`
	DenyChannels  ids  `env:"HOLDFAST_DENY_CHANNELS"`
	AllowGuests   bool `env:"HOLDFAST_ALLOW_GUESTS" envDefault:"false"`
	AllowExternal bool `env:"HOLDFAST_ALLOW_EXTERNAL" envDefault:"false"`

	ConnectTimeout time.Duration `env:"HOLDFAST_CONNECT_TIMEOUT" envDefault:"5s"`
	FirstTimeout   time.Duration `env:"HOLDFAST_FIRST_EVENT_TIMEOUT" envDefault:"120s"`
	IdleTimeout    seconds       `env:"API_TIMEOUT_STREAMING_CHUNK" envDefault:"120"`
	TotalTimeout   seconds       `env:"API_TIMEOUT_READ" envDefault:"305"`
	TurnTimeout    time.Duration `env:"HOLDFAST_TURN_TIMEOUT"`
	Drain          time.Duration `env:"HOLDFAST_DRAIN_TIMEOUT" envDefault:"10s"`
	MaxAge         time.Duration `env:"HOLDFAST_MAX_AGE" envDefault:"24h"`
	Attempts       int           `env:"HOLDFAST_TURN_ATTEMPTS" envDefault:"5"`
	SlackRate      float64       `env:"HOLDFAST_SLACK_RATE" envDefault:"1"`
	HistoryRate    int           `env:"HOLDFAST_HISTORY_RATE" envDefault:"50"`
	Connections    int           `env:"HOLDFAST_SOCKETS" envDefault:"2"`
	Context        int           `env:"HOLDFAST_CONTEXT_TOKENS" envDefault:"160000"`
	InFlight       int           `env:"HOLDFAST_MAX_TURNS" envDefault:"20000"`

	LogLevel  slog.Level `env:"HOLDFAST_LOG_LEVEL" envDefault:"INFO"`
	LogFormat string     `env:"HOLDFAST_LOG_FORMAT" envDefault:"auto"`
}

// seconds is a duration that older set-ups write as a bare number of seconds.
type seconds time.Duration

// UnmarshalText reads "30" as well as "30s".
func (s *seconds) UnmarshalText(b []byte) error {
	text := string(b)
	if strings.Trim(text, "0123456789.") == "" {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("want seconds, such as 30 or 30s")
	}
	*s = seconds(d)
	return nil
}

// phrases are lines for people, with | between.
type phrases []string

// UnmarshalText keeps to what Slack shows: ten lines (assistant.threads.setStatus,
// loading_messages), of a length that fits into one.
func (p *phrases) UnmarshalText(b []byte) error {
	*p = nil
	for line := range strings.SplitSeq(string(b), "|") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if utf8.RuneCountInString(line) > 80 {
			return fmt.Errorf("want phrases of at most 80 characters with | between; %q is longer", line)
		}
		*p = append(*p, line)
	}
	if len(*p) > 10 {
		return fmt.Errorf("want at most 10 phrases, as Slack shows no more; these are %d", len(*p))
	}
	return nil
}

// ids are Slack's, or names of models, in a list with commas or spaces between.
type ids []string

// UnmarshalText takes what people copy: "U1, U2" as well as "U1,U2".
func (l *ids) UnmarshalText(b []byte) error {
	*l = strings.FieldsFunc(string(b), func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) })
	return nil
}

// mistaken is the first that does not look like an id with one of these letters in
// front, or empty.
func (l ids) mistaken(letters string) string {
	for _, id := range l {
		if len(id) < 2 || !strings.Contains(letters, id[:1]) || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			return id
		}
	}
	return ""
}

// Load reads the configuration. environ is what os.Environ returns; file is the
// path of an .env file, which need not exist.
func Load(environ []string, file string) (Config, error) {
	vars, err := readFile(file)
	if err != nil {
		return Config{}, err
	}
	maps.Copy(vars, env.ToMap(environ))
	for name, value := range vars {
		if strings.TrimSpace(value) == "" {
			delete(vars, name) // NAME= is as good as not set
		}
	}
	var c Config
	err = env.ParseWithOptions(&c, env.Options{Environment: vars, FuncMap: map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[Secret](): func(v string) (any, error) { return Secret(strings.TrimSpace(v)), nil },
	}})
	if agg, ok := errors.AsType[env.AggregateError](err); ok {
		var mistakes []error
		for _, e := range agg.Errors {
			mistakes = append(mistakes, mistake(e, vars))
		}
		return Config{}, errors.Join(mistakes...)
	}
	if err != nil {
		return Config{}, fmt.Errorf("read the environment: %w", err)
	}
	if c.OpenAIKey == "" {
		c.OpenAIKey = c.OpenAIKeyOld
	}
	return c, nil
}

// readFile reads an .env file; none is an empty one.
func readFile(file string) (map[string]string, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read: %w", file, err)
	}
	// Some editors on Windows begin a file with a byte order mark.
	vars, err := godotenv.UnmarshalBytes(bytes.TrimPrefix(b, []byte("\ufeff")))
	if err != nil {
		// The parser's own error quotes the file, tokens and all.
		return nil, fmt.Errorf("%s: cannot be understood: write NAME=value on each line, and end a quoted value with the quote that begins it", file)
	}
	return vars, nil
}

// mistake names the variable rather than our field, and says what would do.
// Only numbers, times and the like are parsed, so the value is no secret.
func mistake(err error, vars map[string]string) error {
	parse, ok := errors.AsType[env.ParseError](err)
	if !ok {
		return err
	}
	name := parse.Name
	if f, ok := reflect.TypeFor[Config]().FieldByName(parse.Name); ok {
		name = f.Tag.Get("env")
	}
	want, ok := map[reflect.Type]string{
		reflect.TypeFor[int]():           "a whole number",
		reflect.TypeFor[*float64]():      "a number, such as 0.7",
		reflect.TypeFor[float64]():       "a number, such as 0.5",
		reflect.TypeFor[bool]():          "true or false",
		reflect.TypeFor[*bool]():         "true or false",
		reflect.TypeFor[time.Duration](): "a time with its unit, such as 500ms, 30s or 2m",
		reflect.TypeFor[seconds]():       "seconds, such as 30 or 30s",
		reflect.TypeFor[slog.Level]():    "DEBUG, INFO, WARN or ERROR",
	}[parse.Type]
	if !ok {
		want = parse.Type.String()
	}
	return fmt.Errorf("%s: %q: want %s", name, vars[name], want)
}

// Check tells everything that keeps the assistant from serving, one line each.
func (c Config) Check() error {
	var m []error
	say := func(format string, args ...any) { m = append(m, fmt.Errorf(format, args...)) }

	switch {
	case c.SlackBotToken == "":
		say("SLACK_BOT_TOKEN: not set: copy the Bot User OAuth Token (xoxb-…) from your Slack app's page “OAuth & Permissions”")
	case !strings.HasPrefix(c.SlackBotToken.Reveal(), "xoxb-") && !strings.HasPrefix(c.SlackBotToken.Reveal(), "xoxe."):
		say("SLACK_BOT_TOKEN: not a bot token: it must begin with xoxb-; take the Bot User OAuth Token from “OAuth & Permissions”")
	}
	if !regexp.MustCompile(`^/[a-z0-9_-]{1,31}$`).MatchString(c.SettingsCommand) {
		say("SETTINGS_SLASH_COMMAND: %q: want a slash and up to 31 small letters, digits, hyphens and underscores, as in the Slack app's configuration", c.SettingsCommand)
	}
	switch {
	case c.SlackAppToken == "":
		say("SLACK_APP_TOKEN: not set: make an app-level token (xapp-…) with the scope connections:write on the page “Basic Information”")
	case !strings.HasPrefix(c.SlackAppToken.Reveal(), "xapp-"):
		say("SLACK_APP_TOKEN: not an app-level token: it must begin with xapp-; make one on the page “Basic Information”")
	}
	if c.OpenAIKey == "" {
		say("OPENAI_API_KEY: not set: make a key in your OpenAI project; for a server that wants none, set it to any word")
	}
	for name, raw := range map[string]string{"SLACK_API_URL": c.SlackAPIURL, "OPENAI_BASE_URL": c.OpenAIBaseURL} {
		if u, err := url.Parse(raw); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			say("%s: %q is not a web address: write it like https://host/path", name, withoutPassword(raw))
		}
	}
	if path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:"); (!ok || path == "") && !c.Postgres() {
		say("DATABASE_URL: %q: write sqlite:PATH, such as sqlite:data/holdfast.db, or postgres://user:password@host:5432/name", withoutPassword(c.DatabaseURL))
	}
	if _, _, err := net.SplitHostPort(c.AdminAddr); err != nil && c.AdminAddr != "off" {
		say("HOLDFAST_ADMIN_ADDR: %q: write host:port, such as 127.0.0.1:8080, or off", c.AdminAddr)
	}
	if !slices.Contains([]string{"", "none", "minimal", "low", "medium", "high", "xhigh", "max"}, c.Effort) {
		say("DEFAULT_REASONING_EFFORT: %q: want none, low, medium, high, xhigh or max", c.Effort)
	}
	if !slices.Contains([]string{"", "low", "medium", "high"}, c.Verbosity) {
		say("DEFAULT_VERBOSITY: %q: want low, medium or high", c.Verbosity)
	}
	if !slices.Contains([]string{"auto", "text", "json"}, c.LogFormat) {
		say("HOLDFAST_LOG_FORMAT: %q: want auto, text or json", c.LogFormat)
	}
	if !slices.Contains([]string{"auto", "full", "basic"}, c.Endpoint) {
		say("HOLDFAST_ENDPOINT: %q: want auto, full (all of OpenAI's API) or basic (what every compatible server has)", c.Endpoint)
	}
	if !slices.Contains([]string{"queue", "steer", "interrupt"}, c.Midturn) {
		say("HOLDFAST_MIDTURN: %q: want queue, steer or interrupt", c.Midturn)
	}
	for name, l := range map[string]ids{"HOLDFAST_ALLOW_USERS": c.AllowUsers, "HOLDFAST_DENY_USERS": c.DenyUsers} {
		if id := l.mistaken("UWS"); id != "" {
			say("%s: %q: want ids of people with commas between, such as U012ABCDEF, or of user groups, such as S012ABCDEF; Slack shows one under “Copy member ID” in a profile", name, id)
		}
	}
	for name, l := range map[string]ids{"HOLDFAST_ALLOW_CHANNELS": c.AllowChannels, "HOLDFAST_DENY_CHANNELS": c.DenyChannels} {
		if id := l.mistaken("CGD"); id != "" {
			say("%s: %q: want ids of channels with commas between, such as C012ABCDEF; Slack shows one at the end of a channel's details", name, id)
		}
	}
	for _, name := range c.Models {
		if utf8.RuneCountInString(name) > 75 {
			say("HOLDFAST_MODELS: %q: has more than 75 characters, which Slack's menus do not take; GPT_MODEL may be longer", name)
		}
	}
	if len(c.Models) > 90 {
		say("HOLDFAST_MODELS: names %d models; at most 90 fit into Slack's menu", len(c.Models))
	}
	if c.Context < 500 {
		say("HOLDFAST_CONTEXT_TOKENS: %d: want at least 500 tokens of a conversation in a request", c.Context)
	}
	if c.MaxOutput < 0 {
		say("DEFAULT_MAX_TOKENS: %d: must not be less than 0, which is the model's own limit", c.MaxOutput)
	}
	// Written so that NaN is refused too: it cannot be sent.
	if t := c.Temperature; t != nil && !(*t >= 0 && *t <= 2) {
		say("DEFAULT_TEMPERATURE: %v: want a number from 0 to 2", *t)
	}
	if p := c.TopP; p != nil && !(*p >= 0 && *p <= 1) {
		say("DEFAULT_TOP_P: %v: want a number from 0 to 1", *p)
	}
	if c.Background && !c.Store {
		say("HOLDFAST_BACKGROUND: needs HOLDFAST_STORE=true, as the endpoint keeps what it runs in the background")
	}
	total, idle := time.Duration(c.TotalTimeout), time.Duration(c.IdleTimeout)
	if c.ConnectTimeout <= 0 || c.ConnectTimeout >= c.FirstTimeout {
		say("HOLDFAST_CONNECT_TIMEOUT: %s: must be more than 0 and less than HOLDFAST_FIRST_EVENT_TIMEOUT (%s)", c.ConnectTimeout, c.FirstTimeout)
	}
	if c.FirstTimeout > total {
		say("HOLDFAST_FIRST_EVENT_TIMEOUT: %s: must not be more than API_TIMEOUT_READ (%s), the time for a whole answer", c.FirstTimeout, total)
	}
	if idle <= 0 || idle >= total {
		say("API_TIMEOUT_STREAMING_CHUNK: %s: must be more than 0 and less than API_TIMEOUT_READ (%s)", idle, total)
	}
	if c.Turn() <= total {
		say("HOLDFAST_TURN_TIMEOUT: %s: must be more than API_TIMEOUT_READ (%s), the time for one answer, as a turn may ask more than once", c.TurnTimeout, total)
	}
	if c.Drain <= 0 {
		say("HOLDFAST_DRAIN_TIMEOUT: %s: must be more than 0; 100ms is as good as none", c.Drain)
	}
	if c.MaxAge < 0 {
		say("HOLDFAST_MAX_AGE: %s: must not be less than 0, which means that nothing is too old", c.MaxAge)
	}
	if c.Attempts < 1 {
		say("HOLDFAST_TURN_ATTEMPTS: %d: must be at least 1", c.Attempts)
	}
	if !(c.SlackRate > 0 && c.SlackRate <= 1000) {
		say("HOLDFAST_SLACK_RATE: %v: want more than 0 and at most 1000: 0.5 is half of Slack's published rates", c.SlackRate)
	}
	if c.HistoryRate < 1 || c.HistoryRate > 1000 {
		say("HOLDFAST_HISTORY_RATE: %d: want 1 to 1000 calls a minute: Slack's published rate is 50, and 1 for an app that is sold outside of its Marketplace", c.HistoryRate)
	}
	if c.Connections < 1 || c.Connections > 10 {
		say("HOLDFAST_SOCKETS: %d: Slack allows 1 to 10 connections for an app; 2 is right for one replica", c.Connections)
	}
	if c.InFlight < 1 {
		say("HOLDFAST_MAX_TURNS: %d: must be at least 1", c.InFlight)
	}
	slices.SortFunc(m, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(m...)
}

// SQLitePath is the file that DatabaseURL names.
func (c Config) SQLitePath() string { return strings.TrimPrefix(c.DatabaseURL, "sqlite:") }

// Postgres says whether DatabaseURL names a PostgreSQL database.
func (c Config) Postgres() bool {
	u, err := url.Parse(c.DatabaseURL)
	return err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql")
}

func withoutPassword(raw string) string {
	if u, err := url.Parse(raw); err == nil {
		return u.Redacted()
	}
	return "(not shown)"
}

// Idle is the longest silence of a model in mid-answer.
func (c Config) Idle() time.Duration { return time.Duration(c.IdleTimeout) }

// ShowStreaming says whether answers are shown as they are written; nil: nothing is set.
func (c Config) ShowStreaming() *bool {
	for _, b := range []*bool{c.ShowAsWritten, c.SlackStreaming} {
		if b != nil && !*b {
			return b
		}
	}
	return c.ShowAsWritten
}

// Total is the time for one whole answer of a model.
func (c Config) Total() time.Duration { return time.Duration(c.TotalTimeout) }

// Turn is the time for a whole turn, over all that it asks the model.
func (c Config) Turn() time.Duration {
	if c.TurnTimeout == 0 {
		return 2 * c.Total()
	}
	return c.TurnTimeout
}

// impatience is how long the sandbox waits for its scripted model where nobody
// has said how long.
const impatience = 20 * time.Second

// Impatient shortens the deadlines of a model that are at their defaults to 20 s.
func (c *Config) Impatient() {
	if c.FirstTimeout == 120*time.Second {
		c.FirstTimeout = min(impatience, c.Total())
	}
	if c.Idle() == 120*time.Second {
		c.IdleTimeout = seconds(min(impatience, c.Total()/2))
	}
}

// ReadEnv is Load with the process's own environment and the .env file of the
// working directory.
func ReadEnv() (Config, error) { return Load(os.Environ(), ".env") }
