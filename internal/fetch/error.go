package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"code.dny.dev/ssrf"
)

// Kind says why a fetch failed.
type Kind string

// The kinds.
const (
	BadAddress  Kind = "bad_address"
	Private     Kind = "private" // not on the public internet, or on a port that is not the web's
	Insecure    Kind = "insecure"
	Redirects   Kind = "redirects"
	Status      Kind = "status"
	TooLarge    Kind = "too_large"
	Timeout     Kind = "timeout"
	Unreachable Kind = "unreachable"
	Cancelled   Kind = "cancelled"
)

// Error is a fetch that failed. Its text can be shown to people.
type Error struct {
	Kind    Kind
	Address string // without its query; may be "the address"
	Code    int    // of Status
	Size    int64  // of TooLarge; bytes, as far as known
	Limit   int64  // of TooLarge: bytes; of Redirects: how many
	Time    time.Duration
	Err     error // may be nil
}

func (e *Error) Unwrap() error { return e.Err }

func (e *Error) Error() string {
	at := e.Address
	switch e.Kind {
	case BadAddress:
		return fmt.Sprintf("cannot read %s: %v", at, e.Err)
	case Private:
		return fmt.Sprintf("refused to read %s: it is not on the public web; paste its text instead, or ask the operator to allow its network", at)
	case Insecure:
		return fmt.Sprintf("refused to read %s: it leads from https to plain http", at)
	case Redirects:
		return fmt.Sprintf("cannot read %s: it redirects more than %d times", at, e.Limit)
	case Status:
		return fmt.Sprintf("cannot read %s: it answered %d %s%s", at, e.Code, http.StatusText(e.Code), hint(e.Code))
	case TooLarge:
		return fmt.Sprintf("cannot read %s: it is larger than %d MB; upload the part that matters", at, (e.Limit+1<<20-1)>>20)
	case Timeout:
		return fmt.Sprintf("cannot read %s: it took longer than %s; try again later", at, e.Time)
	case Cancelled:
		return fmt.Sprintf("stopped reading %s", at)
	default:
		return fmt.Sprintf("cannot read %s: %s", at, cause(e.Err))
	}
}

func hint(code int) string {
	switch code {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "; it wants a login or refuses programs: paste its text instead"
	case http.StatusNotFound, http.StatusGone:
		return "; check the address"
	case http.StatusTooManyRequests:
		return "; try again later"
	}
	return ""
}

// cause is the root of a network error, without addresses of ours and without
// the query that url.Error repeats.
func cause(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return "there is no such host; check the address"
		}
		return "its name cannot be resolved now; try again later"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Sprintf("%s: %v", op.Op, root(op.Err))
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return root(u.Err).Error()
	}
	return root(err).Error()
}

func root(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// explain makes an *Error of whatever went wrong.
func (c *Client) explain(ctx context.Context, u *url.URL, err error) error {
	out, ours := errors.AsType[*Error](err)
	if !ours {
		out = &Error{Kind: Unreachable, Err: err}
	}
	out.Address = shown(u)
	var timeout net.Error
	switch {
	case ours:
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork):
		out.Kind = Private
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		out.Kind, out.Time = Timeout, c.o.Time
	case ctx.Err() != nil:
		out.Kind = Cancelled
	}
	return out
}

// shown is an address as people may see it: no query, no password, not endless.
func shown(u *url.URL) string {
	if u.Host == "" {
		return "the address"
	}
	clean := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	s := strings.ToValidUTF8(clean.String(), "?")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:199]) + "…"
	}
	return s
}
