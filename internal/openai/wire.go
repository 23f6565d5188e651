package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// wireError is an error in the endpoint's words, for the log.
type wireError struct {
	Status      int // of HTTP; 0 for an error inside a stream
	RequestID   string
	Type        string
	Code        string
	Param       string
	Message     string
	ShouldRetry string // header x-should-retry
	After       time.Duration
}

func (e *wireError) Error() string {
	var b strings.Builder
	if e.Status != 0 {
		fmt.Fprintf(&b, "HTTP %d", e.Status)
	} else {
		b.WriteString("error in the stream")
	}
	for _, w := range []string{e.Type, e.Code} {
		if w != "" {
			b.WriteString(" " + w)
		}
	}
	if e.Param != "" {
		fmt.Fprintf(&b, " (%s)", e.Param)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " [request %s]", e.RequestID)
	}
	return b.String()
}

const (
	errorBodyLimit    = 64 << 10
	errorMessageLimit = 500 // bytes that are kept
)

// wireErrorOf reads what came instead of an answer.
func (c *Client) wireErrorOf(resp *http.Response) *wireError {
	// A body that breaks off, or is too long, still tells what it tells.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, errorBodyLimit))
	e := c.decodeError(body)
	e.Status = resp.StatusCode
	e.RequestID = c.short(requestID(resp))
	e.ShouldRetry = resp.Header.Get("X-Should-Retry")
	e.After = after(resp.Header, e.Message, time.Now())
	if to := resp.Header.Get("Location"); resp.StatusCode/100 == 3 {
		e.Message = c.short("redirected to " + to + "; redirects are not followed, because they would take the key along")
	}
	return e
}

func requestID(resp *http.Response) string {
	for _, h := range []string{"X-Request-Id", "Apim-Request-Id", "Cf-Ray"} {
		if v := resp.Header.Get(h); v != "" {
			return v
		}
	}
	return ""
}

// decodeError reads an error in any of the shapes that are about: OpenAI's
// {"error":{…}}, {"error":"words"}, flat, FastAPI's {"detail":…}, a list of one
// of these, plain text, a page of HTML, nothing.
func (c *Client) decodeError(body []byte) *wireError {
	e := new(wireError)
	body = bytes.TrimSpace(body)
	if len(body) > 0 && body[0] == '[' {
		var list []json.RawMessage
		if json.Unmarshal(body, &list) == nil && len(list) > 0 {
			body = list[0]
		}
	}
	switch {
	case len(body) == 0:
	case body[0] == '{':
		e.readObject(body, 0)
	case body[0] == '"':
		_ = json.Unmarshal(body, &e.Message) // if it is no JSON, there are no words
	case body[0] == '<':
		e.Message = "a page of HTML"
		if title := between(string(body), "<title>", "</title>"); title != "" {
			e.Message += ": " + title
		}
	default:
		e.Message = string(body)
	}
	e.Type, e.Code, e.Param, e.Message = c.short(e.Type), c.short(e.Code), c.short(e.Param), c.short(e.Message)
	return e
}

func (e *wireError) readObject(body []byte, depth int) {
	var v struct {
		Error   json.RawMessage `json:"error"`
		Detail  json.RawMessage `json:"detail"`
		Message loose           `json:"message"`
		Msg     loose           `json:"msg"`
		Type    loose           `json:"type"`
		Status  loose           `json:"status"`
		Code    loose           `json:"code"`
		Param   loose           `json:"param"`
	}
	// What does not decode stays empty.
	_ = json.Unmarshal(body, &v)
	first := func(to *string, from ...loose) {
		for _, s := range from {
			if *to == "" {
				*to = string(s)
			}
		}
	}
	if v.Type == "error" { // of the event, not of the error
		v.Type = ""
	}
	first(&e.Message, v.Message, v.Msg)
	first(&e.Type, v.Type, v.Status)
	first(&e.Code, v.Code)
	first(&e.Param, v.Param)
	if depth > 2 {
		return
	}
	for _, inner := range []json.RawMessage{v.Error, v.Detail} {
		inner = bytes.TrimSpace(inner)
		if len(inner) > 0 && inner[0] == '[' {
			var list []json.RawMessage
			if json.Unmarshal(inner, &list) == nil && len(list) > 0 {
				inner = list[0]
			}
		}
		switch {
		case len(inner) == 0 || empty(inner):
		case inner[0] == '{':
			var in wireError
			in.readObject(inner, depth+1)
			for _, f := range []struct{ to, from *string }{{&e.Message, &in.Message}, {&e.Type, &in.Type}, {&e.Code, &in.Code}, {&e.Param, &in.Param}} {
				if *f.from != "" {
					*f.to = *f.from
				}
			}
		case inner[0] == '"':
			var s string
			if json.Unmarshal(inner, &s) == nil && s != "" {
				e.Message = s
			}
		}
	}
}

// empty reports whether a JSON value says nothing.
func empty(v []byte) bool {
	switch string(bytes.TrimSpace(v)) {
	case "", "null", `""`, "{}", "[]", "false":
		return true
	}
	return false
}

// loose is a string that also takes what servers put in its place: numbers,
// null, objects (as their JSON).
type loose string

func (l *loose) UnmarshalJSON(b []byte) error {
	*l = ""
	switch {
	case string(b) == "null":
	case b[0] != '"':
		*l = loose(b)
	case bytes.IndexByte(b, '\\') < 0 && utf8.Valid(b):
		*l = loose(b[1 : len(b)-1])
	default:
		return json.Unmarshal(b, (*string)(l))
	}
	return nil
}

// short makes words of the endpoint fit for a log line: one line, no key, not
// too long.
func (c *Client) short(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(c.redact(s), "?")), " ")
	if len(s) > errorMessageLimit {
		s = strings.ToValidUTF8(s[:errorMessageLimit], "") + "…"
	}
	return s
}

func between(s, open, end string) string {
	_, rest, ok := strings.Cut(s, open)
	if !ok {
		return ""
	}
	inner, _, _ := strings.Cut(rest, end)
	return inner
}
