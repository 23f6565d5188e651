package modelsim

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// stream writes events to one client as OpenAI frames them, or as a dialect
// does, with the wire faults in between. It is a sink.
type stream struct {
	p     *reply
	gz    *gzip.Writer
	fault *Fault
	n     int    // events handed over
	bare  bool   // data lines alone and [DONE], as chat completions are
	held  []byte // the event that F20 reorder sends late
	buf   []byte
}

// errWireEnded means that a fault ended the stream; nothing more can be sent.
var errWireEnded = errors.New("modelsim: a fault ended the stream")

// openStream sends the headers of an event stream.
func (p *reply) openStream() (*stream, error) {
	st := &stream{p: p, fault: p.plan.fault}
	if p.dialect.Gzip && strings.Contains(p.r.Header.Get("Accept-Encoding"), "gzip") {
		p.w.Header().Set("Content-Encoding", "gzip")
		st.gz = gzip.NewWriter(p.w)
	}
	p.status(200, "text/event-stream; charset=utf-8")
	if err := p.rc.Flush(); err != nil {
		return nil, fmt.Errorf("modelsim: send headers: %w", err)
	}
	return st, nil
}

func (st *stream) state(response) {}

// wait pauses, writing pings if the timing asks for them.
func (st *stream) wait(ctx context.Context, d time.Duration) error {
	ping := st.p.timing.Ping
	for ping > 0 && d > ping {
		if err := sleep(ctx, ping); err != nil {
			return err
		}
		if err := st.ping(); err != nil {
			return err
		}
		if d != forever {
			d -= ping
		}
	}
	return sleep(ctx, d)
}

func (st *stream) ping() error { return st.send([]byte(": ping" + st.eol() + st.eol())) }

func (st *stream) eol() string {
	if st.p.dialect.CRLF {
		return "\r\n"
	}
	return "\n"
}

// event sends one event, or does what the fault wants at this place.
func (st *stream) event(ev event) error {
	if st.p.ctx.Err() != nil {
		return context.Cause(st.p.ctx)
	}
	n := st.n
	st.n++
	if f := st.fault; f != nil && (n == f.After || f.Kind == FaultTrickle) {
		done, err := st.strike(f, ev)
		if done || err != nil {
			return err
		}
	}
	if err := st.write(ev); err != nil {
		return err
	}
	if st.held != nil && n > st.fault.After {
		late := st.held
		st.held = nil
		return st.send(late)
	}
	return nil
}

// strike performs a wire fault at ev. done says that ev is dealt with.
func (st *stream) strike(f *Fault, ev event) (done bool, err error) {
	struck := true
	switch f.Kind {
	case FaultStall:
		st.p.sim.rec.fault(f.Kind)
		return false, st.wait(st.p.ctx, orDefault(f.For, forever))
	case FaultDrop:
		st.p.reset()
		err = errWireEnded
	case FaultEOF:
		err = errWireEnded
	case FaultCutChunk:
		frame := st.frame(ev)
		raw := fmt.Appendf(nil, "%x\r\n", len(frame))
		st.p.hangUp(append(raw, frame[:len(frame)/2]...))
		err = errWireEnded
	case FaultErrorEvent:
		err = errors.Join(st.write(st.errorEvent(f, st.n-1)), errWireEnded)
	case FaultMalformed:
		err = st.malformed(f.Variant)
	case FaultSequence:
		switch f.Variant {
		case "duplicate":
			err = st.write(ev)
		case "reorder":
			st.held = bytes.Clone(st.frame(ev))
			done = true
		case "gap":
			done = true
		}
	case FaultTrickle:
		if st.n == 1 {
			st.p.sim.rec.fault(f.Kind)
		}
		return true, st.trickle(st.frame(ev), f.Every)
	default:
		struck = false
	}
	if struck {
		st.p.sim.rec.fault(f.Kind)
	}
	return done, err
}

func (st *stream) errorEvent(f *Fault, seq int) event {
	message := orDefault(f.Message, failureMessage(f.Code, st.p.rec.Model))
	inner := []field{{"type", orDefault(f.Type, "server_error")}, {"code", f.Code}, {"message", message}, {"param", json.RawMessage("null")}}
	if st.bare {
		return event{"", appendObject(nil, []field{{"error", inner}})}
	}
	fields := append([]field{{"type", "error"}, {"sequence_number", seq}}, inner[1:]...)
	if f.Variant == "nested" || st.p.dialect.NestedError {
		fields = []field{{"type", "error"}, {"error", inner}, {"sequence_number", seq}}
	}
	return event{"error", appendObject(nil, fields)}
}

