package dbfile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

func TestLogSize(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	for _, want := range []int{-1, 0, 5} {
		if want >= 0 {
			write(t, file+logSuffix, make([]byte, want))
		}
		if got, err := LogSize(file); got != int64(max(want, 0)) || err != nil {
			t.Errorf("LogSize with %d bytes = %d, %v", want, got, err)
		}
	}
	mustRemove(t, file+logSuffix)
	mkdir(t, file+logSuffix)
	if _, err := LogSize(file); wire.ErrorCode(err) != wire.CodeIOError {
		t.Errorf("LogSize of a folder = %v, want %s", err, wire.CodeIOError)
	}
}

func TestRemoveEmptySideFiles(t *testing.T) {
	file := liveLog(t)
	log, index, other := read(t, file+logSuffix), read(t, file+indexSuffix), read(t, liveLog(t)+indexSuffix)
	type files map[string][]byte
	tests := []struct {
		name string
		has  files
		left []string
	}{
		{"nothing", nil, nil},
		{"empty log", files{logSuffix: {}, indexSuffix: index}, nil},
		{"empty log alone", files{logSuffix: {}}, nil},
		{"index alone", files{indexSuffix: index}, nil},
		{"log and its index", files{logSuffix: log, indexSuffix: index}, []string{"a.db-shm", "a.db-wal"}},
		{"log and the index of another", files{logSuffix: log, indexSuffix: other}, []string{"a.db-wal"}},
		{"log and an empty index", files{logSuffix: log, indexSuffix: {}}, []string{"a.db-wal"}},
		{"garbage in the log", files{logSuffix: {1}, indexSuffix: index}, []string{"a.db-wal"}},
		{"journal", files{journalSuffix: {1}, logSuffix: {}}, []string{"a.db-journal"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a.db")
			for suffix, content := range test.has {
				write(t, file+suffix, content)
			}
			if err := RemoveEmptySideFiles(OS{}, file); err != nil {
				t.Errorf("RemoveEmptySideFiles = %v", err)
			}
			assertFiles(t, filepath.Dir(file), test.left...)
			for _, name := range test.left {
				suffix := name[len("a.db"):]
				if got, err := os.ReadFile(file + suffix); !bytes.Equal(got, test.has[suffix]) || err != nil {
					t.Errorf("%s changed (%v)", name, err)
				}
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	dir := t.TempDir()
	file, other := filepath.Join(dir, "a.db"), filepath.Join(dir, "b.db")
	if id, exists, err := Identify(file); id != (Identity{}) || exists || err != nil {
		t.Errorf("Identify of nothing = %+v, %v, %v", id, exists, err)
	}
	write(t, file, []byte("one"))
	first := identify(t, file)
	if !first.SameFile(first) || !first.Unchanged(identify(t, file)) {
		t.Errorf("%+v is not itself", first)
	}
	write(t, file, []byte("longer"))
	second := identify(t, file)
	if !second.SameFile(first) || second.Unchanged(first) {
		t.Errorf("after a write: SameFile(%+v, %+v) = %v, Unchanged = %v; want true, false",
			second, first, second.SameFile(first), second.Unchanged(first))
	}
	write(t, other, []byte("longer"))
	if err := os.Rename(other, file); err != nil {
		t.Fatal(err)
	}
	if third := identify(t, file); third.SameFile(second) || third.Unchanged(second) {
		t.Errorf("a replaced file is still the same: %+v, %+v", third, second)
	}
	if (Identity{}).SameFile(Identity{}) || (Identity{}).Unchanged(Identity{}) {
		t.Error("no file equals no file, want not")
	}
}
