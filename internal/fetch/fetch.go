package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"code.dny.dev/ssrf"
)

// Options tune a Client. Zero values mean the defaults.
type Options struct {
	Bytes     int64          // of a body, decompressed; 8 MiB
	Time      time.Duration  // of the whole fetch; 20 s
	Redirects int            // followed; 5
	Agent     string         // the User-Agent; "Holdfast"
	Allow     []netip.Prefix // networks that are not public and may be read all the same
	Ports     []uint16       // that may be dialled; 80 and 443
	Proxy     *url.URL       // by way of which everything goes; none
	Resolver  *net.Resolver  // of names; the system's
}

// Page is what an address answered.
type Page struct {
	Address string // after redirects
	Type    string // the media type it claims, without parameters; may be empty
	Charset string // it claims; may be empty
	Name    string // of the file, as far as it is known; may be empty
	Body    []byte // at most Options.Bytes
	Cut     bool   // there was more
}

// Client fetches. Its zero value is not usable.
type Client struct {
	o     Options
	guard *ssrf.Guardian
	http  *http.Client
}

// New makes a client. It keeps no connection once a fetch is over.
func New(o Options) *Client {
	if o.Bytes <= 0 {
		o.Bytes = 8 << 20
	}
	if o.Time <= 0 {
		o.Time = 20 * time.Second
	}
	if o.Redirects <= 0 {
		o.Redirects = 5
	}
	if o.Agent == "" {
		o.Agent = "Holdfast"
	}
	if len(o.Ports) == 0 {
		o.Ports = []uint16{80, 443}
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	var v4, v6 []netip.Prefix
	for _, p := range o.Allow {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	c := &Client{o: o, guard: ssrf.New(ssrf.WithPorts(o.Ports...), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))}
	dialer := &net.Dialer{Timeout: 5 * time.Second, Resolver: o.Resolver}
	transport := &http.Transport{
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		DisableKeepAlives:      true,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if o.Proxy != nil {
		transport.Proxy = http.ProxyURL(o.Proxy)
	} else {
		dialer.Control = c.guard.Safe
	}
	c.http = &http.Client{Transport: transport, CheckRedirect: c.redirect}
	return c
}

// Get reads one address. Its error is an *Error.
func (c *Client) Get(ctx context.Context, address string) (*Page, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Time)
	defer cancel()
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return nil, &Error{Kind: BadAddress, Address: "the address", Err: errors.New("it is not a web address")}
	}
	page, err := c.get(ctx, u)
	if err != nil {
		return nil, c.explain(ctx, u, err)
	}
	return page, nil
}

func (c *Client) get(ctx context.Context, u *url.URL) (*Page, error) {
	if err := c.acceptable(ctx, u); err != nil {
		return nil, err
	}
	u.Fragment = ""
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, &Error{Kind: BadAddress, Err: err}
	}
	req.Header.Set("User-Agent", c.o.Agent)
	req.Header.Set("Accept", "text/html,application/xhtml+xml,text/plain;q=0.9,application/pdf;q=0.9,*/*;q=0.5")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNonAuthoritativeInfo {
		return nil, &Error{Kind: Status, Code: resp.StatusCode}
	}
	page := &Page{Address: resp.Request.URL.String(), Name: name(resp)}
	if kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err == nil {
		page.Type, page.Charset = kind, params["charset"]
	}
	if resp.ContentLength > c.o.Bytes && !textual(page.Type) {
		return nil, &Error{Kind: TooLarge, Size: resp.ContentLength, Limit: c.o.Bytes}
	}
	var body bytes.Buffer
	n, err := io.Copy(&body, io.LimitReader(resp.Body, c.o.Bytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	if n > c.o.Bytes {
		if !textual(page.Type) {
			return nil, &Error{Kind: TooLarge, Size: n, Limit: c.o.Bytes}
		}
		body.Truncate(int(c.o.Bytes))
		page.Cut = true
	}
	page.Body = body.Bytes()
	return page, nil
}

// acceptable refuses what can be refused by looking at the address. What it
// resolves to is checked when it is dialled; with a proxy, here.
func (c *Client) acceptable(ctx context.Context, u *url.URL) error {
	bad := func(why string) error { return &Error{Kind: BadAddress, Err: errors.New(why)} }
	switch {
	case u.Scheme == "" && u.Host == "":
		return bad("it is not a whole web address: it must begin with https://")
	case u.Scheme != "http" && u.Scheme != "https":
		return bad("only http and https addresses can be read")
	case u.Hostname() == "":
		return bad("it names no host")
	case u.User != nil:
		return bad("it holds a name or a password, which are not sent")
	}
	port := 443
	if u.Scheme == "http" {
		port = 80
	}
	if p := u.Port(); p != "" {
		var err error
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return bad("its port is not a port")
		}
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		return c.guard.SafeAddrPort(netip.AddrPortFrom(ip.Unmap(), uint16(port)))
	}
	if c.o.Proxy == nil {
		return nil
	}
	ips, err := c.o.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return err
	}
	for _, ip := range ips {
		if err := c.guard.SafeAddrPort(netip.AddrPortFrom(ip.Unmap(), uint16(port))); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) redirect(req *http.Request, via []*http.Request) error {
	if len(via) > c.o.Redirects {
		return &Error{Kind: Redirects, Limit: int64(c.o.Redirects)}
	}
	if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme == "http" {
		return &Error{Kind: Insecure}
	}
	req.Header.Del("Referer") // where one came from may hold a secret
	return c.acceptable(req.Context(), req.URL)
}

// name is what the file would be called if it were saved.
func name(resp *http.Response) string {
	if _, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition")); err == nil && params["filename"] != "" {
		return base(params["filename"])
	}
	return base(resp.Request.URL.Path)
}

func base(path string) string {
	path = path[strings.LastIndexAny(path, `/\`)+1:]
	if !strings.Contains(path, ".") {
		return ""
	}
	return path
}

// textual kinds make sense when they are cut.
func textual(kind string) bool {
	switch {
	case strings.HasPrefix(kind, "text/"), strings.HasSuffix(kind, "+xml"), strings.HasSuffix(kind, "+json"):
		return true
	}
	switch kind {
	case "", "application/json", "application/xml", "application/x-ndjson", "application/yaml", "application/javascript":
		return true
	}
	return false
}
