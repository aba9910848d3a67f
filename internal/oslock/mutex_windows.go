package oslock

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/windows"
)

// The names of the default pipe's mutexes. Other programs may look for the
// first, so it is part of the daemon's contract. "Global" makes them one for
// all sessions of the machine, as pipe names are.
const (
	defaultPipe   = `SKYLINEDBD-V1` // as pipeName returns it
	instanceMutex = `Global\SkylineDBd-v1-SingleInstance`
	startMutex    = `Global\SkylineDBd-v1-Start`
)

func instance(socket string) (*Lock, error) { return TryLockName(mutexName(instanceMutex, socket)) }

func start(socket string) (*Lock, error) { return TryLockName(mutexName(startMutex, socket)) }

// TryLockName takes the lock that is the existence of the named mutex, and
// returns at once. The error wraps [ErrLocked] if the mutex exists already,
// in a session or for a user of whatever kind.
//
// Nobody ever owns the mutex. Ownership belongs to a thread, and a goroutine
// has none of its own: the runtime may end the thread that took the mutex
// while the process lives on, and release is refused to any other. Existence
// belongs to the handle: CreateMutex tells in one step whether it made the
// mutex, and the mutex is gone once the handle is closed, by Unlock or by the
// end of the process.
//
// Source: https://learn.microsoft.com/en-us/windows/win32/api/synchapi/nf-synchapi-createmutexw
func TryLockName(name string) (*Lock, error) {
	p, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, fmt.Errorf("create mutex \"%s\": %w", name, err)
	}
	h, err := windows.CreateMutex(nil, false, p)
	switch {
	case err == nil:
		return &Lock{release: func() error { return closeMutex(h, name) }}, nil
	case errors.Is(err, windows.ERROR_ALREADY_EXISTS):
		windows.CloseHandle(h) // another handle would keep the lock taken
		return nil, fmt.Errorf("create mutex \"%s\": %w", name, ErrLocked)
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return nil, fmt.Errorf("create mutex \"%s\": it belongs to another user: %w", name, ErrLocked)
	}
	return nil, fmt.Errorf("create mutex \"%s\": %w", name, err)
}

func closeMutex(h windows.Handle, name string) error {
	if err := windows.CloseHandle(h); err != nil {
		return fmt.Errorf("close mutex \"%s\": %w", name, err)
	}
	return nil
}

// mutexName returns base for the default pipe and otherwise a name made of
// base and the pipe's name. A digest stands for the latter, because a mutex's
// name may hold no backslash and is limited in length where a pipe's is not.
func mutexName(base, pipe string) string {
	name := pipeName(pipe)
	if name == defaultPipe {
		return base
	}
	sum := sha256.Sum256([]byte(name))
	return base + "-" + hex.EncodeToString(sum[:16])
}

// pipeName returns the part of a pipe's path that tells it from others, the
// same for all spellings of one pipe.
func pipeName(path string) string {
	name := strings.ToUpper(strings.ReplaceAll(path, "/", `\`))
	for _, prefix := range []string{`\\.\PIPE\`, `\\?\PIPE\`} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}
