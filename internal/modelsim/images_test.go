package modelsim_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"reflect"
	"strings"
	"testing"

	openai "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"holdfast/internal/modelsim"
)

// official is OpenAI's own client, all of it.
func (b *bench) official() openai.Client {
	return openai.NewClient(option.WithBaseURL(b.srv.URL()), option.WithAPIKey("sk-test"), option.WithHTTPClient(b.client), option.WithMaxRetries(0))
}

type imagesReply struct {
	Created                  int64
	Size, Quality            string
	Background, OutputFormat string
	Data                     []struct {
		B64 string `json:"b64_json"`
	}
	Usage struct {
		Total   int `json:"total_tokens"`
		Input   int `json:"input_tokens"`
		Output  int `json:"output_tokens"`
		Details struct {
			Image int `json:"image_tokens"`
			Text  int `json:"text_tokens"`
		} `json:"input_tokens_details"`
	}
}

func (b *bench) image(path, body string) imagesReply {
	b.Helper()
	status, got, _ := b.call("POST", path, body)
	var r imagesReply
	if err := json.Unmarshal([]byte(got), &r); err != nil || status != 200 {
		b.Fatalf("%s: %d %.400s", body, status, got)
	}
	return r
}

func TestImagesGenerate(t *testing.T) {
	b := start(t, modelsim.Options{})
	r := b.image("/images/generations", `{"model":"gpt-image-2","prompt":"a lighthouse","n":2,"size":"512x256","quality":"low"}`)
	if len(r.Data) != 2 || r.Data[0].B64 == r.Data[1].B64 || r.Size != "512x256" || r.Quality != "low" || r.Usage.Output == 0 || r.Usage.Total != r.Usage.Input+r.Usage.Output || r.Usage.Details.Image != 0 {
		t.Fatalf("%d pictures, %+v", len(r.Data), r.Usage)
	}
	for _, d := range r.Data {
		if m, format := decode64(t, d.B64); m.Bounds().Size() != image.Pt(512, 256) || format != "png" {
			t.Errorf("%v %s", m.Bounds(), format)
		}
	}
	for format, magic := range map[string]string{"png": "\x89PNG", "jpeg": "\xff\xd8\xff", "webp": "RIFF", "gif": "GIF8", "svg": "<svg "} {
		r := b.image("/images/generations", `{"prompt":"kelp & <otters>","size":"256x256","output_format":"`+format+`"}`)
		if raw, err := base64.StdEncoding.DecodeString(r.Data[0].B64); err != nil || !strings.HasPrefix(string(raw), magic) {
			t.Errorf("%s: %v %.10q", format, err, raw)
		}
	}
}

