//go:build windows

package sqlite

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock takes the file beside the database that says "one process": opened so
// that nobody else can open it, which the system ends with the process.
func lock(path string) (*os.File, error) {
	name := path + ".lock"
	p, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	const sharingViolation = syscall.Errno(32)
	h, err := syscall.CreateFile(p, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case errors.Is(err, sharingViolation):
		return nil, inUse(path, "")
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return os.NewFile(uintptr(h), name), nil
}
