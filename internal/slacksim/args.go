package slacksim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxBody bounds a Web API request.
const maxBody = 4 << 20

// args are the arguments of a Web API call. A form value is kept as a JSON string, so that both encodings read alike.
type args map[string]json.RawMessage

func (a args) has(name string) bool {
	v, ok := a[name]
	return ok && string(v) != "null"
}

// str reads a string; numbers and booleans count as their text, as they do in a form.
func (a args) str(name string) string {
	v, ok := a[name]
	if !ok || string(v) == "null" {
		return ""
	}
	if v[0] == '"' {
		var s string
		_ = json.Unmarshal(v, &s) // it was checked as JSON when it was read
		return s
	}
	return string(v)
}

// raw reads a nested value, which a form (and some JSON callers) give as a string of JSON. Empty means absent.
func (a args) raw(name string) (json.RawMessage, error) {
	v, ok := a[name]
	if !ok || string(v) == "null" {
		return nil, nil
	}
	if v[0] == '"' {
		s := strings.TrimSpace(a.str(name))
		if s == "" {
			return nil, nil
		}
		v = json.RawMessage(s)
	}
	if !json.Valid(v) {
		return nil, fmt.Errorf("%s is not JSON", name)
	}
	return v, nil
}

func (a args) flag(name string, otherwise bool) bool {
	switch strings.ToLower(a.str(name)) {
	case "true", "1", "t":
		return true
	case "false", "0", "f":
		return false
	}
	return otherwise
}

func (a args) num(name string, otherwise int) (int, bool) {
	v := a.str(name)
	if v == "" {
		return otherwise, true
	}
	n, err := strconv.Atoi(v)
	return n, err == nil
}

// readArgs takes the arguments and the token from the request. JSON bodies carry no token: it must be in the header.
func readArgs(r *http.Request) (a args, token string, fail *Refusal) {
	a = args{}
	if h := r.Header.Get("Authorization"); h != "" {
		scheme, rest, _ := strings.Cut(h, " ")
		if strings.EqualFold(scheme, "Bearer") {
			token = strings.TrimSpace(rest)
		}
	}
	form := func(v url.Values) {
		for name, vals := range v {
			b, _ := json.Marshal(vals[0]) // a string always encodes
			a[name] = b
		}
	}
	form(r.URL.Query())
	isJSON := false
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if err != nil {
			return nil, "", no("request_timeout")
		}
		if len(body) > maxBody {
			return nil, "", no("invalid_arguments", "[ERROR] the request is larger than 4 MB")
		}
		kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch {
		case r.Header.Get("Content-Type") == "" && len(body) == 0:
		case r.Header.Get("Content-Type") == "":
			return nil, "", no("missing_post_type")
		case err != nil:
			return nil, "", no("invalid_post_type")
		case kind == "application/json":
			isJSON = true
			if c := params["charset"]; c != "" && !strings.EqualFold(c, "utf-8") {
				return nil, "", no("invalid_charset")
			}
			if len(bytes.TrimSpace(body)) > 0 {
				if !json.Valid(body) {
					return nil, "", no("invalid_json")
				}
				var fields map[string]json.RawMessage
				if json.Unmarshal(body, &fields) != nil {
					return nil, "", no("json_not_object")
				}
				maps.Copy(a, fields)
			}
		case kind == "application/x-www-form-urlencoded":
			v, err := url.ParseQuery(string(body))
			if err != nil {
				return nil, "", no("invalid_form_data")
			}
			form(v)
		case kind == "multipart/form-data":
			r.Body = io.NopCloser(bytes.NewReader(body))
			if err := r.ParseMultipartForm(maxBody); err != nil {
				return nil, "", no("invalid_form_data")
			}
			form(r.MultipartForm.Value)
		default:
			return nil, "", no("invalid_post_type")
		}
	}
	if !isJSON && token == "" {
		token = a.str("token")
	}
	delete(a, "token")
	return a, token, nil
}

// Refusal is an answer {"ok":false}. Slack: "Web API" page, error responses.
type Refusal struct {
	Code     string
	Messages []string // response_metadata.messages
	Errors   []string // errors, for invalid_blocks
	Needed   string   // for missing_scope
	Provided string
}

func (r *Refusal) Error() string { return r.Code }

func no(code string, messages ...string) *Refusal { return &Refusal{Code: code, Messages: messages} }

func (r *Refusal) reply() reply {
	out := reply{"ok": false, "error": r.Code}
	if len(r.Messages) > 0 {
		out["response_metadata"] = reply{"messages": r.Messages}
	}
	if len(r.Errors) > 0 {
		out["errors"] = r.Errors
	}
	if r.Code == "missing_scope" {
		out["needed"], out["provided"] = r.Needed, r.Provided
	}
	return out
}

// asRefusal turns any error into what Slack would answer.
func asRefusal(err error) *Refusal {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	return no("internal_error")
}
