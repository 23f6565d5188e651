package openai

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What comes instead of an answer, and what is made of it.
func TestHTTPErrors(t *testing.T) {
	openai := func(kind, code, message string) string {
		return fmt.Sprintf(`{"error":{"message":%q,"type":%q,"param":null,"code":%q}}`, message, kind, code)
	}
	for name, e := range map[string]struct {
		status int
		header string // "Name: value"
		body   string
		code   string
		retry  bool
		after  time.Duration
	}{
		"rate limit, seconds":      {429, "Retry-After: 30", openai("requests", "rate_limit_exceeded", "slow"), "rate_limited", true, 30 * time.Second},
		"rate limit, milliseconds": {429, "Retry-After-Ms: 250", openai("tokens", "rate_limit_exceeded", "slow"), "rate_limited", true, 250 * time.Millisecond},
		"rate limit, in words":     {429, "", openai("tokens", "rate_limit_exceeded", "Please try again in 11.054s. Visit https://x"), "rate_limited", true, 11054 * time.Millisecond},
		"rate limit, no words":     {429, "", "", "rate_limited", true, 0},
		"slow down":                {429, "", openai("rate_limit_error", "slow_down", ""), "overloaded", true, 0},
		"quota":                    {429, "Retry-After: 1", openai("insufficient_quota", "insufficient_quota", ""), "quota_exhausted", false, time.Second},
		"credit":                   {429, "", openai("insufficient_quota", "credit_balance_exhausted", ""), "quota_exhausted", false, 0},
		"organization spend":       {429, "", openai("insufficient_quota", "organization_spend_limit_exceeded", ""), "quota_exhausted", false, 0},
		"project spend":            {429, "", openai("insufficient_quota", "project_spend_limit_exceeded", ""), "quota_exhausted", false, 0},
		"quota, insisted":          {429, "X-Should-Retry: true", openai("insufficient_quota", "organization_usage_limit_exceeded", ""), "quota_exhausted", false, 0},
		"payment":                  {402, "", `{"error":{"message":"Insufficient credits","code":402}}`, "quota_exhausted", false, 0},
		"key":                      {401, "", openai("invalid_request_error", "invalid_api_key", "Incorrect API key provided: "+testKey), "bad_key", false, 0},
		"key, other words":         {401, "", `{"detail":"Unauthorized"}`, "bad_key", false, 0},
		"country":                  {403, "", openai("request_forbidden", "unsupported_country_region_territory", ""), "no_access", false, 0},
		"a firewall":               {403, "", "<html><title>Attention Required!</title></html>", "no_access", false, 0},
		"no model":                 {404, "", openai("invalid_request_error", "model_not_found", ""), "model_not_found", false, 0},
		"no model, Ollama":         {404, "", `{"error":"model \"llama9\" not found, try pulling it first"}`, "model_not_found", false, 0},
		"no model, vLLM":           {404, "", `{"object":"error","message":"The model 'x' does not exist.","type":"NotFoundError","code":404}`, "model_not_found", false, 0},
		"no such path":             {404, "", `{"error":{"message":"Invalid URL (POST /v1/x)","type":"invalid_request_error","param":null,"code":null}}`, "bad_endpoint", false, 0},
		"no such path, plain":      {404, "", "404 page not found", "bad_endpoint", false, 0},
		"too long":                 {400, "", openai("invalid_request_error", "context_length_exceeded", ""), "too_long", false, 0},
		"too long, vLLM":           {400, "", `{"message":"This model's maximum context length is 4096 tokens.","code":400}`, "too_long", false, 0},
		"too long, llama.cpp":      {400, "", `{"error":{"code":400,"message":"exceeds the available context size","type":"exceed_context_size_error"}}`, "too_long", false, 0},
		"too large":                {413, "", "<html>", "too_long", false, 0},
		"policy":                   {400, "", openai("invalid_request_error", "invalid_prompt", ""), "refused_by_policy", false, 0},
		"cyber policy":             {400, "", openai("invalid_request_error", "cyber_policy", ""), "refused_by_policy", false, 0},
		"moderation":               {400, "", openai("image_generation_user_error", "moderation_blocked", "rejected"), "refused_by_policy", false, 0},
		"image":                    {400, "", openai("invalid_request_error", "image_parse_error", ""), "bad_image", false, 0},
		"image link":               {400, "", openai("invalid_request_error", "failed_to_download_image", ""), "image_not_loaded", true, 0},
		"our mistake":              {400, "", openai("invalid_request_error", "missing_required_parameter", ""), "bad_request", false, 0},
		"a list of faults":         {422, "", `{"detail":[{"loc":["body","input"],"msg":"field required","type":"value_error"}]}`, "bad_request", false, 0},
		"Google":                   {429, "", `[{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED"}}]`, "rate_limited", true, 0},
		"conflict":                 {409, "", "", "server_error", true, 0},
		"timeout there":            {408, "", "", "server_error", true, 0},
		"broken":                   {500, "", openai("server_error", "server_error", ""), "server_error", true, 0},
		"broken, empty":            {500, "", "", "server_error", true, 0},
		"broken for good":          {500, "X-Should-Retry: false", "", "server_error", false, 0},
		"bad gateway":              {502, "", "<html><head><title>502 Bad Gateway</title></head></html>", "server_error", true, 0},
		"overloaded":               {503, "", openai("service_unavailable_error", "server_is_overloaded", ""), "overloaded", true, 0},
		"overloaded, plain":        {503, "Retry-After: 5", "try later", "overloaded", true, 5 * time.Second},
		"gateway timeout":          {504, "", "<html>", "server_error", true, 0},
		"Cloudflare":               {520, "", "error code: 520", "server_error", true, 0},
		"endless body":             {500, "", strings.Repeat("x", 1<<20), "server_error", true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if k, v, ok := strings.Cut(e.header, ": "); ok {
					w.Header().Set(k, v)
				}
				w.Header().Set("X-Request-Id", "req_77")
				w.WriteHeader(e.status)
				io.WriteString(w, e.body)
			}))
			f := failureOf(t, ask(t, c, hello()).err)
			if f.Code != e.code || f.Retry != e.retry || f.After != e.after {
				t.Errorf("got %s, retry %v, after %s; want %s, %v, %s", f.Code, f.Retry, f.After, e.code, e.retry, e.after)
			}
			if !strings.Contains(f.Error(), "req_77") || !strings.Contains(f.Error(), fmt.Sprint(e.status)) {
				t.Errorf("the cause lacks the request id or the status: %v", f)
			}
			if len(f.Error()) > 1000 {
				t.Errorf("the cause is %d bytes long", len(f.Error()))
			}
		})
	}
}

