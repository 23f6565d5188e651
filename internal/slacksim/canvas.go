package slacksim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// canvas is a document of sections. It is a file too, with the same id.
type canvas struct {
	file     *file
	lib      *library
	title    string
	sections []section
	channel  string // of which it is a tab, or empty: it stands alone
	main     bool   // made by conversations.canvases.create; a channel has one
	owner    string
	access   map[string]string // read or write, by channel and user id
	updated  int64
}

// Canvas is a canvas as the page shows it.
type Canvas struct {
	ID       string            `json:"id"`
	Title    string            `json:"title"`
	Markdown string            `json:"markdown"`
	Channel  string            `json:"channel"`
	User     string            `json:"user"` // the owner
	Updated  int64             `json:"updated"`
	Main     bool              `json:"is_channel_canvas,omitempty"`
	Access   map[string]string `json:"access,omitempty"`
}

func (v *canvas) public() Canvas {
	return Canvas{
		ID: v.file.ID, Title: v.title, Markdown: joinSections(v.sections), Channel: v.channel, User: v.owner,
		Updated: v.updated, Main: v.main, Access: maps.Clone(v.access),
	}
}

// MarshalJSON encodes the canvas for the feed and /sim/state.
func (v *canvas) MarshalJSON() ([]byte, error) { return json.Marshal(v.public()) }

// reach is what a user may do with the canvas: write, read or nothing (empty).
func (v *canvas) reach(user string) string {
	if v.owner == user {
		return "write"
	}
	best := v.access[user]
	for id, level := range v.access {
		if ch := v.lib.sim.ws.channelBy[id]; ch != nil && ch.has(user) && best != "write" {
			best = level
		}
	}
	if ch := v.lib.sim.ws.channelBy[v.channel]; ch != nil && ch.has(user) {
		best = "write"
	}
	return best
}

func (l *library) dropCanvas(v *canvas) {
	if v != nil {
		l.canvases = slices.DeleteFunc(l.canvases, func(x *canvas) bool { return x == v })
	}
}

// documentContent reads {type:"markdown", markdown}; absent is empty.
func documentContent(raw json.RawMessage, at string) (string, error) {
	if raw == nil {
		return "", nil
	}
	var x struct {
		Type     string  `json:"type"`
		Markdown *string `json:"markdown"`
	}
	if json.Unmarshal(raw, &x) != nil || x.Type != "markdown" || x.Markdown == nil {
		return "", no("invalid_arguments", "[ERROR] must be an object of type markdown with markdown [json-pointer:"+at+"]")
	}
	return *x.Markdown, nil
}

func (c *call) documentArgument() (string, error) {
	raw, err := c.args.raw("document_content")
	if err != nil {
		return "", no("invalid_arguments", "[ERROR] not JSON [json-pointer:/document_content]")
	}
	return documentContent(raw, "/document_content")
}

// createCanvas is canvases.create.
func (c *call) createCanvas() (reply, error) {
	ch, err := c.canvasChannel(c.args.str("channel_id"))
	if err != nil {
		return nil, err
	}
	if ch == nil && c.settings.FreeTeam {
		return nil, no("free_teams_cannot_create_non_tabbed_canvases")
	}
	return c.newCanvas(ch, false)
}

// createChannelCanvas is conversations.canvases.create.
func (c *call) createChannelCanvas() (reply, error) {
	id := c.args.str("channel_id")
	if id == "" {
		return nil, lacking("channel_id")
	}
	ch, err := c.canvasChannel(id)
	if err != nil {
		return nil, err
	}
	for _, v := range c.ws.files.canvases {
		if v.main && v.channel == ch.ID {
			return nil, no("channel_canvas_already_exists")
		}
	}
	return c.newCanvas(ch, true)
}

// canvasChannel resolves the channel of a new canvas; nil without an id.
func (c *call) canvasChannel(id string) (*channel, error) {
	if !c.settings.Canvases {
		return nil, no("canvas_disabled_user_team")
	}
	if id == "" {
		return nil, nil
	}
	ch := c.ws.channelBy[id]
	switch {
	case ch == nil || ch.ID != id || ch.closed() && !ch.has(c.ws.app.BotUserID):
		return nil, no("channel_not_found")
	case !ch.has(c.ws.app.BotUserID):
		return nil, no("restricted_action")
	}
	return ch, nil
}

