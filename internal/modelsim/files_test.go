package modelsim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"holdfast/internal/modelsim"
)

// form posts a multipart form: pairs of field names and texts, then files as
// triples of field, name and bytes.
func (b *bench) form(path string, fields []string, files ...any) (int, string) {
	b.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			b.Fatal(err)
		}
	}
	for i := 0; i+2 < len(files); i += 3 {
		part, err := w.CreateFormFile(files[i].(string), files[i+1].(string))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := part.Write(files[i+2].([]byte)); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	status, got, _ := b.call("POST", path, body.String(), "Content-Type", w.FormDataContentType())
	return status, got
}

// uploadFile uploads a file and returns its id.
func (b *bench) uploadFile(purpose, name string, data []byte) string {
	b.Helper()
	status, body := b.form("/files", []string{"purpose", purpose}, "file", name, data)
	var f struct{ ID string }
	if err := json.Unmarshal([]byte(body), &f); err != nil || status != 200 || !strings.HasPrefix(f.ID, "file-") {
		b.Fatalf("upload: %d %s", status, body)
	}
	return f.ID
}

func TestFilesComeAndGo(t *testing.T) {
	b := start(t, modelsim.Options{Now: fixed})
	first := b.uploadFile("user_data", "a b.txt", []byte("one"))
	second := b.uploadFile("assistants", "b.md", []byte("two, longer"))
	status, body, _ := b.call("GET", "/files/"+first, "")
	if status != 200 || !strings.Contains(body, `"filename":"a b.txt"`) || !strings.Contains(body, `"bytes":3`) || !strings.Contains(body, `"purpose":"user_data"`) || strings.Contains(body, "expires_at") {
		t.Errorf("%d %s", status, body)
	}
	_, body, _ = b.call("GET", "/files?limit=1", "")
	if !strings.Contains(body, second) || !strings.Contains(body, `"has_more":true`) {
		t.Error("newest first: " + body)
	}
	_, body, _ = b.call("GET", "/files?limit=1&after="+second, "")
	if !strings.Contains(body, first) || !strings.Contains(body, `"has_more":false`) {
		t.Error("second page: " + body)
	}
	_, body, _ = b.call("GET", "/files?purpose=assistants&order=asc", "")
	if strings.Contains(body, first) || !strings.Contains(body, second) {
		t.Error("by purpose: " + body)
	}
	_, body, h := b.call("GET", "/files/"+first+"/content", "")
	if body != "one" || h.Get("Content-Disposition") != `attachment; filename="a b.txt"` {
		t.Errorf("content %q %v", body, h)
	}
	if _, body, _ = b.call("DELETE", "/files/"+first, ""); !strings.Contains(body, `"deleted":true`) {
		t.Error(body)
	}
	for _, path := range []string{"/files/" + first, "/files/" + first + "/content"} {
		if status, _, _ = b.call("GET", path, ""); status != 404 {
			t.Errorf("%s after delete: %d", path, status)
		}
	}
}

func TestFilesExpire(t *testing.T) {
	now := fixed()
	b := start(t, modelsim.Options{Now: func() time.Time { return now }})
	status, body := b.form("/files", []string{"purpose", "user_data", "expires_after[anchor]", "created_at", "expires_after[seconds]", "3600"}, "file", "a.txt", []byte("x"))
	var f struct {
		ID        string
		ExpiresAt int64 `json:"expires_at"`
	}
	if err := json.Unmarshal([]byte(body), &f); err != nil || status != 200 || f.ExpiresAt != now.Add(time.Hour).Unix() {
		t.Fatalf("%d %s", status, body)
	}
	now = now.Add(61 * time.Minute)
	if status, _, _ = b.call("GET", "/files/"+f.ID, ""); status != 404 {
		t.Errorf("after an hour: %d", status)
	}
	if _, body, _ = b.call("GET", "/files", ""); strings.Contains(body, f.ID) {
		t.Error(body)
	}
}

func TestFilesRefuseWhatIsWrong(t *testing.T) {
	b := start(t, modelsim.Options{})
	one := []any{"file", "a.txt", []byte("x")}
	for name, c := range map[string]struct {
		fields []string
		files  []any
		want   string
	}{
		"no purpose":    {nil, one, "purpose missing_required_parameter"},
		"bad purpose":   {[]string{"purpose", "fun"}, one, "purpose invalid_value"},
		"no file":       {[]string{"purpose", "user_data"}, nil, "file missing_required_parameter"},
		"empty file":    {[]string{"purpose", "user_data"}, []any{"file", "a.txt", []byte{}}, "file empty_file"},
		"wrong name":    {[]string{"purpose", "user_data"}, []any{"data", "a.txt", []byte("x")}, "file missing_required_parameter"},
		"unknown field": {[]string{"purpose", "user_data", "color", "red"}, one, "color unknown_parameter"},
		"not a picture": {[]string{"purpose", "vision"}, one, "file invalid_image_format"},
		"too short":     {[]string{"purpose", "user_data", "expires_after[anchor]", "created_at", "expires_after[seconds]", "60"}, one, "expires_after.seconds integer_out_of_range"},
	} {
		status, body := b.form("/files", c.fields, c.files...)
		var r refusal
		if err := json.Unmarshal([]byte(body), &r); err != nil || status != 400 || r.String() != c.want {
			t.Errorf("%s: %d %s, want %s\n%s", name, status, r, c.want, body)
		}
	}
	if status, _, _ := b.call("POST", "/files", `{"purpose":"user_data"}`); status != 415 {
		t.Errorf("JSON: %d", status)
	}
	if status, body, _ := b.call("POST", "/files", "nonsense", "Content-Type", "multipart/form-data; boundary=x"); status != 400 {
		t.Errorf("no parts: %d %s", status, body)
	}
}

