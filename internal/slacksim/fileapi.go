package slacksim

import (
	"cmp"
	"slices"
	"strings"
)

// maxContent bounds the text of a snippet that files.info gives.
const maxContent = 64 << 10

// known resolves the file argument to a file that the app can see.
func (c *call) known() (*file, error) {
	f := c.ws.files.byID[c.args.str("file")]
	switch {
	case f == nil || !f.visible(c.ws.app.BotUserID):
		return nil, no("file_not_found")
	case f.deleted:
		return nil, no("file_deleted")
	}
	return f, nil
}

// fileInfo is files.info. There are no comments on files any more, but their paging is still in the answer.
func (c *call) fileInfo() (reply, error) {
	if c.args.str("file") == "" {
		return nil, lacking("file")
	}
	f, err := c.known()
	if err != nil {
		return nil, err
	}
	count, page, err := c.counted(100)
	if err != nil {
		return nil, err
	}
	r := reply{
		"file": f.whole(), "comments": []reply{}, "paging": reply{"count": count, "total": 0, "page": page, "pages": 0},
		"response_metadata": reply{"next_cursor": ""},
	}
	if f.Mode == "snippet" {
		text, cut, err := f.text(maxContent)
		if err != nil {
			return nil, no("internal_error")
		}
		r["content"], r["is_truncated"] = text, cut
	}
	return r, nil
}

// counted reads count and page, the older way of paging.
func (c *call) counted(otherwise int) (count, page int, err error) {
	count, a := c.args.num("count", otherwise)
	page, b := c.args.num("page", 1)
	if !a || !b || count < 1 || page < 1 {
		return 0, 0, no("invalid_arguments", "[ERROR] count and page are numbers from 1")
	}
	return min(count, 1000), page, nil
}

// fileList is files.list, newest first.
func (c *call) fileList() (reply, error) {
	count, page, err := c.counted(100)
	if err != nil {
		return nil, err
	}
	user, ch := c.args.str("user"), c.args.str("channel")
	if user != "" && c.ws.userByID[user] == nil {
		return nil, no("user_not_found")
	}
	if ch != "" {
		if _, err := c.channel("channel"); err != nil {
			return nil, err
		}
	}
	from, ok := c.args.num("ts_from", 0)
	to, good := c.args.num("ts_to", 1<<40)
	if !ok || !good {
		return nil, no("invalid_arguments", "[ERROR] ts_from and ts_to are UNIX times in seconds")
	}
	kinds := strings.Split(cmp.Or(c.args.str("types"), "all"), ",")
	for _, k := range kinds {
		if !slices.Contains([]string{"all", "spaces", "snippets", "images", "gdocs", "zips", "pdfs"}, strings.TrimSpace(k)) {
			return nil, no("unknown_type")
		}
	}
	found := []*file{}
	for _, f := range slices.Backward(c.ws.files.list) {
		switch {
		case f.deleted || !f.visible(c.ws.app.BotUserID):
		case user != "" && f.User != user, f.Created < int64(from) || f.Created > int64(to):
		case ch != "" && !slices.ContainsFunc(f.shared, func(p Posted) bool { return p.Channel == ch }):
		case slices.ContainsFunc(kinds, f.listedAs):
			found = append(found, f)
		}
	}
	total := len(found)
	start := min((page-1)*count, total)
	list := []any{}
	for _, f := range found[start:min(start+count, total)] {
		list = append(list, f.whole())
	}
	return reply{"files": list, "paging": reply{"count": count, "total": total, "page": page, "pages": (total + count - 1) / count}}, nil
}

func (f *file) listedAs(kind string) bool {
	switch strings.TrimSpace(kind) {
	case "all":
		return true
	case "spaces":
		return f.canvas != nil
	case "snippets":
		return f.Mode == "snippet"
	case "images":
		return f.MediaDisplayType == "image"
	case "zips":
		return f.Filetype == "zip"
	case "pdfs":
		return f.Filetype == "pdf"
	}
	return false
}

// removeFile is files.delete.
func (c *call) removeFile() (reply, error) {
	if c.args.str("file") == "" {
		return nil, lacking("file")
	}
	f, err := c.known()
	if err != nil {
		return nil, err
	}
	if !f.ownedByApp() {
		return nil, no("cant_delete_file")
	}
	c.deleteFile(f)
	return reply{}, nil
}

// oldUpload is files.upload, which Slack has switched off.
func (c *call) oldUpload() (reply, error) { return nil, no("method_deprecated") }
