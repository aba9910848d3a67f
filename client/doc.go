// Package client talks to the SkylineDB daemon, which serializes all writes to
// the SQLite databases of a directory. Reads need no client: any process opens
// the file read-only with its own SQLite. A program that has none reads with
// [Client.Query].
//
//	c, err := client.Open(client.Options{})
//	if err != nil { ... }
//	defer c.Close()
//	res, err := c.Exec(ctx, "galaxy.db",
//		client.SQL("INSERT INTO stars (name) VALUES (?)", "Sirius"))
//
// # One connection, many calls
//
// A [Client] has one shared connection and any number of calls in flight on it; the
// replies come in the order of the requests (conn.go). A call whose context
// ends returns at once; its reply is dropped when it comes. The daemon groups
// the batches that wait for it into one transaction, so many goroutines that
// call Exec are faster than one, and as safe.
//
// # Lanes
//
// A Query, a transaction and a subscription each have a connection of their
// own, a lane (lane.go): a long reply would hold up the others on the shared
// one, and a transaction ends with its connection. A few idle lanes are kept
// for the next one who needs one. Whoever has a lane reads it himself, so that
// rows and events come as fast as they are taken and no faster, and what is
// given up is ended by hanging up. Only a transaction, which must keep its
// lane, cancels a query instead (txrows.go).
//
// The three begin with one request that is safe to repeat, because nothing of
// it outlives its connection (ask.go). What happens later is different for
// each: rows end with an error (rows.go), a transaction is rolled back (tx.go),
// and a subscription begins again where it was (subscribe.go).
//
// # Trouble
//
// Where no daemon listens, the client starts one (autostart.go), detached, its
// output in a log file in the user's state directory. A connection that is
// lost, a daemon that is just ending (SHUTTING_DOWN) and one that has too much
// to do (QUEUE_FULL) are a pause: the call is repeated with growing intervals,
// until its context ends or, without a deadline, for about a minute of trouble
// (do.go). Then it fails with CodeUnavailable. Every other failure is the
// caller's: the [Error] has a code and a sentence.
//
// # Exactly once
//
// Each batch carries a request id, under which the daemon records its outcome
// in the same transaction. A batch that is repeated, whether before or after
// the daemon executed it, with a crash of the daemon between or not, is
// executed once, and the caller sees one result. Later batches let the daemon
// forget the ids whose replies have arrived (forget.go). Two things are beyond
// this: a call that was given up, whose batch may or may not have happened,
// and this program's own end. A caller that must know sets [Batch].RequestID
// and sends the same batch again.
//
// A Commit carries an id as well. If its reply is lost the client asks on the
// shared connection until it is known whether the transaction was committed
// (commit.go); if ctx ends first, another call of Commit goes on asking. The
// daemon answers it when the first copy has run its course.
//
// # Goroutines
//
// A client has a reader and a writer for the shared connection and, while it
// looks for a daemon, one more; Close waits for them. Lanes have none. One goroutine outlives it on
// purpose: the one that waits for a daemon which this program started, so that
// no zombie remains (child.go).
package client
