package app

import (
	"holdfast/internal/metric"
	slacksocket "holdfast/internal/slack/socket"
	"holdfast/internal/slack/web"
)

// counted joins the Web API caller to the metrics.
func counted(m *metric.Set) func(web.Event) {
	return func(e web.Event) {
		switch {
		case e.Took == 0:
			m.SlackSlot(e.Method, e.Waited)
		case e.Class == 0:
			m.SlackCall(e.Method, "ok", e.Took)
		default:
			m.SlackCall(e.Method, e.Class.String(), e.Took)
		}
	}
}

// envelopes are the types that Slack sends. Slack: Socket Mode.
var envelopes = map[string]bool{"events_api": true, "interactive": true, "slash_commands": true}

// watched joins the sockets to the metrics.
func watched(m *metric.Set) func(slacksocket.Event) {
	results := map[slacksocket.EventKind]string{
		slacksocket.Acked: "acked", slacksocket.AckLost: "ack_lost", slacksocket.Refused: "refused", slacksocket.Dropped: "dropped",
	}
	return func(e slacksocket.Event) {
		switch result, envelope := results[e.Kind]; {
		case envelope && envelopes[e.Type]:
			m.Envelope(e.Type, result, e.Took)
		case envelope:
			m.Envelope("other", result, e.Took)
		case e.Kind == slacksocket.Connected:
			m.Opened("connected")
		case e.Kind == slacksocket.Failed:
			m.Opened("failed")
		case e.Kind == slacksocket.Leaving:
			m.Leaving(e.Type)
		case e.Kind == slacksocket.Lost:
			m.Lost()
		}
	}
}
