package slacksim

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
)

// File is a file object. Slack: "File object" page.
type File struct {
	ID                 string `json:"id"`
	Created            int64  `json:"created"`
	Timestamp          int64  `json:"timestamp"`
	Name               string `json:"name"`
	Title              string `json:"title"`
	Mimetype           string `json:"mimetype"`
	Filetype           string `json:"filetype"`
	PrettyType         string `json:"pretty_type"`
	User               string `json:"user"`
	UserTeam           string `json:"user_team"`
	Editable           bool   `json:"editable"`
	Size               int64  `json:"size"`
	Mode               string `json:"mode"` // hosted, snippet, quip (a canvas) or tombstone
	IsExternal         bool   `json:"is_external"`
	ExternalType       string `json:"external_type"`
	IsPublic           bool   `json:"is_public"`
	PublicURLShared    bool   `json:"public_url_shared"`
	DisplayAsBot       bool   `json:"display_as_bot"`
	Username           string `json:"username"`
	URLPrivate         string `json:"url_private"`
	URLPrivateDownload string `json:"url_private_download"`
	MediaDisplayType   string `json:"media_display_type,omitempty"`
	AltTxt             string `json:"alt_txt,omitempty"`
	Thumbs                    // of images
	Permalink          string `json:"permalink"`
	PermalinkPublic    string `json:"permalink_public,omitempty"`
	EditLink           string `json:"edit_link,omitempty"`
	Preview            string `json:"preview,omitempty"` // of snippets
	Lines              int    `json:"lines,omitempty"`
	LinesMore          int    `json:"lines_more"`
	PreviewIsTruncated bool   `json:"preview_is_truncated"`
	HasRichPreview     bool   `json:"has_rich_preview"`
	FileAccess         string `json:"file_access"`

	*Whereabouts // not in messages and events
}

// Whereabouts is where a file was shared.
type Whereabouts struct {
	CommentsCount int      `json:"comments_count"`
	Channels      []string `json:"channels"`
	Groups        []string `json:"groups"`
	IMs           []string `json:"ims"`
	Shares        *Shares  `json:"shares,omitempty"`
}

// Shares is the messages with the file, by channel.
type Shares struct {
	Public  map[string][]Share `json:"public,omitempty"`
	Private map[string][]Share `json:"private,omitempty"`
}

// Share is one message with the file.
type Share struct {
	ReplyUsers      []string `json:"reply_users"`
	ReplyUsersCount int      `json:"reply_users_count"`
	ReplyCount      int      `json:"reply_count"`
	TS              string   `json:"ts"`
	ThreadTS        string   `json:"thread_ts,omitempty"`
	ChannelName     string   `json:"channel_name"`
	TeamID          string   `json:"team_id"`
	ShareUserID     string   `json:"share_user_id"`
	Source          string   `json:"source"`
}

// file is a File with its bytes. A canvas has none.
type file struct {
	File
	lib     *library
	blob    *blob // nil: a canvas, or gone
	shared  []Posted
	deleted bool
	given   bool   // to the app, by a file_input
	note    string // why the bytes are gone, when nobody deleted them
	canvas  *canvas
	thumbs  *gallery
}

const (
	maxSnippet   = 1 << 20 // bytes of a text that counts as a snippet
	previewChars = 1_000
	previewLines = 10
)

// findings are what the bytes tell of a file; finding it out needs no lock.
type findings struct {
	kind      filetype
	snippet   bool
	width     int
	height    int
	preview   string
	lines     int
	linesMore int
}

// examine looks at the bytes of a file. declared is the snippet type that the app gave, or empty.
func examine(name, declared string, b *blob) (findings, error) {
	head, err := b.head(sniffed)
	if err != nil {
		return findings{}, err
	}
	d := findings{kind: detect(name, head)}
	if t, ok := snippetType(declared); ok {
		d.kind = t
	}
	if d.kind.image() {
		if d.width, d.height, err = imageSize(b); err != nil {
			return findings{}, err
		}
	}
	if d.snippet = d.kind.textual() && b.size <= maxSnippet; d.snippet {
		text, err := b.head(maxSnippet)
		if err != nil {
			return findings{}, err
		}
		d.preview, d.lines, d.linesMore = preview(strings.ToValidUTF8(string(text), "\uFFFD"))
	}
	return d, nil
}

