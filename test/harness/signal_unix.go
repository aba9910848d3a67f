//go:build unix

package harness

import "syscall"

// Terminate sends SIGTERM.
func (p *Process) Terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatalf("%s: send SIGTERM: %v", p.name, err)
	}
}
