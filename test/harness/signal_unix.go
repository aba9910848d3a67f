//go:build unix

package harness

import "syscall"

// Terminate sends SIGTERM.
func (p *Process) Terminate() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
}

// LoseTerminal sends SIGHUP, as the system does when a terminal is closed.
func (p *Process) LoseTerminal() {
	p.t.Helper()
	p.signal(syscall.SIGHUP)
}

func (p *Process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("%s: send the signal %q: %v", p.name, s, err)
	}
}
