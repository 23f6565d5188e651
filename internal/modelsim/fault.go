package modelsim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// FaultKind names what goes wrong.
type FaultKind string

// The faults. "k" is Fault.After, counted in stream events.
const (
	FaultReset          FaultKind = "F1"  // RST instead of a response; Variant reset, or for the whole server and For (10 s) refuse or blackhole
	FaultHang           FaultKind = "F2"  // nothing read or sent for For (10 min), then RST; like F3 if the rule looks into the body
	FaultHeaderHang     FaultKind = "F3"  // request read, nothing sent, for ever or For
	FaultSlowHeaders    FaultKind = "F4"  // headers after For (20 s), then normal
	FaultSlowFirst      FaultKind = "F5"  // first item For (90 s) after response.in_progress
	FaultStall          FaultKind = "F6"  // k events, then silence for ever, or For and then the rest
	FaultDrop           FaultKind = "F7"  // k events, then RST
	FaultEOF            FaultKind = "F8"  // k events, then a clean end of the body
	FaultCutChunk       FaultKind = "F9"  // k events, then the connection ends inside an event
	FaultTrickle        FaultKind = "F10" // one byte each Every (1 s)
	FaultRateLimit      FaultKind = "F11" // HTTP 429: see Code, Type, RetryAfter
	FaultHTTP           FaultKind = "F12" // HTTP Status (500): see Code, Variant, ShouldRetry
	FaultFailed         FaultKind = "F13" // k events, then response.failed with Code; Variant failed, cancelled, or withdrawn, an ending that no client knows
	FaultErrorEvent     FaultKind = "F14" // k events, then an error event; Variant flat or nested
	FaultMalformed      FaultKind = "F15" // event k is broken; Variant json, type, long, nul or utf8
	FaultContextLength  FaultKind = "F16" // Variant http (400) or stream (response.failed)
	FaultUnsupported    FaultKind = "F17" // 400 unsupported_parameter while the request has Param
	FaultModeration     FaultKind = "F18" // see below; Variant blocked, filter, prompt or flagged
	FaultRevoked        FaultKind = "F19" // HTTP Status 401 (default) or 403
	FaultSequence       FaultKind = "F20" // event k sent wrongly; Variant duplicate, reorder or gap
	FaultLateSuccess    FaultKind = "F21" // silence; the work goes on after the client has left
	FaultBackgroundJob  FaultKind = "F22" // Variant queued (for ever) or fail (after k polls, 2)
	FaultJSONForStream  FaultKind = "F23" // a JSON body although a stream was asked for
	FaultCaptivePortal  FaultKind = "F24" // 200 text/html
	FaultBadResult      FaultKind = "F25" // what was made is spoiled; Variant base64 (cut), empty, magic or missing (404)
	FaultServerOutage   FaultKind = "F26" // every connection RST, refused for For (60 s), then well again
	faultVariantDefault           = ""
)

// FaultModeration (F18) in its variants: blocked refuses an image request with
// 400 moderation_blocked, and in a response lets its image calls fail with it;
// filter ends a response by the content filter after k events; prompt is a 400
// invalid_prompt; flagged flags what is moderated in the category Code
// ("violence").
//
// FaultBadResult (F25) is about images (base64, empty, magic), the content of
// files (empty, magic; base64 sends the first half) and containers (missing).

// Fault is one thing that goes wrong. How often, a rule's When says.
type Fault struct {
	Kind FaultKind `json:"kind"`
	// After is the number of events that are sent first.
	After int `json:"after,omitempty"`
	// For is how long it lasts. 0 is the kind's own length, given above.
	For time.Duration `json:"-"`
	// Every is the time between the bytes of F10.
	Every time.Duration `json:"-"`
	// Variant chooses among the forms of a kind; empty is the first listed.
	Variant string `json:"variant,omitempty"`
	// Status, Code, Type, Message and Param fill the error. Empty ones are
	// filled as OpenAI fills them for that code.
	Status  int    `json:"status,omitempty"`
	Code    string `json:"code,omitempty"`
	Type    string `json:"type,omitempty"`
	Message string `json:"message,omitempty"`
	Param   string `json:"param,omitempty"`
	// RetryAfter is the value of Retry-After, or "none", "date" (an HTTP date
	// For, or 30 s, from now) or "ms:250" (Retry-After-Ms). Empty on a 429 is
	// "1", and none where retrying is of no use.
	RetryAfter string `json:"retry_after,omitempty"`
	// ShouldRetry is the value of x-should-retry, if set.
	ShouldRetry string `json:"should_retry,omitempty"`
}

type plainFault Fault

type wireFault struct {
	plainFault
	For   span `json:"for,omitzero"`
	Every span `json:"every,omitzero"`
}

// MarshalJSON writes durations as strings ("1.5s").
func (f Fault) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireFault{plainFault(f), span(f.For), span(f.Every)})
}