// Every word of the API is known, and every code has its sentence.
func TestCodes(t *testing.T) {
	_, fallback := words("bad_request")
	general, _ := words("bad_request")
	for word, code := range map[string]string{
		"server_error": "server_error", "rate_limit_exceeded": "rate_limited", "slow_down": "overloaded", "server_is_overloaded": "overloaded",
		"insufficient_quota": "quota_exhausted", "context_length_exceeded": "too_long", "invalid_prompt": "refused_by_policy",
		"bio_policy": "refused_by_policy", "cyber_policy": "refused_by_policy", "misalignment_policy_violation": "refused_by_policy",
		"data_residency_mismatch": "no_access", "vector_store_timeout": "server_error", "invalid_image": "bad_image",
		"invalid_image_format": "bad_image", "invalid_base64_image": "bad_image", "invalid_image_url": "bad_image", "image_too_large": "bad_image",
		"image_too_small": "bad_image", "image_parse_error": "bad_image", "image_content_policy_violation": "refused_by_policy",
		"invalid_image_mode": "bad_image", "image_file_too_large": "bad_image", "unsupported_image_media_type": "bad_image",
		"empty_image_file": "bad_image", "failed_to_download_image": "image_not_loaded", "image_file_not_found": "bad_image",
	} {
		e := &wireError{Code: word}
		if got := e.code(); got != code {
			t.Errorf("%s is %s, want %s", word, got, code)
		}
		say, _ := words(code)
		if say == general {
			t.Errorf("%s has no sentence of its own", code)
		}
		if strings.Count(say, "\n") > 0 || !strings.HasSuffix(say, ".") {
			t.Errorf("%s: %q is not a sentence", code, say)
		}
	}
	if fallback {
		t.Error("our own mistakes must not be repeated")
	}
}

func TestAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, value, message string
		want                 time.Duration
	}{
		{"Retry-After", "1", "", time.Second},
		{"Retry-After", "0.5", "", 500 * time.Millisecond},
		{"Retry-After", "Mon, 23 Nov 2026 12:00:30 GMT", "", 30 * time.Second},
		{"Retry-After", "Mon, 23 Nov 2026 11:00:00 GMT", "", 0},
		{"Retry-After", "999999999999", "", 24 * time.Hour},
		{"Retry-After", "-1", "", 0},
		{"Retry-After", "soon", "Please try again in 2s.", 2 * time.Second},
		{"Retry-After", "NaN", "", 0},
		{"Retry-After-Ms", "1500", "try again in 9s", 1500 * time.Millisecond},
		{"", "", "Please try again in 11.054s. Visit", 11054 * time.Millisecond},
		{"", "", "Please try again in 28ms.", 28 * time.Millisecond},
		{"", "", "Please try again in 6m0s", 6 * time.Minute},
		{"", "", "try again in 20 seconds", 20 * time.Second},
		{"", "", "Try again in 2 minutes.", 2 * time.Minute},
		{"", "", "try again in 300 ms", 300 * time.Millisecond},
		{"", "", "try again in 1.5 hours", 90 * time.Minute},
		{"", "", "try again in a while", 0},
		{"", "", "try again in", 0},
		{"", "", "", 0},
	} {
		h := http.Header{}
		if c.name != "" {
			h.Set(c.name, c.value)
		}
		if got := after(h, c.message, now); got != c.want {
			t.Errorf("%s %q %q: got %s, want %s", c.name, c.value, c.message, got, c.want)
		}
	}
}

