//go:build unix

package oslock

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func instance(socket string) (*Lock, error) { return TryLock(socket + ".lock") }

func start(socket string) (*Lock, error) { return TryLock(socket + ".start.lock") }

// TryLock locks the file at path, which it creates with mode 0600 if there is
// none, and returns at once. The error wraps [ErrLocked] if the lock is held;
// a symbolic link, anything that is not a regular file, and a file of another
// user are refused and left as they are. The file must be on a file system
// where flock(2) works between processes; over NFS that depends on the mount.
//
// Source: https://man7.org/linux/man-pages/man2/flock.2.html
func TryLock(path string) (*Lock, error) {
	for {
		fd, err := openLockFile(path)
		if err != nil {
			return nil, err
		}
		current, err := lockFile(fd, path)
		if err != nil {
			unix.Close(fd)
			return nil, err
		}
		if current {
			return &Lock{release: func() error { return unlockFile(fd, path) }}, nil
		}
		unix.Close(fd)
	}
}

// openLockFile returns a descriptor rather than an os.File, because the
// collector closes a File that nobody refers to, and with it would go the lock.
func openLockFile(path string) (int, error) {
	// O_NONBLOCK keeps the open from waiting on a FIFO put in the file's place.
	const flags = unix.O_RDWR | unix.O_CREAT | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK
	var fd int
	err := uninterrupted(func() (err error) {
		fd, err = unix.Open(path, flags, 0o600)
		return err
	})
	if err != nil {
		return -1, explainOpen(path, err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("look at lock file %q: %w", path, err)
	}
	if err := refuse(path, &st); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// explainOpen says what is wrong with the file itself where that is why it
// could not be opened: the system's own words for a symbolic link ("too many
// levels of symbolic links") or another user's file in /tmp help nobody.
func explainOpen(path string, err error) error {
	var st unix.Stat_t
	if unix.Lstat(path, &st) == nil {
		if refusal := refuse(path, &st); refusal != nil {
			return refusal
		}
	}
	return fmt.Errorf("open lock file %q: %w", path, err)
}

// refuse returns the reason for which a file may not serve as a lock, or nil.
func refuse(path string, st *unix.Stat_t) error {
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFLNK:
		return fmt.Errorf("lock file %q is a symbolic link; remove it", path)
	default:
		return fmt.Errorf("lock file %q is not a regular file; remove it", path)
	}
	if uid := os.Geteuid(); int(st.Uid) != uid {
		return fmt.Errorf("lock file %q belongs to user %d and not to user %d, who runs this program; choose another socket", path, st.Uid, uid)
	}
	return nil
}

// lockFile locks fd and reports whether it is still the file called path.
func lockFile(fd int, path string) (current bool, err error) {
	err = uninterrupted(func() error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, fmt.Errorf("lock %q: %w", path, ErrLocked)
	}
	if err != nil {
		return false, fmt.Errorf("lock %q: %w", path, err)
	}
	var mine, named unix.Stat_t
	if err := unix.Fstat(fd, &mine); err != nil {
		return false, fmt.Errorf("look at lock file %q: %w", path, err)
	}
	if err := unix.Lstat(path, &named); err != nil {
		if errors.Is(err, unix.ENOENT) {
			return false, nil
		}
		return false, fmt.Errorf("look at lock file %q: %w", path, err)
	}
	return mine.Dev == named.Dev && mine.Ino == named.Ino, nil
}

// unlockFile unlocks before it closes: a child process between fork and exec
// has a copy of the descriptor, and the lock would last as long as that copy.
func unlockFile(fd int, path string) error {
	err := errors.Join(unix.Flock(fd, unix.LOCK_UN), unix.Close(fd))
	if err != nil {
		return fmt.Errorf("unlock %q: %w", path, err)
	}
	return nil
}

// uninterrupted repeats call while a signal breaks it off, as package os does.
func uninterrupted(call func() error) error {
	for {
		err := call()
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
