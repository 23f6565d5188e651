package baseline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// turn is what one side said.
type turn struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// model is the Responses API, asked for whole answers.
type model struct {
	e    Endpoints
	http *http.Client
}

func newModel(e Endpoints, timeout time.Duration) *model {
	return &model{e: e, http: client(timeout)}
}

// respond waits for the whole answer, once: the SDK of the shape does not try again.
func (m *model) respond(ctx context.Context, said []turn) (string, error) {
	body, err := json.Marshal(map[string]any{
		"model": "gpt-6.1-terra", "store": false, "input": said,
		"instructions": "You are a helpful assistant in Slack. Answer in Markdown, briefly and to the point.",
	})
	if err != nil {
		return "", fmt.Errorf("encode the request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(m.e.ModelURL, "/")+"/responses", bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+m.e.ModelKey)
	resp, err := m.http.Do(req)
	if err != nil {
		return "", err // it names the address
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(resp.Body, 1000)) // what can be read is enough
		return "", fmt.Errorf("HTTP %d: %s", resp.StatusCode, why)
	}
	var r struct {
		Status string `json:"status"`
		Output []struct {
			Content []struct {
				Type string `json:"type"`
				Text string `json:"text"`
			} `json:"content"`
		} `json:"output"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	var text strings.Builder
	for _, item := range r.Output {
		for _, c := range item.Content {
			if c.Type == "output_text" {
				text.WriteString(c.Text)
			}
		}
	}
	if r.Status != "completed" || text.Len() == 0 {
		return "", fmt.Errorf("the answer is %s, with %d characters", r.Status, text.Len())
	}
	return text.String(), nil
}