func TestInputByFileID(t *testing.T) {
	b := start(t, modelsim.Options{})
	picture := b.uploadFile("vision", "p.png", gray(t, 4, 4))
	pdf := b.uploadFile("user_data", "a.pdf", []byte("%PDF-1.7\n"))
	fake := b.uploadFile("user_data", "b.pdf", []byte("not really"))
	for name, c := range map[string]struct {
		part   string
		status int
		want   string
	}{
		"picture":             {`{"type":"input_image","detail":"auto","file_id":"` + picture + `"}`, 200, ""},
		"pdf":                 {`{"type":"input_file","file_id":"` + pdf + `"}`, 200, ""},
		"pdf by URL":          {`{"type":"input_file","file_url":"https://example.com/a.pdf"}`, 200, ""},
		"pdf as a picture":    {`{"type":"input_image","detail":"auto","file_id":"` + pdf + `"}`, 400, "invalid_image_format"},
		"a pdf that is none":  {`{"type":"input_file","file_id":"` + fake + `"}`, 400, "it is not a PDF"},
		"data that is none":   {`{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,aGVsbG8="}`, 400, "it is not a PDF"},
		"no such file":        {`{"type":"input_image","detail":"auto","file_id":"file-x"}`, 404, "No such File"},
		"a file of Slack":     {`{"type":"input_image","detail":"auto","image_url":"https://files.slack.com/files-pri/T1-F1/a.png"}`, 400, "failed_to_download_image"},
		"a local URL":         {`{"type":"input_image","detail":"auto","image_url":"http://127.0.0.1:80/a.png"}`, 400, "failed_to_download_image"},
		"a mislabelled image": {`{"type":"input_image","detail":"auto","image_url":"data:image/jpeg;base64,` + pixel + `"}`, 400, "unsupported_image_media_type"},
		"a cut image":         {`{"type":"input_image","detail":"auto","image_url":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptV"}`, 400, "image_parse_error"},
		"binary as text":      {`{"type":"input_file","filename":"a.txt","file_data":"data:text/plain;base64,AAE="}`, 400, "not text"},
	} {
		status, body, _ := b.call("POST", "/responses", `{"model":"sim-fast",`+part(c.part)+`}`)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

func TestF25FileContent(t *testing.T) {
	b := start(t, modelsim.Options{})
	id := b.uploadFile("user_data", "a.txt", []byte("twelve bytes"))
	for variant, want := range map[string]string{"base64": "twelve", "empty": "", "magic": "<!DOCTYPE ht"} {
		b.sim.ClearRules()
		b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{Path: "/v1/files/*"}, Fault: &modelsim.Fault{Kind: modelsim.FaultBadResult, Variant: variant}})
		if status, body, _ := b.call("GET", "/files/"+id+"/content", ""); status != 200 || body != want {
			t.Errorf("%s: %d %q", variant, status, body)
		}
	}
}

func TestContainersComeAndGo(t *testing.T) {
	b := start(t, modelsim.Options{})
	file := b.uploadFile("user_data", "in.csv", []byte("1,2\n"))
	status, body, _ := b.call("POST", "/containers", `{"name":"work","file_ids":["`+file+`"],"expires_after":{"anchor":"last_active_at","minutes":5}}`)
	var c struct{ ID, Status string }
	if err := json.Unmarshal([]byte(body), &c); err != nil || status != 200 || c.Status != "running" {
		t.Fatalf("%d %s", status, body)
	}
	if _, body, _ = b.call("GET", "/containers/"+c.ID+"/files", ""); !strings.Contains(body, "/mnt/data/in.csv") || !strings.Contains(body, `"source":"user"`) {
		t.Error(body)
	}
	b.sim.AddRule(modelsim.Rule{Shape: "S9"})
	events, err := b.stream(`"tools":[{"type":"code_interpreter","container":"`+c.ID+`"}]`, "run")
	if err != io.EOF || item(t, final(t, events), "code_interpreter_call").ContainerID != c.ID {
		t.Error(err)
	}
	if _, body, _ = b.call("GET", "/containers", ""); !strings.Contains(body, c.ID) {
		t.Error(body)
	}
	if _, body, _ = b.call("DELETE", "/containers/"+c.ID, ""); !strings.Contains(body, `"deleted":true`) {
		t.Error(body)
	}
	if status, _, _ = b.call("GET", "/containers/"+c.ID, ""); status != 404 {
		t.Error(status)
	}
	for body, want := range map[string]string{
		`{}`: "name", `{"name":"x","memory_limit":"2g"}`: "memory_limit", `{"name":"x","file_ids":["file-x"]}`: "file_ids[0]",
		`{"name":"x","expires_after":{"anchor":"last_active_at","minutes":99}}`: "expires_after.minutes", `{"name":"x","color":"red"}`: "color",
	} {
		if status, got, _ := b.call("POST", "/containers", body); status < 400 || !strings.Contains(got, want) {
			t.Errorf("%s: %d %s", body, status, got)
		}
	}
}