// UnmarshalJSON reads durations as strings ("1.5s") or numbers of seconds.
func (f *Fault) UnmarshalJSON(b []byte) error {
	var w wireFault
	if err := strictJSON(b, &w); err != nil {
		return err
	}
	*f = Fault(w.plainFault)
	f.For, f.Every = time.Duration(w.For), time.Duration(w.Every)
	return nil
}

// faultVariants lists the kinds and the variants of each, the default first.
func faultVariants() map[FaultKind][]string {
	none := []string{faultVariantDefault}
	return map[FaultKind][]string{
		FaultReset: {"reset", "refuse", "blackhole"}, FaultModeration: {"blocked", "filter", "prompt", "flagged"},
		FaultBadResult: {"base64", "empty", "magic", "missing"}, FaultHang: none, FaultHeaderHang: none, FaultSlowHeaders: none, FaultSlowFirst: none,
		FaultStall: none, FaultDrop: none, FaultEOF: none, FaultCutChunk: none, FaultTrickle: none,
		FaultRateLimit: none, FaultHTTP: {"json", "empty", "html"}, FaultFailed: {"failed", "cancelled", "withdrawn"},
		FaultErrorEvent: {"flat", "nested"}, FaultMalformed: {"json", "type", "long", "nul", "utf8"},
		FaultContextLength: {"http", "stream"}, FaultUnsupported: none, FaultRevoked: none,
		FaultSequence: {"duplicate", "reorder", "gap"}, FaultLateSuccess: none,
		FaultBackgroundJob: {"queued", "fail"}, FaultJSONForStream: none, FaultCaptivePortal: none,
		FaultServerOutage: none,
	}
}

// checked returns f with its defaults filled in.
func (f Fault) checked() (Fault, error) {
	f.Kind = FaultKind(strings.ToUpper(string(f.Kind)))
	variants, ok := faultVariants()[f.Kind]
	if !ok {
		return f, fmt.Errorf("unknown fault %q: use F1 to F26", f.Kind)
	}
	if f.Kind == FaultHTTP && f.Variant == "" && (f.Status == 502 || f.Status == 504 || f.Status == 520) {
		f.Variant = "html"
	}
	if f.Variant == "" {
		f.Variant = variants[0]
	}
	if !slices.Contains(variants, f.Variant) {
		return f, fmt.Errorf("fault %s has no variant %q: use one of %q", f.Kind, f.Variant, variants)
	}
	if f.After < 0 {
		return f, fmt.Errorf("fault %s: after is %d, give 0 or more events", f.Kind, f.After)
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return f, fmt.Errorf("fault %s: status %d is not an HTTP status from 200 to 599", f.Kind, f.Status)
	}
	switch f.Kind {
	case FaultReset:
		if f.Variant != "reset" {
			f.For = orDefault(f.For, 10*time.Second)
		}
	case FaultHang:
		f.For = orDefault(f.For, 10*time.Minute)
	case FaultModeration:
		if f.Variant == "flagged" {
			f.Code = orDefault(f.Code, "violence")
			if !slices.Contains(moderationCategories(), f.Code) {
				return f, fmt.Errorf("fault F18 flagged has no code %q: use one of %q", f.Code, moderationCategories())
			}
		}
	case FaultSlowHeaders:
		f.For = orDefault(f.For, 20*time.Second)
	case FaultSlowFirst:
		f.For = orDefault(f.For, 90*time.Second)
	case FaultTrickle:
		f.Every = orDefault(f.Every, time.Second)
	case FaultServerOutage:
		f.For = orDefault(f.For, time.Minute)
	case FaultRateLimit:
		f.Code = orDefault(f.Code, "rate_limit_exceeded")
		f.Status = orDefault(f.Status, 429)
	case FaultHTTP:
		f.Status = orDefault(f.Status, 500)
	case FaultRevoked:
		f.Status = orDefault(f.Status, 401)
	case FaultFailed, FaultErrorEvent:
		f.Code = orDefault(f.Code, "server_error")
	case FaultContextLength:
		f.Code = orDefault(f.Code, "context_length_exceeded")
	case FaultUnsupported:
		if f.Param == "" {
			return f, fmt.Errorf("fault F17 needs param: the request field to refuse")
		}
	case FaultBackgroundJob:
		if f.Variant == "fail" {
			f.After = orDefault(f.After, 2)
			f.Code = orDefault(f.Code, "server_error")
		}
	}
	return f, nil
}

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// failureMessage is what OpenAI says with an error code.
func failureMessage(code, model string) string {
	switch code {
	case "rate_limit_exceeded":
		return "Rate limit reached for " + model + " in organization org-AAA on tokens per min (TPM): Limit 30000, Used 22999, Requested 12528. Please try again in 11.054s. Visit https://platform.openai.com/account/rate-limits to learn more."
	case "slow_down":
		return "Slow down: your request rate rose too quickly. Please reduce it and try again."
	case "server_is_overloaded":
		return "The server is currently overloaded. Please try again later."
	case "context_length_exceeded":
		return "Your input exceeds the context window of this model. Please adjust your input and try again."
	case "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded", "project_spend_limit_exceeded", "organization_usage_limit_exceeded":
		return "You exceeded your current quota, please check your plan and billing details."
	case "invalid_prompt":
		return "Invalid prompt: your prompt was flagged as potentially violating our usage policy."
	case "model_not_found":
		return "The model `" + model + "` does not exist or you do not have access to it."
	case "server_error", "":
		return "The server had an error while processing your request. Sorry about that!"
	}
	return "The request failed: " + strings.ReplaceAll(code, "_", " ") + "."
}

