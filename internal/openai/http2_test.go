package openai

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"holdfast/internal/turn"
)

// Over HTTP/2, as OpenAI speaks it, many calls share a connection: each ends by
// itself, and the others go on.
func TestHTTP2(t *testing.T) {
	gone := make(chan string, 10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("spoken was %s", r.Proto)
		}
		streams(sse(created(), delta(0, "Hel")))(w, r)
		http.NewResponseController(w).Flush()
		switch project := r.Header.Get("OpenAI-Project"); project {
		case "whole":
			io.WriteString(w, sse(delta(0, "lo")[:1]+`"sequence_number":2,`+delta(0, "lo")[1:], completed()))
		case "cut":
			panic(http.ErrAbortHandler)
		default:
			<-r.Context().Done()
			gone <- project
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	transport := newTransport()
	transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	client := func(project string, d Deadlines) *Client {
		return clientFor(t, server.URL+"/v1", within(d), func(o *Options) { o.Transport, o.Project = transport, project })
	}

	silent, left := client("silent", Deadlines{Idle: 300 * time.Millisecond}), client("left", Deadlines{})
	if f := failureOf(t, ask(t, silent, hello()).err); f.Code != "model_silent" {
		t.Errorf("got %v", f)
	}
	if project := <-gone; project != "silent" {
		t.Errorf("%s is gone", project)
	}
	for range left.Respond(t.Context(), hello(), turn.Cursor{}) {
		break
	}
	if project := <-gone; project != "left" {
		t.Errorf("%s is gone", project)
	}
	if f := failureOf(t, ask(t, client("cut", Deadlines{}), hello()).err); f.Code != "cut" || !f.Retry {
		t.Errorf("got %v", f)
	}
	if a := ask(t, client("whole", Deadlines{}), hello()); a.err != nil || a.final.Text != "Hello" {
		t.Errorf("got %+v, %v", a.final, a.err)
	}
}
