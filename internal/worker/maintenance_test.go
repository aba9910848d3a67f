package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/wire"
)

const (
	prepare = wire.TypePrepareForMaintenance
	closeDB = wire.TypeCloseDatabase
	reopen  = wire.TypeReopenDatabase
)

// outcome writes the reply to a maintenance command.
func outcome(r *wire.Reply) string {
	if r.Status != "ok" {
		return string(r.Code)
	}
	s := ""
	for _, f := range []struct {
		set  bool
		name string
	}{
		{r.Checkpointed, "checkpointed"}, {r.Closed, "closed"}, {r.Reopened, "reopened"}, {r.Already, "already"},
		{r.ReadersRemaining != nil && *r.ReadersRemaining, "readers"},
	} {
		if f.set {
			s += f.name + " "
		}
	}
	return s + "ok"
}

func (h *harness) wantOutcome(typ wire.Type, want string) {
	h.t.Helper()
	if got := outcome(h.command(typ)); got != want {
		h.t.Errorf("%s: %s, want %s", typ, got, want)
	}
}

// From each state each command, with the worker that brought it there and
// with one that only has the marker.
func TestStates(t *testing.T) {
	paths := map[string][]wire.Type{"open": nil, "preparing": {prepare}, "closed": {closeDB}}
	tests := []struct {
		from    string
		typ     wire.Type
		want    string
		then    string
		already bool
	}{
		{"open", prepare, "checkpointed ok", "preparing", false},
		{"open", closeDB, "closed ok", "closed", false},
		{"open", reopen, "reopened already ok", "open", true},
		{"preparing", prepare, "checkpointed already ok", "preparing", true},
		{"preparing", closeDB, "closed ok", "closed", false},
		{"preparing", reopen, "reopened ok", "open", false},
		{"closed", prepare, "DATABASE_CLOSED", "closed", false},
		{"closed", closeDB, "closed already ok", "closed", true},
		{"closed", reopen, "reopened ok", "open", false},
	}
	refusal := map[string]wire.Code{"open": "", "preparing": wire.CodeDatabasePreparing, "closed": wire.CodeDatabaseClosed}
	for _, tt := range tests {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %s restart %v", tt.from, tt.typ, restart), func(t *testing.T) {
				h := serving(t)
				epoch := h.epoch()
				for _, typ := range paths[tt.from] {
					h.command(typ)
				}
				check := func(state string) {
					t.Helper()
					if restart {
						h.forget()
					}
					if got := h.state(); got != state+" 1" || h.epoch() != epoch {
						t.Errorf("state %q, epoch %s; want %s 1, %s", got, h.epoch(), state, epoch)
					}
					if got := h.do(batchOf(`SELECT 1`)); got.Code != refusal[state] {
						t.Errorf("a batch while %s: %s", state, show(got))
					}
				}
				check(tt.from)
				h.wantOutcome(tt.typ, tt.want)
				check(tt.then)
			})
		}
	}
}

