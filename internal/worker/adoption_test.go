package worker

import (
	"os"
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

// A batch that fails is no batch that writes: the file keeps its journal mode
// and every byte.
func TestFailedBatchLeavesTheFile(t *testing.T) {
	h := newHarness(t)
	h.outside().exec(`CREATE TABLE t(a); INSERT INTO t VALUES(0)`)
	before, err := os.ReadFile(h.file)
	if err != nil {
		t.Fatal(err)
	}
	h.fails(batchOf(`INSERT INTO t VALUES(1)`, `nonsense`), wire.CodeSQLError)
	h.forget()
	after, err := os.ReadFile(h.file)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("a batch that failed changed the file")
	}
	h.ok(batchOf(`INSERT INTO t VALUES(1)`))
	h.wantQuery(`PRAGMA journal_mode`, "wal")
	h.wantQuery(`SELECT a FROM t`, "0 1")
}
