package transport

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/windows"
)

// What the descriptor says; that the system keeps to it cannot be tested by
// one user alone.
func TestPipeIsPrivate(t *testing.T) {
	user, err := currentUser()
	if err != nil {
		t.Fatal(err)
	}
	sa, err := privateAttributes()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sa.SecurityDescriptor.String(), fmt.Sprintf("O:%[1]sD:P(A;;GA;;;%[1]s)(A;;GA;;;SY)", user); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOwner(t *testing.T) {
	path := fmt.Sprintf(`\\.\pipe\skylinedb-owner-%d`, os.Getpid())
	system, err := windows.SecurityDescriptorFromString("O:SYD:P(A;;GA;;;WD)")
	if err != nil {
		t.Fatal(err)
	}
	sa, err := privateAttributes()
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{path: pipeAddr(path), sa: sa}
	ours, err := l.instance(0)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkOwner(ours); err != nil {
		t.Errorf("our own pipe: %v", err)
	}
	windows.CloseHandle(ours)

	l.sa.SecurityDescriptor = system
	foreign, err := l.instance(0)
	if err != nil {
		t.Skip("this user cannot make a pipe of another's: ", err)
	}
	defer windows.CloseHandle(foreign)
	if err := checkOwner(foreign); !errors.Is(err, ErrForeign) {
		t.Errorf("the system's pipe: %v, want ErrForeign", err)
	}
}
