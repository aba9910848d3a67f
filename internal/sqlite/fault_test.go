package sqlite

import (
	"errors"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

// memoryBomb holds five strings of 60 MB at once.
const memoryBomb = `INSERT INTO t SELECT length(max(hex(zeroblob(30000000)), hex(zeroblob(30000001)),
	hex(zeroblob(30000002)), hex(zeroblob(30000003)), hex(zeroblob(30000004))))`

// The fault of one statement: it has an error of its own, and the connection
// can be replaced at once, with none of its locks left.
func TestOutOfMemory(t *testing.T) {
	c, file := openTest(t)
	if err := c.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := c.Run(t.Context(), wire.Stmt{SQL: memoryBomb}, RunOptions{Writable: true})
	if !errors.Is(err, ErrOutOfMemory) || !errors.Is(err, ErrFault) || !c.Broken() || c.InTx() {
		t.Fatalf("error %v, broken %v, in a transaction %v; want ErrOutOfMemory, true, false", err, c.Broken(), c.InTx())
	}
	if err := c.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	next := openFile(t, file, Options{})
	ctx, cancel := contextDone(t)
	cancel()
	if err := next.Begin(t.Context()); err != nil {
		t.Errorf("begin on the next connection: %v", err)
	}
	if _, err := next.Run(ctx, wire.Stmt{SQL: `SELECT 1`}, RunOptions{Writable: true}); !errors.Is(err, ErrInterrupted) {
		t.Errorf("a context that is done: %v, want ErrInterrupted", err)
	}
}

// A name of more than a megabyte makes the library panic, for which its sender
// is told.
func TestPanicInsideTheLibrary(t *testing.T) {
	c, file := openTest(t)
	if err := c.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := c.Run(t.Context(), wire.Stmt{SQL: `PRAGMA table_info(` + strings.Repeat("x", 1<<20) + `)`}, RunOptions{Writable: true})
	if !errors.Is(err, errName) || !c.Broken() {
		t.Fatalf("error %.200v, broken %v; want errName, true", err, c.Broken())
	}
	if err := c.Close(); err == nil {
		t.Log("closed in order")
	}
	if err := openFile(t, file, Options{}).Begin(t.Context()); err != nil {
		t.Errorf("begin on the next connection: %v", err)
	}
}

// A connection that cannot be closed in order must not keep its locks.
func TestCloseOfABrokenConnectionDropsItsLocks(t *testing.T) {
	c, file := openTest(t)
	exec(t, c, `INSERT INTO t VALUES(x'00')`)
	if err := c.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	blob, err := c.db.OpenBlob("main", "t", "a", 1, true)
	if err != nil {
		t.Fatal(err)
	}
	_ = blob // never closed: SQLite refuses to close the connection
	c.GiveUp()
	if err := c.Close(); err == nil {
		t.Fatal("the connection closed, want a refusal")
	}
	next := openFile(t, file, Options{})
	if err := next.Begin(t.Context()); err != nil {
		t.Errorf("Begin on a new connection: %v", err)
	}
}
