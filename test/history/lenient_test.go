package history

// What the daemon does not keep of its promises, each with the words that it
// breaks. Set one to false to see it; it goes when the promise is kept, or is
// no promise any more.
const (
	// "Requests for one database, sent on one connection, are executed in the
	// order in which they were sent": a Ping sees what was sent behind it.
	pingSeesAhead = true

	// A Ping is answered beside the database's worker: it may not tell yet of a
	// commit that readers of the file see, until a reply has told of it.
	pingLags = true

	// "The same file: rev and epoch go on": Ping tells a new epoch of a file
	// without one that was prepared before the daemon was killed, and Reopen
	// tells the old one.
	preparedEpochChanges = true

	// "Any process may open the file read-only at any time": when the daemon is
	// killed while it switches a new file to WAL, that needs a rollback, which
	// readers cannot do (SQLITE_READONLY_ROLLBACK), until the daemon is asked
	// for something.
	newFileNeedsRollback = true
)
