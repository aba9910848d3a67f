package sqlite

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/wire"
)

func TestSavepointsNest(t *testing.T) {
	c, _ := openTest(t)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(c.Begin(t.Context()))
	do(c.Savepoint(BatchSavepoint))
	exec(t, c, `INSERT INTO t VALUES(1)`)
	do(c.Savepoint(StatementSavepoint))
	exec(t, c, `INSERT INTO t VALUES(2)`)
	do(c.RollbackToSavepoint(BatchSavepoint)) // with the statement's in it
	if err := c.ReleaseSavepoint(StatementSavepoint); err == nil {
		t.Error("the inner savepoint outlived the outer one")
	}
	do(c.Savepoint(BatchSavepoint))
	exec(t, c, `INSERT INTO t VALUES(3)`)
	do(c.Savepoint(StatementSavepoint))
	exec(t, c, `INSERT INTO t VALUES(4)`)
	do(c.RollbackToSavepoint(StatementSavepoint))
	do(c.ReleaseSavepoint(BatchSavepoint))
	do(c.Commit())
	if got := text(t, c, `SELECT group_concat(a) FROM t`); got != "3" || c.InTx() {
		t.Errorf("rows %s, want 3; in a transaction: %v", got, c.InTx())
	}
	do(c.Rollback()) // of nothing
}

func TestDeferredViolations(t *testing.T) {
	c, _ := openTest(t)
	mustRun(t, c, `CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE k(p REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)`)
	if err := c.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		sql  string
		want bool
	}{
		{`INSERT INTO k VALUES(1)`, true}, {`INSERT INTO p VALUES(1)`, false}, {`DELETE FROM p`, true}, {`DELETE FROM k`, false},
	} {
		mustRun(t, c, step.sql)
		if got, err := c.DeferredViolations(); got != step.want || err != nil {
			t.Errorf("after %s: %v, %v; want %v", step.sql, got, err, step.want)
		}
	}
}

