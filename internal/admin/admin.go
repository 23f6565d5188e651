package admin

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Check tells why a part cannot do its work now; nil if it can.
type Check func() error

// Handler serves the pages.
func Handler(version string, checks map[string]Check) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok", version)
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		var bad []string
		for name, check := range checks {
			if err := check(); err != nil {
				bad = append(bad, name+": "+err.Error())
			}
		}
		if len(bad) == 0 {
			fmt.Fprintln(w, "ready")
			return
		}
		slices.Sort(bad)
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, strings.Join(bad, "\n"))
	})
	return mux
}
