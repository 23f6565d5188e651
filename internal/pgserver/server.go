package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrMissing means that the machine has no PostgreSQL server.
var ErrMissing = errors.New("pgserver: no PostgreSQL server on this machine: install it (Debian: apt-get install postgresql)")

// Server is a server that runs.
type Server struct {
	bin  string // folder of initdb and pg_ctl
	dir  string // holds data/, the socket and the log
	user *user.User
}

// Start makes a new server in dir, which must be missing or empty and whose path
// must be short: a socket's is at most 107 bytes.
func Start(ctx context.Context, dir string) (*Server, error) {
	bin, err := find()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make folder of the server: %w", err)
	}
	if os.Geteuid() == 0 {
		if s.user, err = user.Lookup("postgres"); err != nil {
			return nil, fmt.Errorf("%w: there is no user postgres: %w", ErrMissing, err)
		}
		if err := s.own(); err != nil {
			return nil, err
		}
	}
	if err := s.do(ctx, "initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions"); err != nil {
		return nil, err
	}
	return s, s.Run(ctx)
}

// find returns the newest installation's programs.
func find() (string, error) {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is right
	slices.SortFunc(dirs, func(a, b string) int { return version(b) - version(a) })
	for _, d := range append(dirs, filepath.SplitList(os.Getenv("PATH"))...) {
		if _, err := os.Stat(filepath.Join(d, "initdb")); err == nil {
			return d, nil
		}
	}
	return "", ErrMissing
}

func version(dir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir))) // a name that is no number sorts last
	return n
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// URL addresses a database of the server.
func (s *Server) URL(database string) string {
	return "postgres://postgres@/" + url.PathEscape(database) + "?host=" + url.QueryEscape(s.dir)
}

// Run starts the server again after Stop or Kill, and waits until it answers.
func (s *Server) Run(ctx context.Context) error {
	options := fmt.Sprintf("-c listen_addresses='' -c unix_socket_directories='%s' -c max_connections=200 -c log_min_messages=fatal", s.dir)
	return s.do(ctx, "pg_ctl", "-D", s.data(), "-s", "-w", "-t", "60", "-l", filepath.Join(s.dir, "log"), "-o", options, "start")
}

// Stop ends the server; connections are cut.
func (s *Server) Stop(ctx context.Context) error {
	return s.do(ctx, "pg_ctl", "-D", s.data(), "-s", "-w", "-t", "60", "-m", "fast", "stop")
}

// Kill ends the server without a shutdown: it recovers when it is run again.
func (s *Server) Kill(ctx context.Context) error {
	return s.do(ctx, "pg_ctl", "-D", s.data(), "-s", "-w", "-t", "60", "-m", "immediate", "stop")
}

// do runs one of the server's programs, as the server's user.
func (s *Server) do(ctx context.Context, program string, args ...string) error {
	c := exec.CommandContext(ctx, filepath.Join(s.bin, program), args...)
	c.Dir = s.dir
	c.Env = append(os.Environ(), "LC_ALL=C")
	s.dress(c)
	// Files, not pipes: the server inherits them and would keep a pipe open.
	out, err := os.CreateTemp(s.dir, program)
	if err != nil {
		return fmt.Errorf("run %s: %w", program, err)
	}
	defer func() { _, _ = out.Close(), os.Remove(out.Name()) }()
	c.Stdout, c.Stderr = out, out
	if err := c.Run(); err != nil {
		said, _ := os.ReadFile(out.Name()) // what it said is a help, no more
		return fmt.Errorf("run %s: %w: %s", program, err, strings.TrimSpace(string(said)))
	}
	return nil
}
