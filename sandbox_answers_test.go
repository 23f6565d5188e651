package holdfast_test

import (
	"path/filepath"
	"testing"
)

// TestAnswersInTheBrowser is what stands with an answer: the card of a tool, sources,
// model, buttons to judge it and to have it shorter.
func TestAnswersInTheBrowser(t *testing.T) {
	noLeaks(t)
	chrome := browser(t)
	s := startSandbox(t, filepath.Join(t.TempDir(), "sandbox"))
	ada := open(t, chrome, s.url+"/?as="+s.person("Ada")+"#/"+s.channel("general"))
	ada.mention(".main", "please search the web for tide tables")
	ada.Wait(shows(".main .msg .summary", "1 reply"))
	ada.Press(seen(".main .msg .summary", "1 reply"))
	// The scripted model takes its time to search: the card is there before the answer.
	ada.Wait(shows(".thread .msg.byapp", "earching the web"))
	ada.Wait(shows(".thread .msg.byapp", "1. The Example Times") + " && " + shows(".thread .msg.byapp", "web search"))
	ada.Wait(seen(".thread .msg.byapp a", "2. Sample Weekly") + `.href === 'https://example.org/weekly'`)
	ada.Wait(seen(".thread .msg.byapp button", "Settings"))
	ada.shot(t, "answer-sources")

	// Under a long answer is a button for a shorter one; pressed twice it is one answer.
	ada.mention(".thread", "[[sim tps=3000]] long")
	ada.Wait(seen(".thread .msg.byapp button", "Shorter"))
	ada.shot(t, "answer-long")
	ada.Press(seen(".thread .msg.byapp button", "Shorter"))
	ada.asked(s, "pressed Shorter")
	ada.answered(".thread", "Demo model")
}
