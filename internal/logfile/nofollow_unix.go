//go:build unix

package logfile

import "syscall"

// noFollow keeps Open from writing where a symbolic link leads.
const noFollow = syscall.O_NOFOLLOW
