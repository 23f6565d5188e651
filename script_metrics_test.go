package holdfast_test

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// term [-begin|-end]: SIGTERM, which must end with code 0; or only the signal, or
// only the wait.
func term(ts *testscript.TestScript, w *world, args []string) {
	switch {
	case len(args) == 0:
		ts.Check(w.stop(syscall.SIGTERM))
	case args[0] == "-begin":
		ts.Check(w.replicas[0].Process.Signal(syscall.SIGTERM))
	case args[0] == "-end":
		ts.Check(w.stop(syscall.Signal(0)))
	default:
		ts.Fatalf("usage: term [-begin|-end]")
	}
}

// adminLine is where the newest replica that has an admin address tells it.
var adminLine = regexp.MustCompile(`"admin address","url":"(http://[^"]+)/readyz"`)

// admin reads a page of the admin address.
func (w *world) admin(ts *testscript.TestScript, path string) (status int, body string) {
	log, err := os.ReadFile(w.logFile())
	ts.Check(err)
	told := adminLine.FindAllStringSubmatch(string(log), -1)
	if told == nil {
		ts.Fatalf("holdfast tells no admin address: start it with HOLDFAST_ADMIN_ADDR=127.0.0.1:0")
	}
	resp, err := http.Get(told[len(told)-1][1] + path)
	if err != nil {
		return 0, err.Error() // it may just be starting, or ending
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	return resp.StatusCode, string(b)
}

// askAgain asks until there is a yes.
func askAgain(ts *testscript.TestScript, w *world, what string, ask func() (ok bool, last string)) {
	give := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, last := ask()
		if ok {
			return
		}
		select {
		case <-give:
			ts.Fatalf("%s: not within %s; last:\n%s\n%s", what, patience, last, w.tail())
		case <-tick.C:
		}
	}
}

// metric NAME[{LABELS}] OP VALUE: waits until the metric stands so; OP is =, >=
// or <=. One that is not there is 0.
func metric(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 3, "metric NAME[{LABELS}] =|>=|<= VALUE")
	want, err := strconv.ParseFloat(args[2], 64)
	ts.Check(err)
	askAgain(ts, w, strings.Join(args, " "), func() (bool, string) {
		_, page := w.admin(ts, "/metrics")
		have := 0.0
		for line := range strings.Lines(page) {
			if value, ok := strings.CutPrefix(line, "holdfast_"+args[0]+" "); ok {
				have, err = strconv.ParseFloat(strings.TrimSpace(value), 64)
				ts.Check(err)
			}
		}
		switch args[1] {
		case "=":
			return have == want, page
		case ">=":
			return have >= want, page
		case "<=":
			return have <= want, page
		}
		ts.Fatalf("%q: want =, >= or <=", args[1])
		return false, ""
	})
}

// ready [REGEXP]: waits until holdfast says that it is ready; with a REGEXP,
// until it says that it is not, for such a reason.
func ready(ts *testscript.TestScript, w *world, args []string) {
	reason := regexp.MustCompile(strings.Join(args, " "))
	askAgain(ts, w, "ready "+reason.String(), func() (bool, string) {
		status, page := w.admin(ts, "/readyz")
		if len(args) == 0 {
			return status == http.StatusOK, page
		}
		return status == http.StatusServiceUnavailable && reason.MatchString(page), page
	})
}
