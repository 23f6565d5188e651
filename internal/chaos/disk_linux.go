package chaos

import (
	"fmt"
	"os"
	"syscall"
)

// volumeSize is what the database of the longest run needs, by far.
const volumeSize = "size=4g"

// mount makes a small file system in memory, which root may do. Elsewhere
// the folder stays an ordinary one.
func (v *volume) mount() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("only root can mount a small disk")
	}
	if err := syscall.Mount("chaos", v.dir, "tmpfs", 0, volumeSize); err != nil {
		return fmt.Errorf("mount a small disk: %w", err)
	}
	v.real = true
	return nil
}

// shrink gives the file system the size that it has in use: the next page that a
// writer wants is not to be had (ENOSPC).
func (v *volume) shrink() error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(v.dir, &st); err != nil {
		return fmt.Errorf("measure the disk: %w", err)
	}
	for spare := uint64(0); ; spare += 16 { // it grows while we look
		size := (st.Blocks - st.Bfree + spare) * uint64(st.Bsize)
		err := syscall.Mount("chaos", v.dir, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", size))
		if err == nil || spare > 4096 {
			return err
		}
	}
}

func (v *volume) grow() error {
	if err := syscall.Mount("chaos", v.dir, "tmpfs", syscall.MS_REMOUNT, volumeSize); err != nil {
		return fmt.Errorf("give the disk its space back: %w", err)
	}
	return nil
}

func (v *volume) unmount() error {
	if !v.real {
		return nil
	}
	v.real = false
	if err := syscall.Unmount(v.dir, 0); err != nil {
		return fmt.Errorf("unmount the small disk: %w", err)
	}
	return nil
}
