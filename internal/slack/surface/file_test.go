package surface_test

import (
	"encoding/json"
	"strings"
	"testing"

	"holdfast/internal/slacksim"
	"holdfast/internal/turn"
)

// files counts the files of our messages.
func files(ours []slacksim.Message) (n int) {
	for _, m := range ours {
		var all []struct{ Name string }
		if len(m.Files) > 0 && json.Unmarshal(m.Files, &all) == nil {
			n += len(all)
		}
	}
	return n
}

func (k *kit) finishAsFile(s turn.Surface, text string) {
	k.Helper()
	_, err := s.Finish(k.Context(), turn.Ending{Text: text, File: true})
	k.must(err)
}

// filedOnce waits for the file and checks that the beginning alone stands above it.
func (k *kit) filedOnce(text string) {
	k.Helper()
	k.until("the file", func(v slacksim.View) bool { return files(replies(v.Replies(channel, k.root))) > 0 })
	ours := k.ours()
	if len(ours) != 2 || files(ours) != 1 || files(ours[:1]) != 0 {
		k.Fatalf("%d messages with %d files", len(ours), files(ours))
	}
	if m := ours[0]; !strings.HasPrefix(words(text), words(m.Text)[:200]) || len(m.Text) > 2000 || !strings.Contains(string(m.Blocks), "in the file below") {
		k.Errorf("above the file stands %q", m.Text)
	}
}

// TestAnswerAsFile: a long answer is its beginning and the whole in a file, whether or not
// some of it was streamed.
func TestAnswerAsFile(t *testing.T) {
	for name, streamed := range map[string]bool{"streamed": true, "at once": false} {
		t.Run(name, func(t *testing.T) {
			k := setup(t)
			s := k.open(quick())
			text := prose(120)
			if streamed {
				k.say(s, prose(30))
				k.shows(len(prose(30)))
			}
			k.finishAsFile(s, text)
			k.filedOnce(text)
		})
	}
}

// TestAnswerAsFileOverCrashes: whoever takes over after the file was shared, or may have
// been, shares no second one; one that was only sent is nowhere to be seen.
func TestAnswerAsFileOverCrashes(t *testing.T) {
	for _, fault := range []slacksim.Fault{
		{Method: "files.completeUploadExternal", Kind: "500", Times: 1},
		{Method: "files.completeUploadExternal", Kind: "lost", Times: 1},
		{Method: "files.completeUploadExternal", Kind: "internal_after", Times: 1},
		{Method: "upload", Kind: "500", Times: 1},
		{Method: "upload", Kind: "lost", Times: 1},
		{Method: "files.getUploadURLExternal", Kind: "lost", Times: 1},
	} {
		t.Run(fault.Method+" "+fault.Kind, func(t *testing.T) {
			k := setup(t)
			_, err := k.AddFault(fault)
			k.must(err)
			text := prose(120)
			s := k.open(quick())
			if _, err := s.Finish(k.Context(), turn.Ending{Text: text, File: true}); err != nil {
				s.Close()
				k.succeed()
				k.finishAsFile(k.open(quick()), text)
			}
			k.filedOnce(text)
			k.succeed()
			k.finishAsFile(k.open(quick()), text)
			k.filedOnce(text)
		})
	}
}

// TestNoFilesToBeHad: where Slack takes no files, the answer comes in parts.
func TestNoFilesToBeHad(t *testing.T) {
	for method, code := range map[string]string{
		"files.getUploadURLExternal":   "missing_scope",
		"files.completeUploadExternal": "posting_to_channel_denied",
	} {
		t.Run(method, func(t *testing.T) {
			k := setup(t)
			k.fault(method, code, 1)
			s := k.open(quick())
			text := prose(120)
			k.finishAsFile(s, text)
			ours := k.ours()
			if len(ours) != 2 || files(ours) != 0 {
				t.Fatalf("%d messages with %d files, want 2 without", len(ours), files(ours))
			}
			if shown := all(ours[0]) + all(ours[1]); !strings.Contains(shown, "Paragraph 60 of") || !strings.Contains(shown, "Paragraph 120 of") || strings.Contains(shown, "file below") {
				t.Errorf("Slack does not show the answer, or a file that is not there")
			}
		})
	}
}