func TestImagesRefuseWhatIsWrong(t *testing.T) {
	b := start(t, modelsim.Options{})
	for body, want := range map[string]string{
		`{}`:                                                                    "400 prompt missing_required_parameter",
		`{"prompt":" "}`:                                                        "400 prompt missing_required_parameter",
		`{"prompt":"x","n":11}`:                                                 "400 n integer_out_of_range",
		`{"prompt":"x","n":"two"}`:                                              "400 n invalid_type",
		`{"prompt":"x","model":"gpt-image-1"}`:                                  "404 model model_not_found",
		`{"prompt":"x","model":"dall-e-3"}`:                                     "404 model model_not_found",
		`{"prompt":"x","size":"1000x1000"}`:                                     "400 size invalid_value",
		`{"prompt":"x","size":"4096x1024"}`:                                     "400 size invalid_value",
		`{"prompt":"x","size":"huge"}`:                                          "400 size invalid_value",
		`{"prompt":"x","quality":"hd"}`:                                         "400 quality invalid_value",
		`{"prompt":"x","quality":"max"}`:                                        "400 quality invalid_value",
		`{"prompt":"x","output_format":"bmp"}`:                                  "400 output_format invalid_value",
		`{"prompt":"x","output_compression":50}`:                                "400 output_compression invalid_value",
		`{"prompt":"x","output_format":"jpeg","output_compression":101}`:        "400 output_compression integer_out_of_range",
		`{"prompt":"x","output_format":"jpeg","background":"transparent"}`:      "400 background invalid_value",
		`{"prompt":"x","partial_images":4}`:                                     "400 partial_images integer_out_of_range",
		`{"prompt":"x","moderation":"none"}`:                                    "400 moderation invalid_value",
		`{"prompt":"x","response_format":"url"}`:                                "400 response_format unknown_parameter",
		`{"prompt":"x","input_fidelity":"high"}`:                                "400 input_fidelity unknown_parameter",
		`{"prompt":"x","model":"gpt-image-1.5","size":"512x512"}`:               "400 size invalid_value",
		`{"prompt":"` + strings.Repeat("x", 32001) + `"}`:                       "400 prompt string_above_max_length",
		`{"prompt":"x","safety_identifier":"` + strings.Repeat("x", 129) + `"}`: "400 safety_identifier string_above_max_length",
		`{"prompt":`: "400 null null",
	} {
		status, got, _ := b.call("POST", "/images/generations", body)
		var r refusal
		if err := json.Unmarshal([]byte(got), &r); err != nil || fmt.Sprint(status, " ", r) != want {
			t.Errorf("%.60s: %d %s, want %s\n%.300s", body, status, r, want, got)
		}
	}
	if status, _, _ := b.call("POST", "/images/generations", `{"prompt":"x","model":"gpt-image-2.5-flare","quality":"max","size":"16x16"}`); status != 200 {
		t.Errorf("max on 2.5: %d", status)
	}
}

func TestImagesEditMultipartAndJSON(t *testing.T) {
	b := start(t, modelsim.Options{})
	src := gray(t, 64, 32)
	status, body := b.form("/images/edits", []string{"prompt", "warmer", "size", "128x64", "n", "1", "output_format", "png"}, "image[]", "a.png", src, "image[]", "b.png", src)
	var r imagesReply
	if err := json.Unmarshal([]byte(body), &r); err != nil || status != 200 || r.Usage.Details.Image == 0 {
		t.Fatalf("%d %.300s", status, body)
	}
	m, _ := decode64(t, r.Data[0].B64)
	if m.Bounds().Size() != image.Pt(128, 64) || m.At(5, 5) != m.At(100, 5) {
		t.Errorf("%v: not the tinted gray", m.Bounds())
	}
	id := b.uploadFile("vision", "p.png", src)
	asJSON := b.image("/images/edits", `{"prompt":"warmer","size":"128x64","images":[{"file_id":"`+id+`"}]}`)
	if asJSON.Data[0].B64 != r.Data[0].B64 {
		t.Error("JSON and multipart should make the same")
	}
	b.image("/images/edits", `{"prompt":"x","size":"64x64","images":[{"image_url":"data:image/png;base64,`+pixel+`"}]}`)
	// A mask lets only its transparent part be changed.
	masked := image.NewNRGBA(image.Rect(0, 0, 64, 32))
	for x := range 32 {
		for y := range 32 {
			masked.Pix[masked.PixOffset(x, y)+3] = 255
		}
	}
	status, body = b.form("/images/edits", []string{"prompt", "half", "size", "128x64"}, "image", "a.png", src, "mask", "m.png", encodePNG(t, masked))
	if err := json.Unmarshal([]byte(body), &r); err != nil || status != 200 {
		t.Fatalf("%d %.300s", status, body)
	}
	m, _ = decode64(t, r.Data[0].B64)
	if m.At(5, 5) == m.At(100, 5) {
		t.Error("the mask was not minded")
	}
	for name, c := range map[string]struct {
		fields []string
		files  []any
		want   string
	}{
		"no image":     {[]string{"prompt", "x"}, nil, "image missing_required_parameter"},
		"no prompt":    {nil, []any{"image", "a.png", src}, "prompt missing_required_parameter"},
		"not a PNG":    {[]string{"prompt", "x"}, []any{"image", "a.png", []byte("hello")}, "image invalid_image_format"},
		"cut PNG":      {[]string{"prompt", "x"}, []any{"image", "a.png", src[:len(src)/2]}, "image image_parse_error"},
		"empty":        {[]string{"prompt", "x"}, []any{"image", "a.png", []byte{}}, "image empty_image_file"},
		"mask size":    {[]string{"prompt", "x"}, []any{"image", "a.png", src, "mask", "m.png", gray(t, 8, 8)}, "mask invalid_mask_image_format"},
		"unknown file": {[]string{"prompt", "x"}, []any{"image", "a.png", src, "sound", "m.wav", src}, "sound unknown_parameter"},
		"fidelity":     {[]string{"prompt", "x", "input_fidelity", "high"}, []any{"image", "a.png", src}, "input_fidelity unsupported_parameter"},
	} {
		status, body := b.form("/images/edits", c.fields, c.files...)
		var r refusal
		if err := json.Unmarshal([]byte(body), &r); err != nil || status != 400 || r.String() != c.want {
			t.Errorf("%s: %d %s, want %s", name, status, r, c.want)
		}
	}
}

