package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Upload sends a file's bytes and returns the id by which it can be shared. Until then
// nobody sees it, and Slack forgets it. Needs files:write. Slack:
// files.getUploadURLExternal.
func (c *Client) Upload(ctx context.Context, name string, content []byte, s Send) (id string, err error) {
	var ticket struct {
		URL text `json:"upload_url"`
		ID  text `json:"file_id"`
	}
	a := Args{}
	a.Set("filename", name).Set("length", strconv.Itoa(len(content)))
	if err := c.Call(ctx, s.request("files.getUploadURLExternal", "", a), &ticket); err != nil {
		return "", err
	}
	return string(ticket.ID), c.sendBytes(ctx, string(ticket.URL), content)
}

// sending is how long the bytes of a file may take.
const sending = time.Minute

// sendBytes sends a file to where Slack said. The address is the permission: the token
// stays here.
func (c *Client) sendBytes(ctx context.Context, address string, content []byte) (err error) {
	start := time.Now()
	fail := &Error{Method: "upload", Class: Unsent} // nothing can be seen, whatever arrived
	defer func() {
		if err == nil {
			fail = nil
		}
		c.seen("upload", start, fail)
	}()
	if fail.Cause = c.trusted(address); fail.Cause != nil {
		return fail
	}
	ctx, cancel := context.WithTimeout(ctx, sending)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(content))
	if err != nil {
		fail.Cause = err
		return fail
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	resp, err := c.http.Do(req)
	if err != nil {
		fail.Cause = cause(err)
		return fail
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 200)) // words for the log
	if resp.StatusCode != http.StatusOK {
		fail.Status, fail.Cause = resp.StatusCode, fmt.Errorf("Slack says %q", said)
		return fail
	}
	return nil
}

// Share posts an uploaded file, in a thread if there is one. The message comes a while
// later, by itself. An id that was shared already is "file_not_found", as is one that
// Slack forgot. Slack: files.completeUploadExternal.
func (c *Client) Share(ctx context.Context, id, title, channel, thread string, s Send) error {
	type file struct {
		ID    string `json:"id"`
		Title string `json:"title"`
	}
	a := Args{}
	a.JSON("files", []file{{id, title}}).Set("channel_id", channel).Set("thread_ts", thread)
	return c.Call(ctx, s.request("files.completeUploadExternal", channel, a), nil)
}
