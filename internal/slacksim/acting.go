package slacksim

import "net/http"

// actRoutes are the part of the control API for what people do with the app's elements, and the response_urls.
func (s *Sim) actRoutes(mux *http.ServeMux) {
	get := func(path string, f func(r *http.Request) (any, error)) { mux.Handle("GET "+path, s.control(f)) }
	post := func(path string, f func(r *http.Request) (any, error)) { mux.Handle("POST "+path, s.control(f)) }
	mux.HandleFunc("POST /actions/", s.serveHook)
	mux.HandleFunc("POST /commands/", s.serveHook)

	get("/sim/interactions", func(*http.Request) (any, error) { return s.Interactions(), nil })
	post("/sim/actions", func(r *http.Request) (any, error) { return with(r, one(s.Act)) })
	post("/sim/views/submit", func(r *http.Request) (any, error) {
		return with(r, func(b struct {
			User   string `json:"user"`
			ViewID string `json:"view_id"`
			State  Inputs `json:"state"`
		}) (named, error) {
			id, err := s.SubmitView(b.User, b.ViewID, b.State)
			return named{id}, err
		})
	})
	post("/sim/views/close", func(r *http.Request) (any, error) {
		return with(r, func(b struct {
			User   string `json:"user"`
			ViewID string `json:"view_id"`
			Clear  bool   `json:"clear"`
		}) (any, error) {
			id, err := s.CloseView(b.User, b.ViewID, b.Clear)
			if id == "" {
				return empty{}, err
			}
			return named{id}, err
		})
	})
	post("/sim/suggestions", func(r *http.Request) (any, error) {
		return with(r, func(t Typing) (Suggestions, error) { return s.Suggest(r.Context(), t) })
	})
	post("/sim/commands", func(r *http.Request) (any, error) {
		return with(r, func(b struct {
			User     string `json:"user"`
			Channel  string `json:"channel"`
			Command  string `json:"command"`
			Text     string `json:"text"`
			ThreadTS string `json:"thread_ts"`
		}) (named, error) {
			id, err := s.Command(b.User, b.Channel, b.Command, b.Text, b.ThreadTS)
			return named{id}, err
		})
	})
	post("/sim/shortcuts", func(r *http.Request) (any, error) {
		return with(r, func(b struct {
			User       string `json:"user"`
			CallbackID string `json:"callback_id"`
			Channel    string `json:"channel"`
			TS         string `json:"ts"`
		}) (named, error) {
			id, err := s.Shortcut(b.User, b.CallbackID, b.Channel, b.TS)
			return named{id}, err
		})
	})
}

// one wraps the id that a call makes.
func one[B any](f func(B) (string, error)) func(B) (named, error) {
	return func(b B) (named, error) {
		id, err := f(b)
		return named{id}, err
	}
}
