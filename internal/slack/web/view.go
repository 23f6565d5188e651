package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"holdfast/internal/chat"
)

// View is a modal or a Home tab as Slack has it.
type View struct {
	ID   string
	Hash string // of this state of it; an update that names an older one is refused
}

// OpenView shows a modal to the person whose act brought the trigger, which is good for
// 3 seconds and for one modal. The view is JSON of at most 250 kB. Slack: views.open.
func (c *Client) OpenView(ctx context.Context, trigger string, view json.RawMessage, s Send) (View, error) {
	a := Args{}
	a.Set("trigger_id", trigger).Raw("view", view)
	return c.view(ctx, s.request("views.open", "", a))
}

// UpdateView replaces a modal or a Home tab. With a hash, Slack refuses it as
// "hash_conflict" if the view has changed since; "not_found" is one that was closed.
// Slack: views.update.
func (c *Client) UpdateView(ctx context.Context, id, hash string, view json.RawMessage, s Send) (View, error) {
	a := Args{}
	a.Set("view_id", id).Set("hash", hash).Raw("view", view)
	return c.view(ctx, s.request("views.update", "", a))
}

// PublishView shows a person their Home tab. The hash is as in [Client.UpdateView].
// Slack: views.publish.
func (c *Client) PublishView(ctx context.Context, user, hash string, view json.RawMessage, s Send) (View, error) {
	a := Args{}
	a.Set("user_id", user).Set("hash", hash).Raw("view", view)
	return c.view(ctx, s.request("views.publish", "", a))
}

func (c *Client) view(ctx context.Context, r Request) (View, error) {
	var out struct {
		View struct {
			ID   text `json:"id"`
			Hash text `json:"hash"`
		} `json:"view"`
	}
	if err := c.Call(ctx, r, &out); err != nil {
		return View{}, err
	}
	return View{ID: string(out.View.ID), Hash: string(out.View.Hash)}, nil
}

// Response is what a response_url shows.
type Response struct {
	Text      string          `json:"text,omitempty"`
	Blocks    json.RawMessage `json:"blocks,omitempty"`
	Type      string          `json:"response_type,omitempty"` // "ephemeral", which it is if empty, or "in_channel"
	Replace   bool            `json:"replace_original"`
	ThreadTS  chat.TS         `json:"thread_ts,omitempty"` // with "in_channel"
	DeleteOld bool            `json:"delete_original,omitempty"`
}

// maxResponse is more than Slack says to a response.
const maxResponse = 64 << 10

// Respond posts to a response_url, which works five times in 30 minutes and needs no
// token. An address that is neither Slack's nor that of the API is refused, as it came
// from outside. Slack: Handling user interaction, message responses.
func (c *Client) Respond(ctx context.Context, address string, m Response, s Send) error {
	fail := &Error{Method: "response_url", Class: Unsent}
	if err := c.trusted(address); err != nil {
		fail.Cause = err
		return fail
	}
	body, err := json.Marshal(m)
	if err != nil {
		fail.Cause = fmt.Errorf("encode a response: %w", err)
		return fail
	}
	if s.Timeout <= 0 {
		s.Timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		fail.Cause = errors.New("the address cannot be read")
		return fail
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := c.http.Do(req)
	if err != nil {
		fail.Class, fail.Cause = Unknown, cause(err)
		return fail
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, maxResponse)) // it matters for the code alone
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	fail.Status, fail.Class, fail.Code = resp.StatusCode, statusClass(resp.StatusCode), fmt.Sprintf("http_%d", resp.StatusCode)
	var a answer
	if json.Unmarshal(said, &a) == nil && a.Error != "" {
		fail.Code = string(a.Error)
	}
	return fail
}

// trusted holds that an address is Slack's own, or lies where the API does.
func (c *Client) trusted(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return errors.New("the address cannot be read")
	}
	if api, err := url.Parse(c.base); err == nil && u.Scheme == api.Scheme && u.Host == api.Host {
		return nil
	}
	host := strings.ToLower(u.Host) // with its port, of which Slack's have none
	if u.Scheme == "https" && (strings.HasSuffix(host, ".slack.com") || strings.HasSuffix(host, ".slack-gov.com")) {
		return nil
	}
	return errors.New("the address is not Slack's")
}

// IsMember reports whether a person is in a channel, as far as Slack lists its first
// ten thousand members; beyond those it is an error. Slack: conversations.members.
func (c *Client) IsMember(ctx context.Context, channel, user string, s Send) (bool, error) {
	cursor := ""
	for range 10 {
		var out struct {
			Members texts `json:"members"`
			Next    struct {
				Cursor text `json:"next_cursor"`
			} `json:"response_metadata"`
		}
		a := Args{}
		a.Set("channel", channel).Set("limit", "1000").Set("cursor", cursor)
		if err := c.Call(ctx, s.request("conversations.members", "", a), &out); err != nil {
			return false, err
		}
		for _, m := range out.Members {
			if m == user {
				return true, nil
			}
		}
		if cursor = string(out.Next.Cursor); cursor == "" {
			return false, nil
		}
	}
	return false, &Error{Method: "conversations.members", Code: "too_many_members", Status: http.StatusOK, Class: Refused}
}
