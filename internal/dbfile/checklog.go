package dbfile

import "github.com/skylinedb/skylinedb/wire"

// CheckLog returns nil if no log with content lies beside a closed database
// file, or if the one that does is known to belong to the file that lies there
// now. The daemon leaves no content in a log when it closes, so it must be
// another program's: of this file, of the one that this file replaced, or a
// companion that came with the replacement. SQLite does not ask: it applies
// the log to whatever lies there, and deletes it if that is empty. So there
// must be a proof, and any of these will do:
//
//   - In use here: the file is as the marker says that it was on Close, and
//     "-shm" names this very log. Somebody wrote to the closed file.
//   - Folded: a checkpoint put the log into the file, whole (then applying it
//     changes nothing), or at least every page up to a commit that wrote page 1.
//   - Continued: the first committed page 1 in the log carries the file's change
//     counter plus one, on the same schema unless the schema's own counter
//     moved, and the log is not older than the file.
//
// SQLite raises the change counter when it writes page 1, from what it was
// when the connection read page 1 last; a transaction that only changes
// rows need not write page 1 at all, and a connection that starts a log over
// after a checkpoint of its own may keep the counter. So a log may well belong
// and yet be refused; nothing is lost by that. And two files of one origin
// with equal counters cannot be told apart by the third proof: check the
// integrity of file and log together afterwards.
//
// An empty or missing file never gets a proof: SQLite writes the first page of
// a database to the file, not to a log.
//
// Without a proof the error is a [*wire.Error] with CodeStaleWAL, and the log
// stays as it is. A disk that cannot be read gives CodeIOError. CheckLog
// opens the files: call it only while the daemon has no connection to them.
// It streams the log twice and remembers a few bytes for each page in it.
//
// Source: https://sqlite.org/fileformat2.html#walformat, and there "File
// change counter"; https://sqlite.org/walformat.html.
func CheckLog(file string, closed Marker, now Identity) error {
	path := file + logSuffix
	size, err := LogSize(file)
	if err != nil || size == 0 {
		return err
	}
	head, ok, err := readLogHeader(path)
	if err != nil {
		return err
	}
	if !ok {
		return staleLog(path, "it is no log that SQLite can read")
	}
	if closed.Existed && now.Unchanged(closed.Identity) && indexNames(file+indexSuffix, head) {
		return nil
	}
	pageOne, why, err := readPageOne(file)
	if err != nil {
		return ioError(err, "read the database %q", file)
	}
	if why == "" && len(pageOne) != head.pageSize {
		why = "its pages have another size"
	}
	if why != "" {
		return staleLog(path, why)
	}
	proven, err := compareLog(file, pageOne, now.ModTime)
	if err != nil {
		return ioError(err, "compare the log %q with the database", path)
	}
	if !proven {
		return staleLog(path, "nothing in it shows that it was written on that file")
	}
	return nil
}

// staleLog returns the refusal of a log and what the user can do about it.
func staleLog(path, why string) error {
	return wire.Errorf(wire.CodeStaleWAL,
		"The log %q is not known to belong to the database file now beside it (%s); move the log away, or fold it into the file it belongs to with sqlite3, then reopen the database.", path, why)
}
