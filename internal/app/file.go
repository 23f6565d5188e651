package app

import (
	"context"
	"fmt"
	"io"

	"holdfast/internal/chat"
	"holdfast/internal/slack/web"
	"holdfast/internal/tool"
	"holdfast/internal/transcript"
)

// files are those of the workspace, for the tools that read them.
type files struct {
	history interface {
		History(ctx context.Context, c chat.Conversation) ([]transcript.Said, error)
	}
	web *web.Client
}

// Shared looks for a file among the conversation's messages as they are now: one whose
// message was deleted is not there.
func (f files) Shared(ctx context.Context, c chat.Conversation, id string) (chat.File, bool, error) {
	said, err := f.history.History(ctx, c)
	if err != nil {
		return chat.File{}, false, fmt.Errorf("read the conversation: %w", err)
	}
	for _, s := range said {
		for _, file := range s.Files {
			if file.ID == id && !s.Deleted {
				return file, true, nil
			}
		}
	}
	return chat.File{}, false, nil
}

// Fetch downloads a file.
func (f files) Fetch(ctx context.Context, id string, w io.Writer, limit int64) error {
	info, err := f.web.FileInfo(ctx, id)
	if err != nil {
		return unreadable("The file", err)
	}
	name := info.Name
	if name == "" {
		name = "The file"
	}
	switch {
	case info.Mode == "tombstone":
		return tool.Refuse("%s was deleted. Tell the person.", name)
	case info.Mode == "hidden_by_limit":
		return tool.Refuse("%s is hidden by the limits of this workspace's plan. Ask the person to share it again.", name)
	case info.Mode == "external":
		return tool.Refuse("%s is kept outside of Slack, where I cannot read it. Ask the person to upload it here.", name)
	case info.Address == "":
		return tool.Refuse("Slack does not give out %s. Ask the person to share it again.", name)
	case info.Size > limit:
		return tool.Refuse("%s is too large to be read: it has %d MB, and %d MB is the most. Ask the person for the part that matters.", name, info.Size>>20, limit>>20)
	}
	if _, err := f.web.Download(ctx, info.Address, w, limit); err != nil {
		return unreadable(name, err)
	}
	return nil
}

// unreadable is why a file cannot be had, in words for people where one can do something
// about it.
func unreadable(name string, err error) error {
	switch web.Code(err) {
	case "file_not_found", "file_deleted", web.CodeNoFile:
		return tool.Refuse("%s is not there any more. Tell the person.", name)
	case "missing_scope", web.CodeLogin:
		return tool.Refuse("%s cannot be read: the app lacks the right to read files here (scope files:read). Tell the person that whoever runs it can give it that.", name)
	case web.CodeTooLarge:
		return tool.Refuse("%s is too large to be read. Ask the person for the part that matters.", name)
	case web.CodeForeign:
		return tool.Refuse("%s is not kept by Slack, so it cannot be read. Ask the person to upload it here.", name)
	}
	return fmt.Errorf("fetch a file from Slack: %w", err)
}