// After Close the file is the user's: no handle, no lock, nothing beside it
// but the marker.
func TestClosedLetsGo(t *testing.T) {
	h := serving(t)
	h.wantOutcome(closeDB, "closed ok")
	if got := h.sideFiles(); !slices.Equal(got, []string{"-skylinedb"}) {
		t.Errorf("beside the file: %q, want the marker", got)
	}
	o := h.outside()
	o.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE`)
	o.close()
	h.state()
	if fds := openFiles(t, h.file); len(fds) > 0 {
		t.Errorf("open: %q", fds)
	}
}

// openFiles lists what the process has open of a database.
func openFiles(t *testing.T, file string) (open []string) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("needs /proc")
	}
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && len(target) >= len(file) && target[:len(file)] == file {
			open = append(open, target)
		}
	}
	return open
}

// Prepare empties the log, and the file then is all there is.
func TestPreparedFileIsComplete(t *testing.T) {
	h := serving(t)
	h.ok(batchOf(`INSERT INTO t VALUES(1)`))
	h.wantOutcome(prepare, "checkpointed ok")
	if info, err := os.Stat(h.file + "-wal"); err == nil && info.Size() > 0 {
		t.Errorf("a log of %d bytes", info.Size())
	}
	content, err := os.ReadFile(h.file)
	if err != nil {
		t.Fatal(err)
	}
	copied := newHarness(t)
	if err := os.WriteFile(copied.file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	copied.wantQuery(`SELECT a FROM t`, "1")
}

func TestReaderKeepsTheLog(t *testing.T) {
	h := serving(t)
	reader := openReader(t, h.file)
	release := reader.hold()
	h.ok(batchOf(`INSERT INTO t VALUES(1)`))
	for _, typ := range []wire.Type{prepare, closeDB} {
		h.wantOutcome(typ, "CHECKPOINT_BUSY")
		if got := h.state(); got != "open 2" {
			t.Errorf("after %s: state %q, want open 2", typ, got)
		}
	}
	h.ok(batchOf(`DELETE FROM t`))
	release()
	h.wantOutcome(prepare, "checkpointed ok")
}

func TestReadersRemain(t *testing.T) {
	h := serving(t)
	reader := openReader(t, h.file)
	reader.query(`SELECT * FROM t`) // and is idle
	exclusive := func() *wire.Request { return &wire.Request{Type: closeDB, RequireExclusive: true} }
	if got := outcome(h.do(exclusive())); got != "READERS_REMAIN" {
		t.Errorf("exclusively: %s", got)
	}
	if got := show(h.ok(batchOf(`INSERT INTO t VALUES(1)`))); got != "ok rev 2 rows 1" {
		t.Errorf("a batch afterwards: %s", got)
	}
	h.wantOutcome(prepare, "checkpointed ok")
	if got := outcome(h.do(exclusive())); got != "READERS_REMAIN" {
		t.Errorf("exclusively, when prepared: %s", got)
	}
	if got := h.state(); got != "preparing 2" {
		t.Errorf("state %q, want preparing 2", got)
	}
	h.wantOutcome(closeDB, "closed readers ok")
	h.wantOutcome(closeDB, "closed already readers ok")
	if got := outcome(h.do(exclusive())); got != "READERS_REMAIN" {
		t.Errorf("exclusively, when closed: %s", got)
	}
	reader.close()
	if got := outcome(h.do(exclusive())); got != "closed already ok" {
		t.Errorf("exclusively, without a reader: %s", got)
	}
}

// What a reader has left beside a closed file goes when Close is asked again.
func TestCloseAgainClearsAway(t *testing.T) {
	h := serving(t)
	reader := openReader(t, h.file)
	reader.query(`SELECT * FROM t`)
	h.wantOutcome(closeDB, "closed readers ok")
	reader.close()
	if got := h.sideFiles(); !slices.Contains(got, "-shm") {
		t.Fatalf("beside the file: %q, and the reader should have left an index", got)
	}
	h.wantOutcome(closeDB, "closed already ok")
	if got := h.sideFiles(); !slices.Equal(got, []string{"-skylinedb"}) {
		t.Errorf("beside the file: %q, want the marker alone", got)
	}
}

// Who has had a file open since before it was written over goes on with an
// index of what it held: as long as that is so the file stays closed.
func TestReopenOfAFileWrittenOverUnderAReader(t *testing.T) {
	other := newHarness(t)
	other.ok(batchOf(`CREATE TABLE t(a)`, `INSERT INTO t VALUES('other')`))
	other.stop()
	content, err := os.ReadFile(other.file)
	if err != nil {
		t.Fatal(err)
	}
	h := serving(t)
	reader := openReader(t, h.file)
	reader.query(`SELECT * FROM t`)
	h.wantOutcome(closeDB, "closed readers ok")
	if err := os.WriteFile(h.file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	before := h.hash()
	h.wantOutcome(reopen, "READERS_REMAIN")
	if got := h.state(); got != "closed 1" || h.hash() != before {
		t.Errorf("state %q, want closed 1; the file has changed: %v", got, h.hash() != before)
	}
	reader.close()
	h.wantOutcome(reopen, "reopened ok")
	h.ok(batchOf(`INSERT INTO t VALUES('more')`))
	h.wantQuery(`SELECT a FROM t`, "other more")
}

// Which file is it that Reopen finds?
func TestEpochOnReopen(t *testing.T) {
	other := newHarness(t)
	other.ok(batchOf(`CREATE TABLE t(a)`, `INSERT INTO t VALUES('other')`))
	other.ok(batchOf(`INSERT INTO t VALUES('more')`))
	otherEpoch := other.epoch()
	other.stop()
	content, err := os.ReadFile(other.file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(h *harness, name string) {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
	tests := []struct {
		name    string
		replace func(h *harness)
		rev     int64 // after Reopen
		same    bool  // the epoch is the one before
		rows    string
	}{
		{"same file", func(*harness) {}, 1, true, ""},
		{"renamed over", func(h *harness) {
			write(h, h.file+".new")
			ostest.Replace(h.t, h.file+".new", h.file)
		}, 2, false, "other more"},
		{"copied over", func(h *harness) { write(h, h.file) }, 2, false, "other more"},
		{"written to by another program", func(h *harness) {
			o := h.outside()
			o.exec(`INSERT INTO t VALUES('outside')`)
			o.close()
		}, 1, false, "outside"},
	}
	for _, tt := range tests {
		for _, via := range [][]wire.Type{{closeDB}, {prepare, closeDB}, {prepare}} {
			for _, restart := range []bool{false, true} {
				t.Run(fmt.Sprint(tt.name, via, restart), func(t *testing.T) {
					h := serving(t)
					epoch := h.epoch()
					for _, typ := range via {
						h.command(typ)
					}
					if restart {
						h.forget()
					}
					tt.replace(h)
					r := h.command(reopen)
					if r.Err() != nil || *r.Rev != tt.rev || (*r.Epoch == epoch) != tt.same || *r.Epoch == otherEpoch {
						t.Fatalf("Reopen: %s, epoch %s, was %s, the other's %s", show(r), *r.Epoch, epoch, otherEpoch)
					}
					h.wantQuery(`SELECT a FROM t`, tt.rows)
					got := h.ok(batchOf(`INSERT INTO t VALUES('x')`))
					h.wantQuery(`SELECT rev, epoch FROM _skylinedb_state`, fmt.Sprintf("%d|%s", *got.Rev, *r.Epoch))
					if *got.Rev != tt.rev+1 {
						t.Errorf("rev %d, want %d", *got.Rev, tt.rev+1)
					}
				})
			}
		}
	}
}

// An epoch that was told and not written yet holds over Close and Reopen.
func TestToldEpochHolds(t *testing.T) {
	h := newHarness(t)
	o := h.outside()
	o.exec(`CREATE TABLE t(a)`)
	o.close()
	epoch := h.epoch()
	h.stop()
	for _, typ := range []wire.Type{prepare, closeDB, reopen} {
		h.command(typ)
		h.stop()
		if got := h.epoch(); got != epoch {
			t.Errorf("after %s: epoch %s, want %s", typ, got, epoch)
		}
	}
	h.ok(batchOf(`INSERT INTO t VALUES(1)`))
	h.wantQuery(`SELECT epoch FROM _skylinedb_state`, epoch)
}

func TestReopenOfNoFile(t *testing.T) {
	h := serving(t)
	h.wantOutcome(closeDB, "closed ok")
	if err := os.Remove(h.file); err != nil {
		t.Fatal(err)
	}
	h.wantOutcome(reopen, "reopened ok")
	if got := h.state(); got != "open 0" {
		t.Errorf("state %q, want open 0", got)
	}
	h.stop()
	if _, err := os.Stat(h.file); !os.IsNotExist(err) {
		t.Errorf("the file: %v, want none", err)
	}
	h.ok(batchOf(`CREATE TABLE n(a)`))
}

// blockMarker makes it impossible to write or to remove a marker.
func (h *harness) blockMarker() (unblock func()) {
	h.t.Helper()
	dir := h.file + "-skylinedb.tmp"
	if err := os.MkdirAll(filepath.Join(dir, "in the way"), 0o700); err != nil {
		h.t.Fatal(err)
	}
	return func() {
		if err := os.RemoveAll(dir); err != nil {
			h.t.Fatal(err)
		}
	}
}

// After a failure the state is what a restart would find.
func TestMarkerThatCannotBeWritten(t *testing.T) {
	for _, typ := range []wire.Type{prepare, closeDB} {
		h := serving(t)
		unblock := h.blockMarker()
		h.wantOutcome(typ, "IO_ERROR")
		if got := h.state(); got != "open 1" {
			t.Errorf("after %s: state %q, want open 1", typ, got)
		}
		h.ok(batchOf(`INSERT INTO t VALUES(1)`))
		unblock()
		h.ok(batchOf(`INSERT INTO t VALUES(2)`))
		h.forget()
		if got := h.state(); got != "open 3" {
			t.Errorf("after a restart: state %q, want open 3", got)
		}
	}
}

func TestMarkerThatCannotBeRemoved(t *testing.T) {
	for _, restart := range []bool{false, true} {
		h := serving(t)
		h.wantOutcome(closeDB, "closed ok")
		unblock := h.blockMarker()
		h.wantOutcome(reopen, "IO_ERROR")
		now := h.state()
		if restart {
			h.forget()
		}
		if got := h.state(); got != now {
			t.Errorf("restart %v: state %q, and before %q", restart, got, now)
		}
		unblock()
		h.command(reopen)
		h.ok(batchOf(`INSERT INTO t VALUES(1)`))
	}
}

// A marker that cannot be understood means closed.
func TestDamagedMarker(t *testing.T) {
	h := serving(t)
	h.forget()
	if err := os.WriteFile(h.file+"-skylinedb", []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.fails(batchOf(`SELECT 1`), wire.CodeDatabaseClosed)
	h.wantOutcome(reopen, "reopened ok")
	if got := show(h.ok(batchOf(`INSERT INTO t VALUES(1)`))); got != "ok rev 2 rows 1" {
		t.Errorf("afterwards: %s", got)
	}
}
