// Package worker is the actor that owns one database: its only write
// connection, its maintenance state, its rev and epoch. One goroutine does
// everything; others hand it a [Call] and wait for the reply. There is no lock.
//
// The path of a write: [Worker.Submit] puts a [Call] (call.go) into the
// bounded queue; the loop (loop.go) takes it and all batches that wait behind it
// (gather.go); the group runs in one transaction (group.go), each batch in
// its savepoint (batch.go), with its rev (rev.go) and its record (replay.go);
// after COMMIT, and not before, the calls are answered.
//
// Whatever ends a transaction early is settled in one way (group.go): the
// batch to blame gets its error and the others, none of which was answered,
// run again without it. SQLite rolls the whole transaction back for ON
// CONFLICT ROLLBACK, for RAISE(ROLLBACK), for an interrupted write and for
// some failures of the disk; the engine looks at the connection after each
// statement and never guesses.
//
// Maintenance (maintenance.go) moves the state between open, preparing and
// closed (state.go). The truth is the marker beside the file; the worker
// reads it when it starts, so its idle end, a kill or a restart forget nothing.
//
// Before each group, each checkpoint and the end the worker looks whether the
// database's files are still what SQLite left (tamper.go). A connection whose
// files were tampered with moves nothing into the file any more.
//
// Invariants:
//   - every accepted call is answered exactly once, on shutdown and after a
//     panic too;
//   - no reply to a batch is sent before its transaction is committed;
//   - rev grows by one for each committed batch that writes;
//   - a file that no batch writes to does not change: the daemon's tables, the
//     switch to WAL and a new epoch come with the first batch that writes;
//   - the database's files are opened by SQLite alone while there is a
//     connection.
package worker
