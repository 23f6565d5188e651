package sqlite

import (
	"fmt"
	"path/filepath"
	"syscall"
)

// refuseNetwork is an error if the folder of path is on a network file system:
// locks and shared memory do not hold there. Numbers from statfs(2).
func refuseNetwork(path string) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &s); err != nil {
		return nil // the lock will tell what is wrong
	}
	if name := networkName(uint32(s.Type)); name != "" {
		return fmt.Errorf("database %s: the folder is on %s, where SQLite's locks do not hold; put the file on a local disk, or use Postgres", path, name)
	}
	return nil
}

func networkName(kind uint32) string {
	switch kind {
	case 0x6969:
		return "NFS"
	case 0x517b, 0xff534d42, 0xfe534d42:
		return "SMB"
	case 0x00c36400:
		return "Ceph"
	case 0x5346414f, 0x6b414653:
		return "AFS"
	}
	return ""
}
