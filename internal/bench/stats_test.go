package bench

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPercentile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(i + 1)
	}
	for _, tt := range []struct {
		values []float64
		p      float64
		want   float64
	}{
		{nil, 50, 0},
		{[]float64{7}, 50, 7}, {[]float64{7}, 99, 7}, {[]float64{7}, 100, 7},
		{[]float64{1, 2}, 50, 1}, {[]float64{1, 2}, 95, 2},
		{[]float64{1, 2, 3}, 50, 2},
		{hundred, 50, 50}, {hundred, 95, 95}, {hundred, 99, 99}, {hundred, 100, 100},
		{hundred[:20], 95, 19}, {hundred[:20], 99, 20},
	} {
		if got := percentile(tt.values, tt.p); got != tt.want {
			t.Errorf("p%v of %d values is %v, want %v", tt.p, len(tt.values), got, tt.want)
		}
	}
}

func TestSpreadProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 1, 300).Draw(t, "values")
		highest := slices.Max(values)
		s := spread(slices.Clone(values))
		if s.Count != len(values) || s.Max != highest || s.P50 > s.P95 || s.P95 > s.P99 || s.P99 > s.Max {
			t.Fatalf("%+v of %v", s, values)
		}
		below := 0
		for _, v := range values {
			if v <= s.P95 {
				below++
			}
		}
		if !slices.Contains(values, s.P95) || 100*below < 95*len(values) {
			t.Fatalf("p95 %v: %d of %d are not above it", s.P95, below, len(values))
		}
	})
}

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}} {
		if got := median(tt.values); got != tt.want {
			t.Errorf("median of %v is %v, want %v", tt.values, got, tt.want)
		}
	}
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00", 0.00351: "0.0035", 0.123: "0.12", 1.239: "1.24", 12.34: "12.3", 123.4: "123", 98765.4: "98765"} {
		if got := short(v); got != want {
			t.Errorf("%v is shown as %s, want %s", v, got, want)
		}
	}
}

func TestReportTable(t *testing.T) {
	r := Report{
		Started: time.Date(2026, 11, 23, 9, 5, 0, 0, time.UTC),
		Machine: Machine{Cores: 2, OS: "linux/amd64", Go: "go1.26", Version: "v1"},
		Options: Options{Messages: 10, Threads: 4, People: 3, TTFT: 300 * time.Millisecond, TPS: 50, AnswerChars: 600, Hung: 0.3, SlackRate: 1, Repeat: 2, Bots: []Bot{{Name: "ours"}, {Name: "theirs"}}},
		Runs: []Result{
			{Bot: "ours", Messages: 10, Answered: 10, Final: Spread{Count: 10, P50: 100}, CPU: new(2.0), Calls: map[string]float64{"chat.update": 1, "auth.test": 1, "chat.postMessage": 3}},
			{Bot: "theirs", Messages: 10, Answered: 9, Final: Spread{Count: 9, P50: 50}},
			{Bot: "ours", Messages: 10, Answered: 10, Final: Spread{Count: 10, P50: 300}, CPU: new(4.0)},
			{Bot: "theirs", Messages: 10, Answered: 10, Final: Spread{Count: 10, P50: 50}},
		},
	}
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	fields := func(name string) []string {
		for _, l := range lines {
			cells := strings.Split(strings.Trim(l, "|"), "|")
			if strings.HasPrefix(l, "|") && strings.TrimSpace(cells[0]) == name {
				for i := range cells {
					cells[i] = strings.TrimSpace(cells[i])
				}
				return cells[1:]
			}
		}
		t.Fatalf("no line %q in\n%s", name, &b)
		return nil
	}
	for name, want := range map[string][]string{
		"":                   {"ours", "theirs", "theirs ÷ ours"},
		"answered":           {"20", "19", ""},
		"final text p50, ms": {"200 (100–300)", "50.0 (50.0–50.0)", "0.25"},
		"CPU a message, ms":  {"3.00 (2.00–4.00)", "–", ""},
		"ack p50, ms":        {"–", "–", ""},
	} {
		if diff := cmp.Diff(want, fields(name)); diff != "" {
			t.Errorf("line %q: -want +got\n%s", name, diff)
		}
	}
	width := 0
	for _, l := range lines {
		if !strings.HasPrefix(l, "|") {
			continue
		}
		if n := len([]rune(l)); width == 0 {
			width = n
		} else if n != width {
			t.Errorf("a line of %d in a table of %d:\n%s", n, width, l)
		}
	}
	for _, want := range []string{
		"2 cores, linux/amd64, go1.26, holdfast v1, 2026-11-23 09:05\n",
		"10 messages in 4 threads of 3 people, all at once; model: first word after 300ms, 50.0 tokens a second, 600 characters; hung 30 %; Slack's rate limits off; runs 2\n",
		"\nWeb API calls a message, ours: chat.postMessage 1.50, auth.test 0.50, chat.update 0.50\n",
		"\nWeb API calls a message, theirs: none\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, &b)
		}
	}
	if r.Clean() {
		t.Error("a report with an unanswered message is clean")
	}
	r.Runs[1].Answered = 10
	if !r.Clean() {
		t.Error("a report in which all is well is not clean")
	}
	r.Runs[0].Doubled = 1
	if r.Clean() {
		t.Error("a report with a second answer is clean")
	}
}

func TestOptionsCheck(t *testing.T) {
	good := Options{Messages: 1, Threads: 1, People: 1, AnswerChars: 1, SlackRate: 1, Timeout: 1, Repeat: 1}
	if err := good.Check(); err != nil {
		t.Errorf("the least: %v", err)
	}
	bad := Options{Messages: 2, Threads: 3, Rate: -1, TTFT: -1, TPS: -1, Hung: 1.5, HungCalls: -1, CompareHung: true, Warmup: -1}
	err := bad.Check()
	if err == nil {
		t.Fatal("no error")
	}
	for _, flag := range []string{"--threads", "--people", "--rate", "--model-ttft", "--model-tps", "--answer-chars", "--hung", "--hung-calls", "--compare-hung", "--slack-rate", "--timeout", "--warmup", "--repeat"} {
		if !strings.Contains(err.Error(), flag+": ") {
			t.Errorf("%s is not in: %v", flag, err)
		}
	}
	if strings.Contains(err.Error(), "--messages") {
		t.Errorf("--messages is fine, but: %v", err)
	}
}

// Each bot without and with what hangs stands beside itself, not beside the first.
func TestReportOfLegs(t *testing.T) {
	o := Options{Messages: 10, HungCalls: 7, CompareHung: true, SlackRate: 1000, Repeat: 1, Bots: []Bot{{Name: "ours"}, {Name: "theirs"}}}
	r := Report{Options: o}
	for n, leg := range o.legs() {
		r.Runs = append(r.Runs, Result{Bot: leg.Name, Messages: 10, Answered: 10 - n, Failed: n, Hung: leg.hung, Rate: float64(1 + n*n)})
	}
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile(` *\| *`).ReplaceAllString(b.String(), "|")
	for _, want := range []string{
		"|ours|ours, 7 hung|theirs|theirs, 7 hung|ours, 7 hung ÷ ours|theirs, 7 hung ÷ theirs|",
		"|hung|0|7|0|7|||",
		"|lost: to be written again|0|1|2|3|||",
		"|messages a second|1.00|2.00|5.00|10.0|2.00|2.00|",
		"hung 0 %, and 7 calls before;", "limits off, the assistant's pace 1000 times theirs;",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in\n%s", want, table)
		}
	}
}
