package dbfile

import "time"

// Alone runs do if no other process has the database open, and reports whether
// it did. It does not wait. Only while the daemon has no connection to the
// file. Errors are a [wire.Error], or do's. One that opens it meanwhile has its
// side files open, which the system then does not remove.
func Alone(file string, _ time.Duration, do func() error) (bool, error) {
	used, err := InUse(file)
	if err != nil || used {
		return false, err
	}
	return true, do()
}
