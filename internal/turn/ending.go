package turn

import "unicode/utf8"

// long is from how many characters on an answer can be asked for again, shorter: about
// a screen and a half.
const long = 3000

// filed is from how many characters on an answer is a file, for those who want that:
// about three screens, and less than one message holds.
const filed = 6000

// ending is how a conclusion is shown.
func (c *Conclusion) ending(turn string) Ending {
	e := Ending{Text: c.Text, Notice: c.Notice}
	switch c.State {
	case Failed:
		if e.Notice != "" {
			e.Notice += " (turn " + turn + ")"
		}
		if retriable(c.Reason) {
			e.Offers = []Offer{Retry}
		}
	case Answered:
		if c.Reason == "max_output_tokens" {
			e.Offers = append(e.Offers, GoOn)
		}
		if utf8.RuneCountInString(c.Text) > long {
			e.Offers = append(e.Offers, Shorter)
		}
		if c.Manner.Footer {
			e.Foot = Foot{Sources: c.Sources, Used: c.Used, Model: c.Model}
			e.Settings = c.First
		}
		e.Judge = c.Manner.Feedback
		e.File = c.Manner.File && utf8.RuneCountInString(c.Text) > filed
	}
	return e
}

// retriable reports whether the same question can be answered another time: not if it
// is itself what the model will not take.
func retriable(code string) bool {
	switch code {
	case "too_long", "over_limit", "bad_image", "refused_by_policy":
		return false
	}
	return true
}
