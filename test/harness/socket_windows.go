package harness

import (
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

// socketIn returns the pipe that belongs to a folder. Its name is unique on
// the machine.
func socketIn(dir string) string {
	return `\\.\pipe\` + filepath.Base(filepath.Dir(dir)) + "-s" + filepath.Base(dir)
}

// Listening reports whether new clients may come to a socket: whether an
// instance of the pipe is free. To look for it as for a file would take that.
//
// Source: https://learn.microsoft.com/en-us/windows/win32/api/namedpipeapi/nf-namedpipeapi-waitnamedpipew
func Listening(t testing.TB, socket string) bool {
	t.Helper()
	name, err := windows.UTF16PtrFromString(socket)
	if err != nil {
		t.Fatal(err)
	}
	const milliseconds = 1
	free, _, _ := waitNamedPipe.Call(uintptr(unsafe.Pointer(name)), milliseconds)
	return free != 0
}

var waitNamedPipe = windows.NewLazySystemDLL("kernel32.dll").NewProc("WaitNamedPipeW")
