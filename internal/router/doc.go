// Package router is the daemon's front tier: it accepts connections, reads
// requests, finds the database that each one names, hands it to that
// database's worker and writes the replies in the order of the requests.
//
// The path of a request: the accept loop (router.go) starts a reader for each
// connection, which takes what arrives (inbox.go), a frame within the bounds of
// budget.go at a time (conn.go), and dispatches it (dispatch.go) to a worker
// (workers.go). What is owed waits in the order of the requests (pending.go).
// Who makes a reply ready delivers it (writer.go): a worker, which does not
// wait, or a goroutine for what has to be waited for. idle.go ends a daemon
// that nobody uses, rest.go has one give back memory.
//
// A slow, stuck or hostile client delays nobody else: a worker writes to it
// only what its buffer takes, and each connection has its own bound on
// unanswered requests, and a time within which it must finish a frame that it
// began and read what it is sent. Memory is bounded by the frame limit, the
// number of connections, and a budget that all large frames share. Where as
// many databases are open as may be, the one that was asked longest ago, of
// those that owe no reply, is closed for the next.
//
// conn.mu guards what a connection owes and who writes; conn.out belongs to the
// one who does. Router.mu guards the table of workers, Router.connsMu the set of
// connections. Both are held for memory operations alone, never for files,
// sockets, logs or SQLite.
package router
