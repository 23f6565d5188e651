package openai

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/turn"
)

// words is what a person is told for each code of a failure, and whether asking
// again can help. Here is every code that this package gives.
func words(code string) (say string, retry bool) {
	switch code {
	case "model_unreachable":
		return "I could not reach the model just now. Please try again in a minute.", true
	case "model_down":
		return "The model has not been reachable for a while. Please try again in a minute.", false
	case "model_slow":
		return "The model did not begin to answer in time. Please try again in a minute.", true
	case "model_silent":
		return "The model went quiet, so I stopped waiting. Please try again.", true
	case "model_timeout":
		return "The answer took longer than I may wait. Please ask for a smaller part of it.", false
	case "cut":
		return "The model's answer broke off. Please try again.", true
	case "garbled":
		return "The model sent something that I could not read. Please try again.", true
	case "rate_limited":
		return "I am asking the model more than it lets me right now. Please try again in a minute.", true
	case "overloaded":
		return "The model is overloaded right now. Please try again in a few minutes.", true
	case "server_error":
		return "The model had an internal error. Please try again.", true
	case "response_gone":
		return "The answer that I was waiting for is no longer there. Please ask again.", true
	case "cancelled":
		return "The answer was cancelled where the model runs. Please ask again.", false
	case "quota_exhausted":
		return "The account that pays for the model has used up its budget. Please tell whoever runs me.", false
	case "over_limit":
		return "This is more than my account may send to the model in one minute, so waiting would not help. Please start a new thread, or send a smaller part.", false
	case "bad_key":
		return "The model does not accept my key. Please tell whoever runs me to check it.", false
	case "no_access":
		return "My account may not use this model. Please choose another one, or tell whoever runs me.", false
	case "model_not_found":
		return "The model that I am set to use is not there. Please choose another one, or tell whoever runs me.", false
	case "bad_endpoint":
		return "The address that I have for the model does not answer like one. Please tell whoever runs me to check it.", false
	case "too_long":
		return "This is more than the model can read at once. Please start a new thread, or send a smaller part.", false
	case "refused_by_policy":
		return "The model's provider does not allow this request. Please put it in other words.", false
	case "bad_image":
		return "The model could not read one of the pictures. Please send it again as PNG or JPEG, and not too large.", false
	case "image_not_loaded":
		return "The model could not load one of the pictures. Please try again, or send it again.", true
	}
	return "The model could not work with my request, which is not your fault. Please tell whoever runs me.", false // bad_request
}

// fromWord maps the endpoint's own code, or type, to ours. It returns "" for a
// word that says nothing. Sources: the SDK's ResponseErrorCode, OpenAI's page on
// error codes, and what compatible servers send.
func fromWord(word string) string {
	switch strings.ToLower(word) {
	case "server_error", "internal_error", "internal_server_error", "internalservererror", "api_error", "vector_store_timeout":
		return "server_error"
	case "rate_limit_exceeded", "rate_limit_error", "requests", "tokens", "resource_exhausted", "too_many_requests", "ratelimiterror":
		return "rate_limited"
	case "slow_down", "server_is_overloaded", "service_unavailable_error", "service_unavailable", "unavailable", "overloaded_error", "engine_overloaded":
		return "overloaded"
	case "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded", "project_spend_limit_exceeded",
		"organization_usage_limit_exceeded", "billing_hard_limit_reached", "billing_not_active", "insufficient_credits":
		return "quota_exhausted"
	case "invalid_api_key", "invalid_authentication", "authentication_error", "unauthenticated", "unauthorized", "account_deactivated", "ip_not_authorized":
		return "bad_key"
	case "unsupported_country_region_territory", "data_residency_mismatch", "permission_error", "permission_denied", "insufficient_permissions":
		return "no_access"
	case "model_not_found", "model_not_available", "deploymentnotfound":
		return "model_not_found"
	case "context_length_exceeded", "exceed_context_size_error", "request_too_large", "string_above_max_length":
		return "too_long"
	case "invalid_prompt", "bio_policy", "cyber_policy", "misalignment_policy_violation", "content_filter", "content_policy_violation",
		"image_content_policy_violation", "moderation_blocked", "safety_violation":
		return "refused_by_policy"
	case "invalid_image", "invalid_image_format", "invalid_base64_image", "invalid_image_url", "image_too_large", "image_too_small",
		"image_parse_error", "invalid_image_mode", "image_file_too_large", "unsupported_image_media_type", "empty_image_file", "image_file_not_found":
		return "bad_image"
	case "failed_to_download_image":
		return "image_not_loaded"
	case "previous_response_not_found", "response_not_found":
		return "response_gone"
	case "timeout", "request_timeout", "conflict":
		return "server_error"
	}
	return ""
}

