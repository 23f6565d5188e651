package chaos

// The kinds of faults. What each does is in faults.go.
const (
	kill   = "kill"   // kill -9, and a start after a while
	deploy = "deploy" // SIGTERM, and a start when it has ended
	roll   = "roll"   // a new replica is started, then an old one gets SIGTERM
	freeze = "freeze" // SIGSTOP for longer than a lease, then SIGCONT

	sockets  = "sockets"  // all connections at once: see slacksim.Sim.SocketAction
	envelope = "envelope" // some envelopes: see slacksim.Fault
	delivery = "delivery" // events come twice and late, in no order

	slackAPI = "slack" // some calls of a method: see slacksim.Fault
	model    = "model" // some requests: see modelsim.Fault
	slow     = "slow"  // the model takes its time, for a while

	stop     = "stop"   // a person clicks the stop button
	cross    = "cross"  // a person reacts with a cross
	edit     = "edit"   // a person edits what they wrote
	withdraw = "delete" // a person deletes what they wrote

	clock    = "clock"    // Slack's clock steps forward
	disk     = "disk"     // the disk of the database is full
	database = "database" // the database server is killed and started again
)

// Kinds lists the kinds of faults.
func Kinds() []string {
	var all []string
	for _, g := range groups() {
		all = append(all, g.kind)
	}
	return all
}

// groups are the kinds with their weights and ranges.
func groups() []group {
	return []group{
		{kind: kill, weight: 12, draw: func(d *dice, f *Fault) { f.For = d.between(0, 1500) }},
		{kind: deploy, weight: 5, draw: func(d *dice, f *Fault) { f.For = d.between(0, 500) }},
		{kind: roll, weight: 3, postgres: true},
		{kind: freeze, weight: 2, draw: func(d *dice, f *Fault) { f.For = d.between(500, 14_000) }},
		{kind: sockets, weight: 8, draw: func(d *dice, f *Fault) {
			f.Form = d.one("drop", "drop", "stall", "half_frame", "refresh", "mute")
			if f.Form == "stall" || f.Form == "mute" {
				f.For = d.between(500, 20_000)
			}
		}},
		{kind: envelope, weight: 10, draw: func(d *dice, f *Fault) {
			f.Form = d.one("delay", "lost", "duplicate", "reorder", "stall", "reset_before", "reset_after", "half_frame")
			f.Times = d.between(1, 4)
			switch f.Form {
			case "delay", "reorder":
				f.For = d.between(50, 2500)
			case "stall":
				f.For = d.between(500, 8000)
			}
		}},
		{kind: delivery, weight: 3, draw: func(d *dice, f *Fault) { f.For, f.Times = d.between(1000, 5000), d.between(0, 2) }},
		{kind: slackAPI, weight: 25, draw: func(d *dice, f *Fault) {
			f.Method = d.one("chat.startStream", "chat.appendStream", "chat.stopStream", "chat.postMessage", "chat.update",
				"agents.sessions.setStatus", "assistant.threads.setStatus", "reactions.add", "reactions.remove",
				"conversations.replies", "conversations.history", "apps.connections.open", "users.info", "*")
			f.Form = d.one("429", "500", "503", "html", "reset_before", "reset_after", "lost", "lost", "internal_after", "delay", "hang")
			f.Times = d.between(1, 5)
			switch f.Form {
			case "delay":
				f.For = d.between(100, 4000)
			case "hang":
				f.For = d.between(1000, 20_000)
			}
		}},
		{kind: model, weight: 14, model: true, draw: func(d *dice, f *Fault) {
			f.Form = d.one("F1", "F2", "F3", "F5", "F6", "F6", "F7", "F7", "F8", "F9", "F11", "F12", "F12", "F13", "F14", "F15", "F20", "F23", "F24")
			f.Times, f.After = d.between(1, 4), d.between(2, 60)
			switch f.Form {
			case "F5", "F6":
				f.For = d.between(300, 12_000)
			case "F2":
				f.For = d.between(500, 4000)
			}
		}},
		{kind: slow, weight: 3, draw: func(d *dice, f *Fault) { f.For = d.between(2000, 6000) }},
		{kind: stop, weight: 4, draw: about},
		{kind: cross, weight: 2, draw: about},
		{kind: edit, weight: 3, draw: about},
		{kind: withdraw, weight: 2, draw: about},
		{kind: clock, weight: 2, draw: func(d *dice, f *Fault) { f.For = d.between(1000, 70_000) }},
		{kind: disk, weight: 2, sqlite: true, draw: func(d *dice, f *Fault) { f.For = d.between(200, 4000) }},
		{kind: database, weight: 3, postgres: true, draw: func(d *dice, f *Fault) { f.For = d.between(0, 2000) }},
	}
}

// about means a message; Draw chooses it.
func about(_ *dice, f *Fault) { f.Message = 1 }
