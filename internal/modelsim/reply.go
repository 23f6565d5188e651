package modelsim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// reply is the answer to one HTTP request, from its headers to the state in
// which its connection is left.
type reply struct {
	sim     *Sim
	w       http.ResponseWriter
	r       *http.Request
	rc      *http.ResponseController
	ctx     context.Context // ends with the client or the Sim
	rec     *record
	plan    plan
	dialect Dialect
	timing  Timing
	whole   bool // written to its end
	over    bool // ended early on purpose, in good order
	gone    bool // the connection was taken away on purpose
	wire    *exchange
	render  func(response) any // how a finished response is sent as JSON
}

// setHeaders sets what every reply of OpenAI carries.
func (p *reply) setHeaders(tokens int) {
	h := p.w.Header()
	h.Set("X-Request-Id", p.rec.ID)
	h.Set("Openai-Version", "2020-10-01")
	h.Set("Openai-Organization", "org-AAA")
	h.Set("Cache-Control", "no-cache")
	p.sim.quota.headers(h, tokens)
}

func (p *reply) status(code int, contentType string) {
	h := p.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Openai-Processing-Ms", strconv.FormatInt(time.Since(p.rec.Arrived).Milliseconds(), 10))
	p.rec.note(func(q *Request) { q.Status = code })
	p.w.WriteHeader(code)
}

// json writes v as a whole reply.
func (p *reply) json(code int, v any) {
	p.send(code, "application/json", append(appendJSON(nil, v), '\n'))
}

// send writes a whole reply, with the wire faults that a body can have.
func (p *reply) send(code int, contentType string, body []byte) {
	if f := p.plan.fault; f != nil && code < 400 {
		switch f.Kind {
		case FaultMalformed:
			p.sim.rec.fault(f.Kind)
			body = body[:len(body)/2]
		case FaultStall, FaultDrop, FaultEOF, FaultCutChunk, FaultTrickle:
			p.broken(code, contentType, body, f)
			return
		}
	}
	p.status(code, contentType)
	p.body(body)
}

// spoiled is a file's content as F25 sends it.
func (p *reply) spoiled(data []byte) []byte {
	f := p.plan.fault
	if f == nil || f.Kind != FaultBadResult {
		return data
	}
	p.sim.rec.fault(f.Kind)
	return f.spoil(data)
}

// broken sends half a body and then goes wrong.
func (p *reply) broken(code int, contentType string, body []byte, f *Fault) {
	p.sim.rec.fault(f.Kind)
	p.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	p.status(code, contentType)
	if f.Kind == FaultTrickle {
		for i := range body {
			if p.write(body[i:i+1]) != nil || p.rc.Flush() != nil || sleep(p.ctx, f.Every) != nil {
				return
			}
		}
		p.whole = true
		return
	}
	half := body[:len(body)/2]
	if p.write(half) != nil || p.rc.Flush() != nil {
		return
	}
	switch f.Kind {
	case FaultStall:
		if sleep(p.ctx, orDefault(f.For, forever)) == nil {
			p.whole = p.write(body[len(half):]) == nil
		}
	case FaultDrop:
		p.reset()
	default:
		p.hangUp(nil)
	}
}

// body writes the rest of a reply.
func (p *reply) body(b []byte) {
	p.whole = p.write(b) == nil && p.ctx.Err() == nil
}

func (p *reply) write(b []byte) error {
	n, err := p.w.Write(b)
	p.rec.wrote(n, 0)
	p.wire.sent(b[:n])
	return err
}

// refuse writes an error body.
func (p *reply) refuse(e *apiError) {
	h := p.w.Header()
	switch ra := e.retryAfter; {
	case ra == "" || ra == "none":
	case ra == "date":
		h.Set("Retry-After", time.Now().Add(e.retryFor).UTC().Format(http.TimeFormat))
	case strings.HasPrefix(ra, "ms:"):
		h.Set("Retry-After-Ms", strings.TrimPrefix(ra, "ms:"))
	default:
		h.Set("Retry-After", ra)
	}
	if e.shouldRetry != "" {
		h.Set("X-Should-Retry", e.shouldRetry)
	}
	if e.exhausted != "" {
		h.Set("X-Ratelimit-Remaining-"+e.exhausted, "0")
		reset := "1s"
		switch ms, inMS := strings.CutPrefix(e.retryAfter, "ms:"); {
		case inMS:
			reset = ms + "ms"
		case e.retryAfter == "date":
			reset = e.retryFor.String()
		case e.retryAfter != "" && e.retryAfter != "none":
			reset = e.retryAfter + "s"
		}
		h.Set("X-Ratelimit-Reset-"+e.exhausted, reset)
	}
	p.rec.note(func(q *Request) { q.Error = e.Error() })
	p.sim.log.Debug("refused", "request", p.rec.ID, "status", e.status, "code", e.Code, "param", e.Param, "message", e.Message)
	p.status(e.status, "application/json")
	if p.dialect.BareError {
		p.body(append(appendObject(nil, []field{{"error", e.Message}}), '\n'))
		return
	}
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		panic("modelsim: an error does not marshal: " + err.Error())
	}
	p.body(append(b, '\n'))
}

// html sends a page such as a proxy would.
func (p *reply) html(code int, title string) {
	p.status(code, "text/html")
	p.body(fmt.Appendf(nil, "<html>\r\n<head><title>%[1]s</title></head>\r\n<body>\r\n<center><h1>%[1]s</h1></center>\r\n</body>\r\n</html>\r\n", title))
}

// reset ends the connection with a RST.
func (p *reply) reset() {
	conn := p.take()
	if conn == nil {
		return
	}
	resetConn(conn)
}

// hangUp writes raw bytes, if any, and closes the connection in the middle of
// the reply.
func (p *reply) hangUp(raw []byte) {
	conn := p.take()
	if conn == nil {
		return
	}
	if n, err := conn.Write(raw); err == nil {
		p.rec.wrote(n, 0)
	}
	if err := conn.Close(); err != nil {
		p.sim.log.Debug("close", "request", p.rec.ID, "err", err)
	}
}

// take hijacks the connection.
func (p *reply) take() net.Conn {
	p.gone = true
	conn, _, err := p.rc.Hijack()
	if errors.Is(err, http.ErrHijacked) {
		return nil
	}
	if err != nil {
		// No connection of its own (HTTP/2, a recorder): aborting is the nearest.
		panic(http.ErrAbortHandler)
	}
	return conn
}

func resetConn(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0) // then Close sends a FIN, which is still an end
	}
	_ = conn.Close() // nothing is left to do with it
}

// forever is longer than anything runs.
const forever = time.Duration(1<<63 - 1)

// sleep pauses for d and returns early, with the cause, when ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if d <= 0 {
		return nil
	}
	if d == forever {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
