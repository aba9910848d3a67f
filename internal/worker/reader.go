package worker

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/wire"
)

// reader is a goroutine's connection.
type reader struct {
	*readers
	db *sqlite.Conn // nil while there is none
}

// serve answers one query.
func (x *reader) serve(c *Call) {
	ctx, end := x.begin(c)
	defer end()
	defer func() {
		if v := recover(); v != nil {
			x.log.Error("panic in a query", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			if x.db != nil {
				x.db.GiveUp()
			}
			x.close()
			c.fail(fmt.Errorf("panic: %v", v))
		}
	}()
	if !c.claim() { // its time has passed, and it was answered
		return
	}
	reply, err := x.query(ctx, c)
	if x.db != nil && x.db.Broken() {
		x.close()
	}
	if err != nil {
		reply = wire.Failure(x.told(err))
	}
	c.answer(reply)
}

// query runs a query on a snapshot of its own.
func (x *reader) query(ctx context.Context, c *Call) (*wire.Reply, error) {
	if err := x.connect(ctx); err != nil {
		return nil, err
	}
	before := x.now()
	if err := x.db.BeginRead(); err != nil {
		return nil, err
	}
	defer x.db.Rollback() // what was read is read
	rev, epoch, err := readSnapshot(x.db)
	if err != nil {
		return nil, err
	}
	if before != nil && before.pending != "" {
		epoch = before.pending // told, and in the file with the next batch that writes
	}
	reply, err := runQuery(ctx, x.db, c, x.stall)
	if err == nil {
		reply.Rev, reply.Epoch = &rev, &epoch
	}
	return reply, err
}

// connect makes sure that there is a connection to the file which may be read.
func (x *reader) connect(ctx context.Context) error {
	if err := x.lookAtFile(); err != nil {
		return err
	}
	if x.db != nil {
		return nil
	}
	select {
	case x.room <- struct{}{}:
	case <-ctx.Done():
		return ended(ctx)
	}
	db, err := sqlite.Open(x.file, sqlite.Options{ReadOnly: true, VFS: x.vfs})
	if err != nil {
		<-x.room
		return err
	}
	x.db = db
	return nil
}

// lookAtFile fails where the file is not at its path any more. The next queries
// go to the worker then, which sees what was done.
func (x *reader) lookAtFile() error {
	id, exists, err := dbfile.Identify(x.file)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if exists && id.SameFile(x.identity) {
		return nil
	}
	x.stale = true
	return &wire.Error{Code: wire.CodeIOError, Retryable: true, Message: "The database's file was removed or replaced without CloseDatabase: ask again."}
}

// told returns what the client is told of err.
func (x *reader) told(err error) error {
	switch {
	case errors.Is(err, sqlite.ErrOutOfMemory):
		return errMemory
	case errors.Is(err, sqlite.ErrBusy):
		return errLocked
	}
	if wire.ErrorCode(err) == wire.CodeInternal {
		x.log.Error("query failed", "error", err)
	}
	return err
}

// readSnapshot returns rev and epoch of the snapshot that a read transaction
// sees from then on.
func readSnapshot(db *sqlite.Conn) (rev int64, epoch string, err error) {
	var found int64
	err = db.Query(func(r sqlite.Row) error { found = r.Int(0); return nil }, findState)
	if err == nil && found > 0 {
		err = db.Query(func(r sqlite.Row) error { rev, epoch = r.Int(0), r.Text(1); return nil }, readRev)
	}
	return rev, epoch, err
}

// makeRoom closes the connection where others may wait for its place.
func (x *reader) makeRoom() {
	if len(x.room) == cap(x.room) {
		x.close()
	}
}

func (x *reader) close() {
	if x.db == nil {
		return
	}
	if err := x.db.Close(); err != nil {
		x.log.Warn("close of a reader failed", "error", err)
	}
	x.db = nil
	<-x.room
}
