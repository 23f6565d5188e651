//go:build linux || darwin

package document

import (
	"context"
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
)

// sandboxMemory lets a sandbox's memory grow in place. wazero's own copies it at each
// step, and a file that asks for 256 MB then costs several times that; a reservation
// costs what is touched.
type sandboxMemory struct{ ranges [][]byte }

func (m *sandboxMemory) with(ctx context.Context) context.Context {
	return experimental.WithMemoryAllocator(ctx, m)
}

// Allocate reserves addresses for all that may ever be asked for.
func (m *sandboxMemory) Allocate(_, most uint64) experimental.LinearMemory {
	b, err := syscall.Mmap(-1, 0, int(most), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		return &linear{}
	}
	m.ranges = append(m.ranges, b)
	return &linear{b}
}

// release gives the memory back. It is for when no call runs in the sandbox any more:
// a call that was stopped may still read it, and reading what is not mapped ends the
// process.
func (m *sandboxMemory) release() {
	for _, b := range m.ranges {
		_ = syscall.Munmap(b)
	}
	m.ranges = nil
}

type linear struct{ b []byte }

// Reallocate gives nil when there is no more; the sandbox fails then, not we.
func (l *linear) Reallocate(size uint64) []byte {
	if size > uint64(len(l.b)) {
		return nil
	}
	return l.b[:size:size]
}

func (l *linear) Free() {} // see release