func (c *call) newCanvas(ch *channel, main bool) (reply, error) {
	text, err := c.documentArgument()
	if err != nil {
		return nil, err
	}
	v := &canvas{title: c.args.str("title"), owner: c.ws.app.BotUserID, access: map[string]string{}, main: main, updated: c.now().Unix()}
	if ch != nil {
		v.channel = ch.ID
	}
	v.sections = c.cutSections(text)
	c.ws.files.addCanvas(v, c.nextID("F"), c.ws.team.ID, v.updated)
	c.publish("file", v.file)
	c.publish("canvas", v)
	return reply{"canvas_id": v.file.ID}, nil
}

// addCanvas puts a canvas into the library, with the file that it is to the files methods.
func (l *library) addCanvas(v *canvas, id, team string, created int64) {
	name := v.title
	if name == "" {
		name = "Untitled"
	}
	v.lib = l
	v.file = &file{canvas: v, thumbs: &gallery{}, File: File{
		ID: id, Created: created, Timestamp: created, Name: strings.ReplaceAll(name, "/", "_"), Title: name, User: v.owner,
		UserTeam: team, Mimetype: "application/vnd.slack-docs", Filetype: "quip", PrettyType: "Canvas", Mode: "quip",
		Editable: true, FileAccess: "visible",
	}}
	if v.channel != "" {
		v.file.shared = []Posted{{Channel: v.channel}}
	}
	l.add(v.file)
	l.canvases = append(l.canvases, v)
}

// document resolves canvas_id to a canvas that the app may use at least to read.
func (c *call) document() (*canvas, error) {
	if !c.settings.Canvases {
		return nil, no("canvas_disabled_user_team")
	}
	f := c.ws.files.live(c.args.str("canvas_id"))
	if f == nil || f.canvas == nil || f.canvas.reach(c.ws.app.BotUserID) == "" {
		return nil, no("canvas_not_found")
	}
	return f.canvas, nil
}

// change is one entry of canvases.edit.
type change struct {
	Operation string          `json:"operation"`
	Section   string          `json:"section_id"`
	Document  json.RawMessage `json:"document_content"`
}

// editCanvas is canvases.edit, which takes one change at a time.
func (c *call) editCanvas() (reply, error) {
	v, err := c.document()
	if err != nil {
		return nil, err
	}
	if v.reach(c.ws.app.BotUserID) != "write" {
		return nil, no("restricted_action")
	}
	if c.settings.FreeTeam && v.channel == "" {
		return nil, no("free_teams_cannot_edit_standalone_canvases")
	}
	raw, err := c.args.raw("changes")
	if err != nil || raw == nil {
		return nil, lacking("changes")
	}
	var list []change
	if json.Unmarshal(raw, &list) != nil || len(list) != 1 {
		return nil, no("invalid_arguments", "[ERROR] must be an array of one change [json-pointer:/changes]")
	}
	if err := c.apply(v, list[0]); err != nil {
		return nil, err
	}
	v.updated = c.now().Unix()
	c.publish("canvas", v)
	return reply{}, nil
}

func (c *call) apply(v *canvas, x change) error {
	text, err := documentContent(x.Document, "/changes/0/document_content")
	if err != nil {
		return err
	}
	wants := map[string]string{ // what the operation needs, of section and document
		"insert_after": "sd", "insert_before": "sd", "insert_at_start": "d", "insert_at_end": "d", "replace": "d", "delete": "s",
	}
	need, known := wants[x.Operation]
	if !known {
		return no("invalid_arguments", "[ERROR] must be insert_after, insert_before, insert_at_start, insert_at_end, replace or delete [json-pointer:/changes/0/operation]")
	}
	if strings.Contains(need, "s") && x.Section == "" {
		return no("invalid_arguments", "[ERROR] missing required field: section_id [json-pointer:/changes/0]")
	}
	if strings.Contains(need, "d") && x.Document == nil {
		return no("invalid_arguments", "[ERROR] missing required field: document_content [json-pointer:/changes/0]")
	}
	fresh := c.cutSections(text)
	at := slices.IndexFunc(v.sections, func(t section) bool { return t.ID == x.Section })
	if x.Section != "" && at < 0 && x.Operation != "insert_at_start" && x.Operation != "insert_at_end" {
		return no("canvas_editing_failed", fmt.Sprintf("[ERROR] no section %s", x.Section))
	}
	switch {
	case x.Operation == "insert_at_start":
		v.sections = append(fresh, v.sections...)
	case x.Operation == "insert_at_end":
		v.sections = append(v.sections, fresh...)
	case x.Operation == "insert_before":
		v.sections = slices.Insert(v.sections, at, fresh...)
	case x.Operation == "insert_after":
		v.sections = slices.Insert(v.sections, at+1, fresh...)
	case x.Operation == "delete":
		v.sections = slices.Delete(v.sections, at, at+1)
	case x.Section == "": // replace all
		v.sections = fresh
	default:
		v.sections = slices.Replace(v.sections, at, at+1, fresh...)
	}
	return nil
}

