package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// CheckpointPassive moves what it can of the log into the file without
// waiting for anyone, and reports whether all of it is there now.
// https://sqlite.org/c3ref/wal_checkpoint_v2.html
func (c *Conn) CheckpointPassive() (done bool, err error) {
	log, moved, err := c.checkpoint(sqlite3.CHECKPOINT_PASSIVE)
	if errors.Is(err, ErrBusy) {
		return false, nil
	}
	return err == nil && log == moved, err
}

// CheckpointTruncate moves the whole log into the file and empties it. It
// gives readers the time wait to go; false means that they stayed.
func (c *Conn) CheckpointTruncate(ctx context.Context, wait time.Duration) (done bool, err error) {
	old := c.db.SetInterrupt(ctx)
	defer c.db.SetInterrupt(old)
	if err := c.setBusyTimeout(wait); err != nil {
		return false, translate(err, "checkpoint the log")
	}
	defer c.setBusyTimeout(BusyTimeout)
	log, moved, err := c.checkpoint(sqlite3.CHECKPOINT_TRUNCATE)
	if errors.Is(err, ErrBusy) || errors.Is(err, ErrInterrupted) {
		return false, nil
	}
	// A checkpoint that could not finish may say so in its numbers alone.
	// A database without a log reports -1 for both.
	return err == nil && log == moved && log <= 0, err
}

// SyncLog returns when the present length and content of the log are durable.
// SQLite does not sync a log that it has emptied.
func (c *Conn) SyncLog() error {
	log, err := c.log()
	if log != nil && err == nil {
		err = c.guard(func() error { return log.Sync(vfs.SYNC_FULL) })
	}
	return translate(err, "sync the log")
}

func (c *Conn) setBusyTimeout(wait time.Duration) error {
	return c.guard(func() error { return c.db.BusyTimeout(wait) })
}

func (c *Conn) checkpoint(mode sqlite3.CheckpointMode) (log, moved int, err error) {
	err = c.guard(func() error {
		log, moved, err = c.db.WALCheckpoint("main", mode)
		return err
	})
	if err == nil && log >= 0 {
		c.walPages = log
	}
	return log, moved, translate(err, "checkpoint the log")
}

// OthersRemain reports whether another process has the database open, by
// trying to lock it for this connection alone. The attempt changes no byte of
// the file. The connection is good for nothing but Close afterwards.
//
// A connection of another process to a database in WAL mode holds a shared
// lock as long as it lives, once it has read; in a rollback mode only while
// it reads.
func (c *Conn) OthersRemain() (bool, error) {
	err := c.guard(func() error {
		if err := c.db.BusyTimeout(0); err != nil {
			return err
		}
		if err := c.db.Exec(`PRAGMA locking_mode=EXCLUSIVE`); err != nil {
			return err
		}
		if err := c.db.Exec(`BEGIN EXCLUSIVE`); err != nil {
			return err
		}
		return c.db.Exec(`ROLLBACK`)
	})
	err = translate(err, "look for other processes")
	if errors.Is(err, ErrBusy) {
		return true, nil
	}
	return false, err
}
