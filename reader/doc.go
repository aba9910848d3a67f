// Package reader reads a database's file directly, beside the daemon that
// writes it, and steps aside when the file is to be replaced.
//
//	r, err := reader.Open("/home/ada/app/galaxy.db", reader.Options{})
//	if err != nil { ... }
//	defer r.Close()
//	err = r.Read(ctx, func(c *reader.Conn) error {
//		rows, err := c.Query(ctx, "SELECT name FROM stars WHERE magnitude < ?", 2)
//		...
//	})
//
// A [Reader] keeps a bounded number of read-only connections (pool.go,
// open.go). What is read within one Read is one snapshot (conn.go). After a
// write [Reader.WaitRev] waits until its rev can be read (rev.go), which it can
// by the time that the daemon has answered.
//
// # Maintenance
//
// Whether a file is in maintenance is told by the daemon's marker beside it,
// which outlives the daemon; it is looked at for every read. While there is
// one, reads wait until it is gone or their context ends. Events, where the
// program has them ([Options].Events), and a look at the marker four times a
// second, where it has none, say when to let go (watch.go): idle connections
// are closed at once, and reads that run get a second to end. So nobody's
// readers keep a file from being replaced.
//
// # Whose file
//
// A path may lead to another file than a moment ago. A read takes its snapshot
// first and then checks that the path still leads to the file which its
// connection has open (conn.go). If not, what it opened may be the file of one
// database and the log of another: the connection is closed and the read
// begins again. So a read never sees the ghost of a replaced file, whether or
// not a daemon runs. A file that was copied over, which keeps its identity, is
// found by the marker alone: that is one of the reasons to replace by renaming.
//
// # Goroutines
//
// A Reader has one, which watches; Close waits for it and for the reads. A
// Conn belongs to whoever has it, one goroutine at a time.
package reader
