package modelsim

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"sync"
)

// wire writes what went over the wire to Options.Wire.
type wire struct {
	mu sync.Mutex
	to io.Writer
}

// exchange is one request and its reply. A nil one remembers nothing.
type exchange struct {
	request []byte
	form    json.RawMessage // of a multipart request
	reply   bytes.Buffer
}

func (w *wire) open() *exchange {
	if w.to == nil {
		return nil
	}
	return &exchange{}
}

func (x *exchange) asked(body []byte) {
	if x != nil {
		x.request = body
	}
}

func (x *exchange) sentForm(summary json.RawMessage) {
	if x != nil {
		x.form = summary
	}
}

func (x *exchange) sent(b []byte) {
	if x != nil {
		x.reply.Write(b)
	}
}

// log writes the line of a reply that has ended.
func (w *wire) log(p *reply) {
	x := p.wire
	if x == nil {
		return
	}
	var q Request
	p.rec.note(func(now *Request) { q = *now })
	events := []json.RawMessage{}
	reply := x.reply.Bytes()
	if strings.HasPrefix(p.w.Header().Get("Content-Type"), "text/event-stream") {
		events, reply = eventData(reply), nil
	}
	line := append(appendObject(nil, []field{
		{"n", p.rec.N}, {"method", p.r.Method}, {"path", p.r.URL.Path}, {"status", q.Status},
		{"shape", q.Shape}, {"fault", string(q.Fault)}, {"dialect", p.dialect.names()},
		{"request", jsonOrNull(x.request)}, {"form", x.form}, {"response", jsonOrNull(reply)}, {"events", events},
	}), '\n')
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.to.Write(line); err != nil {
		p.sim.log.Warn("write the wire log", "request", p.rec.ID, "err", err)
	}
}

// jsonOrNull returns b on one line, or null if it is not JSON.
func jsonOrNull(b []byte) json.RawMessage {
	var one bytes.Buffer
	if json.Compact(&one, b) != nil {
		return nil
	}
	return one.Bytes()
}

// eventData returns the data of the events in a stream, which a dialect may have
// framed in any way: what is not JSON becomes a JSON string.
func eventData(stream []byte) []json.RawMessage {
	events := []json.RawMessage{}
	var data []byte
	var have bool
	for line := range bytes.Lines(stream) {
		line = bytes.TrimRight(line, "\r\n")
		if part, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data, have = append(append(data, bytes.TrimPrefix(part, []byte(" "))...), '\n'), true
			continue
		}
		if len(line) == 0 && have {
			raw := jsonOrNull(data)
			if raw == nil {
				raw = appendString(nil, strings.TrimSuffix(string(data), "\n"))
			}
			events = append(events, raw)
			data, have = nil, false
		}
	}
	return events
}
