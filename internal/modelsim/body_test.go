package modelsim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/gif"
	"net/http/httptest"
	"strings"
	"testing"

	"holdfast/internal/modelsim"
)

// FuzzBodies sends anything to every endpoint that reads JSON: it must be
// answered, in JSON, and never with a 500.
func FuzzBodies(f *testing.F) {
	paths := []string{"/v1/chat/completions", "/v1/images/generations", "/v1/images/edits", "/v1/moderations", "/v1/containers", "/v1/responses/compact"}
	for i := range paths {
		f.Add(i, `{"model":"sim-fast","messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"tools":[{"type":"function","function":{"name":"f"}}]}`)
		f.Add(i, `{"model":"sim-fast","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"y"}]}`)
		f.Add(i, `{"prompt":"x","size":"32x16","n":2,"output_format":"webp","images":[{"image_url":"data:image/png;base64,`+pixel+`"}]}`)
		f.Add(i, `{"input":[{"type":"text","text":"x"}],"model":null}`)
		f.Add(i, `{"model":"sim-fast","input":[{"role":"user","content":"x"},{"type":"compaction","encrypted_content":"gAAAAAcAAAA"}]}`)
		f.Add(i, `{"name":"x","expires_after":{"anchor":"last_active_at","minutes":5}}`)
		f.Add(i, `[]`)
	}
	sim := modelsim.New(modelsim.Options{KeepRequests: 10})
	f.Cleanup(func() { _ = sim.Close() })
	h := sim.Handler()
	f.Fuzz(func(t *testing.T, i int, body string) {
		if strings.Contains(body, "sim-hang") || strings.Contains(body, "sim-slow") || strings.Contains(body, "sim-flaky") || strings.Contains(body, "[[sim") || strings.Contains(body, `"stream"`) {
			t.Skip() // they are meant to go wrong or to take long
		}
		w := httptest.NewRecorder()
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, "POST", paths[uint(i)%uint(len(paths))], strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer sk-test")
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(w, r)
		if w.Code >= 500 || !json.Valid(w.Body.Bytes()) || ctx.Err() != nil {
			t.Fatalf("%s %s: %d %.300s", r.URL.Path, body, w.Code, w.Body)
		}
	})
}

func TestGIFsMayNotMove(t *testing.T) {
	b := start(t, modelsim.Options{})
	frame := image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{color.Black, color.White})
	for frames, want := range map[int]string{1: "", 3: "unsupported_image_media_type"} {
		g := &gif.GIF{}
		for range frames {
			g.Image, g.Delay = append(g.Image, frame), append(g.Delay, 1)
		}
		var file bytes.Buffer
		if err := gif.EncodeAll(&file, g); err != nil {
			t.Fatal(err)
		}
		status, body := b.form("/files", []string{"purpose", "vision"}, "file", "a.gif", file.Bytes())
		if (status == 200) != (want == "") || !strings.Contains(body, want) {
			t.Errorf("%d frames: %d %s", frames, status, body)
		}
		cut := file.Bytes()[:file.Len()-4]
		if status, body = b.form("/files", []string{"purpose", "vision"}, "file", "a.gif", cut); status != 400 {
			t.Errorf("%d frames, cut: %d %s", frames, status, body)
		}
	}
}
