package slacksim

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/mail"
	"net/url"
	"unicode/utf8"
)

// What Slack's client says of an input block before it submits.
const (
	needed  = "Please complete this required field."
	pickOne = "Please select an option."
)

// complain checks a state entry as Slack's client does before it submits the view; empty when there is nothing to say.
func (e *element) complain(entry json.RawMessage) string {
	in, err := readHeld(entry)
	if err != nil {
		return needed // never: the entry was made from a value that was read
	}
	if isEmpty(in) {
		switch {
		case e.input.optional:
			return ""
		case in.Option == nil && (e.Type == "radio_buttons" || e.Type == "checkboxes"):
			return pickOne
		}
		return needed
	}
	count := len(in.Options) + len(in.Users) + len(in.Channels) + len(in.Conversations)
	if e.MaxSelected > 0 && count > e.MaxSelected {
		return fmt.Sprintf("Please select at most %d.", e.MaxSelected)
	}
	switch e.Type {
	case "plain_text_input":
		n := utf8.RuneCountInString(*in.Value)
		if n < e.MinLength {
			return fmt.Sprintf("Please enter at least %d characters.", e.MinLength)
		}
		if e.MaxLength > 0 && n > e.MaxLength {
			return fmt.Sprintf("Please enter at most %d characters.", e.MaxLength)
		}
	case "email_text_input":
		if a, err := mail.ParseAddress(*in.Value); err != nil || a.Address != *in.Value {
			return "Please enter a valid email address."
		}
	case "url_text_input":
		if u, err := url.Parse(*in.Value); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return "Please enter a valid URL, with http:// or https://."
		}
	case "number_input":
		return e.number(*in.Value)
	case "file_input":
		most := 10
		if e.MaxFiles > 0 {
			most = e.MaxFiles
		}
		if len(in.Files) > most {
			return fmt.Sprintf("Please add at most %d files.", most)
		}
	}
	return ""
}

func isEmpty(in input) bool {
	return in.Value == nil && in.Option == nil && in.User == nil && in.Channel == nil && in.Conversation == nil &&
		in.Date == nil && in.Time == nil && in.DateTime == nil && len(in.RichText) == 0 &&
		len(in.Options)+len(in.Users)+len(in.Channels)+len(in.Conversations)+len(in.Files) == 0
}

func (e *element) number(text string) string {
	n, ok := decimal(text)
	if !ok {
		return "Please enter a number."
	}
	if !e.Decimal && !n.IsInt() {
		return "Please enter a whole number."
	}
	if least, ok := decimal(e.MinValue); ok && n.Cmp(least) < 0 {
		return "Please enter a number of at least " + e.MinValue + "."
	}
	if most, ok := decimal(e.MaxValue); ok && n.Cmp(most) > 0 {
		return "Please enter a number of at most " + e.MaxValue + "."
	}
	return ""
}

// decimal reads digits with a sign and a point, and nothing else that big.Rat would read.
func decimal(text string) (*big.Rat, bool) {
	if len(text) > 100 {
		return nil, false
	}
	for _, r := range text {
		if (r < '0' || r > '9') && r != '-' && r != '+' && r != '.' {
			return nil, false
		}
	}
	return new(big.Rat).SetString(text)
}