func TestImagesStreamPartials(t *testing.T) {
	b := start(t, modelsim.Options{})
	for _, name := range []string{"image_generation", "image_edit"} {
		path, body := "/images/generations", `{"prompt":"x","size":"128x128","stream":true,"partial_images":2}`
		if name == "image_edit" {
			path, body = "/images/edits", `{"prompt":"x","size":"128x128","stream":true,"partial_images":2,"images":[{"image_url":"data:image/png;base64,`+pixel+`"}]}`
		}
		_, r := b.open(b.ctx, "POST", path, body)
		events, err := r.rest()
		if err != io.EOF || len(events) != 3 {
			t.Fatalf("%s: %d events, %v", name, len(events), err)
		}
		for i, e := range events {
			want := name + ".partial_image"
			if i == 2 {
				want = name + ".completed"
			}
			m, _ := decode64(t, e.str("b64_json"))
			if e.typ != want || e.name != want || m.Bounds().Dx() != 128 || e.str("size") != "128x128" {
				t.Errorf("%d: %s %v", i, e.typ, m.Bounds())
			}
		}
		if events[2].raw["usage"] == nil {
			t.Error("no usage at the end")
		}
	}
}

func TestImagesF18ModerationBlocked(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{Path: "/v1/images/*", Contains: "gory"}, Fault: &modelsim.Fault{Kind: modelsim.FaultModeration}})
	status, body, _ := b.call("POST", "/images/generations", `{"prompt":"a gory scene"}`)
	var r refusal
	if err := json.Unmarshal([]byte(body), &r); err != nil || status != 400 || *r.Error.Code != "moderation_blocked" || r.Error.Type != "image_generation_user_error" || !strings.Contains(r.Error.Message, "safety_violations=[violence]") {
		t.Errorf("%d %s", status, body)
	}
	if status, _, _ = b.call("POST", "/images/generations", `{"prompt":"a calm scene","size":"16x16"}`); status != 200 {
		t.Errorf("calm: %d", status)
	}
}