// Without Retry-After the limit that is used up tells, and only that one.
func TestAfterByLimits(t *testing.T) {
	limits := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set("x-ratelimit-"+pairs[i], pairs[i+1])
		}
		return h
	}
	for i, c := range []struct {
		h       http.Header
		message string
		want    time.Duration
	}{
		{limits("remaining-tokens", "0", "reset-tokens", "6m0s", "remaining-requests", "5", "reset-requests", "1h"), "", 6 * time.Minute},
		{limits("remaining-tokens", "0", "reset-tokens", "12ms", "remaining-requests", "0", "reset-requests", "1s"), "", time.Second},
		{limits("remaining-tokens", "0", "reset-tokens", "6m0s"), "Please try again in 2s.", 2 * time.Second},
		{limits("reset-tokens", "6m0s"), "", 0},
		{limits("remaining-tokens", "-1", "reset-tokens", "0"), "", 0},
		{limits("remaining-tokens", "0", "reset-tokens", "-5s"), "", 0},
		{limits("remaining-tokens", "0", "reset-tokens", "9999h"), "", 24 * time.Hour},
	} {
		if got := after(c.h, c.message, time.Time{}); got != c.want {
			t.Errorf("%d: got %s, want %s", i, got, c.want)
		}
	}
}

// The kinds of 429 look alike but for their words. Those that waiting does not
// help are said at once; of a long wait it is said how long.
func TestKindsOfTooMany(t *testing.T) {
	for _, c := range []struct {
		e           wireError
		code, words string
		retry       bool
	}{
		{wireError{Type: "tokens", Code: "rate_limit_exceeded", Message: "Rate limit reached for m on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s."}, "rate_limited", "in a minute", true},
		{wireError{Type: "tokens", Code: "rate_limit_exceeded", Message: "Request too large for m on tokens per min (TPM): Limit 30000, Requested 45123. The input or output tokens must be reduced"}, "over_limit", "smaller part", false},
		{wireError{Type: "requests", Code: "rate_limit_exceeded", Message: "on requests per day (RPD): Limit 200", After: 7*time.Minute + 12*time.Second}, "rate_limited", "in 8 minutes", true},
		{wireError{Code: "rate_limit_exceeded", After: 5 * time.Hour}, "rate_limited", "in 5 hours", true},
		{wireError{Type: "insufficient_quota", Code: "insufficient_quota"}, "quota_exhausted", "whoever runs me", false},
		{wireError{Type: "insufficient_quota", Code: "project_spend_limit_exceeded"}, "quota_exhausted", "budget", false},
		{wireError{Message: "You exceeded your current quota, please check your plan and billing details."}, "quota_exhausted", "budget", false},
		{wireError{Code: "billing_not_active"}, "quota_exhausted", "budget", false},
		{wireError{Message: "slow down, you"}, "rate_limited", "in a minute", true},
		{wireError{}, "rate_limited", "in a minute", true},
	} {
		c.e.Status = http.StatusTooManyRequests
		f := c.e.failure(c.e.code())
		if f.Code != c.code || f.Retry != c.retry || !strings.Contains(f.Say, c.words) {
			t.Errorf("%s: %s, retry %v, %q; want %s, %v, %q", c.e.Error(), f.Code, f.Retry, f.Say, c.code, c.retry, c.words)
		}
	}
}

func FuzzDecodeError(f *testing.F) {
	for _, s := range []string{`{"error":{"message":"a","code":1}}`, `{"error":"x"}`, `[{"detail":[{"msg":"m"}]}]`, `<title>x`, `"s"`, `{"error":[[]]}`, "\x00"} {
		f.Add([]byte(s), "try again in 1h5")
	}
	c := clientFor(f, "http://127.0.0.1:1/v1")
	f.Fuzz(func(t *testing.T, body []byte, message string) {
		e := c.decodeError(body)
		if say, _ := words(e.code()); say == "" {
			t.Error("no sentence")
		}
		if len(e.Error()) > 4*errorMessageLimit+100 {
			t.Errorf("%d bytes", len(e.Error()))
		}
		if d := after(nil, message, time.Time{}); d < 0 || d > 24*time.Hour {
			t.Errorf("after %s", d)
		}
	})
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	c := clientFor(t, "http://"+address+"/v1")
	if f := failureOf(t, ask(t, c, hello()).err); f.Code != "model_unreachable" || !f.Retry {
		t.Errorf("got %v", f)
	}
	c = clientFor(t, "http://name.invalid/v1")
	if f := failureOf(t, ask(t, c, hello()).err); f.Code != "model_unreachable" {
		t.Errorf("got %v", f)
	}
}

// A connection that is taken and dropped at once is an endpoint out of reach.
func TestReset(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		}
	}()
	c := clientFor(t, "http://"+l.Addr().String()+"/v1")
	if f := failureOf(t, ask(t, c, hello()).err); f.Code != "model_unreachable" || !f.Retry {
		t.Errorf("got %v", f)
	}
	l.Close()
	<-done
}
