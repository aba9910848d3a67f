package dbfile

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/skylinedb/skylinedb/internal/childtest"
)

// The environment variable that turns the test binary into a process which
// opens the named database, says how that went, and holds it until its input
// ends.
const holderEnv = "DBFILE_TEST_HOLDER"

func TestMain(m *testing.M) {
	if name := os.Getenv(holderEnv); name != "" {
		os.Exit(hold(name))
	}
	os.Exit(m.Run())
}

func hold(name string) int {
	conn, err := sqlite3.Open(name)
	if err == nil {
		err = conn.Exec("SELECT count(*) FROM sqlite_schema")
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, os.Stdin) // its end is all that counts
	if err := conn.Close(); err != nil {
		return 1
	}
	return 0
}

// startHolder runs such a process, and returns what ends it.
func startHolder(t *testing.T, name string) (end func()) {
	t.Helper()
	child := childtest.Start(t, nil, holderEnv+"="+name)
	if child.Said != "held" {
		t.Fatalf("the other process said %q, want held", child.Said)
	}
	return func() {
		t.Helper()
		if err := child.End(); err != nil {
			t.Errorf("the other process: %v", err)
		}
	}
}

// wantInUse fails unless InUse says so and leaves the files as they are.
func wantInUse(t *testing.T, file string, want bool) {
	t.Helper()
	before := digest(t, file)
	for range 2 { // the first leaves nothing locked
		if got, err := InUse(file); got != want || err != nil {
			t.Errorf("InUse = %v, %v; want %v", got, err, want)
		}
	}
	if after := digest(t, file); after != before {
		t.Errorf("InUse changed files:\n%s\nwant\n%s", after, before)
	}
}

// A connection holds a lock in WAL mode even when it does nothing.
func TestInUse(t *testing.T) {
	for _, mode := range []string{"rw", "ro"} {
		t.Run(mode, func(t *testing.T) {
			file := made(t, createT, fillT)
			wantInUse(t, file, false)
			end := startHolder(t, "file:"+url.PathEscape(file)+"?mode="+mode)
			wantInUse(t, file, true)
			end()
			wantInUse(t, file, false)
		})
	}
}

func TestInUseAbsent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	wantInUse(t, file, false)
	assertFiles(t, filepath.Dir(file))
}
