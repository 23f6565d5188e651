package holdfast_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/app"
	"holdfast/internal/config"
	"holdfast/internal/modelsim"
	"holdfast/internal/slacksim"
)

// simulatorsEnv makes the test binary serve both simulators, so that what is
// measured is the assistant's process alone.
const simulatorsEnv = "HOLDFAST_TEST_SIMULATORS"

// serveSimulators prints the two addresses and serves until its input ends.
func serveSimulators() int {
	slack, model := slacksim.New(slacksim.Options{}), modelsim.New(modelsim.Options{KeepRequests: 10})
	// The stream begins and then says nothing: a turn in full flight.
	model.AddRule(modelsim.Rule{Fault: &modelsim.Fault{Kind: "F6", After: 4}, Text: "one two three four"})
	s, err := slack.Start(context.Background(), "127.0.0.1:0")
	if err == nil {
		var m *modelsim.Server
		if m, err = model.Start(context.Background(), "127.0.0.1:0"); err == nil {
			fmt.Println(s.URL())
			fmt.Println(m.URL())
			_, err = io.Copy(io.Discard, os.Stdin)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// BenchmarkInFlight holds b.N turns, each with an open stream from the model
// that says nothing, and reports what one costs. The aim is under 40 KiB and at
// most 4 goroutines; run it with -benchtime 10000x.
func BenchmarkInFlight(b *testing.B) {
	if b.N == 1 {
		return // the benchmark's trial run
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	slackURL, modelURL := startSimulators(b, ctx)
	c, err := config.Load([]string{
		"SLACK_BOT_TOKEN=" + slacksim.DefaultBotToken, "SLACK_APP_TOKEN=" + slacksim.DefaultAppToken, "OPENAI_API_KEY=sk-test",
		"SLACK_API_URL=" + slackURL + "/api/", "OPENAI_BASE_URL=" + modelURL,
		"DATABASE_URL=sqlite:" + filepath.Join(b.TempDir(), "x.db"), "HOLDFAST_ADMIN_ADDR=off", "HOLDFAST_LOG_LEVEL=ERROR",
		"API_TIMEOUT_READ=3600", "API_TIMEOUT_STREAMING_CHUNK=3000", "HOLDFAST_FIRST_EVENT_TIMEOUT=3000s", "HOLDFAST_DRAIN_TIMEOUT=100ms",
	}, "")
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- app.Serve(ctx, c, io.Discard) }()
	poll(b, "the socket", func() bool {
		select {
		case err := <-ended:
			b.Fatalf("holdfast ended: %v", err)
		default:
		}
		var state struct {
			Sockets []struct{ State string }
		}
		get(b, slackURL+"/sim/state", &state)
		return len(state.Sockets) >= 2
	})
	before := measure()

	b.ResetTimer()
	say := func(int) {
		body := strings.NewReader(`{"user":"` + ada(b, slackURL) + `","channel":"@bot","text":"hold on"}`)
		r, err := http.Post(slackURL+"/sim/messages", "application/json", body)
		if err != nil {
			b.Error(err)
			return
		}
		_ = r.Body.Close()
	}
	var wg sync.WaitGroup
	for p := range 8 {
		wg.Go(func() {
			for i := p; i < b.N; i += 8 {
				say(i)
			}
		})
	}
	wg.Wait()
	poll(b, fmt.Sprintf("%d open streams", b.N), func() bool {
		var stats struct{ Streams int }
		get(b, strings.TrimSuffix(modelURL, "/v1")+"/_sim/stats", &stats)
		return stats.Streams >= b.N
	})
	b.StopTimer()
	after := measure()
	each := func(before, after int64) float64 { return float64(after-before) / float64(b.N) }
	b.ReportMetric(each(before.heap, after.heap), "heap-bytes/turn")
	b.ReportMetric(each(before.stacks, after.stacks), "stack-bytes/turn")
	b.ReportMetric(each(before.heap+before.stacks, after.heap+after.stacks), "bytes/turn")
	b.ReportMetric(float64(after.goroutines-before.goroutines)/float64(b.N), "goroutines/turn")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "turns-begun/s")

	cancel()
	if err := <-ended; err != nil {
		b.Error(err)
	}
}

type cost struct {
	heap, stacks int64
	goroutines   int
}

// measure counts what is in use after a collection: heap and stacks.
func measure() cost {
	for range 5 { // a collection halves a stack that is hardly used
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return cost{int64(m.HeapAlloc), int64(m.StackInuse), runtime.NumGoroutine()}
}

var adaOnce sync.Once
var adaID string

func ada(b *testing.B, slackURL string) string {
	adaOnce.Do(func() {
		var state struct {
			Users []struct {
				ID    string
				IsBot bool `json:"is_bot"`
			}
		}
		get(b, slackURL+"/sim/state", &state)
		for _, u := range state.Users {
			if !u.IsBot {
				adaID = u.ID
				return
			}
		}
	})
	return adaID
}

func startSimulators(b *testing.B, ctx context.Context) (slackURL, modelURL string) {
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	p := exec.CommandContext(ctx, exe)
	p.Env = append(os.Environ(), simulatorsEnv+"=1")
	p.Stderr = os.Stderr
	in, err := p.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = p.Wait() // it ends with its input
	})
	lines := bufio.NewScanner(out)
	for _, url := range []*string{&slackURL, &modelURL} {
		if !lines.Scan() {
			b.Fatal("the simulators did not start")
		}
		*url = lines.Text()
	}
	return slackURL, modelURL
}

func get(b *testing.B, url string, into any) {
	r, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal(body.Bytes(), into); err != nil {
		b.Fatalf("%s: %v: %.200s", url, err, body.String())
	}
}

// poll looks again and again at another process, which cannot signal us.
func poll(b *testing.B, what string, ok func() bool) {
	b.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(5 * time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			b.Fatalf("%s: not within five minutes", what)
		}
	}
}
