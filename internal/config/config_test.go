package config

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// good is the least that serves.
var good = []string{"SLACK_BOT_TOKEN=xoxb-1", "SLACK_APP_TOKEN=xapp-1", "OPENAI_API_KEY=sk-1"}

// nowhere is an .env file that is not there.
func nowhere(t testing.TB) string { return filepath.Join(t.TempDir(), ".env") }

func file(t testing.TB, content string) string {
	t.Helper()
	path := nowhere(t)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load loads the environment good, with more put over it, and checks the result.
func load(t testing.TB, more ...string) (Config, error) {
	t.Helper()
	c, err := Load(append(append([]string{}, good...), more...), nowhere(t))
	if err == nil {
		err = c.Check()
	}
	return c, err
}

func lines(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func TestDefaults(t *testing.T) {
	c, err := load(t)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		SlackBotToken: "xoxb-1", SlackAppToken: "xapp-1", OpenAIKey: "sk-1",
		SlackAPIURL: "https://slack.com/api/", OpenAIBaseURL: "https://api.openai.com/v1", Endpoint: "auto",
		DatabaseURL: "sqlite:data/holdfast.db", AdminAddr: "127.0.0.1:8080", Model: "gpt-6.1-terra", Midturn: "queue", SettingsCommand: "/chatgpt-settings", Streaming: true, Titles: true, Invitation: true, ReadFiles: true, ReadPages: true,
		ConnectTimeout: 5 * time.Second, FirstTimeout: 2 * time.Minute,
		IdleTimeout: seconds(2 * time.Minute), TotalTimeout: seconds(305 * time.Second),
		Drain: 10 * time.Second, MaxAge: 24 * time.Hour, Attempts: 5, SlackRate: 1, HistoryRate: 50, Connections: 2, InFlight: 20000, Context: 160000, LogFormat: "auto",
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c.SQLitePath() != "data/holdfast.db" || c.Idle() != 2*time.Minute || c.Total() != 305*time.Second || c.Turn() != 610*time.Second {
		t.Errorf("database %q, idle %s, total %s", c.SQLitePath(), c.Idle(), c.Total())
	}
}

func TestValuesAreTaken(t *testing.T) {
	c, err := load(t, "SLACK_BOT_TOKEN= xoxe.xoxb-2 ", "OPENAI_BASE_URL=http://127.0.0.1:1/v1", "DATABASE_URL=sqlite:/x/y.db",
		"HOLDFAST_ADMIN_ADDR=off", "DEFAULT_REASONING_EFFORT=xhigh", "DEFAULT_VERBOSITY=low", "DEFAULT_MAX_TOKENS=9",
		"DEFAULT_TEMPERATURE=0", "DEFAULT_TOP_P=0.5", "HOLDFAST_STORE=true", "HOLDFAST_BACKGROUND=1", "SLACK_NATIVE_STREAMING=false",
		"API_TIMEOUT_STREAMING_CHUNK=30", "API_TIMEOUT_READ=10m", "HOLDFAST_LOG_LEVEL=debug", "HOLDFAST_LOG_FORMAT=json",
		"HOLDFAST_INSTRUCTIONS=Be brief.\nBe kind.", "OPENAI_ORG_ID=o", "OPENAI_PROJECT_ID=p",
		"HOLDFAST_ALLOW_USERS= U01A, W02B ", "HOLDFAST_DENY_USERS=U9", "HOLDFAST_ALLOW_CHANNELS=C1,G2", "HOLDFAST_DENY_CHANNELS=D3 C4",
		"HOLDFAST_ALLOW_GUESTS=true", "HOLDFAST_ALLOW_EXTERNAL=1")
	if err != nil {
		t.Fatal(err)
	}
	zero, half := 0.0, 0.5
	got := []any{c.SlackBotToken.Reveal(), c.OpenAIBaseURL, c.SQLitePath(), c.AdminAddr, c.Effort, c.Verbosity, c.MaxOutput,
		c.Temperature, c.TopP, c.Store, c.Background, c.Streaming, c.Idle(), c.Total(), c.LogLevel, c.LogFormat, c.Instructions, c.OpenAIOrg, c.OpenAIProject,
		c.AllowUsers, c.DenyUsers, c.AllowChannels, c.DenyChannels, c.AllowGuests, c.AllowExternal}
	want := []any{"xoxe.xoxb-2", "http://127.0.0.1:1/v1", "/x/y.db", "off", "xhigh", "low", 9,
		&zero, &half, true, true, false, 30 * time.Second, 10 * time.Minute, slog.LevelDebug, "json", "Be brief.\nBe kind.", "o", "p",
		ids{"U01A", "W02B"}, ids{"U9"}, ids{"C1", "G2"}, ids{"D3", "C4"}, true, true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each rule, with a value that breaks it alone. An empty value is not set.
func TestEachMistakeIsALine(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"SLACK_BOT_TOKEN", "", "not set: copy the Bot User OAuth Token (xoxb-…)"},
		{"SLACK_BOT_TOKEN", "xoxp-hush", "not a bot token: it must begin with xoxb-"},
		{"SLACK_BOT_TOKEN", "xapp-hush", "not a bot token"},
		{"SLACK_BOT_TOKEN", `"xoxb-hush"`, "not a bot token"}, // quotes that a shell did not take off
		{"SLACK_APP_TOKEN", "", "not set: make an app-level token (xapp-…) with the scope connections:write"},
		{"SLACK_APP_TOKEN", "xoxb-hush", "not an app-level token: it must begin with xapp-"},
		{"OPENAI_API_KEY", "", "not set: make a key in your OpenAI project; for a server that wants none, set it to any word"},
		{"SLACK_API_URL", "slack.com/api", "is not a web address: write it like https://host/path"},
		{"SLACK_API_URL", "https://", "is not a web address"},
		{"OPENAI_BASE_URL", "localhost:1234/v1", "is not a web address"},
		{"OPENAI_BASE_URL", "ftp://u:hush@host/v1", "is not a web address"},
		{"OPENAI_BASE_URL", "http://u:hush@[host/v1", "is not a web address"},
		{"DATABASE_URL", "mysql://u:hush@host/db", "write sqlite:PATH, such as sqlite:data/holdfast.db, or postgres://"},
		{"DATABASE_URL", "postgres://u:hush@host:port/db", "write sqlite:PATH"},
		{"DATABASE_URL", "data/holdfast.db", "write sqlite:PATH"},
		{"DATABASE_URL", "sqlite:", "write sqlite:PATH"},
		{"HOLDFAST_ADMIN_ADDR", "8080", "write host:port, such as 127.0.0.1:8080, or off"},
		{"HOLDFAST_ADMIN_ADDR", "OFF", "or off"},
		{"DEFAULT_REASONING_EFFORT", "extreme", "want none, low, medium, high, xhigh or max"},
		{"DEFAULT_REASONING_EFFORT", "High", "want none, low"},
		{"DEFAULT_VERBOSITY", "chatty", "want low, medium or high"},
		{"HOLDFAST_ALLOW_USERS", "ada", `"ada": want ids of people`},
		{"HOLDFAST_DENY_USERS", "U1,C2", `"C2": want ids of people`},
		{"HOLDFAST_ALLOW_CHANNELS", "#general", `"#general": want ids of channels`},
		{"HOLDFAST_DENY_CHANNELS", "C1, general", `"general": want ids of channels`},
		{"HOLDFAST_ALLOW_GUESTS", "some", `"some": want true or false`},
		{"ENABLE_WEB_SEARCH", "sometimes", `"sometimes": want true or false`},
		{"HOLDFAST_MODELS", "a," + strings.Repeat("m", 76), "more than 75 characters"},
		{"HOLDFAST_MODELS", strings.Repeat("m ", 91), "names 91 models; at most 90"},
		{"DEFAULT_MAX_TOKENS", "-1", "must not be less than 0"},
		{"DEFAULT_MAX_TOKENS", "4k", `"4k": want a whole number`},
		{"DEFAULT_MAX_TOKENS", "99999999999999999999", "want a whole number"},
		{"DEFAULT_TEMPERATURE", "warm", `"warm": want a number`},
		{"DEFAULT_TEMPERATURE", "2.1", "2.1: want a number from 0 to 2"},
		{"DEFAULT_TEMPERATURE", "-0.1", "want a number from 0 to 2"},
		{"DEFAULT_TEMPERATURE", "NaN", "want a number from 0 to 2"},
		{"DEFAULT_TOP_P", "inf", "want a number from 0 to 1"},
		{"DEFAULT_TOP_P", "NaN", "want a number from 0 to 1"},
		{"DEFAULT_TOP_P", "0,5", `"0,5": want a number`},
		{"HOLDFAST_STORE", "maybe", `"maybe": want true or false`},
		{"SLACK_NATIVE_STREAMING", "on", `"on": want true or false`},
		{"HOLDFAST_BACKGROUND", "true", "needs HOLDFAST_STORE=true"},
		{"HOLDFAST_ENDPOINT", "azure", "want auto, full (all of OpenAI's API) or basic"},
		{"HOLDFAST_LOG_FORMAT", "xml", "want auto, text or json"},
		{"HOLDFAST_LOG_LEVEL", "LOUD", `"LOUD": want DEBUG, INFO, WARN or ERROR`},
		{"HOLDFAST_CONNECT_TIMEOUT", "5", `"5": want a time with its unit, such as 500ms, 30s or 2m`},
		{"HOLDFAST_CONNECT_TIMEOUT", "0s", "must be more than 0 and less than HOLDFAST_FIRST_EVENT_TIMEOUT (2m0s)"},
		{"HOLDFAST_CONNECT_TIMEOUT", "-1s", "must be more than 0"},
		{"HOLDFAST_CONNECT_TIMEOUT", "2m", "must be more than 0 and less than"}, // just as long
		{"HOLDFAST_FIRST_EVENT_TIMEOUT", "306s", "must not be more than API_TIMEOUT_READ (5m5s)"},
		{"API_TIMEOUT_STREAMING_CHUNK", "305", "must be more than 0 and less than API_TIMEOUT_READ (5m5s)"},
		{"API_TIMEOUT_STREAMING_CHUNK", "0", "must be more than 0"},
		{"API_TIMEOUT_STREAMING_CHUNK", "-5s", "must be more than 0"},
		{"API_TIMEOUT_STREAMING_CHUNK", "-5", `"-5": want seconds, such as 30 or 30s`},
		{"HOLDFAST_MIDTURN", "ignore", "want queue, steer or interrupt"},
		{"HOLDFAST_TURN_TIMEOUT", "305s", "must be more than API_TIMEOUT_READ (5m5s)"},
		{"HOLDFAST_TURN_TIMEOUT", "-1m", "must be more than API_TIMEOUT_READ (5m5s)"},
		{"API_TIMEOUT_READ", "soon", `"soon": want seconds, such as 30 or 30s`},
		{"API_TIMEOUT_READ", ".", "want seconds"},
		{"HOLDFAST_DRAIN_TIMEOUT", "ten", "want a time with its unit"},
		{"HOLDFAST_TURN_ATTEMPTS", "0", "0: must be at least 1"},
		{"HOLDFAST_SOCKETS", "0", "Slack allows 1 to 10 connections"},
		{"HOLDFAST_SOCKETS", "11", "Slack allows 1 to 10 connections"},
		{"HOLDFAST_SLACK_RATE", "0", "0: want more than 0 and at most 1000"},
		{"HOLDFAST_SLACK_RATE", "half", `"half": want a number, such as 0.5`},
		{"HOLDFAST_CONTEXT_TOKENS", "499", "499: want at least 500 tokens"},
		{"HOLDFAST_HISTORY_RATE", "0", "0: want 1 to 1000 calls a minute"},
		{"HOLDFAST_MAX_TURNS", "-1", "-1: must be at least 1"},
	} {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			_, err := load(t, tt.name+"="+tt.value)
			got := lines(err)
			if len(got) != 1 || !strings.HasPrefix(got[0], tt.name+": ") || !strings.Contains(got[0], tt.want) {
				t.Errorf("got %q, want one line that begins with %q and has %q", got, tt.name+": ", tt.want)
			}
			if strings.Contains(strings.Join(got, ""), "hush") {
				t.Errorf("the line gives the secret away: %s", got)
			}
		})
	}
}

