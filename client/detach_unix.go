//go:build unix

package client

import (
	"os/exec"
	"syscall"
)

// detach gives the daemon a session of its own, so that neither the end of
// this program's terminal nor a Ctrl-C in it reaches the daemon.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
