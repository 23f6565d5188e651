package chaos

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// gauges are what must not grow, by their names in /metrics.
var gauges = []string{"go_goroutines", "process_open_fds"}

// spare is how much more of each a process may have at rest than at its start: a
// few connections that wait to be used again, and who waits on them. calm is how
// long the unused ones of those may stay open.
const (
	spare = 60
	calm  = 100 * time.Second
)

// vitals are the gauges of each replica's process, as it tells them itself. What a
// system does not tell is left out.
func (f *fleet) vitals(ctx context.Context) []map[string]int {
	all := make([]map[string]int, len(f.replicas))
	for n, r := range f.replicas {
		all[n] = map[string]int{}
		l := r.current()
		if l == nil {
			continue
		}
		if text, err := fetch(ctx, l.admin()); err == nil {
			all[n] = read(text)
		}
	}
	return all
}

// admin is the address of a life's metrics, by its log.
func (l *life) admin() string {
	f, err := os.Open(l.Log)
	if err != nil {
		return ""
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		var e struct{ Msg, URL string }
		if json.Unmarshal(in.Bytes(), &e) == nil && e.Msg == "admin address" {
			return strings.TrimSuffix(e.URL, "/readyz") + "/metrics"
		}
	}
	return ""
}

func fetch(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", fmt.Errorf("read metrics: %w", err)
	}
	q.Close = true
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return "", fmt.Errorf("read metrics: %w", err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		return "", fmt.Errorf("read metrics: %w", err)
	}
	return string(b), nil
}

// read finds the gauges in Prometheus's text format.
func read(text string) map[string]int {
	found := map[string]int{}
	for line := range strings.Lines(text) {
		for _, name := range gauges {
			if rest, ok := strings.CutPrefix(line, name+" "); ok {
				if v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64); err == nil {
					found[name] = int(v)
				}
			}
		}
	}
	return found
}

// leaks waits until every process at rest holds about what it held at its start.
func (r *run) leaks(ctx context.Context, base []map[string]int) {
	var over []Violation
	for deadline := time.Now().Add(calm); ; pause(ctx, time.Second) {
		over = nil
		for n, now := range r.fleet.vitals(ctx) {
			for _, name := range gauges {
				if before := base[n][name]; before > 0 && now[name] > before+spare {
					over = append(over, Violation{"leak", fmt.Sprintf("replica %d has %s %d after %s at rest, and had %d at its start", n, name, now[name], calm, before)})
				}
			}
		}
		if len(over) == 0 || ctx.Err() != nil || time.Now().After(deadline) {
			break
		}
	}
	for _, v := range over {
		r.accuse(v)
	}
}