// malformed sends a broken event before the one that is due.
func (st *stream) malformed(variant string) error {
	const typ = "response.output_text.delta"
	data := []byte(`{"type":"response.output_text.delta","sequence_number":`)
	switch variant {
	case "type":
		data = []byte(`{"type":7,"sequence_number":"x","delta":{"not":"a string"}}`)
	case "nul":
		data = []byte("{\"type\":\"response.output_text.delta\",\"delta\":\"a\x00b\"}")
	case "utf8":
		data = []byte("{\"type\":\"response.output_text.delta\",\"item_id\":\"msg_x\",\"output_index\":0,\"content_index\":0,\"delta\":\"\xff\xfe\xc3\"}")
	case "long":
		// Over 32 MiB on one line, sent in pieces so that it is never held whole.
		if err := st.send([]byte("data: {\"type\":\"response.output_text.delta\",\"delta\":\"")); err != nil {
			return err
		}
		piece := bytes.Repeat([]byte("x"), 64<<10)
		for range 33 << 20 / len(piece) {
			if err := st.send(piece); err != nil {
				return err
			}
		}
		return st.send([]byte("\"}\n\n"))
	}
	return st.write(event{typ, data})
}

func (st *stream) trickle(frame []byte, every time.Duration) error {
	for i := range frame {
		if err := st.send(frame[i : i+1]); err != nil {
			return err
		}
		if err := sleep(st.p.ctx, every); err != nil {
			return err
		}
	}
	st.p.rec.wrote(0, 1)
	return nil
}

// write frames and sends one event.
func (st *stream) write(ev event) error {
	frame := st.frame(ev)
	var err error
	if st.p.dialect.SplitRunes {
		for _, piece := range splitBadly(frame) {
			if err = st.send(piece); err != nil {
				break
			}
		}
	} else {
		err = st.send(frame)
	}
	if cap(st.buf) > 1<<10 {
		st.buf = nil // an idle stream should hold no large buffer
	}
	if err == nil {
		st.p.rec.wrote(0, 1)
	}
	return err
}

// frame renders the lines of an event. The result is good until the next frame.
func (st *stream) frame(ev event) []byte {
	d, eol := st.p.dialect, st.eol()
	b := st.buf[:0]
	if !d.NoEventLine && !st.bare {
		b = append(b, "event: "...)
		b = append(b, ev.typ...)
		b = append(b, eol...)
	}
	data := ev.data
	if d.Multiline {
		var indented bytes.Buffer
		if json.Indent(&indented, data, "", " ") == nil {
			data = indented.Bytes()
		}
		for line := range bytes.SplitSeq(data, []byte("\n")) {
			b = append(b, "data: "...)
			b = append(b, line...)
			b = append(b, eol...)
		}
	} else {
		b = append(b, "data: "...)
		b = append(b, data...)
		b = append(b, eol...)
	}
	b = append(b, eol...)
	st.buf = b
	return b
}

// send writes bytes and flushes them: one event, one chunk.
func (st *stream) send(b []byte) error {
	if st.p.gone {
		return errWireEnded
	}
	var err error
	if st.gz != nil {
		if _, err = st.gz.Write(b); err == nil {
			err = st.gz.Flush()
		}
		st.p.rec.wrote(len(b), 0)
		st.p.wire.sent(b)
	} else {
		err = st.p.write(b)
	}
	if err == nil {
		err = st.p.rc.Flush()
	}
	if err != nil {
		return fmt.Errorf("modelsim: write event: %w", err)
	}
	return nil
}

// close ends the body in order. err is what ended the events.
func (st *stream) close(err error) {
	p := st.p
	switch {
	case p.gone:
		return
	case err == nil:
		if p.dialect.Done || st.bare {
			err = st.send([]byte("data: [DONE]" + st.eol() + st.eol()))
		}
		if err == nil {
			p.whole = st.end() == nil
		}
	case errors.Is(err, errWireEnded):
		p.over = true
		_ = st.end() // F8 and F14: the stream is over, and its client knows or not
	default:
		// The client has left or the Sim is closing: no clean end of the body.
		if p.left() {
			p.rec.note(func(q *Request) { q.Cancelled = true })
		}
		p.reset()
	}
}

func (st *stream) end() error {
	if st.gz == nil {
		return nil
	}
	return st.gz.Close()
}

// splitBadly cuts a frame inside every rune of several bytes and before the
// last newline.
func splitBadly(frame []byte) [][]byte {
	var out [][]byte
	start := 0
	for i, c := range frame {
		if c >= utf8.RuneSelf && utf8.RuneStart(c) && i+1 < len(frame) {
			out = append(out, frame[start:i+1])
			start = i + 1
		}
	}
	if last := len(frame) - 1; last > start {
		out = append(out, frame[start:last])
		start = last
	}
	return append(out, frame[start:])
}

// nothing is the sink of a response that is answered as plain JSON.
type nothing struct{}

func (nothing) event(event) error { return nil }
func (nothing) state(response)    {}

func (nothing) wait(ctx context.Context, d time.Duration) error { return sleep(ctx, d) }