// fromMessage reads the words of servers that have no codes.
func fromMessage(message string) string {
	m := strings.ToLower(message)
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(m, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("request too large"): // of a rate limit: for the account's tokens a minute
		return "over_limit"
	case has("current quota", "billing hard limit", "credit balance"):
		return "quota_exhausted"
	case has("context length", "context window", "context size", "context_length"):
		return "too_long"
	case has("model") && has("not found", "does not exist", "no such model"):
		return "model_not_found"
	case has("rate limit", "too many requests"):
		return "rate_limited"
	case has("overloaded", "over capacity"):
		return "overloaded"
	}
	return ""
}

// fromStatus is what is left when the body says nothing.
func fromStatus(status int) string {
	switch {
	case status >= 300 && status < 400:
		return "bad_endpoint" // a redirect: the address is not the right one
	case status == http.StatusUnauthorized, status == http.StatusProxyAuthRequired:
		return "bad_key"
	case status == http.StatusPaymentRequired:
		return "quota_exhausted"
	case status == http.StatusForbidden:
		return "no_access"
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusGone:
		return "bad_endpoint"
	case status == http.StatusRequestTimeout, status == http.StatusConflict, status == http.StatusTooEarly:
		return "server_error"
	case status == http.StatusRequestEntityTooLarge:
		return "too_long"
	case status == http.StatusTooManyRequests:
		return "rate_limited"
	case status == http.StatusServiceUnavailable, status == 529:
		return "overloaded"
	case status >= 500:
		return "server_error"
	}
	return "bad_request"
}

// code classifies an endpoint's error: by its code, its type, its status where
// that is clear by itself, its words.
func (e *wireError) code() string {
	for _, word := range []string{e.Code, e.Type} {
		switch code := fromWord(word); code {
		case "":
		case "rate_limited":
			return e.limited()
		default:
			return code
		}
	}
	status := e.Status
	if status == 0 { // in a stream: without more, the endpoint broke
		status = http.StatusInternalServerError
		if n, err := strconv.Atoi(e.Code); err == nil && n >= 400 && n < 600 {
			status = n // vLLM and Google give the HTTP status as code
		} else if t := strings.ToLower(e.Type); t == "invalid_request_error" || t == "badrequesterror" {
			status = http.StatusBadRequest
		}
	}
	switch code := fromStatus(status); code {
	case "rate_limited":
		return e.limited()
	case "bad_request", "bad_endpoint", "server_error":
		if byWords := fromMessage(e.Message); byWords != "" {
			return byWords
		}
		return code
	default:
		return code
	}
}

// limited tells the limits that pass from those for which waiting is of no use: only
// the words do.
func (e *wireError) limited() string {
	switch code := fromMessage(e.Message); code {
	case "over_limit", "quota_exhausted":
		return code
	}
	return "rate_limited"
}

// failure is what the error means to the caller.
func (e *wireError) failure(code string) *turn.Failure {
	f := fail(code, e)
	f.After = e.After
	if code == "rate_limited" && f.After > time.Minute {
		f.Say = "I have asked the model as much as it lets me for now. Please try again in " + length(f.After) + "."
	}
	return f
}

// length is a time in words: minutes, or hours if it is long.
func length(d time.Duration) string {
	if d > 90*time.Minute {
		return fmt.Sprintf("%d hours", int(math.Ceil(d.Hours())))
	}
	return fmt.Sprintf("%d minutes", max(2, int(math.Ceil(d.Minutes()))))
}

