package openai

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// newTransport is made for many long streams: small buffers, no limit on
// connections to one host, no compression (a decompressor holds 40 KiB per
// stream, and delays small events), and health checks, so that one dead HTTP/2
// connection does not stall every stream on it.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		MaxIdleConns:          256,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       90 * time.Second,
		DisableCompression:    true,
		// Each open stream holds both for minutes; events are some 300 bytes long.
		ReadBufferSize:  1 << 10,
		WriteBufferSize: 512,
	}
}

// send makes one HTTP request to a path below the base URL. It returns an
// answer with status 200, and a *wireError for every other. w may be nil.
func (c *Client) send(ctx context.Context, w *watch, method string, query url.Values, body []byte, path ...string) (*http.Response, error) {
	u := c.base.JoinPath(escaped(path)...)
	u.RawQuery = query.Encode()
	if w != nil {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GetConn: func(string) { w.again() },
			GotConn: func(httptrace.GotConnInfo) { w.connected() },
		})
	}
	load := newPayload(body)
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("build the request: %w", err)
	}
	if body != nil {
		req.ContentLength = int64(len(body))
		req.GetBody = load.open
		if req.Body, err = load.open(); err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("User-Agent", "holdfast")
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	if c.organization != "" {
		req.Header.Set("OpenAI-Organization", c.organization)
	}
	if c.project != "" {
		req.Header.Set("OpenAI-Project", c.project)
	}
	resp, err := c.http.Do(req)
	load.drop()
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, c.wireErrorOf(resp)
	}
	return resp, nil
}

// payload is a request body that can be let go. The transport keeps the request
// as long as the response is being read, which may be minutes, and a
// conversation with pictures is megabytes long.
type payload struct{ bytes atomic.Pointer[[]byte] }

func newPayload(b []byte) *payload {
	p := new(payload)
	p.bytes.Store(&b)
	return p
}

func (p *payload) drop() { p.bytes.Store(nil) }

// open begins a reading of the body. It serves http.Request.GetBody, which the
// transport uses to send again on a new connection.
func (p *payload) open() (io.ReadCloser, error) {
	b := p.bytes.Load()
	if b == nil {
		return nil, fmt.Errorf("the request body was let go when the answer began")
	}
	r := new(payloadReader)
	r.bytes.Store(bytes.NewReader(*b))
	return r, nil
}

// payloadReader lets the bytes go when it is closed, which the transport may do
// while it is being read.
type payloadReader struct{ bytes atomic.Pointer[bytes.Reader] }

func (p *payloadReader) Read(b []byte) (int, error) {
	if r := p.bytes.Load(); r != nil {
		return r.Read(b)
	}
	return 0, http.ErrBodyReadAfterClose
}

func (p *payloadReader) Close() error {
	p.bytes.Store(nil)
	return nil
}

// escaped makes each element one path segment, whatever an endpoint put into
// its ids.
func escaped(path []string) []string {
	out := make([]string, len(path))
	for i, p := range path {
		if p == "." || p == ".." {
			out[i] = strings.ReplaceAll(p, ".", "%2E")
			continue
		}
		out[i] = url.PathEscape(p)
	}
	return out
}