func TestEnableWAL(t *testing.T) {
	file := tempFile(t)
	other := openFile(t, file, Options{Create: true})
	exec(t, other, `CREATE TABLE t(a)`)
	c := openFile(t, file, Options{})
	release := hold(t, other)
	ctx, cancel := contextDone(t)
	cancel()
	if err := c.EnableWAL(ctx); !errors.Is(err, ErrBusy) && !errors.Is(err, ErrInterrupted) {
		t.Errorf("while another process reads: %v, want ErrBusy or ErrInterrupted", err)
	}
	release()
	for range 2 { // the second has nothing to do
		if err := c.EnableWAL(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if wal, err := c.UsesWAL(); !wal || err != nil {
		t.Errorf("UsesWAL = %v, %v", wal, err)
	}
}

func TestCheckpoint(t *testing.T) {
	c, file := openTest(t)
	release := hold(t, openFile(t, file, Options{}))
	exec(t, c, `INSERT INTO t VALUES(zeroblob(20000))`)
	if c.LogPages() < 5 {
		t.Errorf("the log has %d pages, want some", c.LogPages())
	}
	if done, err := c.CheckpointPassive(); done || err != nil {
		t.Errorf("CheckpointPassive beside a reader = %v, %v; want false", done, err)
	}
	if done, err := c.CheckpointTruncate(t.Context(), 0); done || err != nil {
		t.Errorf("CheckpointTruncate beside a reader = %v, %v; want false", done, err)
	}
	if got := text(t, c, `PRAGMA busy_timeout`); got != "5000" {
		t.Errorf("busy_timeout is %s afterwards, want 5000", got)
	}
	release()
	if done, err := c.CheckpointPassive(); !done || err != nil {
		t.Errorf("CheckpointPassive = %v, %v; want true", done, err)
	}
	if done, err := c.CheckpointTruncate(t.Context(), 0); !done || err != nil || c.LogPages() != 0 {
		t.Errorf("CheckpointTruncate = %v, %v; want true; %d pages left", done, err, c.LogPages())
	}
	if info, err := os.Stat(file + "-wal"); err != nil || info.Size() != 0 {
		t.Errorf("the log after it: %v, %v; want 0 bytes", info, err)
	}
	ctx, cancel := contextDone(t)
	cancel()
	if done, err := c.CheckpointTruncate(ctx, 0); done || err != nil {
		t.Errorf("CheckpointTruncate with a context that is done = %v, %v; want false", done, err)
	}
}

func TestCheckpointWithoutALog(t *testing.T) {
	c := openFile(t, tempFile(t), Options{Create: true})
	exec(t, c, `CREATE TABLE t(a)`)
	if done, err := c.CheckpointTruncate(t.Context(), 0); !done || err != nil {
		t.Errorf("CheckpointTruncate = %v, %v; want true", done, err)
	}
}

func TestOthersRemain(t *testing.T) {
	for _, tt := range []struct {
		reader, want bool
	}{{true, true}, {false, false}} {
		c, file := openTest(t)
		if _, err := c.CheckpointTruncate(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if tt.reader {
			text(t, openFile(t, file, Options{}), `SELECT count(*) FROM t`) // and is idle
		}
		if got, err := c.OthersRemain(); got != tt.want || err != nil {
			t.Errorf("OthersRemain = %v, %v; want %v", got, err, tt.want)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		after, err := os.ReadFile(file)
		if err != nil || string(before) != string(after) {
			t.Errorf("the file changed (%v)", err)
		}
		if _, err := os.Stat(file + "-wal"); os.IsNotExist(err) == tt.reader {
			t.Errorf("with a reader: %v; the log afterwards: %v", tt.reader, err)
		}
	}
}

func TestKeepLog(t *testing.T) {
	c, file := openTest(t)
	if err := c.KeepLog(true); err != nil {
		t.Fatal(err)
	}
	exec(t, c, `INSERT INTO t VALUES(1)`)
	c.Close()
	if info, err := os.Stat(file + "-wal"); err != nil || info.Size() == 0 {
		t.Fatalf("the log: %v, %v; want it kept", info, err)
	}
	c = openFile(t, file, Options{KeepLog: true})
	if got := text(t, c, `SELECT a FROM t`); got != "1" {
		t.Errorf("row %s, want 1", got)
	}
	if err := c.KeepLog(false); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := os.Stat(file + "-wal"); !os.IsNotExist(err) {
		t.Errorf("the log: %v, want none", err)
	}
}

func TestTranslate(t *testing.T) {
	ours := &wire.Error{Code: wire.CodeTimeout, Cause: sqlite3.FULL}
	if got := translate(ours, "do"); got != error(ours) {
		t.Errorf("an error of ours became %v", got)
	}
	if got := translate(sqlite3.BUSY_SNAPSHOT, ""); !errors.Is(got, ErrBusy) {
		t.Errorf("BUSY_SNAPSHOT = %v, want ErrBusy", got)
	}
	if got := translate(sqlite3.INTERRUPT, ""); !errors.Is(got, ErrInterrupted) {
		t.Errorf("INTERRUPT = %v, want ErrInterrupted", got)
	}
	tests := []struct {
		err  error
		code wire.Code
		name string
	}{
		{sqlite3.FULL, wire.CodeDiskFull, "SQLITE_FULL"},
		{sqlite3.NOTADB, wire.CodeNotADatabase, "SQLITE_NOTADB"},
		{sqlite3.IOERR_WRITE, wire.CodeIOError, "SQLITE_IOERR_WRITE"},
		{errors.Join(sqlite3.IOERR_WRITE, syscall.ENOSPC), wire.CodeDiskFull, "SQLITE_IOERR_WRITE"},
		{sqlite3.CORRUPT_INDEX, wire.CodeIOError, "SQLITE_CORRUPT_INDEX"},
		{sqlite3.READONLY_DIRECTORY, wire.CodeIOError, "SQLITE_READONLY_DIRECTORY"},
		{sqlite3.CONSTRAINT_UNIQUE, wire.CodeSQLError, "SQLITE_CONSTRAINT_UNIQUE"},
		{sqlite3.TOOBIG, wire.CodeSQLError, "SQLITE_TOOBIG"},
	}
	for _, tt := range tests {
		e := wire.AsError(translate(tt.err, "write"))
		if e.Code != tt.code || e.SQLiteCode != tt.name || e.Retryable != tt.code.Retryable() {
			t.Errorf("%v: %s %s retryable %v; want %s %s", tt.err, e.Code, e.SQLiteCode, e.Retryable, tt.code, tt.name)
		}
	}
	if got := codeName(0xABCD00 | 19); got != "SQLITE_CONSTRAINT" {
		t.Errorf("an extended code of tomorrow is %s", got)
	}
}

func TestMessages(t *testing.T) {
	c, _ := openTest(t)
	mustRun(t, c, `CREATE TABLE k(id INTEGER PRIMARY KEY, v UNIQUE); INSERT INTO k VALUES(1, 1)`)
	for sql, want := range map[string]string{
		`INSERT INTO k VALUES(2, 1)`: "UNIQUE constraint failed: k.v",
		`SELEC 1`:                    `near "SELEC": syntax error`,
		`SELECT * FROM nix`:          "no such table: nix",
	} {
		_, err := run(t, c, sql, "")
		if got := wire.AsError(err).Message; got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
	_, err := run(t, c, `SELECT * FROM `+strings.Repeat("é", 1000), "")
	if got := len(wire.AsError(err).Message); got > maxMessage+len("…") {
		t.Errorf("a message of %d bytes", got)
	}
}
