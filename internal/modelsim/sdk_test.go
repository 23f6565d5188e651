package modelsim_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"

	"holdfast/internal/modelsim"
)

func fixed() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 500_000_000, time.UTC) }

func (b *bench) sdk() *responses.ResponseService {
	api := responses.NewResponseService(option.WithBaseURL(b.srv.URL()), option.WithAPIKey("sk-test"), option.WithHTTPClient(b.client), option.WithMaxRetries(0))
	return &api
}

// TestSDKDrivesEveryShape holds the simulator to OpenAI's own client: every event
// of every shape must decode, be of a type it knows, and have no unknown field.
func TestSDKDrivesEveryShape(t *testing.T) {
	b := start(t, modelsim.Options{})
	api := b.sdk()
	for _, shape := range modelsim.Shapes() {
		b.sim.ClearRules()
		b.sim.AddRule(modelsim.Rule{Shape: shape, Timing: &modelsim.Timing{Think: 1}})
		s := api.NewStreaming(b.ctx, responses.ResponseNewParams{
			Model: "gpt-6-luna",
		}, option.WithJSONSet("input", "shape "+shape))
		var lastType string
		n := 0
		for s.Next() {
			ev := s.Current()
			n++
			lastType = ev.Type
			checkKnown(t, shape, ev)
		}
		if s.Err() != nil {
			t.Errorf("%s: %v", shape, s.Err())
		}
		if lastType != "response.completed" && lastType != "response.incomplete" {
			t.Errorf("%s: ended with %q after %d events", shape, lastType, n)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		r, err := api.New(b.ctx, responses.ResponseNewParams{Model: "gpt-6-luna"}, option.WithJSONSet("input", "shape "+shape))
		if err != nil || r.ID == "" {
			t.Errorf("%s as JSON: %v", shape, err)
		}
	}
}

// checkKnown fails on an event or item type and on a field that the SDK does not
// know.
func checkKnown(t *testing.T, shape string, ev responses.ResponseStreamEventUnion) {
	t.Helper()
	v := ev.AsAny()
	if v == nil {
		t.Errorf("%s: the SDK does not know the event %q", shape, ev.Type)
		return
	}
	walkExtra(t, shape+" "+ev.Type, reflect.ValueOf(v))
	switch v := v.(type) {
	case responses.ResponseCompletedEvent:
		for _, item := range v.Response.Output {
			walkExtra(t, shape+" output", reflect.ValueOf(item.AsAny()))
		}
	case responses.ResponseOutputItemDoneEvent:
		walkExtra(t, shape+" item", reflect.ValueOf(v.Item.AsAny()))
	}
}

// walkExtra looks for what the SDK keeps aside as unknown, at any depth.
func walkExtra(t *testing.T, where string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Invalid:
		t.Errorf("%s: unknown type", where)
	case reflect.Slice:
		for i := range v.Len() {
			walkExtra(t, where, v.Index(i))
		}
	case reflect.Struct:
		if meta := v.FieldByName("JSON"); meta.IsValid() {
			if extra := meta.FieldByName("ExtraFields"); extra.IsValid() {
				for _, k := range extra.MapKeys() {
					// OpenAI sends both; the SDK has no place for them.
					if k.String() != "store" && k.String() != "obfuscation" {
						t.Errorf("%s: %s has the unknown field %q", where, v.Type().Name(), k)
					}
				}
			}
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "JSON" {
				walkExtra(t, where, v.Field(i))
			}
		}
	}
}

func TestSDKReadsErrors(t *testing.T) {
	b := start(t, modelsim.Options{Key: "right"})
	_, err := b.sdk().New(b.ctx, responses.ResponseNewParams{Model: "gpt-6-luna"}, option.WithJSONSet("input", "x"))
	var e *responses.Error
	if !errors.As(err, &e) || e.StatusCode != 401 || e.Code != "invalid_api_key" || !strings.Contains(e.Message, "Incorrect API key") {
		t.Fatalf("%v: %+v", err, e)
	}
}
