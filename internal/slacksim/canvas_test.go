package slacksim

import (
	"strings"
	"testing"
)

func markdown(text string) obj { return obj{"type": "markdown", "markdown": text} }

func (r *rig) sections(canvas string, criteria obj) []string {
	r.t.Helper()
	out := []string{}
	for _, x := range r.ok("canvases.sections.lookup", obj{"canvas_id": canvas, "criteria": criteria})["sections"].([]any) {
		out = append(out, x.(obj)["id"].(string))
	}
	return out
}

// canvasText is the markdown of a canvas as the page gets it.
func (r *rig) canvasText(id string) string {
	r.t.Helper()
	_, b := r.ctl("GET", "/sim/state", nil)
	for _, x := range parse(r.t, b)["canvases"].([]any) {
		if x.(obj)["id"] == id {
			return x.(obj)["markdown"].(string)
		}
	}
	r.t.Fatal("no canvas", id)
	return ""
}

func TestF3CanvasEdit(t *testing.T) {
	r := start(t, Options{})
	id := r.ok("canvases.create", obj{"title": "Plan", "document_content": markdown("# One\n\nfirst\n## Two\nsecond\n\n```\n# no heading\n\nstill code\n```")})["canvas_id"].(string)
	if got, want := r.canvasText(id), "# One\n\nfirst\n\n## Two\n\nsecond\n\n```\n# no heading\n\nstill code\n```"; got != want {
		t.Fatalf("%q", got)
	}
	all := r.sections(id, obj{"section_types": []string{"any_header"}})
	h2 := r.sections(id, obj{"section_types": []string{"h2"}})
	if len(all) != 2 || len(h2) != 1 || all[1] != h2[0] {
		t.Fatal(all, h2)
	}
	equal(t, "h1 or h3", r.sections(id, obj{"section_types": []string{"h1", "h3"}}), all[:1])
	equal(t, "both criteria", r.sections(id, obj{"section_types": []string{"any_header"}, "contains_text": "TWO"}), h2)
	equal(t, "nothing", r.sections(id, obj{"contains_text": "absent"}), []string{})
	code := r.sections(id, obj{"contains_text": "still code"})

	edit := func(change obj, want string) {
		t.Helper()
		r.ok("canvases.edit", obj{"canvas_id": id, "changes": []obj{change}})
		if got := r.canvasText(id); got != want {
			t.Fatalf("%v: %q", change, got)
		}
	}
	edit(obj{"operation": "delete", "section_id": code[0]}, "# One\n\nfirst\n\n## Two\n\nsecond")
	edit(obj{"operation": "insert_after", "section_id": all[0], "document_content": markdown("after")}, "# One\n\nafter\n\nfirst\n\n## Two\n\nsecond")
	edit(obj{"operation": "insert_before", "section_id": h2[0], "document_content": markdown("x\n\ny")}, "# One\n\nafter\n\nfirst\n\nx\n\ny\n\n## Two\n\nsecond")
	edit(obj{"operation": "replace", "section_id": h2[0], "document_content": markdown("## 2")}, "# One\n\nafter\n\nfirst\n\nx\n\ny\n\n## 2\n\nsecond")
	edit(obj{"operation": "insert_at_start", "document_content": markdown("start")}, "start\n\n# One\n\nafter\n\nfirst\n\nx\n\ny\n\n## 2\n\nsecond")
	edit(obj{"operation": "insert_at_end", "document_content": markdown("end")}, "start\n\n# One\n\nafter\n\nfirst\n\nx\n\ny\n\n## 2\n\nsecond\n\nend")
	edit(obj{"operation": "replace", "document_content": markdown("all <new>")}, "all <new>")

	bad := func(code string, changes any) {
		t.Helper()
		r.bad(code, "canvases.edit", obj{"canvas_id": id, "changes": changes})
	}
	one := obj{"operation": "insert_at_end", "document_content": markdown("x")}
	bad("invalid_arguments", nil)
	bad("invalid_arguments", []obj{})
	bad("invalid_arguments", []obj{one, one})
	bad("invalid_arguments", []obj{{"operation": "turn"}})
	bad("invalid_arguments", []obj{{"operation": "insert_at_end"}})
	bad("invalid_arguments", []obj{{"operation": "delete"}})
	bad("invalid_arguments", []obj{{"operation": "insert_after", "document_content": markdown("x")}})
	bad("invalid_arguments", []obj{{"operation": "replace", "document_content": obj{"type": "html", "markdown": "x"}}})
	bad("canvas_editing_failed", []obj{{"operation": "delete", "section_id": h2[0]}}) // gone with the rest
	r.bad("canvas_not_found", "canvases.edit", obj{"canvas_id": "F0", "changes": []obj{one}})
	for _, criteria := range []obj{{}, {"section_types": []string{"h4"}}, {"section_types": []string{}}} {
		r.bad("invalid_arguments", "canvases.sections.lookup", obj{"canvas_id": id, "criteria": criteria})
	}
	r.bad("invalid_arguments", "canvases.create", obj{"document_content": obj{"type": "markdown"}})

	// A canvas is a file, and its download is how an app reads it.
	f := r.info(id)
	if f["filetype"] != "quip" || f["mode"] != "quip" || f["mimetype"] != "application/vnd.slack-docs" || f["title"] != "Plan" {
		t.Fatal(f)
	}
	status, h, b := r.fetch("GET", f["url_private_download"].(string), nil, bearer(DefaultBotToken)...)
	if status != 200 || !strings.HasPrefix(h.Get("Content-Type"), "text/html") || !strings.Contains(string(b), "all &lt;new&gt;</p>") {
		t.Fatal(status, h, string(b))
	}
	if list := r.ok("files.list", obj{"types": "spaces"})["files"].([]any); len(list) != 1 {
		t.Fatal(list)
	}
	r.ok("canvases.delete", obj{"canvas_id": id})
	r.bad("canvas_not_found", "canvases.delete", obj{"canvas_id": id})
	r.bad("file_deleted", "files.info", obj{"file": id})
}