// tryAgain is the sentence in which a rate limit's message repeats Retry-After.
func (f *Fault) tryAgain(retryAfter string) string {
	ms, inMS := strings.CutPrefix(retryAfter, "ms:")
	switch {
	case inMS:
		return " Please try again in " + ms + "ms."
	case retryAfter == "none":
		return ""
	case retryAfter == "date":
		return " Please try again in " + orDefault(f.For, retryDate).String() + "."
	}
	return " Please try again in " + retryAfter + "s."
}

// retryDate is how far in the future a Retry-After date lies unless For says.
const retryDate = 30 * time.Second

const safetyMessage = "Your request was rejected by the safety system. If you believe this is an error, contact us at help.openai.com. safety_violations=[violence]."

// httpError is the refusal of a request as F11, F12 and F16 to F19 send it.
func (f *Fault) httpError(model string) *apiError {
	e := &apiError{status: f.Status, Message: f.Message, Type: f.Type, Code: f.Code, Param: f.Param, retryAfter: f.RetryAfter, shouldRetry: f.ShouldRetry}
	switch f.Kind {
	case FaultRateLimit:
		billing := f.Code != "rate_limit_exceeded" && f.Code != "slow_down"
		switch {
		case billing:
			e.Type = orDefault(e.Type, "insufficient_quota")
		case f.Code == "slow_down":
			e.Type = orDefault(e.Type, "rate_limit_error")
		default:
			e.Type = orDefault(e.Type, "requests")
			e.exhausted = e.Type
		}
		if !billing {
			e.retryAfter = orDefault(e.retryAfter, "1")
		}
		if f.Code == "rate_limit_exceeded" && e.Message == "" {
			unit := "requests per min (RPM): Limit 60, Used 60, Requested 1"
			if e.Type == "tokens" {
				unit = "tokens per min (TPM): Limit 30000, Used 22999, Requested 12528"
			}
			e.Message = "Rate limit reached for " + model + " in organization org-AAA on " + unit + "." + f.tryAgain(e.retryAfter) + " Visit https://platform.openai.com/account/rate-limits to learn more."
		}
	case FaultHTTP:
		switch {
		case f.Status == 503:
			e.Type, e.Code = orDefault(e.Type, "service_unavailable_error"), orDefault(e.Code, "server_is_overloaded")
		case f.Status >= 500:
			e.Type, e.Code = orDefault(e.Type, "server_error"), orDefault(e.Code, "server_error")
		default:
			e.Type = orDefault(e.Type, "invalid_request_error")
		}
	case FaultModeration:
		e.status = 400
		if f.Variant == "prompt" {
			e.Type, e.Code = orDefault(e.Type, "invalid_request_error"), "invalid_prompt"
			break
		}
		e.Type, e.Code = orDefault(e.Type, "image_generation_user_error"), "moderation_blocked"
		e.Message = orDefault(e.Message, safetyMessage)
	case FaultContextLength:
		e.status, e.Type, e.Param = 400, "invalid_request_error", orDefault(e.Param, "input")
	case FaultUnsupported:
		e.status, e.Type, e.Code = 400, "invalid_request_error", "unsupported_parameter"
		e.Message = orDefault(e.Message, "Unsupported parameter: '"+f.Param+"' is not supported with this model.")
	case FaultRevoked:
		e.Type = orDefault(e.Type, "invalid_request_error")
		if f.Status == 403 {
			e.Code = orDefault(e.Code, "unsupported_country_region_territory")
			e.Message = orDefault(e.Message, "Country, region, or territory not supported")
		} else {
			e.Code = orDefault(e.Code, "invalid_api_key")
			e.Message = orDefault(e.Message, "Incorrect API key provided: revoked.")
		}
	}
	e.Message = orDefault(e.Message, failureMessage(e.Code, model))
	e.retryFor = orDefault(f.For, retryDate)
	return e
}

// spoil is what F25 does to bytes: none are left, the first are wrong, or half
// are gone.
func (f *Fault) spoil(data []byte) []byte {
	switch f.Variant {
	case "empty":
		return nil
	case "magic":
		data = bytes.Clone(data)
		copy(data, "<!DOCTYPE html>")
		return data
	}
	return data[:len(data)/2]
}

// spoil64 is the base64 of an image as F25 sends it: cut off where no base64
// can end, or of spoiled bytes.
func (f *Fault) spoil64(data []byte) string {
	if f.Variant == "empty" || f.Variant == "magic" {
		return base64.StdEncoding.EncodeToString(f.spoil(data))
	}
	whole := base64.StdEncoding.EncodeToString(data)
	return whole[:len(whole)/8*4+1]
}