// preview is the first lines of a text, how many it has, and how many the preview leaves out.
func preview(text string) (start string, lines, more int) {
	lines = strings.Count(strings.TrimSuffix(text, "\n"), "\n") + 1
	start = text
	for i, n := 0, 0; i < len(text); i++ {
		if text[i] == '\n' {
			n++
		}
		if n == previewLines {
			start = text[:i]
			break
		}
	}
	start = firstRunes(start, previewChars)
	shown := strings.Count(strings.TrimSuffix(start, "\n"), "\n") + 1
	return start, lines, lines - shown
}

func firstRunes(t string, n int) string {
	for i := range t {
		if n == 0 {
			return t[:i]
		}
		n--
	}
	return t
}

// newFile makes a file of a person or of the app, not yet shared.
func (s *Sim) newFile(id, user, name, title, alt string, b *blob, d findings) *file {
	if title == "" {
		title = name
	}
	now := s.now().Unix()
	f := &file{blob: b, thumbs: &gallery{}, File: File{
		ID: id, Created: now, Timestamp: now, Name: name, Title: title, AltTxt: alt, User: user, UserTeam: s.ws.team.ID,
		Mimetype: d.kind.mime, Filetype: d.kind.name, PrettyType: d.kind.pretty, Size: b.size, Mode: "hosted", FileAccess: "visible",
	}}
	if d.kind.image() {
		f.MediaDisplayType = "image"
		f.OriginalW, f.OriginalH = d.width, d.height
	}
	if d.snippet {
		f.Mode, f.Editable = "snippet", true
		f.Preview, f.Lines, f.LinesMore, f.PreviewIsTruncated = d.preview, d.lines, d.linesMore, d.linesMore > 0 || int64(len(d.preview)) < b.size
	}
	return f
}

// tombstone is what is left of a file in the messages that had it.
type tombstone struct {
	ID   string `json:"id"`
	Mode string `json:"mode"`
}

// stub is what a Slack Connect file looks like to an app. Slack: "Slack Connect" page, file objects.
type stub struct {
	ID         string `json:"id"`
	Created    int64  `json:"created"`
	Timestamp  int64  `json:"timestamp"`
	User       string `json:"user"`
	Mode       string `json:"mode"`
	FileAccess string `json:"file_access"`
}

// inMessage is the file as messages and events show it.
func (f *file) inMessage(toApp bool) any {
	switch {
	case f.deleted:
		return tombstone{f.ID, "tombstone"}
	case toApp && f.lib.sim.settings.CheckFileInfo:
		return stub{ID: f.ID, Mode: "file_access", FileAccess: "check_file_info"}
	}
	return f.addressed()
}

// addressed is the file with its addresses, which follow from where the simulator is served.
func (f *file) addressed() File {
	o := f.File
	s := f.lib.sim
	base, team := s.base, s.ws.team
	path := "/" + team.ID + "-" + f.ID + "/"
	name := slug(f.Name)
	o.URLPrivate = base + "/files-pri" + path + name
	o.URLPrivateDownload = base + "/files-pri" + path + "download/" + name
	site := "https://" + team.Domain + ".slack.com"
	o.Permalink = site + "/files/" + f.User + "/" + f.ID + "/" + name
	o.PermalinkPublic = "https://slack-files.com/" + team.ID + "-" + f.ID + "-" + strings.ToLower(f.ID[max(0, len(f.ID)-6):])
	switch {
	case f.canvas != nil:
		o.Permalink = site + "/docs/" + team.ID + "/" + f.ID
	case f.Mode == "snippet":
		o.EditLink = o.Permalink + "/edit"
	}
	if f.paintable() {
		o.Thumbs = thumbsOf(base+"/files-tmb"+path, name, f.OriginalW, f.OriginalH)
	}
	for _, p := range f.shared {
		ch := s.ws.channelBy[p.Channel]
		o.IsPublic = o.IsPublic || ch != nil && ch.kind() == "channel"
	}
	return o
}

