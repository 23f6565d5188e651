package modelsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// apiError is an HTTP refusal in OpenAI's form.
type apiError struct {
	Message string
	Type    string
	Param   string
	Code    string

	status      int
	retryAfter  string        // see Fault.RetryAfter
	retryFor    time.Duration // for retryAfter "date"
	shouldRetry string
	exhausted   string // "requests" or "tokens": that rate limit is at 0
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.Code, e.Message) }

// MarshalJSON writes {"error":{…}} with null for what is empty.
func (e *apiError) MarshalJSON() ([]byte, error) {
	null := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	type inner struct {
		Message string  `json:"message"`
		Type    *string `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	}
	return json.Marshal(struct {
		Error inner `json:"error"`
	}{inner{e.Message, null(e.Type), null(e.Param), null(e.Code)}})
}

func badRequest(code, param, message string) *apiError {
	return &apiError{status: 400, Type: "invalid_request_error", Code: code, Param: param, Message: message}
}

func unknownParameter(param string) *apiError {
	return badRequest("unknown_parameter", param, "Unknown parameter: '"+param+"'.")
}

func badPattern(param string) *apiError {
	return badRequest("invalid_value", param, "Invalid '"+param+"': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]{1,64}$'.")
}

func tooLong(param string, limit, got int) *apiError {
	return badRequest("string_above_max_length", param, fmt.Sprintf("Invalid '%s': string too long. Expected a string with maximum length %d, but got a string with length %d instead.", param, limit, got))
}

// typeError tells which field had the wrong JSON type.
func typeError(prefix string, err error) *apiError {
	var ute *json.UnmarshalTypeError
	if !errors.As(err, &ute) {
		return badRequest("", prefix, "We could not parse the JSON body of your request: "+err.Error())
	}
	param := ute.Field
	if prefix != "" && param != "" {
		param = prefix + "." + param
	} else if prefix != "" {
		param = prefix
	}
	return badRequest("invalid_type", param, fmt.Sprintf("Invalid type for '%s': expected %s, but got %s instead.", param, ute.Type, ute.Value))
}

// decodeStrict decodes one JSON object and says which field is unknown or of the
// wrong type.
func decodeStrict(body []byte, v any) *apiError {
	err := strictJSON(body, v)
	if err == nil {
		return nil
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return unknownParameter(strings.Trim(name, `"`))
	}
	var ute *json.UnmarshalTypeError
	if errors.As(err, &ute) {
		return typeError("", err)
	}
	return unreadableJSON()
}

func unreadableJSON() *apiError {
	return badRequest("", "", "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)")
}
