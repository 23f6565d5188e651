package baseline

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Options are the shape of the bot.
type Options struct {
	Workers int           // how many messages are worked on at once
	Timeout time.Duration // for the whole of a model call
	Wait    bool          // a message for a busy thread waits, and a worker with it, in place of a refusal
}

// Parse reads "workers=10,timeout=305s,busy=refuse". What is left out is as in
// this example; busy is refuse or wait.
func Parse(s string) (Options, error) {
	o := Options{Workers: 10, Timeout: 305 * time.Second}
	for part := range strings.SplitSeq(s, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		var err error
		switch name {
		case "workers":
			if o.Workers, err = strconv.Atoi(value); err != nil || o.Workers < 1 || o.Workers > 10_000 {
				return o, fmt.Errorf("workers=%s: want 1 to 10000", value)
			}
		case "timeout":
			if o.Timeout, err = time.ParseDuration(value); err != nil || o.Timeout <= 0 {
				return o, fmt.Errorf("timeout=%s: want a time such as 305s", value)
			}
		case "busy":
			if value != "refuse" && value != "wait" {
				return o, fmt.Errorf("busy=%s: want refuse or wait", value)
			}
			o.Wait = value == "wait"
		default:
			return o, fmt.Errorf("%q: want workers=10,timeout=305s,busy=refuse, or some of them", part)
		}
	}
	return o, nil
}