// whole is the file as files.info and the page show it.
func (f *file) whole() any {
	if f.deleted {
		return tombstone{f.ID, "tombstone"}
	}
	o := f.addressed()
	o.Whereabouts = f.whereabouts()
	return o
}

// MarshalJSON encodes the file for the feed and /sim/state.
func (f *file) MarshalJSON() ([]byte, error) { return json.Marshal(f.whole()) }

func (f *file) whereabouts() *Whereabouts {
	w := &Whereabouts{Channels: []string{}, Groups: []string{}, IMs: []string{}}
	ws := f.lib.sim.ws
	add := func(list *[]string, id string) {
		for _, x := range *list {
			if x == id {
				return
			}
		}
		*list = append(*list, id)
	}
	in := map[bool]map[string][]Share{true: {}, false: {}}
	for _, p := range f.shared {
		ch := ws.channelBy[p.Channel]
		if ch == nil {
			continue
		}
		m := ch.byTS[p.TS]
		if m == nil && p.TS != "" { // the message is gone
			continue
		}
		switch ch.kind() {
		case "im":
			add(&w.IMs, ch.ID)
		case "channel":
			add(&w.Channels, ch.ID)
		default:
			add(&w.Groups, ch.ID)
		}
		if m == nil { // a canvas that is a tab of the channel
			continue
		}
		public := ch.kind() == "channel"
		share := Share{
			ReplyUsers: []string{}, ReplyUsersCount: m.ReplyUsersCount, ReplyCount: m.ReplyCount, TS: m.TS,
			ChannelName: ch.Name, TeamID: ws.team.ID, ShareUserID: m.User, Source: "UNKNOWN",
		}
		share.ReplyUsers = append(share.ReplyUsers, m.ReplyUsers...)
		if m.isReply() {
			share.ThreadTS = m.ThreadTS
		}
		in[public][ch.ID] = append(in[public][ch.ID], share)
	}
	w.Shares = &Shares{Public: in[true], Private: in[false]}
	return w
}

// visible reports whether a user can see the file: it is theirs, or shared where they are.
func (f *file) visible(user string) bool {
	if f.User == user {
		return true
	}
	for _, p := range f.shared {
		ch := f.lib.sim.ws.channelBy[p.Channel]
		if ch != nil && ch.has(user) && (p.TS == "" || ch.byTS[p.TS] != nil) {
			return true
		}
	}
	if f.given && user == f.lib.sim.ws.app.BotUserID {
		return true
	}
	return f.canvas != nil && f.canvas.reach(user) != ""
}

// slug is a file's name as it stands in an address.
func slug(name string) string {
	out := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '_'
	}, path.Base(name))
	if strings.Trim(out, ".") == "" {
		return "file"
	}
	return out
}

// checkName refuses what cannot be a file's name.
func checkName(name string) error {
	if name == "" || len(name) > 255 || strings.ContainsAny(name, "/\\\x00\n\r") {
		return fmt.Errorf("name %q: a file's name has 1 to 255 bytes, without slashes and line ends", firstRunes(name, 50))
	}
	return nil
}

// text is the whole of a snippet, up to limit bytes.
func (f *file) text(limit int64) (string, bool, error) {
	c, err := f.blob.open()
	if err != nil {
		return "", false, err
	}
	defer c.Close()
	b, err := io.ReadAll(io.LimitReader(c, limit))
	return strings.ToValidUTF8(string(b), "\uFFFD"), f.blob.size > limit, err
}
