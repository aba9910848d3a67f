package dbfile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/wire"
)

func TestMarkerRoundTrip(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	if m, ok, err := ReadMarker(file); ok || err != nil || m.State != Open {
		t.Fatalf("ReadMarker without one = %+v, %v, %v; want open, false, nil", m, ok, err)
	}
	wants := []Marker{
		{State: Preparing, Existed: true, Rev: 1<<63 - 1, Epoch: "e1", Since: time.Unix(1, 2).UTC(),
			Identity: Identity{Device: 1<<64 - 1, Inode: 1<<64 - 2, Size: 1<<63 - 1, ModTime: -5}},
		{State: Closed},
		{State: Open, Since: time.Unix(3, 4).UTC()},
	}
	for _, want := range wants {
		if err := WriteMarker(OS{}, file, want); err != nil {
			t.Fatal(err)
		}
		got, ok, err := ReadMarker(file)
		if got != want || !ok || err != nil {
			t.Errorf("ReadMarker = %+v, %v, %v; want %+v", got, ok, err, want)
		}
	}
	assertFiles(t, filepath.Dir(file), "a.db-skylinedb")
	for range 2 { // the second finds nothing
		if err := RemoveMarker(OS{}, file); err != nil {
			t.Errorf("RemoveMarker = %v", err)
		}
		assertFiles(t, filepath.Dir(file))
	}
}

// assertFiles fails unless a folder holds just these names, in order.
func assertFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("files = %v, want %v", got, want)
	}
}

// What cannot be understood is closed, and no file is the one that was closed.
func TestReadMarkerDamaged(t *testing.T) {
	tests := map[string]string{
		"empty":         "",
		"cut off":       `{"version": 1, "state": "open", "iden`,
		"text":          "hello",
		"array":         "[]",
		"later version": `{"version": 2, "state": "preparing"}`,
		"no version":    `{"state": "preparing"}`,
		"unknown state": `{"version": 1, "state": "half-closed"}`,
		"wrong type":    `{"version": 1, "state": "preparing", "rev": "one"}`,
		"two objects":   `{"version": 1, "state": "preparing"}{}`,
		"too long":      `{"version": 1, "state": "preparing"}` + strings.Repeat(" ", maxMarker),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a.db")
			write(t, file, []byte("x"))
			write(t, file+MarkerSuffix, []byte(text))
			got, ok, err := ReadMarker(file)
			want := Marker{State: Closed, Existed: true, Damaged: true}
			if got != want || !ok || err != nil {
				t.Errorf("ReadMarker = %+v, %v, %v; want %+v, true, nil", got, ok, err, want)
			}
			if got.Identity.SameFile(identify(t, file)) || got.Identity.Unchanged(Identity{}) {
				t.Error("an unknown identity equals another, want never")
			}
		})
	}
}

func TestReadMarkerUnreadable(t *testing.T) {
	t.Run("folder", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "a.db")
		mkdir(t, file+MarkerSuffix)
		if _, _, err := ReadMarker(file); wire.ErrorCode(err) != wire.CodeIOError {
			t.Errorf("ReadMarker = %v, want %s", err, wire.CodeIOError)
		}
		if err := WriteMarker(OS{}, file, Marker{State: Closed}); wire.ErrorCode(err) != wire.CodeIOError {
			t.Errorf("WriteMarker = %v, want %s", err, wire.CodeIOError)
		}
		assertFiles(t, filepath.Dir(file), "a.db-skylinedb")
	})
	t.Run("link", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "a.db")
		target := filepath.Join(t.TempDir(), "target")
		write(t, target, []byte(`{"version": 1, "state": "open"}`))
		ostest.Symlink(t, target, file+MarkerSuffix)
		if _, _, err := ReadMarker(file); wire.ErrorCode(err) != wire.CodeIOError {
			t.Errorf("ReadMarker = %v, want %s", err, wire.CodeIOError)
		}
	})
}

// A leftover of a crash is replaced, and a link in its place is not followed.
func TestWriteMarkerLeftover(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "a.db")
		write(t, file+tempSuffix, []byte("half a mark"))
		if err := WriteMarker(OS{}, file, Marker{State: Closed}); err != nil {
			t.Fatal(err)
		}
		assertFiles(t, filepath.Dir(file), "a.db-skylinedb")
	})
	t.Run("link", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "a.db")
		victim := filepath.Join(t.TempDir(), "victim")
		write(t, victim, []byte("precious"))
		ostest.Symlink(t, victim, file+tempSuffix)
		if err := WriteMarker(OS{}, file, Marker{State: Closed}); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(victim); string(got) != "precious" || err != nil {
			t.Errorf("the link's target holds %q, %v; want it untouched", got, err)
		}
		if m, _, err := ReadMarker(file); m.State != Closed || err != nil {
			t.Errorf("ReadMarker = %+v, %v; want closed", m, err)
		}
	})
	t.Run("removed", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "a.db")
		write(t, file+tempSuffix, nil)
		if err := RemoveMarker(OS{}, file); err != nil {
			t.Fatal(err)
		}
		assertFiles(t, filepath.Dir(file))
	})
}

func TestMarkerMissingFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "missing", "a.db")
	if _, ok, err := ReadMarker(file); ok || err != nil {
		t.Errorf("ReadMarker = %v, %v; want none", ok, err)
	}
	if err := RemoveMarker(OS{}, file); err != nil {
		t.Errorf("RemoveMarker = %v, want nil", err)
	}
	if err := WriteMarker(OS{}, file, Marker{State: Closed}); wire.ErrorCode(err) != wire.CodeIOError {
		t.Errorf("WriteMarker = %v, want %s", err, wire.CodeIOError)
	}
	if err := SyncDir(OS{}, filepath.Dir(file)); runtime.GOOS != "windows" && wire.ErrorCode(err) != wire.CodeIOError {
		t.Errorf("SyncDir = %v, want %s", err, wire.CodeIOError)
	}
}

// An error for want of room is told from others: /dev/full fails every write so.
func TestIOErrorOfFullDisk(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full:", err)
	}
	defer f.Close()
	_, cause := f.WriteString("x")
	err = ioError(cause, "write %q", "a.db-skylinedb")
	if wire.ErrorCode(err) != wire.CodeDiskFull || !errors.Is(err, cause) || !wire.AsError(err).Retryable {
		t.Errorf("ioError(%v) = %#v, want a retryable %s that wraps it", cause, err, wire.CodeDiskFull)
	}
}
