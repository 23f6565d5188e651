//go:build !linux && !darwin

package document

import "context"

// sandboxMemory is wazero's own here.
type sandboxMemory struct{}

func (*sandboxMemory) with(ctx context.Context) context.Context { return ctx }
func (*sandboxMemory) release()                                 {}
