package dbfile

import (
	"errors"
	"time"

	"golang.org/x/sys/windows"
)

// inUseFor is how long a file may be open for others before that is an error.
// Readers of a marker and virus scanners take a moment.
const inUseFor = time.Second

// patiently repeats what fails because somebody else has the file open. Windows
// lets no file be removed or replaced then, and none be opened while it is.
func patiently(do func() error) error {
	pause := time.Millisecond
	for end := time.Now().Add(inUseFor); ; time.Sleep(pause) {
		err := do()
		if !errors.Is(err, windows.ERROR_SHARING_VIOLATION) && !errors.Is(err, windows.ERROR_ACCESS_DENIED) || time.Now().After(end) {
			return err
		}
		pause = min(2*pause, 50*time.Millisecond)
	}
}
