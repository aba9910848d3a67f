package dbfile

import (
	"os"
	"syscall"
)

// madeAfterChange reports whether one file was certainly made after the last
// change of another, its coming to its name included; false where the file
// system does not tell.
func madeAfterChange(made, changed string) bool {
	m, c := statOf(made), statOf(changed)
	if m == nil || c == nil || m.Birthtimespec.Sec <= 0 {
		return false
	}
	return m.Birthtimespec.Nano() > c.Ctimespec.Nano()
}

func statOf(path string) *syscall.Stat_t {
	info, err := os.Lstat(path)
	if err != nil {
		return nil
	}
	stat, _ := info.Sys().(*syscall.Stat_t) // nil if it is none
	return stat
}
