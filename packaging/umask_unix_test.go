//go:build unix

package main

import "syscall"

// setUmask sets the umask and returns what sets it back.
func setUmask(mask int) (back func()) {
	old := syscall.Umask(mask)
	return func() { syscall.Umask(old) }
}