// One total that is too short breaks the order with both of the inner ones.
func TestDeadlinesAreComparedWithEachOther(t *testing.T) {
	_, err := load(t, "API_TIMEOUT_READ=60")
	got := lines(err)
	if len(got) != 2 || !strings.HasPrefix(got[0], "API_TIMEOUT_STREAMING_CHUNK: ") || !strings.HasPrefix(got[1], "HOLDFAST_FIRST_EVENT_TIMEOUT: ") {
		t.Errorf("got %q", got)
	}
	if _, err := load(t, "API_TIMEOUT_READ=3", "API_TIMEOUT_STREAMING_CHUNK=2", "HOLDFAST_FIRST_EVENT_TIMEOUT=3s", "HOLDFAST_CONNECT_TIMEOUT=1s"); err != nil {
		t.Error(err)
	}
}

// names are the variables that the lines begin with.
func names(err error) (n []string) {
	for _, l := range lines(err) {
		name, _, _ := strings.Cut(l, ":")
		n = append(n, name)
	}
	return n
}

func TestAllMistakesAtOnce(t *testing.T) {
	c, err := Load([]string{"DATABASE_URL=x", "HOLDFAST_SOCKETS=0", "HOLDFAST_BACKGROUND=true", "SLACK_API_URL=x", "OPENAI_BASE_URL=y"}, nowhere(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"DATABASE_URL", "HOLDFAST_BACKGROUND", "HOLDFAST_SOCKETS", "OPENAI_API_KEY", "OPENAI_BASE_URL", "SLACK_API_URL", "SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"}
	for range 10 { // in the same order each time
		if diff := cmp.Diff(want, names(c.Check())); diff != "" {
			t.Fatalf("Check (-want +got):\n%s", diff)
		}
	}
	_, err = load(t, "API_TIMEOUT_READ=soon", "DEFAULT_TOP_P=x", "HOLDFAST_STORE=x", "HOLDFAST_SOCKETS=two", "HOLDFAST_LOG_LEVEL=x", "HOLDFAST_DRAIN_TIMEOUT=1")
	want = []string{"DEFAULT_TOP_P", "HOLDFAST_STORE", "API_TIMEOUT_READ", "HOLDFAST_DRAIN_TIMEOUT", "HOLDFAST_SOCKETS", "HOLDFAST_LOG_LEVEL"}
	if diff := cmp.Diff(want, names(err)); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
}

func TestOlderNameOfTheKey(t *testing.T) {
	for _, tt := range []struct {
		environ []string
		want    string
	}{
		{[]string{"OPENAI_KEY=old"}, "old"},
		{[]string{"OPENAI_KEY=old", "OPENAI_API_KEY=new"}, "new"},
		{[]string{"OPENAI_KEY=old", "OPENAI_API_KEY="}, "old"},
	} {
		c, err := Load(tt.environ, nowhere(t))
		if err != nil || c.OpenAIKey.Reveal() != tt.want {
			t.Errorf("%v: key %q, %v; want %q", tt.environ, c.OpenAIKey.Reveal(), err, tt.want)
		}
	}
}

func TestFile(t *testing.T) {
	for _, tt := range []struct{ name, content, want string }{ // want is HOLDFAST_INSTRUCTIONS
		{"plain", "HOLDFAST_INSTRUCTIONS=a", "a"},
		{"without a line end", "X=1\nHOLDFAST_INSTRUCTIONS=a", "a"},
		{"spaces without quotes", "HOLDFAST_INSTRUCTIONS=be brief and kind\n", "be brief and kind"},
		{"spaces at the ends", "  HOLDFAST_INSTRUCTIONS =  a b  \n", "a b"},
		{"inline comment", "HOLDFAST_INSTRUCTIONS=a b # for now\n", "a b"},
		{"hash in a word", "HOLDFAST_INSTRUCTIONS=write in #general\n", "write in"},
		{"hash within a word", "HOLDFAST_INSTRUCTIONS=a#b\n", "a#b"},
		{"hash in quotes", "HOLDFAST_INSTRUCTIONS=\"write in #general\" # so\n", "write in #general"},
		{"comment and blank lines", "# all of it\n\n\t\nHOLDFAST_INSTRUCTIONS=a\n#HOLDFAST_INSTRUCTIONS=b\n", "a"},
		{"export", "export HOLDFAST_INSTRUCTIONS=a\n", "a"},
		{"single quotes", `HOLDFAST_INSTRUCTIONS='a "b" \n $HOME'`, `a "b" \n $HOME`},
		{"double quotes", `HOLDFAST_INSTRUCTIONS="a 'b'\nc"`, "a 'b'\nc"},
		{"several lines in quotes", "HOLDFAST_INSTRUCTIONS=\"a\nb=c\n\"\nX=1\n", "a\nb=c\n"},
		{"equals signs", "HOLDFAST_INSTRUCTIONS=a=b=c\n", "a=b=c"},
		{"line ends of Windows", "X=1\r\nHOLDFAST_INSTRUCTIONS=a b\r\nY=2\r\n", "a b"},
		{"byte order mark", "\ufeffHOLDFAST_INSTRUCTIONS=a\r\n", "a"},
		{"other letters", "HOLDFAST_INSTRUCTIONS=Grüße 🌊\n", "Grüße 🌊"},
		{"the last one wins", "HOLDFAST_INSTRUCTIONS=a\nHOLDFAST_INSTRUCTIONS=b\n", "b"},
		{"nothing", "HOLDFAST_INSTRUCTIONS=\nX=1\n", ""},
		{"blanks in quotes", "HOLDFAST_INSTRUCTIONS=\"  \"\n", ""},
		{"empty file", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Load(nil, file(t, tt.content))
			if err != nil || c.Instructions != tt.want {
				t.Errorf("got %q, %v; want %q", c.Instructions, err, tt.want)
			}
		})
	}
}

