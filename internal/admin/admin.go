package admin

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Check tells why a part cannot do its work now; nil if it can. It must heed ctx:
// a probe must not hang with what it looks at.
type Check func(ctx context.Context) error

// Checks are the parts by name.
type Checks map[string]Check

// checkLimit bounds the look at one part.
const checkLimit = 2 * time.Second

// Failing returns a line for each part that cannot do its work now, in order.
func (c Checks) Failing(ctx context.Context) []string {
	var bad []string
	for _, name := range slices.Sorted(maps.Keys(c)) {
		limited, cancel := context.WithTimeout(ctx, checkLimit)
		if err := c[name](limited); err != nil {
			bad = append(bad, name+": "+err.Error())
		}
		cancel()
	}
	return bad
}

// Handler serves the pages; metrics is what answers at /metrics.
func Handler(version string, checks Checks, metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok", version)
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		bad := checks.Failing(r.Context())
		if len(bad) == 0 {
			fmt.Fprintln(w, "ready")
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, strings.Join(bad, "\n"))
	})
	return mux
}
