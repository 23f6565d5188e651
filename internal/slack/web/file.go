package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// FileInfo is what Slack says of a file now.
type FileInfo struct {
	ID        string
	Name      string
	Title     string
	Mimetype  string // by its name, mostly: not to be trusted
	Filetype  string // Slack's word, such as "pdf", "quip" for a canvas
	Mode      string // hosted, external, snippet, post, quip, tombstone, hidden_by_limit, …
	Size      int64  // bytes
	Address   string // of the content, for Download; empty if Slack has none to give
	Thumbnail string // of a picture, the largest that Slack made; empty if none
	Permalink string
}

// fileInfo is the file object of Slack's. Source: docs.slack.dev, "File object".
type fileInfo struct {
	ID        text   `json:"id"`
	Name      text   `json:"name"`
	Title     text   `json:"title"`
	Mimetype  text   `json:"mimetype"`
	Filetype  text   `json:"filetype"`
	Mode      text   `json:"mode"`
	Size      number `json:"size"`
	Private   text   `json:"url_private"`
	Download  text   `json:"url_private_download"`
	Permalink text   `json:"permalink"`
	T1024     text   `json:"thumb_1024"`
	T960      text   `json:"thumb_960"`
	T720      text   `json:"thumb_720"`
	T480      text   `json:"thumb_480"`
	T360      text   `json:"thumb_360"`
}

// FileInfo asks for a file by its id. Codes to expect: file_not_found, file_deleted,
// missing_scope (files:read).
func (c *Client) FileInfo(ctx context.Context, id string) (FileInfo, error) {
	var a struct {
		File fileInfo `json:"file"`
	}
	if err := c.Call(ctx, Request{Method: "files.info", Priority: Final, Args: Args{}.Set("file", id)}, &a); err != nil {
		return FileInfo{}, err
	}
	f := a.File
	return FileInfo{
		ID: string(f.ID), Name: string(f.Name), Title: string(f.Title), Mimetype: string(f.Mimetype), Filetype: string(f.Filetype),
		Mode: string(f.Mode), Size: int64(f.Size), Permalink: string(f.Permalink),
		Address: first(f.Download, f.Private), Thumbnail: first(f.T1024, f.T960, f.T720, f.T480, f.T360),
	}, nil
}

func first(all ...text) string {
	for _, t := range all {
		if t != "" {
			return string(t)
		}
	}
	return ""
}

// Codes of a Download that failed, in [Error.Code].
const (
	CodeForeign  = "not_a_slack_host" // the token was not sent
	CodeLogin    = "login_page"       // the token may not read it: files:read is missing, or the file is another workspace's
	CodeNoFile   = "file_gone"
	CodeTooLarge = "file_too_large"
	CodeCut      = "download_cut" // it broke off: some of it may have been written
)

// Download writes a file's content to w, at most limit bytes, and returns how many.
// The token goes to Slack's file hosts alone: an address elsewhere is refused, and a
// redirect is followed only between those. What is a page for signing in is no file.
// It has no deadline but ctx's; a connection that is silent for 30 s is given up. The
// error is an [*Error].
func (c *Client) Download(ctx context.Context, address string, w io.Writer, limit int64) (int64, error) {
	for range 3 {
		u, err := url.Parse(address)
		if err != nil || !c.ownFiles(u) {
			return 0, &Error{Method: "download", Code: CodeForeign, Class: Refused}
		}
		n, next, err := c.download(ctx, u, w, limit)
		if next == "" {
			return n, err
		}
		address = next
	}
	return 0, &Error{Method: "download", Code: CodeLogin, Class: Refused, Cause: errors.New("it redirects without end")}
}

// ownFiles reports whether the token may go to an address.
// Source: url_private is always at files.slack.com; a simulated Slack serves files
// where it serves its API.
func (c *Client) ownFiles(u *url.URL) bool {
	if u.User != nil {
		return false
	}
	api, err := url.Parse(c.base)
	if err != nil {
		return false
	}
	if strings.EqualFold(u.Scheme, api.Scheme) && strings.EqualFold(u.Host, api.Host) {
		return true
	}
	real := strings.EqualFold(api.Host, "slack.com") || strings.EqualFold(api.Host, "slack-gov.com")
	if !real || u.Scheme != "https" || u.Port() != "" && u.Port() != "443" {
		return false
	}
	return strings.EqualFold(u.Hostname(), "files."+api.Host) || strings.EqualFold(u.Hostname(), "files-origin."+api.Host)
}

// silence is how long a download may stand still.
const silence = 30 * time.Second

func (c *Client) download(ctx context.Context, u *url.URL, w io.Writer, limit int64) (n int64, next string, err error) {
	start := time.Now()
	fail := &Error{Method: "download", Class: Refused}
	defer func() {
		if err == nil {
			fail = nil
		}
		c.seen("download", start, fail)
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	still := time.AfterFunc(silence, cancel)
	defer still.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		fail.Code, fail.Cause = CodeForeign, err
		return 0, "", fail
	}
	c.sign(req.Header)
	resp, err := c.http.Do(req)
	if err != nil {
		fail.Class, fail.Cause = Unsent, cause(err)
		return 0, "", fail
	}
	defer resp.Body.Close()
	fail.Status = resp.StatusCode
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		to, err := resp.Location()
		if err != nil || !c.ownFiles(to) {
			fail.Code = CodeLogin // to a page for signing in, mostly
			return 0, "", fail
		}
		return 0, to.String(), nil
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		fail.Code = CodeNoFile
		return 0, "", fail
	case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
		fail.Code = CodeLogin
		return 0, "", fail
	case resp.StatusCode != http.StatusOK:
		fail.Class = statusClass(resp.StatusCode)
		fail.RetryAfter = retryAfter(resp.Header.Get("Retry-After"))
		return 0, "", fail
	case loginPage(resp.Header):
		fail.Code = CodeLogin
		return 0, "", fail
	case resp.ContentLength > limit:
		fail.Code = CodeTooLarge
		return 0, "", fail
	}
	n, err = io.Copy(&alive{w, still}, io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		fail.Code, fail.Class, fail.Cause = CodeCut, Unknown, fmt.Errorf("read the file: %w", cause(err))
		return n, "", fail
	case n > limit:
		fail.Code = CodeTooLarge
		return limit, "", fail
	}
	return n, "", nil
}

// loginPage reports whether the answer is a page for people rather than the file: a
// file that is a page comes as an attachment.
func loginPage(h http.Header) bool {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	disposition, _, _ := mime.ParseMediaType(h.Get("Content-Disposition"))
	return kind == "text/html" && disposition == ""
}

// alive puts the moment of giving up off with each piece that comes.
type alive struct {
	w     io.Writer
	still *time.Timer
}

func (a *alive) Write(p []byte) (int, error) {
	a.still.Reset(silence)
	return a.w.Write(p)
}