func TestEnvironmentWinsOverFile(t *testing.T) {
	path := file(t, "GPT_MODEL=of the file\nSLACK_COMPANY_NAME=Harbour\nSLACK_COMPANY_WEBSITE=\nDEFAULT_VERBOSITY=low\n")
	c, err := Load([]string{"GPT_MODEL=of the environment", "SLACK_COMPANY_WEBSITE=https://h.example", "DEFAULT_VERBOSITY="}, path)
	if err != nil {
		t.Fatal(err)
	}
	// An empty variable of the environment takes the file's away again.
	got := []string{c.Model, c.Company, c.Website, c.Verbosity}
	if diff := cmp.Diff([]string{"of the environment", "Harbour", "https://h.example", ""}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEmptyIsNotSet(t *testing.T) {
	for _, empty := range []string{"", " ", "\t \r"} {
		c, err := load(t, "GPT_MODEL="+empty, "HOLDFAST_SOCKETS="+empty, "HOLDFAST_STORE="+empty, "DEFAULT_TOP_P="+empty, "API_TIMEOUT_READ="+empty)
		if err != nil {
			t.Errorf("%q: %v", empty, err)
		} else if c.Model != "gpt-6.1-terra" || c.Connections != 2 || c.Store || c.TopP != nil || c.Total() != 305*time.Second {
			t.Errorf("%q is taken for a value: %+v", empty, c)
		}
	}
}

// What cannot be read is named, and its content is not: it has tokens in it.
func TestFileThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	for name, path := range map[string]string{
		"a folder":            dir,
		"a quote left open":   file(t, "SLACK_BOT_TOKEN=\"xoxb-hush\nX=1\n"),
		"a space in a name":   file(t, "SLACK BOT TOKEN-X=xoxb-hush\n"),
		"words":               file(t, "my token is: ... xoxb-hush\nor so\n\"\n"),
		"a token after words": file(t, "these are secrets!\nSLACK_BOT_TOKEN=xoxb-hush\n"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(good, path)
			if err == nil || !strings.HasPrefix(err.Error(), path+": cannot be ") || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v, want one line about %s", err, path)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("the error gives the secret away: %v", err)
			}
		})
	}
	if _, err := Load(good, dir); errors.Unwrap(err) == nil {
		t.Errorf("%v does not carry its cause", err)
	}
}

