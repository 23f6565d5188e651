package surface

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
	"holdfast/internal/turn"
)

// asFile is an answer as its beginning, with the whole in a file under it.
//
// The bytes are sent first, which nobody sees; then the beginning is written, and then
// the file is shared, by a row of the outbox that names it: an owner after a crash
// shares that file, or finds that it is there, and never a second one.
type asFile struct {
	id     string // of Slack's, to be shared
	shared bool   // it is there
}

// kept is what the row of a shared file says.
type kept struct {
	File string `json:"file"`
}

// upload sends e's text as a file. Without a file and an error, Slack takes none.
func (s *surface) upload(ctx context.Context, e turn.Ending) (*asFile, error) {
	row, existed, err := s.outbox.Row(ctx, s.key(0, opFile))
	if err != nil {
		return nil, fmt.Errorf("look for the answer's file: %w", err)
	}
	var k kept
	if existed && row.State != outbox.Failed && json.Unmarshal(row.Body, &k) == nil && k.File != "" {
		return &asFile{id: k.File, shared: row.State == outbox.Confirmed}, nil
	}
	if s.noFiles.Load() {
		return nil, nil
	}
	id, err := s.slack.Upload(ctx, "answer.md", e.Text)
	if code := refused(err); code != "" {
		if permanent[code] || code == "file_uploads_disabled" || code == "file_uploads_except_images_disabled" {
			s.noFiles.Store(true)
		}
		s.log().Warn("Slack takes no file; the answer comes in parts", "code", code)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("send the answer's file: %w", err)
	}
	return &asFile{id: id}, nil
}

// share posts the file. gone: Slack does not have it any more, or does not take it.
func (s *surface) share(ctx context.Context, f *asFile) (gone bool, err error) {
	if f.shared {
		return false, nil
	}
	w := s.write(0, opFile, methodShare, false)
	if w.Body, err = json.Marshal(kept{f.id}); err != nil {
		return false, fmt.Errorf("encode the name of a file: %w", err)
	}
	there := func(ctx context.Context, _ time.Time) (chat.TS, bool, error) {
		found, err := s.slack.Shared(ctx, f.id)
		if refused(err) != "" {
			return "", false, nil // it cannot be told; Slack shares no file twice
		}
		return "", found, err
	}
	_, err = s.outbox.Send(ctx, s.fence, w, func(ctx context.Context) (chat.TS, error) {
		return "", s.slack.Share(ctx, s.turn.Conversation, f.id, title(s.turn.Messages[0].Text))
	}, there)
	if code := refused(err); code != "" {
		s.log().Warn("Slack does not share the answer's file; the answer comes in parts", "code", code)
		return true, nil
	}
	f.shared = err == nil
	return false, err
}

// asAFile writes the beginning of the answer and shares the whole. done is false if the
// answer has to come in parts.
func (s *surface) asAFile(ctx context.Context, e turn.Ending) (done bool, err error) {
	f, err := s.upload(ctx, e)
	if f == nil || err != nil {
		return false, err
	}
	s.ending = e
	line := fmt.Sprintf(":page_facing_up: This is the beginning. The whole answer, %d characters, is in the file below.", utf8.RuneCountInString(e.Text))
	if s.ending.Notice = line; e.Notice != "" {
		s.ending.Notice = line + "\n" + e.Notice
	}
	if err := s.writeOut(ctx, beginning(e.Text)); err != nil {
		return false, err
	}
	gone, err := s.share(ctx, f)
	if gone {
		s.ending = e
		return false, nil
	}
	return err == nil, err
}

// beginningMost is how much of an answer stands above its file, in characters.
const beginningMost = 1_200

// beginning is the first paragraphs of a text, whole ones where that leaves some, and no
// code that is not closed.
func beginning(text string) string {
	runes := []rune(text)
	if len(runes) <= beginningMost {
		return text
	}
	head := string(runes[:beginningMost])
	for _, at := range []string{"\n\n", "\n", " "} {
		if i := strings.LastIndex(head, at); i > len(head)/3 {
			head = head[:i]
			break
		}
	}
	if strings.Count(head, "```")%2 == 1 {
		if i := strings.LastIndex(head, "```"); i > 0 {
			head = head[:i]
		}
	}
	if strings.TrimSpace(head) == "" { // all code
		return "…"
	}
	return strings.TrimRight(head, " \n") + "\n\n…"
}
