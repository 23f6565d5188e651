package slacksim

// ring keeps the newest entries of a numbered log. Numbers start at 1.
type ring[T any] struct {
	buf   []T
	limit int
	last  int // number of the newest entry
}

func newRing[T any](limit int) ring[T] { return ring[T]{limit: limit} }

// add appends the entry that make returns for its number.
func (r *ring[T]) add(build func(n int) T) T {
	r.last++
	v := build(r.last)
	if len(r.buf) < r.limit {
		r.buf = append(r.buf, v)
	} else {
		r.buf[(r.last-1)%r.limit] = v
	}
	return v
}

// first is the number of the oldest entry kept, one above last when there is none.
func (r *ring[T]) first() int { return r.last - len(r.buf) + 1 }

func (r *ring[T]) get(n int) T { return r.buf[(n-1)%r.limit] }

// since returns up to limit entries with numbers above after, oldest first; limit 0 means all.
func (r *ring[T]) since(after, limit int) []T {
	from := max(after+1, r.first())
	n := max(r.last-from+1, 0)
	if limit > 0 {
		n = min(n, limit)
	}
	out := make([]T, 0, n)
	for i := range n {
		out = append(out, r.get(from+i))
	}
	return out
}

// clear forgets the entries; numbers go on.
func (r *ring[T]) clear() {
	// A position in buf follows from the number, so an empty ring must start where a full turn of it starts.
	r.buf = nil
	if over := r.last % r.limit; over != 0 {
		r.last += r.limit - over
	}
}
