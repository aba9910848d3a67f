// Package driver is a driver for database/sql by the name of "skylinedb". It
// reads the database's file directly (package reader) and sends what writes to
// the daemon (package client).
//
//	import _ "github.com/skylinedb/skylinedb/driver"
//
//	db, err := sql.Open("skylinedb", "galaxy.db?dir=/home/ada/app")
//
// # The name
//
// The name is that of the database, as the daemon has it, and options, as in a
// URL (url.Values makes them). None is needed; what is left out comes from the environment and the
// defaults, as for every client.
//
//	dir        the daemon's directory; without it the daemon is asked
//	socket     where the daemon listens
//	daemon     its program, for a daemon that has to be started
//	autostart  0: start none
//	sync       full or normal: what a commit survives
//	idle       how long a transaction may be idle, as 10s; the daemon's default is 5s
//	lease      how long a transaction may last in all; the default is 30s
//	readers    how many reads at a time; 64
//	events     0: do not subscribe to the daemon's events
//
// # Where a statement runs
//
// Outside of a transaction SELECT, VALUES, EXPLAIN, WITH … SELECT and PRAGMAs
// that tell of the schema read the file, each on a snapshot of its own, for as
// long as its Rows are open. They need no daemon. Everything else is a batch of
// its own for the daemon; where it returns rows (RETURNING) they are limited to
// 1 MiB. A read sees all that was written before through the same sql.DB.
//
// A read takes a place of the readers until its Rows are closed. While the
// database is in maintenance (closed, to be replaced) reads wait for its end,
// as long as their context lasts; those that run then are given a second, and
// fail with CodeDatabaseClosed, to be tried again. Writes are refused at once.
//
// BeginTx begins a transaction on the daemon, and reads in it see what it has
// written. It holds up all other writers of the database, so it has a lease:
// see idle and lease. Rows that are open when the next statement of a
// transaction begins are read to their end first, into memory. With
// sql.TxOptions{ReadOnly: true} it is one snapshot of the file, without the
// daemon, and what writes is refused. Isolation levels: the default,
// LevelSerializable, LevelSnapshot and LevelLinearizable, all of which SQLite
// gives at once; the others are refused. SAVEPOINT, RELEASE and ROLLBACK TO are
// statements of a transaction. On a sql.Conn BEGIN, COMMIT and ROLLBACK may
// also be given as text; what a sql.Conn has not committed is rolled back when
// it is closed.
//
// A text may hold several statements if it has no parameters, and writes. It is
// one atomic batch, and its rows are those of the last statement that has any:
// there is one result set.
//
// # Values
//
// Parameters go by place (?, ?1) or by name (sql.Named), not both in one
// statement. A time.Time is stored as text, "2006-01-02 15:04:05.999999999-07:00",
// which SQLite's date functions and other Go drivers read. Columns declared
// DATE, DATETIME or TIMESTAMP come back as time.Time, from such text, from
// RFC 3339, from text without a zone (UTC), and from integers (seconds since
// 1970, or milliseconds from 1e11 on); text that is no time comes as it is. Columns
// declared BOOL or BOOLEAN come back as bool where they hold 0 or 1. All else
// comes as SQLite has it: int64, float64, string, []byte, nil.
//
// # Trouble
//
// Errors are [wire.Error], in an [Error] where SQLite has a result code for
// them; what ended a context is in their chain. A write whose
// context ended before its reply came may have happened, as the error says;
// every other failed write has not. Lost connections and restarts of the daemon
// are no errors outside of transactions: see package client. A transaction whose
// lease has ended fails with CodeTxExpired.
//
// Statements are compiled when they run, so Prepare finds no mistakes.
//
// # Goroutines
//
// A sql.DB has those of one Reader and two Clients; sql.DB.Close waits for them.
package driver
