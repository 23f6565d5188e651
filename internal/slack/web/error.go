package web

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Class says what a failed call can have done.
type Class int

// The classes.
const (
	// Refused: Slack read the call and did not apply it. Code says why.
	Refused Class = iota + 1
	// Auth: as Refused, and no call with this token can succeed.
	Auth
	// Limited: there was no slot in time, or Slack said 429. Not applied.
	Limited
	// Unsent: the call never left, or the wait for its slot was given up.
	Unsent
	// Unknown: Slack may have applied the call, wholly or in part.
	Unknown
)

func (c Class) String() string {
	switch c {
	case Refused:
		return "refused"
	case Auth:
		return "auth"
	case Limited:
		return "limited"
	case Unsent:
		return "unsent"
	case Unknown:
		return "unknown"
	}
	return fmt.Sprintf("Class(%d)", int(c))
}

// Codes of this package's own, where Slack gave none.
const (
	codeNotJSON  = "answer_not_json"
	codeTooLarge = "answer_too_large"
)

// Error is a call that failed.
type Error struct {
	Method     string
	Code       string // Slack's error, such as "channel_not_found"; empty if there was no answer
	Status     int    // of HTTP; 0 if there was no answer
	Class      Class
	RetryAfter time.Duration // for Limited: not before; 0 if not known
	Messages   []string      // Slack's details, for payloads that are not valid
	Needed     string        // for missing_scope: what is needed …
	Provided   string        // … and what the token has
	Cause      error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("slack " + e.Method + ": ")
	switch {
	case e.Code != "":
		b.WriteString(e.Code)
	case e.Class == Limited:
		b.WriteString("no slot in time")
	case e.Class == Unsent:
		b.WriteString("not sent")
	case e.Class == Unknown:
		b.WriteString("no usable answer")
	default:
		b.WriteString(e.Class.String())
	}
	if e.Status != 0 && e.Status != 200 {
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	if e.Needed != "" {
		fmt.Fprintf(&b, " (add the scope %s to the app and install it again; it has %s)", e.Needed, e.Provided)
	}
	if len(e.Messages) > 0 {
		b.WriteString(": " + strings.Join(e.Messages, "; "))
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, "; not before %s from then", e.RetryAfter)
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Cause }

// Unresolved reports whether Slack may have applied the call.
func (e *Error) Unresolved() bool { return e.Class == Unknown }

// Refused returns Slack's code if Slack refused the call for what it was,
// so that sending it again is no use.
func (e *Error) Refused() (code string, ok bool) {
	return e.Code, e.Class == Refused || e.Class == Auth
}

// Code returns Slack's code if err is, or wraps, an [*Error]; else "".
func Code(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// classify sorts the errors that Slack gives with HTTP 200. Slack: the error
// tables of the method pages; "internal_error" and "fatal_error" say that
// some aspect of the operation may have succeeded.
func classify(code string) Class {
	switch code {
	case "ratelimited", "rate_limited":
		return Limited
	case "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired",
		"not_allowed_token_type", "no_permission", "org_login_required", "user_removed_from_team",
		"team_disabled", "forbidden_team":
		return Auth
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "messaging_processing_failed":
		return Unknown
	}
	return Refused
}
