package ui_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the page can do, and the tests in a browser that show it.
var features = map[string][]string{
	"channels: browse, join, leave, archive, members": {"TestMembersLeaveAndArchive", "TestSessionStates"},
	"direct messages, groups":                         {"TestDirectMessagesBetweenPeople"},
	"threads beside their channel":                    {"TestChannelMentionAndThread", "TestPhoneShowsOnePaneAtATime"},
	"several people to write as, in two windows":      {"TestTwoPeople", "TestAddPersonAndBeThem", "TestResetWithoutOneself"},
	"mentions, with completion":                       {"TestChannelMentionAndThread"},
	"emoji, reactions":                                {"TestEmojiPicker", "TestTwoPeople"},
	"edit, delete, drafts":                            {"TestEditDeleteAndDrafts", "TestFailureKeepsTheText", "TestMessagesFasterThanTheServer"},
	"files by button, drop and paste":                 {"TestUploadByButtonDropAndPaste", "TestUploadRefusals", "TestFilesInMessages", "TestFilesOfTheApp"},
	"canvases":                                        {"TestCanvas"},
	"answers that grow":                               {"TestAnswerGrowsInTheAssistantsChat", "TestMarkdownWhileItGrows", "TestOverTheSimulator"},
	"the assistant's status, with Stop":               {"TestStopButton", "TestSessionStates"},
	"task cards":                                      {"TestS7TasksByDisplayMode", "TestEveryBlockOfAStream"},
	"every block and element":                         {"TestEveryBlockOfAMessage", "TestEveryBlockOfAStream", "TestAttachmentsAndUnfurls", "TestUnknownBlock", "TestHostileBlocksAreText"},
	"tables":                                          {"TestDataTableSortsAndTurnsPages", "TestMarkdown"},
	"buttons":                                         {"TestI7ButtonWaitsForTheAppAndSendsOnce", "TestI2ButtonSaysWhenTheAppDoesNotAnswer", "TestButtonAsksFirst", "TestButtonWithAnAddress"},
	"menus, dates, choices":                           {"TestStaticSelectWithGroupsAndKeyboard", "TestI6ExternalSelectAsksTheApp", "TestPeopleAndPlacesSelects", "TestMultiSelectChips", "TestOverflowMenu", "TestRadioAndCheckboxes", "TestDatesAndTimes"},
	"modals, with errors":                             {"TestI4ModalHoldsEveryInput", "TestI4ModalErrors", "TestI4ModalStack", "TestI2ModalTroubleConnecting", "TestI4ModalIsUpdatedWithoutLosingWhatWasTyped"},
	"the Home tab":                                    {"TestHomeTab"},
	"slash commands, with completion":                 {"TestCommandCompletion", "TestCommandThatCannotBe", "TestCommandInTheAssistantsChat"},
	"shortcuts":                                       {"TestMessageShortcut", "TestGlobalShortcut"},
	"ephemeral notices":                               {"TestEphemeralIsReplacedDeletedAndDismissed"},
	"suggested prompts":                               {"TestA5SuggestedPrompts"},
	"titles; pin, rename, archive conversations":      {"TestSessionList"},
	"what the assistant sees of one's view":           {"TestContextLine"},
	"feedback":                                        {"TestI7FeedbackAndWhoSeesTheBin"},
	"unread marks":                                    {"TestUnreadAndJumpToNewest", "TestReadElsewhere", "TestTwoPeople"},
	"inspector: events, acks, calls":                  {"TestInspector", "TestInspectFromAMessage", "TestActionsView"},
	"inspector: the model's requests":                 {"TestModelRequests", "TestModelViewGoesWithoutARecord"},
	"faults, delivery, connections, limits":           {"TestFaultPanel", "TestWirePanels"},
	"the clock, the settings of this Slack":           {"TestClockPanel", "TestSettingsPanel"},
	"export, import, reset":                           {"TestWorkspaceSavedAndBroughtBack", "TestResetWithoutOneself", "TestResetAndLostConnection"},
	"links to messages":                               {"TestLinkToAMessage"},
	"light and dark":                                  {"TestThemeIsRemembered"},
	"keyboard":                                        {"TestKeyboard", "TestKeyboardHelp", "TestModalKeepsTheKeyboard"},
	"phone width":                                     {"TestPhoneShowsOnePaneAtATime"},
	"no other host, no inline code":                   {"TestPageIsWhole", "TestPageKeepsItsPolicy"},
}

func TestP_EveryFeatureHasATest(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(b)
	}
	for feature, tests := range features {
		for _, test := range tests {
			if !strings.Contains(source.String(), "\nfunc "+test+"(") {
				t.Errorf("%s: there is no %s", feature, test)
			}
		}
	}
}
