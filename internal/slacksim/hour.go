package slacksim

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// hourly counts events by the minute, over the last hour. Slack: "app_rate_limited event".
type hourly struct {
	minutes [60]struct {
		minute            int64 // since 1970
		events, ok, wrong int
	}
	told    int64 // the minute that app_rate_limited was last sent for
	limited int   // events not sent because of the limit
}

// HTTPStats is the last hour of the HTTP mode. Slack may switch an app's subscriptions off when fewer than 5% of the
// deliveries of an hour succeed; the simulator only notes it.
type HTTPStats struct {
	Delivered int    `json:"delivered"`
	Failed    int    `json:"failed"`  // attempts
	Limited   int    `json:"limited"` // events never sent because of Settings.EventsPerHour, since the last reset
	Note      string `json:"note,omitempty"`
}

func (h *hourly) slot(now time.Time) int {
	m := now.Unix() / 60
	i := int(m % 60)
	if h.minutes[i].minute != m {
		h.minutes[i].minute, h.minutes[i].events, h.minutes[i].ok, h.minutes[i].wrong = m, 0, 0, 0
	}
	return i
}

// count notes how an attempt to deliver an event ended; interactions do not count.
func (h *hourly) count(now time.Time, event, ok bool) {
	if !event {
		return
	}
	if i := h.slot(now); ok {
		h.minutes[i].ok++
	} else {
		h.minutes[i].wrong++
	}
}

// admit counts an event and reports whether it is within the limit of an hour.
func (h *hourly) admit(now time.Time, limit int) bool {
	m, n := now.Unix()/60, 0
	for _, x := range h.minutes {
		if x.minute > m-60 {
			n += x.events
		}
	}
	if n >= limit {
		return false
	}
	h.minutes[h.slot(now)].events++
	return true
}

func (h *hourly) stats(now time.Time) HTTPStats {
	st := HTTPStats{Limited: h.limited}
	m := now.Unix() / 60
	for _, x := range h.minutes {
		if x.minute > m-60 {
			st.Delivered += x.ok
			st.Failed += x.wrong
		}
	}
	if all := st.Delivered + st.Failed; st.Failed > 0 && st.Delivered*20 < all {
		st.Note = fmt.Sprintf("only %d of %d attempts succeeded in the last hour: Slack may switch the subscriptions off below 5%%", st.Delivered, all)
	}
	return st
}

// HTTP tells how the deliveries of the last hour by HTTP went.
func (v View) HTTP() HTTPStats { return v.s.hour.stats(v.s.now()) }

// withinHour counts an event that is about to be sent. Above Settings.EventsPerHour it is not to be sent, and the app
// hears so once a minute. Without rate limits everything is within.
func (s *Sim) withinHour() bool {
	now, limit := s.now(), s.settings.EventsPerHour
	if !s.limits.Enabled {
		limit = math.MaxInt
	}
	if s.hour.admit(now, limit) {
		return true
	}
	s.hour.limited++
	minute := now.Unix() / 60
	if s.hour.told == minute {
		return false
	}
	s.hour.told = minute
	payload, err := json.Marshal(struct {
		Token    string `json:"token"`
		Type     string `json:"type"`
		TeamID   string `json:"team_id"`
		Minute   int64  `json:"minute_rate_limited"`
		APIAppID string `json:"api_app_id"`
	}{verification, "app_rate_limited", s.ws.team.ID, minute * 60, s.ws.app.ID})
	if err != nil {
		s.log.Error("slacksim: app_rate_limited not encoded", "error", err)
		return false
	}
	s.dispatch(&delivery{kind: "events_api", payload: payload, event: "app_rate_limited", retrying: true})
	return false
}
