// Package sqlite is the only package that knows the SQLite library. It opens
// the one write connection of a database, runs statements on it, keeps the
// gate that clients' SQL has to pass, and turns SQLite's errors into those of
// the protocol.
//
// The path through its files: [Open] (conn.go) applies settings.go;
// [Conn.Run] (run.go) prepares a client's statement through the cache
// (cache.go) under the gate (gate.go), binds its parameters (bind.go) and
// steps it; [Conn.Begin] and its kin (tx.go) are the engine's own
// transactions; [Conn.CheckpointTruncate] and its kin (checkpoint.go) tell the
// truth about the log; errors.go and codes.go name what went wrong; guard.go
// turns a fault inside SQLite into an error, and abandon.go lets go of the
// files of a connection that a fault has left unfit to be closed; handles.go
// shows the files that a connection has open.
//
// A Conn belongs to one goroutine. Each Conn is a sandbox with memory of its
// own: a fault inside it is a Go panic in its owner, which [Conn.Run] catches
// and reports as [ErrFault]; the Conn is then good for nothing but [Conn.Close].
//
// While a Conn is open nothing else in the process may open the database's
// files: on systems with POSIX locks that would drop the locks of the Conn
// (https://sqlite.org/howtocorrupt.html, section 2.2).
package sqlite
