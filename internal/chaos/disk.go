package chaos

import (
	"context"
	"time"
)

// volume is the disk of an embedded database. The zero value is an ordinary folder,
// which cannot be filled.
type volume struct {
	dir  string
	real bool
	hurt func()
}

// fill takes all free space away for a while.
func (v *volume) fill(ctx context.Context, d time.Duration) error {
	if v == nil || !v.real {
		return errNothing
	}
	v.hurt()
	defer v.hurt()
	if err := v.shrink(); err != nil {
		return err
	}
	pause(ctx, d)
	return v.grow()
}