func TestImagesF25AndWireFaults(t *testing.T) {
	b := start(t, modelsim.Options{})
	const body = `{"prompt":"x","size":"64x64"}`
	rule := func(f modelsim.Fault) {
		b.sim.ClearRules()
		b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{Path: "/v1/images/generations"}, Fault: &f})
	}
	rule(modelsim.Fault{Kind: modelsim.FaultBadResult})
	if r := b.image("/images/generations", body); base64.StdEncoding.DecodedLen(len(r.Data[0].B64)) == 0 {
		t.Error("nothing at all")
	} else if _, err := base64.StdEncoding.DecodeString(r.Data[0].B64); err == nil {
		t.Error("F25 cuts the base64")
	}
	rule(modelsim.Fault{Kind: modelsim.FaultBadResult, Variant: "magic"})
	raw, err := base64.StdEncoding.DecodeString(b.image("/images/generations", body).Data[0].B64)
	if err != nil || !bytes.HasPrefix(raw, []byte("<!DOCTYPE html>")) {
		t.Errorf("%v %.20q", err, raw)
	}
	rule(modelsim.Fault{Kind: modelsim.FaultRateLimit, RetryAfter: "30"})
	if status, _, h := b.call("POST", "/images/generations", body); status != 429 || h.Get("Retry-After") != "30" {
		t.Error(status, h)
	}
	for _, k := range []modelsim.FaultKind{modelsim.FaultErrorEvent, modelsim.FaultFailed} {
		rule(modelsim.Fault{Kind: k, After: 1})
		_, r := b.open(b.ctx, "POST", "/images/generations", `{"prompt":"x","size":"64x64","stream":true,"partial_images":1}`)
		events, err := r.rest()
		if err != io.EOF || len(events) != 2 || events[1].typ != "error" {
			t.Errorf("%s: %v %v", k, types(events), err)
		}
	}
}

func TestImagesDirectiveIsNotDrawn(t *testing.T) {
	b := start(t, modelsim.Options{})
	plain := b.image("/images/generations", `{"prompt":"kelp","size":"64x64"}`)
	directed := b.image("/images/generations", `{"prompt":"[[sim work=1ms]] kelp","size":"64x64"}`)
	if plain.Data[0].B64 != directed.Data[0].B64 {
		t.Error("the directive changed the picture")
	}
}

// TestImagesSDK drives the Images API with OpenAI's own client.
func TestImagesSDK(t *testing.T) {
	b := start(t, modelsim.Options{})
	api := b.official()
	res, err := api.Images.Generate(b.ctx, openai.ImageGenerateParams{Prompt: "x", Model: "gpt-image-2", Size: "1024x1024"})
	if err != nil || len(res.Data) != 1 {
		t.Fatal(err)
	}
	walkExtra(t, "images", reflect.ValueOf(*res))
	gen := api.Images.GenerateStreaming(b.ctx, openai.ImageGenerateParams{Prompt: "x", Size: "1024x1024", PartialImages: openai.Int(1)})
	n := 0
	for gen.Next() {
		n++
		walkExtra(t, "image event", reflect.ValueOf(gen.Current().AsAny()))
	}
	if gen.Err() != nil || n != 2 {
		t.Errorf("%d events, %v", n, gen.Err())
	}
	edit := openai.ImageEditParams{Prompt: "x", Image: openai.ImageEditParamsImageUnion{OfFileArray: []io.Reader{openai.File(bytes.NewReader(gray(t, 8, 8)), "a.png", "image/png")}}}
	if res, err = api.Images.Edit(b.ctx, edit); err != nil || len(res.Data) != 1 {
		t.Fatal(err)
	}
	edit.Image = openai.ImageEditParamsImageUnion{OfFile: openai.File(bytes.NewReader(gray(t, 8, 8)), "a.png", "image/png")}
	ed := api.Images.EditStreaming(b.ctx, edit)
	for n = 0; ed.Next(); n++ {
		walkExtra(t, "edit event", reflect.ValueOf(ed.Current().AsAny()))
	}
	if ed.Err() != nil || n != 1 {
		t.Errorf("%d edit events, %v", n, ed.Err())
	}
	_, err = api.Images.Generate(b.ctx, openai.ImageGenerateParams{Prompt: "x", Model: "gpt-image-1"})
	var e *openai.Error
	if !errors.As(err, &e) || e.Code != "model_not_found" {
		t.Errorf("%v", err)
	}
}
