package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"holdfast/internal/turn"
)

// Check asks the endpoint whether it is there, takes the key and has the model.
// It is for start-up and for doctor: its error tells the operator what to do,
// and holds the *turn.Failure. It costs no tokens.
func (c *Client) Check(ctx context.Context, model string) error {
	r := &turn.Request{Model: model, Effort: "low"} // no model thinks about this
	watched, w := newWatch(ctx, c.deadlines.of(r))
	defer w.stop()
	err := c.find(watched, w, model)
	if err == nil {
		return nil
	}
	err = c.failure(ctx, watched, r, turn.Cursor{}, err)
	var f *turn.Failure
	if !errors.As(err, &f) {
		return err
	}
	return fmt.Errorf("%s: %w", c.advice(f.Code, model), err)
}

// find looks the model up by its name, and in the list of models where an
// endpoint has only that.
func (c *Client) find(ctx context.Context, w *watch, model string) error {
	resp, err := c.send(ctx, w, http.MethodGet, nil, nil, "models", model)
	if err == nil {
		defer resp.Body.Close()
		var m struct {
			ID loose `json:"id"`
		}
		if err := json.NewDecoder(io.LimitReader(resp.Body, errorBodyLimit)).Decode(&m); err != nil {
			return fail("bad_endpoint", fmt.Errorf("GET models/%s: the answer is not JSON: %w", model, err))
		}
		return nil
	}
	var wire *wireError
	if !errors.As(err, &wire) || wire.Status != http.StatusNotFound && wire.Status != http.StatusMethodNotAllowed {
		return err
	}
	all, listErr := c.list(ctx, w)
	switch {
	case errors.As(listErr, new(*wireError)):
		return err
	case listErr != nil:
		return listErr
	}
	var names []string
	for _, name := range all {
		if name == model {
			return nil
		}
		names = append(names, c.short(name))
	}
	const most = 12
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return fail("model_not_found", fmt.Errorf("the endpoint has %s", strings.Join(names, ", ")))
}

// list is the names of the endpoint's models.
func (c *Client) list(ctx context.Context, w *watch) ([]string, error) {
	resp, err := c.send(ctx, w, http.MethodGet, nil, nil, "models")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var list struct {
		Data []struct {
			ID loose `json:"id"`
		} `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, jsonLimit)).Decode(&list); err != nil {
		return nil, fail("bad_endpoint", fmt.Errorf("GET models: the answer is not JSON: %w", err))
	}
	var names []string
	for _, m := range list.Data {
		names = append(names, string(m.ID))
	}
	return names, nil
}

// Models are the names of the models that the endpoint lets this key use, those that
// draw or embed too. It costs no tokens. Azure lists what it could deploy, not what is.
func (c *Client) Models(ctx context.Context) ([]string, error) {
	watched, w := newWatch(ctx, c.deadlines.of(&turn.Request{Effort: "low"}))
	defer w.stop()
	names, err := c.list(watched, w)
	if err != nil {
		return nil, fmt.Errorf("list the endpoint's models: %w", err)
	}
	return names, nil
}

// advice is what the operator can do.
func (c *Client) advice(code, model string) string {
	at := c.base.Host
	switch code {
	case "bad_key":
		return fmt.Sprintf("%s refuses the key: check OPENAI_API_KEY", at)
	case "no_access":
		return fmt.Sprintf("%s does not let this key use the model %q: check the project's model access", at, model)
	case "model_not_found":
		return fmt.Sprintf("%s has no model %q: choose another one", at, model)
	case "bad_endpoint":
		return fmt.Sprintf("%s does not answer like a model's endpoint: check OPENAI_BASE_URL (most end with /v1)", c.base)
	case "model_unreachable":
		return fmt.Sprintf("cannot reach %s: check OPENAI_BASE_URL, the network and the proxy", at)
	case "model_slow", "model_silent", "model_timeout":
		return fmt.Sprintf("%s does not answer in time: check that it runs", at)
	case "quota_exhausted":
		return fmt.Sprintf("the account at %s has no budget left: check its billing", at)
	case "rate_limited", "overloaded", "server_error":
		return fmt.Sprintf("%s has trouble just now: try again in a minute", at)
	}
	return fmt.Sprintf("%s did not accept the check", at)
}
