//go:build unix

package worker

import (
	"os"
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

// swap renames another database over the file, with the row 'other' in it.
func (h *harness) swap() {
	h.t.Helper()
	other := newHarness(h.t)
	other.ok(batchOf(`CREATE TABLE t(a)`, `INSERT INTO t VALUES('other')`))
	other.stop()
	if err := os.Rename(other.file, h.file); err != nil {
		h.t.Fatal(err)
	}
}

// A transaction does not commit into a file that is not there any more.
func TestTransactionOfAFileThatIsReplaced(t *testing.T) {
	h := serving(t)
	x := h.mustBegin()
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	h.swap()
	x.ends(wire.TypeCommit, "TX_EXPIRED")
	h.ok(batchOf(`INSERT INTO t VALUES('more')`))
	h.wantQuery(`SELECT a FROM t`, "other more")
}

// A file that was replaced is read, and its epoch is told, before anybody
// writes to it.
func TestQueryOfAReplacedFile(t *testing.T) {
	h := serving(t)
	h.wantRead(`SELECT a FROM t`, "[]")
	before := h.epoch()
	h.wantOutcome(closeDB, "closed ok")
	h.swap()
	h.wantOutcome(reopen, "reopened ok")
	hash := h.hash()
	r := h.ask(&wire.Request{SQL: `SELECT a FROM t`}).end()
	if string(r.Rows.Text()) != `[["other"]]` || *r.Epoch == before || *r.Epoch != h.epoch() {
		t.Errorf("%s, epoch %s, and Ping says %s", show(r), *r.Epoch, h.epoch())
	}
	h.stop()
	if h.hash() != hash {
		t.Error("the file has changed")
	}
}

// Replaced without being closed, the file is never read as a ghost.
func TestQueryOfAFileReplacedBehindTheDaemon(t *testing.T) {
	h := serving(t)
	h.wantRead(`SELECT a FROM t`, "[]")
	h.swap()
	got := h.ask(&wire.Request{SQL: `SELECT a FROM t`}).result()
	for got == string(wire.CodeIOError) { // and is to ask again
		got = h.ask(&wire.Request{SQL: `SELECT a FROM t`}).result()
	}
	if got != `[["other"]]` {
		t.Errorf("%s, want the new file's row", got)
	}
}
