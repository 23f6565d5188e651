package slacksim

import (
	"container/heap"
	"time"
)

// errand is something to be done at a moment of the simulator's clock.
type errand struct {
	at    time.Time
	do    func()
	order int
	index int // in the heap; -1 when done or cancelled
}

// agenda is a heap of errands, earliest first, ties in order of booking.
type agenda struct {
	list  []*errand
	order int
}

func (a *agenda) Len() int { return len(a.list) }
func (a *agenda) Less(i, j int) bool {
	x, y := a.list[i], a.list[j]
	if x.at.Equal(y.at) {
		return x.order < y.order
	}
	return x.at.Before(y.at)
}
func (a *agenda) Swap(i, j int) {
	a.list[i], a.list[j] = a.list[j], a.list[i]
	a.list[i].index, a.list[j].index = i, j
}
func (a *agenda) Push(x any) {
	e := x.(*errand)
	e.index = len(a.list)
	a.list = append(a.list, e)
}
func (a *agenda) Pop() any {
	n := len(a.list) - 1
	e := a.list[n]
	a.list[n] = nil
	a.list = a.list[:n]
	e.index = -1
	return e
}

// after books do for d from now. do runs with mu held.
func (s *Sim) after(d time.Duration, do func()) *errand {
	s.agenda.order++
	e := &errand{at: s.now().Add(d), do: do, order: s.agenda.order}
	heap.Push(&s.agenda, e)
	return e
}

// cancel takes back an errand; nil and done ones are fine.
func (s *Sim) cancel(e *errand) {
	if e != nil && e.index >= 0 {
		heap.Remove(&s.agenda, e.index)
		e.index = -1
	}
}

func (s *Sim) runDue() {
	for len(s.agenda.list) > 0 {
		e := s.agenda.list[0]
		if e.at.After(s.now()) {
			return
		}
		heap.Pop(&s.agenda)
		e.do()
	}
}

// arm sets the one real timer to the earliest errand. A clock that was injected may stand still, so it is not asked
// more often than every 20 ms.
func (s *Sim) arm() {
	if s.closed || len(s.agenda.list) == 0 {
		if s.alarm != nil {
			s.alarm.Stop()
		}
		return
	}
	d := s.agenda.list[0].at.Sub(s.now())
	if s.opts.Now != nil {
		d = max(d, 20*time.Millisecond)
	}
	if s.alarm == nil {
		s.alarm = time.AfterFunc(d, func() {
			s.enter()
			s.leave()
		})
		return
	}
	s.alarm.Reset(d)
}
