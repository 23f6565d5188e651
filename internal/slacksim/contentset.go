package slacksim

import (
	"fmt"
	"slices"
)

// ContentSettings are the switches of files, canvases and search. Times are milliseconds.
type ContentSettings struct {
	ShareDelay    int      `json:"share_delay_ms"`    // between files.completeUploadExternal and the message with the file
	UploadURLLife int      `json:"upload_url_ms"`     // time to send the bytes and to complete; Slack names no number
	MaxFileBytes  int64    `json:"max_file_bytes"`    // of one file
	StorageBytes  int64    `json:"storage_bytes"`     // of all files; 0: no limit (storage_limit_reached)
	FileUploads   string   `json:"file_uploads"`      // all, images or none: what the app may upload
	RefusedTypes  []string `json:"refused_filetypes"` // Slack's file types that uploads may not have (file_type_not_allowed)
	CheckFileInfo bool     `json:"check_file_info"`   // the app gets files as Slack Connect gives them: a stub, files.info has the rest
	ForeignTokens []string `json:"foreign_tokens"`    // tokens of another workspace: downloads answer them 403
	FreeTeam      bool     `json:"free_team"`         // canvases need a channel and stand-alone ones cannot be edited
	Canvases      bool     `json:"canvases"`          // off: canvas_disabled_user_team
	Search        string   `json:"search"`            // on, disabled (assistant_search_context_disabled) or missing (feature_not_enabled)
	ActionToken   int      `json:"action_token_ms"`   // life of an event's action_token; Slack names no number
	RepeatUploads bool     `json:"repeat_upload_url"` // an upload URL takes bytes again until the upload is completed
}

func defaultContent() ContentSettings {
	return ContentSettings{
		ShareDelay: 100, UploadURLLife: 600_000, MaxFileBytes: 1 << 30, FileUploads: "all",
		RefusedTypes: []string{}, ForeignTokens: []string{"xoxb-sim-foreign"}, Canvases: true, Search: "on", ActionToken: 900_000,
	}
}

func (t ContentSettings) check() error {
	switch {
	case t.ShareDelay < 0 || t.StorageBytes < 0:
		return fmt.Errorf("share_delay_ms and storage_bytes must not be negative")
	case t.UploadURLLife <= 0 || t.MaxFileBytes <= 0 || t.ActionToken <= 0:
		return fmt.Errorf("upload_url_ms, max_file_bytes and action_token_ms must be above 0")
	case !slices.Contains([]string{"all", "images", "none"}, t.FileUploads):
		return fmt.Errorf("file_uploads %q: use all, images or none", t.FileUploads)
	case !slices.Contains([]string{"on", "disabled", "missing"}, t.Search):
		return fmt.Errorf("search %q: use on, disabled or missing", t.Search)
	}
	return nil
}

func (t ContentSettings) clone() ContentSettings {
	t.RefusedTypes, t.ForeignTokens = slices.Clone(t.RefusedTypes), slices.Clone(t.ForeignTokens)
	return t
}
