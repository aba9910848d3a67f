package dbfile

import (
	"os"
	"syscall"
	"time"
)

// bornAt returns when the file at path was made; ok is false where the file
// system does not tell.
func bornAt(path string) (at time.Time, ok bool) {
	info, err := os.Lstat(path)
	if err != nil {
		return time.Time{}, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Birthtimespec.Sec <= 0 {
		return time.Time{}, false
	}
	return time.Unix(stat.Birthtimespec.Unix()), true
}
