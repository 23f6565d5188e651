package fetch

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loopback is what the tests' servers need; everything else stays forbidden.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}

func serve(t *testing.T, h http.HandlerFunc) (*httptest.Server, uint16) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s, s.Listener.Addr().(*net.TCPAddr).AddrPort().Port()
}

func kindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

func TestGet(t *testing.T) {
	var seen http.Header
	s, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		if r.URL.Path == "/start" {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
			http.Redirect(w, r, "/notes/tide.html?k=v", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=Shift_JIS")
		fmt.Fprint(w, "<p>high water</p>")
	})
	c := New(Options{Allow: loopback, Ports: []uint16{port}, Agent: "Holdfast/1"})
	page, err := c.Get(t.Context(), " "+s.URL+"/start?secret=1#part ")
	if err != nil {
		t.Fatal(err)
	}
	if page.Address != s.URL+"/notes/tide.html?k=v" || page.Type != "text/html" || page.Charset != "Shift_JIS" ||
		page.Name != "tide.html" || string(page.Body) != "<p>high water</p>" || page.Cut {
		t.Errorf("page: %+v", page)
	}
	if seen.Get("Referer") != "" || seen.Get("Cookie") != "" || seen.Get("User-Agent") != "Holdfast/1" {
		t.Errorf("headers after the redirect: %v", seen)
	}
}

// TestRefused is what nobody may be talked into: the corpus of addresses.
func TestRefused(t *testing.T) {
	var reached atomic.Int64
	hidden, port := serve(t, func(w http.ResponseWriter, r *http.Request) { reached.Add(1) })
	p := strconv.Itoa(int(port))
	names := resolver(t, func(name string, ask int) string {
		switch name {
		case "inside.example.":
			return "10.1.2.3"
		case "loop.example.":
			return "127.0.0.1"
		case "meta.example.":
			return "169.254.169.254"
		}
		return ""
	})
	c := New(Options{Ports: []uint16{80, 443, port}, Resolver: names, Time: 10 * time.Second})
	for address, want := range map[string]Kind{
		hidden.URL:                                Private,
		"http://127.0.0.1:" + p:                   Private,
		"http://127.0.0.1.:" + p:                  Private,
		"http://127.255.255.254:" + p:             Private,
		"http://[::1]:" + p:                       Private,
		"http://[::]:" + p:                        Private,
		"http://0.0.0.0:" + p:                     Private,
		"http://[::ffff:127.0.0.1]:" + p:          Private,
		"http://[::ffff:a00:1]/":                  Private,
		"http://[64:ff9b::7f00:1]/":               Private,
		"http://[2002:7f00:1::]/":                 Private,
		"http://[fe80::1%25lo]/":                  Private,
		"http://[fd00::1]/":                       Private,
		"http://10.0.0.1/":                        Private,
		"http://172.16.0.1/":                      Private,
		"http://192.168.1.1/":                     Private,
		"http://100.64.0.1/":                      Private,
		"http://169.254.169.254/latest/meta-data": Private,
		"http://198.18.0.1/":                      Private,
		"http://224.0.0.1/":                       Private,
		"http://255.255.255.255/":                 Private,
		"http://inside.example/":                  Private,
		"http://loop.example:" + p + "/":          Private,
		"http://meta.example/":                    Private,
		"http://8.8.8.8:22/":                      Private,
		"http://2130706433/":                      Unreachable, // not an address to Go, and no name
		"http://0177.0.0.1/":                      Unreachable,
		"http://0x7f.1/":                          Unreachable,
		"http://nobody.example/":                  Unreachable,
		"file:///etc/passwd":                      BadAddress,
		"ftp://example.com/":                      BadAddress,
		"gopher://example.com:70/":                BadAddress,
		"javascript:alert(1)":                     BadAddress,
		"data:text/plain,hello":                   BadAddress,
		"http://ada:hunter2@example.com/":         BadAddress,
		"http:///path":                            BadAddress,
		"//example.com/":                          BadAddress,
		"example.com":                             BadAddress,
		"http://example.com:99999/":               BadAddress,
		"":                                        BadAddress,
		"http://exa mple.com/":                    BadAddress,
	} {
		t.Run(address, func(t *testing.T) {
			_, err := c.Get(t.Context(), address)
			if got := kindOf(err); got != want {
				t.Errorf("kind %q, want %q: %v", got, want, err)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats a password: %v", err)
			}
		})
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the hidden server was reached %d times", n)
	}
}