func TestF3ChannelCanvas(t *testing.T) {
	r := start(t, Options{})
	const method = "conversations.canvases.create"
	id := r.ok(method, obj{"channel_id": SeedGeneral, "document_content": markdown("x")})["canvas_id"].(string)
	r.bad("channel_canvas_already_exists", method, obj{"channel_id": SeedGeneral})
	r.ok("canvases.create", obj{"channel_id": SeedGeneral}) // a further tab
	r.ok(method, obj{"channel_id": SeedAdaDM})
	r.bad("invalid_arguments", method, obj{})
	r.bad("channel_not_found", method, obj{"channel_id": "C0"})
	r.bad("restricted_action", method, obj{"channel_id": SeedRandom})
	if f := r.info(id); len(f["channels"].([]any)) != 1 || f["is_public"] != true {
		t.Fatal(f)
	}
	r.ok("canvases.delete", obj{"canvas_id": id})
	r.ok(method, obj{"channel_id": SeedGeneral})
	r.set(func(s *Settings) { s.Scopes = []string{"canvases:read"} })
	if out := r.bad("missing_scope", method, obj{"channel_id": SeedAdaDM}); out["needed"] != "canvases:write" {
		t.Fatal(out)
	}
}

func TestF3FreeTeam(t *testing.T) {
	r := start(t, Options{})
	alone := r.ok("canvases.create", obj{})["canvas_id"].(string)
	r.set(func(s *Settings) { s.FreeTeam = true })
	change := []obj{{"operation": "insert_at_end", "document_content": markdown("x")}}
	r.bad("free_teams_cannot_create_non_tabbed_canvases", "canvases.create", obj{})
	r.bad("free_teams_cannot_edit_standalone_canvases", "canvases.edit", obj{"canvas_id": alone, "changes": change})
	tab := r.ok("canvases.create", obj{"channel_id": SeedGeneral})["canvas_id"].(string)
	r.ok("canvases.edit", obj{"canvas_id": tab, "changes": change})
	r.set(func(s *Settings) { s.Canvases = false })
	r.bad("canvas_disabled_user_team", "canvases.create", obj{"channel_id": SeedGeneral})
	r.bad("canvas_disabled_user_team", "canvases.edit", obj{"canvas_id": tab, "changes": change})
}

func TestF3Access(t *testing.T) {
	r := start(t, Options{})
	id := r.ok("canvases.create", obj{"title": "T"})["canvas_id"].(string)
	const set, del = "canvases.access.set", "canvases.access.delete"
	r.ok(set, obj{"canvas_id": id, "access_level": "read", "user_ids": []string{SeedAda, SeedBen}})
	out := r.form(set, map[string][]string{"token": {DefaultBotToken}, "canvas_id": {id}, "access_level": {"write"}, "channel_ids": {`["` + SeedGeneral + `"]`}})
	if out["ok"] != true {
		t.Fatal(out)
	}
	r.ok(del, obj{"canvas_id": id, "user_ids": []string{SeedBen}})
	r.Look(func(v View) {
		if got := v.s.ws.files.canvases[0].access; len(got) != 2 || got[SeedAda] != "read" || got[SeedGeneral] != "write" {
			t.Error(got)
		}
	})
	for _, bad := range []obj{
		{"access_level": "all", "user_ids": []string{SeedAda}},
		{"access_level": "read"},
		{"access_level": "read", "user_ids": []string{SeedAda}, "channel_ids": []string{SeedGeneral}},
		{"access_level": "owner", "channel_ids": []string{SeedGeneral}},
		{"access_level": "owner", "user_ids": []string{SeedAda, SeedBen}},
	} {
		bad["canvas_id"] = id
		r.bad("invalid_arguments", set, bad)
	}
	r.bad("user_not_found", set, obj{"canvas_id": id, "access_level": "read", "user_ids": []string{"U0"}})
	r.bad("channel_not_found", set, obj{"canvas_id": id, "access_level": "read", "channel_ids": []string{"C0"}})
	r.bad("canvas_not_found", set, obj{"canvas_id": "F0", "access_level": "read", "user_ids": []string{SeedAda}})

	// Who gives a canvas away goes on writing in it, but no longer decides about it.
	r.ok(set, obj{"canvas_id": id, "access_level": "owner", "user_ids": []string{SeedAda}})
	r.ok("canvases.edit", obj{"canvas_id": id, "changes": []obj{{"operation": "insert_at_end", "document_content": markdown("x")}}})
	r.bad("restricted_action", set, obj{"canvas_id": id, "access_level": "read", "user_ids": []string{SeedBen}})
	r.bad("restricted_action", "canvases.delete", obj{"canvas_id": id})
}
