package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc: Linux says USER_HZ, which is 100 on every
// architecture that Go runs on.
const tick = 10 * time.Millisecond

// Usage adds up the processes of the group. The second result is false if the
// system does not tell, or nothing of the group is left.
func (p *Process) Usage() (Usage, bool) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return Usage{}, false
	}
	var u Usage
	found := false
	for _, f := range files {
		stat, err := os.ReadFile(f)
		if err != nil {
			continue // it has ended meanwhile
		}
		group, cpu, threads, err := parseStat(stat)
		if err != nil || group != p.PID() {
			continue
		}
		found = true
		u.CPU += cpu
		u.Threads += threads
		status, err := os.ReadFile(filepath.Join(filepath.Dir(f), "status"))
		if err != nil {
			continue
		}
		u.RSS += parseKiB(status, "VmRSS:")
		u.PeakRSS += parseKiB(status, "VmHWM:")
	}
	return u, found
}

// parseStat reads /proc/PID/stat: the group, the CPU time with that of children
// who have ended, and the threads. proc(5) numbers the fields.
func parseStat(b []byte) (group int, cpu time.Duration, threads int, err error) {
	// The name of the program is in brackets and may hold anything, brackets too.
	end := bytes.LastIndexByte(b, ')')
	fields := strings.Fields(string(b[end+1:]))
	if end < 0 || len(fields) < 18 {
		return 0, 0, 0, fmt.Errorf("process: %q is not a stat line", b)
	}
	number := func(field int) int { // as proc(5) counts
		n, e := strconv.Atoi(fields[field-3])
		if e != nil && err == nil {
			err = fmt.Errorf("process: field %d of a stat line: %w", field, e)
		}
		return n
	}
	ticks := number(14) + number(15) + number(16) + number(17)
	return number(5), time.Duration(ticks) * tick, number(20), err
}

// parseKiB reads a line such as "VmHWM:	  1234 kB" of /proc/PID/status; 0 if there is none.
func parseKiB(status []byte, name string) int64 {
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err != nil {
				return 0
			}
			return n << 10
		}
	}
	return 0
}
