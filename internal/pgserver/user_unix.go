//go:build unix

package pgserver

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// ids are the numbers of the server's user.
func (s *Server) ids() (uid, gid int, err error) {
	if uid, err = strconv.Atoi(s.user.Uid); err == nil {
		gid, err = strconv.Atoi(s.user.Gid)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read the ids of user %s: %w", s.user.Username, err)
	}
	return uid, gid, nil
}

// own gives the server's user its folder.
func (s *Server) own() error {
	uid, gid, err := s.ids()
	if err != nil {
		return err
	}
	if err := os.Chown(s.dir, uid, gid); err != nil {
		return fmt.Errorf("give the server its folder: %w", err)
	}
	return nil
}

// dress makes a program run as the server's user, in a process group of its
// own, so that an interrupt at the keyboard does not end it before us.
func (s *Server) dress(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if s.user == nil {
		return
	}
	if uid, gid, err := s.ids(); err == nil { // own has seen that they can be read
		c.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
}
