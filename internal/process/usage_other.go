//go:build !linux

package process

// Usage is not told by this system.
func (p *Process) Usage() (Usage, bool) { return Usage{}, false }
