// Package router is the daemon's front tier: it accepts connections, reads
// requests, finds the database that each one names, hands it to that
// database's worker and writes the replies in the order of the requests.
//
// The path of a request: the accept loop (router.go) starts two goroutines per
// connection; the reader (conn.go) takes a frame within the bounds of
// budget.go and dispatches it (dispatch.go) to a worker (workers.go); the
// writer (writer.go) waits for each reply in turn and joins the replies that
// are ready in one write. idle.go ends a daemon that nobody uses.
//
// A slow, stuck or hostile client delays nobody else: each connection has its
// own goroutines, its own bound on unanswered requests, and a time within
// which it must finish a frame that it began and read what it is sent. Memory
// is bounded by the frame limit, the number of connections, and a budget that
// all large frames share. Where as many databases are open as may be, the one
// that was asked longest ago, of those that owe no reply, is closed for the
// next.
//
// Router.mu guards the table of workers, Router.connsMu the set of
// connections. Both are held for memory operations alone, never for files,
// sockets, logs or SQLite.
package router
