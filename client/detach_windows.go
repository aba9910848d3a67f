package client

import (
	"os/exec"
	"syscall"
)

// detachedProcess is DETACHED_PROCESS: a process without a console.
const detachedProcess = 0x00000008

// detach gives the daemon no console, so that neither the end of this
// program's console nor a Ctrl-C in it reaches the daemon.
//
// Source: https://learn.microsoft.com/en-us/windows/win32/procthread/process-creation-flags
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		HideWindow:    true,
		CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP | detachedProcess,
	}
}