// FuzzFile: any file is read or refused in one line that shows nothing of it.
func FuzzFile(f *testing.F) {
	for _, s := range []string{"X=1", "X=\"hush", "export X='hush'", "hush hush: hush", "\ufeffX=hush\r\n", "A=$A${B}$(hush)", "=hush", "HOLDFAST_SOCKETS=hush"} {
		f.Add(s)
	}
	path := nowhere(f)
	f.Fuzz(func(t *testing.T, content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(nil, path)
		if err == nil {
			return
		}
		for _, l := range lines(err) {
			name, _, _ := strings.Cut(l, ":")
			if name != path && name != strings.ToUpper(name) {
				t.Errorf("line %q names neither file nor variable", l)
			}
		}
		if strings.HasPrefix(err.Error(), path) && strings.Contains(err.Error(), "hush") {
			t.Errorf("the error shows what is in the file: %v", err)
		}
	})
}

// The older bot wanted both of its switches on to show an answer as it is written.
func TestShowStreaming(t *testing.T) {
	for environ, want := range map[string]string{
		"": "unset", "ENABLE_STREAMING=true": "true", "ENABLE_STREAMING=false": "false", "SLACK_STREAMING=false": "false", "SLACK_STREAMING=true": "unset",
		"ENABLE_STREAMING=true SLACK_STREAMING=false": "false", "ENABLE_STREAMING=FALSE SLACK_STREAMING=TRUE": "false",
	} {
		c, err := Load(strings.Fields(environ), "")
		if err != nil {
			t.Fatal(err)
		}
		got := "unset"
		if b := c.ShowStreaming(); b != nil {
			got = strconv.FormatBool(*b)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", environ, got, want)
		}
	}
}