// TestRedirectsRefused: a public page leads to all the places where none may go.
func TestRedirectsRefused(t *testing.T) {
	to := ""
	s, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if to == "loop" {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
			return
		}
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	c := New(Options{Allow: loopback, Ports: []uint16{80, port}})
	for target, want := range map[string]Kind{
		"http://169.254.169.254/latest/meta-data":           Private,
		"http://127.0.0.2:" + strconv.Itoa(int(port)) + "/": Private,
		"http://[::1]:" + strconv.Itoa(int(port)) + "/":     Private,
		"http://127.0.0.1:1/":                               Private,
		"file:///etc/passwd":                                BadAddress,
		"http://ada:hunter2@127.0.0.1/":                     BadAddress,
		"loop":                                              Redirects,
	} {
		t.Run(target, func(t *testing.T) {
			to = target
			_, err := c.Get(t.Context(), s.URL+"/a?token=hunter2")
			if got := kindOf(err); got != want {
				t.Errorf("kind %q, want %q: %v", got, want, err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
}

// TestRebinding: a name is public when it is looked at and private when it is
// dialled, and the other way round.
func TestRebinding(t *testing.T) {
	var reached atomic.Int64
	_, port := serve(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	names := resolver(t, func(_ string, ask int) string {
		if ask%2 == 1 {
			return "192.0.2.1" // documentation: answered by nobody, and special as well
		}
		return "127.0.0.1"
	})
	c := New(Options{Ports: []uint16{port}, Resolver: names})
	for range 8 {
		if _, err := c.Get(t.Context(), fmt.Sprintf("http://turn.example:%d/", port)); kindOf(err) != Private {
			t.Errorf("%v", err)
		}
	}
	if reached.Load() != 0 {
		t.Error("a name that changed its mind reached a private address")
	}
}

func TestProxy(t *testing.T) {
	asked := ""
	s, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		fmt.Fprint(w, "by way of the proxy")
	})
	proxy, _ := url.Parse(s.URL)
	names := resolver(t, func(name string, _ int) string {
		if name == "inside.example." {
			return "10.1.2.3"
		}
		return "93.184.215.14"
	})
	c := New(Options{Proxy: proxy, Resolver: names})
	if _, err := c.Get(t.Context(), "http://inside.example/"); kindOf(err) != Private || asked != "" {
		t.Errorf("a private name went to the proxy: %q, %v", asked, err)
	}
	page, err := c.Get(t.Context(), "http://outside.example/a")
	if err != nil || asked != "http://outside.example/a" || string(page.Body) != "by way of the proxy" {
		t.Errorf("asked %q: %+v, %v", asked, page, err)
	}
}

func TestSizes(t *testing.T) {
	const limit = 1000
	s, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		var out io.Writer = w
		if r.URL.Path == "/bomb" {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			out = z
		}
		_, _ = io.Copy(out, io.LimitReader(zeros{}, int64(n)))
	})
	c := New(Options{Allow: loopback, Ports: []uint16{port}, Bytes: limit})
	for query, want := range map[string]struct {
		kind Kind
		size int
		cut  bool
	}{
		"/?type=text/plain&n=0":                {"", 0, false},
		"/?type=text/plain&n=1000":             {"", 1000, false},
		"/?type=text/plain&n=1001":             {"", 1000, true},
		"/?type=application/pdf&n=1000":        {"", 1000, false},
		"/?type=application/pdf&n=1001":        {TooLarge, 0, false},
		"/?type=application/pdf&n=50000000":    {TooLarge, 0, false},
		"/?type=&n=5000":                       {"", 1000, true},
		"/bomb?type=text/html&n=100000000":     {"", 1000, true},
		"/bomb?type=application/zip&n=1000000": {TooLarge, 0, false},
	} {
		page, err := c.Get(t.Context(), s.URL+query)
		if kindOf(err) != want.kind {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if err == nil && (len(page.Body) != want.size || page.Cut != want.cut) {
			t.Errorf("%s: %d bytes, cut %v", query, len(page.Body), page.Cut)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func TestEnds(t *testing.T) {
	hang := make(chan struct{})
	s, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/silent":
		case "/half":
			fmt.Fprint(w, "half")
			w.(http.Flusher).Flush()
		default:
			code, _ := strconv.Atoi(r.URL.Path[1:])
			w.WriteHeader(code)
			return
		}
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	defer close(hang)
	c := New(Options{Allow: loopback, Ports: []uint16{port}, Time: 50 * time.Millisecond})
	for _, path := range []string{"/silent", "/half"} {
		if _, err := c.Get(t.Context(), s.URL+path); kindOf(err) != Timeout {
			t.Errorf("%s: %v", path, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Get(ctx, s.URL+"/silent"); kindOf(err) != Cancelled {
		t.Errorf("cancelled: %v", err)
	}
	patient := New(Options{Allow: loopback, Ports: []uint16{port}})
	for _, code := range []int{204, 401, 404, 429, 500} {
		_, err := patient.Get(t.Context(), fmt.Sprintf("%s/%d?q=hunter2", s.URL, code))
		if kindOf(err) != Status || !strings.Contains(err.Error(), strconv.Itoa(code)) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%d: %v", code, err)
		}
	}
	s.Close()
	if _, err := patient.Get(t.Context(), s.URL+"/?q=hunter2"); kindOf(err) != Unreachable || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("closed: %v", err)
	}
}

// TestNoDowngrade: what was asked for in private is not answered in the open.
func TestNoDowngrade(t *testing.T) {
	plain, port := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the plain server was asked") })
	tls := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer tls.Close()
	c := New(Options{Allow: loopback, Ports: []uint16{port, tls.Listener.Addr().(*net.TCPAddr).AddrPort().Port()}})
	transport := c.http.Transport.(*http.Transport)
	transport.TLSClientConfig = tls.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	if _, err := c.Get(t.Context(), tls.URL); kindOf(err) != Insecure {
		t.Errorf("%v", err)
	}
}

// resolver asks a name server of the test's own. answer is given the name and how
// often one was asked for; it returns an IPv4 address, or "" for no such name.
func resolver(t *testing.T, answer func(name string, ask int) string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-done })
	go func() {
		defer close(done)
		buf, asks := make([]byte, 1500), 0
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			q := m.Questions[0]
			m.Header.Response, m.Additionals = true, nil
			if q.Type == dnsmessage.TypeA {
				asks++
				if ip := answer(q.Name.String(), asks); ip == "" {
					m.Header.RCode = dnsmessage.RCodeNameError
				} else {
					m.Answers = []dnsmessage.Resource{{
						Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
						Body:   &dnsmessage.AResource{A: netip.MustParseAddr(ip).As4()},
					}}
				}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func FuzzGet(f *testing.F) {
	for _, s := range []string{"http://127.0.0.1/", "http://[::1%25a]:80/%zz", "http://0/", "http://a@b:1/?c#d", "\x00", "http://１２７.0.0.1/"} {
		f.Add(s)
	}
	nobody := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no name server")
	}}
	none := New(Options{Resolver: nobody, Ports: []uint16{1}}) // a port that nobody listens on
	f.Fuzz(func(t *testing.T, address string) {
		page, err := none.Get(t.Context(), address)
		if err == nil {
			t.Fatalf("read %q: %v", address, page)
		}
		if kindOf(err) == "" || err.Error() == "" {
			t.Fatalf("%q: %#v", address, err)
		}
	})
}
