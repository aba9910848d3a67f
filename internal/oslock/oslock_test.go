package oslock_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/skylinedb/skylinedb/internal/childtest"
	"github.com/skylinedb/skylinedb/internal/oslock"
)

// The environment variable that turns the test binary into a process that
// takes the named lock, says how that went, and lives until its input ends.
const holderEnv = "OSLOCK_TEST_HOLDER"

func TestMain(m *testing.M) {
	if path := os.Getenv(holderEnv); path != "" {
		os.Exit(hold(path))
	}
	os.Exit(m.Run())
}

func hold(socket string) int {
	_, err := oslock.Instance(socket)
	switch {
	case err == nil:
		fmt.Println("locked")
	case errors.Is(err, oslock.ErrLocked):
		fmt.Println("taken")
	default:
		fmt.Println(err)
	}
	io.Copy(io.Discard, os.Stdin)
	return 0
}

// startHolder runs such a process.
func startHolder(t *testing.T, socket string) *childtest.Child {
	t.Helper()
	return childtest.Start(t, nil, holderEnv+"="+socket)
}

func mustLock(t *testing.T, lock *oslock.Lock, err error) *oslock.Lock {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Unlock() })
	return lock
}

func TestLockExcludesWithinOneProcess(t *testing.T) {
	locks := map[string]func(string) (*oslock.Lock, error){
		"TryLock": oslock.TryLock, "Instance": oslock.Instance, "Start": oslock.Start,
	}
	for name, try := range locks {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			first, err := try(path)
			mustLock(t, first, err)
			if _, err := try(path); !errors.Is(err, oslock.ErrLocked) {
				t.Fatalf("second holder: got %v, want ErrLocked", err)
			}
			if err := first.Unlock(); err != nil {
				t.Fatal(err)
			}
			again, err := try(path)
			mustLock(t, again, err)
			if err := first.Unlock(); err != nil {
				t.Fatalf("second Unlock: %v", err)
			}
			if _, err := try(path); !errors.Is(err, oslock.ErrLocked) {
				t.Fatalf("a second Unlock let go of the next holder's lock: %v", err)
			}
		})
	}
}

func TestLocksOfOneSocketAreTwo(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	instance, err := oslock.Instance(socket)
	mustLock(t, instance, err)
	start, err := oslock.Start(socket)
	mustLock(t, start, err)
	other, err := oslock.Instance(socket + "2")
	mustLock(t, other, err)
}

func TestLockIsFreeAfterKill(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	child := startHolder(t, socket)
	if child.Said != "locked" {
		t.Fatalf("child process: %s", child.Said)
	}
	if _, err := oslock.Instance(socket); !errors.Is(err, oslock.ErrLocked) {
		t.Fatalf("while the child process holds it: got %v, want ErrLocked", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait() // its error is the kill
	lock, err := oslock.Instance(socket)
	mustLock(t, lock, err)
}

func TestLockExcludesAnotherProcess(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	lock, err := oslock.Instance(socket)
	mustLock(t, lock, err)
	if said := startHolder(t, socket).Said; said != "taken" {
		t.Fatalf("child process: got %q, want %q", said, "taken")
	}
}

// Twenty at once, as many clients finding no daemon: one gets it.
func TestLockHasOneWinner(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	results := make(chan error)
	for range 20 {
		go func() {
			_, err := oslock.Start(socket)
			results <- err
		}()
	}
	winners := 0
	for range 20 {
		if err := <-results; err == nil {
			winners++
		} else if !errors.Is(err, oslock.ErrLocked) {
			t.Error(err)
		}
	}
	if winners != 1 {
		t.Fatalf("%d winners, want 1", winners)
	}
}