// deleteCanvas is canvases.delete.
func (c *call) deleteCanvas() (reply, error) {
	v, err := c.document()
	if err != nil {
		return nil, err
	}
	if v.owner != c.ws.app.BotUserID {
		return nil, no("restricted_action")
	}
	c.Sim.deleteFile(v.file)
	return reply{}, nil
}

// lookupSections is canvases.sections.lookup.
func (c *call) lookupSections() (reply, error) {
	v, err := c.document()
	if err != nil {
		return nil, err
	}
	raw, err := c.args.raw("criteria")
	if err != nil || raw == nil {
		return nil, lacking("criteria")
	}
	var x struct {
		Types []string `json:"section_types"`
		Text  string   `json:"contains_text"`
	}
	if json.Unmarshal(raw, &x) != nil || len(x.Types) == 0 && x.Text == "" || len(x.Types) > 3 {
		return nil, no("invalid_arguments", "[ERROR] must have 1 to 3 section_types, or contains_text [json-pointer:/criteria]")
	}
	for _, t := range x.Types {
		if !slices.Contains([]string{"any_header", "h1", "h2", "h3"}, t) {
			return nil, no("invalid_arguments", "[ERROR] must be any_header, h1, h2 or h3 [json-pointer:/criteria/section_types]")
		}
	}
	out := []reply{}
	for _, t := range v.sections {
		kind := t.kind()
		typed := len(x.Types) == 0 || slices.Contains(x.Types, kind) || kind != "" && slices.Contains(x.Types, "any_header")
		if typed && strings.Contains(strings.ToLower(t.Text), strings.ToLower(x.Text)) {
			out = append(out, reply{"id": t.ID})
		}
	}
	return reply{"sections": out}, nil
}

// setAccess is canvases.access.set.
func (c *call) setAccess() (reply, error) {
	level := c.args.str("access_level")
	if !slices.Contains([]string{"read", "write", "owner"}, level) {
		return nil, no("invalid_arguments", "[ERROR] must be read, write or owner [json-pointer:/access_level]")
	}
	v, ids, users, err := c.accessList()
	if err != nil {
		return nil, err
	}
	if level == "owner" {
		if !users || len(ids) != 1 {
			return nil, no("invalid_arguments", "[ERROR] one user owns a canvas [json-pointer:/user_ids]")
		}
		v.access[v.owner] = "write" // who gives it away keeps working on it
		v.owner = ids[0]
		delete(v.access, v.owner)
	} else {
		for _, id := range ids {
			v.access[id] = level
		}
	}
	c.publish("canvas", v)
	return reply{}, nil
}

// deleteAccess is canvases.access.delete.
func (c *call) deleteAccess() (reply, error) {
	v, ids, _, err := c.accessList()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		delete(v.access, id)
	}
	c.publish("canvas", v)
	return reply{}, nil
}

// accessList reads whose access to a canvas of the app is meant: channels or users, not both.
func (c *call) accessList() (v *canvas, ids []string, users bool, err error) {
	if v, err = c.document(); err != nil {
		return nil, nil, false, err
	}
	if v.owner != c.ws.app.BotUserID {
		return nil, nil, false, no("restricted_action")
	}
	channels, bad := c.idList("channel_ids")
	people, worse := c.idList("user_ids")
	if bad != nil || worse != nil || (len(channels) == 0) == (len(people) == 0) {
		return nil, nil, false, no("invalid_arguments", "[ERROR] must have either channel_ids or user_ids")
	}
	for _, id := range channels {
		if ch := c.ws.channelBy[id]; ch == nil || ch.ID != id || ch.closed() && !ch.has(c.ws.app.BotUserID) {
			return nil, nil, false, no("channel_not_found")
		}
	}
	for _, id := range people {
		if c.ws.userByID[id] == nil {
			return nil, nil, false, no("user_not_found")
		}
	}
	return v, append(channels, people...), len(people) > 0, nil
}

// idList reads an array of ids, or ids separated by commas as forms give them.
func (c *call) idList(field string) ([]string, error) {
	text := strings.TrimSpace(c.args.str(field))
	if text == "" {
		return nil, nil
	}
	if text[0] != '[' {
		return strings.Split(text, ","), nil
	}
	var ids []string
	if err := json.Unmarshal([]byte(text), &ids); err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return ids, nil
}