func fail(code string, cause error) *turn.Failure {
	say, retry := words(code)
	return &turn.Failure{Code: code, Say: say, Retry: retry, Cause: cause}
}

// failure turns whatever ended a call into what the caller is told. ctx is the
// caller's, watched the call's own.
func (c *Client) failure(ctx, watched context.Context, r *turn.Request, from turn.Cursor, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var late *expired
	if watched.Err() != nil && errors.As(context.Cause(watched), &late) {
		f := fail(late.code, fmt.Errorf("%w: %w", late, c.redactError(err)))
		if late.code == "model_timeout" {
			// A detached response runs on, and can be taken up again.
			f.Retry = r.Background && c.has.Background
		}
		return f
	}
	var known *turn.Failure
	if errors.As(err, &known) {
		return known
	}
	var wire *wireError
	if errors.As(err, &wire) {
		code := wire.code()
		if from.ResponseID != "" && (wire.Status == 400 || wire.Status == 404 || wire.Status == 405 || wire.Status == 410 || wire.Status == 422) {
			code = "response_gone"
		}
		f := wire.failure(code)
		switch {
		case wire.ShouldRetry == "false":
			f.Retry = false
		case wire.ShouldRetry == "true" && code != "quota_exhausted" && code != "bad_key" && code != "over_limit":
			f.Retry = true
		}
		return f
	}
	return fail("model_unreachable", c.redactError(err))
}

// redactError makes sure that an error does not hold the key: some endpoints
// and proxies repeat it.
func (c *Client) redactError(err error) error {
	if text := err.Error(); c.key != "" && strings.Contains(text, c.key) {
		return errors.New(c.redact(text))
	}
	return err
}

func (c *Client) redact(s string) string {
	if c.key == "" {
		return s
	}
	return strings.ReplaceAll(s, c.key, "[key]")
}

// after finds out when an endpoint wants to be asked again: from its headers,
// else from its words ("Please try again in 11.054s"), else from when the limit that
// is used up is new (x-ratelimit-reset-requests and -tokens, as "6m0s").
func after(h http.Header, message string, now time.Time) time.Duration {
	const most = 24 * time.Hour
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms >= 0 {
		return time.Duration(min(ms, float64(most.Milliseconds())) * float64(time.Millisecond))
	}
	if v := h.Get("Retry-After"); v != "" {
		if s, err := strconv.ParseFloat(v, 64); err == nil && s >= 0 {
			return time.Duration(min(s, most.Seconds()) * float64(time.Second))
		}
		if t, err := http.ParseTime(v); err == nil {
			return min(max(t.Sub(now), 0), most)
		}
	}
	if d := inWords(message); d > 0 {
		return min(d, most)
	}
	var reset time.Duration
	for _, what := range []string{"Requests", "Tokens"} {
		d, err := time.ParseDuration(h.Get("X-Ratelimit-Reset-" + what))
		if err == nil && h.Get("X-Ratelimit-Remaining-"+what) == "0" {
			reset = max(reset, d)
		}
	}
	return min(reset, most)
}

// inWords reads "try again in 11.054s"; 0 if the message says nothing like it.
func inWords(message string) time.Duration {
	const most = 24 * time.Hour
	_, rest, ok := strings.Cut(strings.ToLower(message), "try again in")
	if !ok {
		return 0
	}
	rest = strings.TrimLeft(rest, " ")
	n := 0
	for n < len(rest) && strings.IndexByte("0123456789.hms", rest[n]) >= 0 {
		n++
	}
	if d, err := time.ParseDuration(strings.TrimRight(rest[:n], ".")); err == nil {
		return min(max(d, 0), most)
	}
	number := strings.TrimRight(strings.TrimRight(rest[:n], "hms"), ".")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || v < 0 {
		return 0
	}
	unit := time.Second
	switch word := strings.TrimLeft(rest[len(number):], " "); {
	case strings.HasPrefix(word, "ms"), strings.HasPrefix(word, "milli"):
		unit = time.Millisecond
	case strings.HasPrefix(word, "m"):
		unit = time.Minute
	case strings.HasPrefix(word, "h"):
		unit = time.Hour
	}
	return time.Duration(min(v*float64(unit), float64(most)))
}
