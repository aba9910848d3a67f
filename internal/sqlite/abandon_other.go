//go:build !linux && !darwin

package sqlite

// dropLocks has nothing to do where closing the file drops its locks.
func dropLocks(uintptr) {}
