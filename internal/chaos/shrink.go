package chaos

import (
	"slices"
	"time"
)

// shrink looks for a shorter schedule that fails too. fails plays one and says
// so; a schedule that does not fail may do so another time, as timing is the
// machine's, so what shrink returns is short, not the shortest.
//
// It halves: first the faults, in ever smaller pieces that are left out (delta
// debugging, Zeller and Hildebrandt 2002), then the messages.
func shrink(s Schedule, until time.Time, fails func(Schedule) bool) Schedule {
	late := func() bool { return time.Now().After(until) }
	for pieces := 2; len(s.Faults) > 0 && !late(); {
		size := (len(s.Faults) + pieces - 1) / pieces
		smaller := false
		for from := 0; from < len(s.Faults) && !late(); {
			next := s
			next.Faults = slices.Delete(slices.Clone(s.Faults), from, min(from+size, len(s.Faults)))
			if fails(next) {
				s, smaller = next, true
				continue // what came after the piece is in its place now
			}
			from += size
		}
		if size == 1 && !smaller {
			break
		}
		pieces = min(2*pieces, max(len(s.Faults), 1))
	}
	for len(s.Messages) > 1 && !late() {
		next := half(s)
		if !fails(next) {
			break
		}
		s = next
	}
	return s
}

// half is a schedule without the later half of its messages, and the faults that
// came after them.
func half(s Schedule) Schedule {
	s.Messages = s.Messages[:(len(s.Messages)+1)/2]
	end := s.Messages[len(s.Messages)-1]
	s.Faults = slices.DeleteFunc(slices.Clone(s.Faults), func(f Fault) bool { return f.At > end.At+2000 || f.Message > end.N })
	s.Options.Turns = len(s.Messages)
	return s
}
