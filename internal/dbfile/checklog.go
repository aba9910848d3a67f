package dbfile

import (
	"bytes"
	"encoding/binary"

	"github.com/skylinedb/skylinedb/wire"
)

// CheckLog returns nil if SQLite may open a closed database beside the log and
// the rollback journal that lie there now. The daemon leaves no content in
// either when it closes. What has some is another program's: of this file, of
// the one that this file replaced, or a companion that came with the
// replacement. SQLite does not ask: it applies a log and rolls back a journal
// to whatever lies there, and deletes both if that is empty. Rows mixed from
// two files may pass every check of integrity, so what is not certain is
// refused.
//
// A journal that SQLite would roll back is refused, unless that is certain to
// bring back nothing. A log with
// content is accepted in two cases:
//
//   - In use here: the file is as the marker says that it was on Close, "-shm"
//     names this very log, and was there when that was empty. Somebody wrote to
//     the closed file. An index that was made from its log is that of a reader
//     who came by.
//   - Folded whole: each page of the database is in the file as the log's last
//     commit left it, and the file ends where the database does. Applying the
//     log changes nothing, whatever it was written on.
//
// No other trace will do. The change counter does not tell files apart: most
// files in WAL mode have the same few values, because a transaction that only
// changes rows need not raise it. Pages that the log and the file share do not
// either: another program may have changed other rows since.
//
// The file may be missing, and "now" is zero then. Beside a missing or an
// empty file every log is refused: SQLite writes the first page of a database
// to the file, not to a log.
//
// A refusal is a [*wire.Error] with CodeStaleWAL that names the log or the
// journal, and both stay as they are. A disk that cannot be read gives
// CodeIOError. CheckLog opens the files: call it only while the daemon has no
// connection to them. It streams the log twice and remembers a few bytes for
// each page that differs.
//
// Source: https://sqlite.org/fileformat2.html#walformat, and there "File
// change counter"; https://sqlite.org/walformat.html.
func CheckLog(file string, closed Marker, now Identity) error {
	if err := checkJournal(file, now); err != nil {
		return err
	}
	size, err := LogSize(file)
	if err != nil || size == 0 {
		return err
	}
	path := file + logSuffix
	if now.Size == 0 {
		return staleLog(path, whyEmpty)
	}
	head, ok, err := readLogHeader(path)
	if err != nil {
		return err
	}
	if !ok {
		return staleLog(path, "it is no log that SQLite can read")
	}
	if closed.Existed && now.Unchanged(closed.Identity) && indexNames(file, head) && sawLogGrow(file) {
		return nil
	}
	why, err := whyNotFolded(file, head.pageSize)
	if err != nil {
		return ioError(err, "compare the log %q with the database", path)
	}
	if why != "" {
		return staleLog(path, why)
	}
	return nil
}

// staleLog returns the refusal of a log and what the user can do about it.
func staleLog(path, why string) error {
	return wire.Errorf(wire.CodeStaleWAL,
		"The log %q is not known to belong to the database file now beside it (%s); move the log away, or fold it into the file it belongs to with sqlite3, then reopen the database.", path, why)
}

// journalMagic begins each header of a rollback journal.
const journalMagic = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"

// checkJournal returns CodeStaleWAL if the journal beside file is one that
// SQLite would roll back: a non-zero first byte makes it hot. An empty one,
// and one whose header was cleared (journal_mode PERSIST), is harmless.
//
// So is, beside an empty or missing file, the journal of a transaction that
// began with an empty file: it is what a crash leaves of a database's first
// transaction, and holds no page. SQLite deletes it.
//
// Source: https://sqlite.org/lockingv3.html, section 4.1, and
// https://sqlite.org/fileformat2.html#the_rollback_journal.
func checkJournal(file string, now Identity) error {
	path := file + journalSuffix
	size, err := sideFileSize(path)
	if err != nil || size == 0 {
		return err
	}
	head, err := readPart(path, 0, len(journalMagic)+12)
	if isAbsent(err) { // it went just now
		return nil
	}
	if err != nil {
		return ioError(err, "read the journal %q", path)
	}
	if len(head) == 0 || head[0] == 0 || now.Size == 0 && !holdsPages(head) {
		return nil
	}
	return wire.Errorf(wire.CodeStaleWAL,
		"The rollback journal %q is not the daemon's and may belong to another file; move it away, or let sqlite3 open it beside the file it belongs to, then reopen the database.", path)
}

// holdsPages reports whether a journal with that header can bring a database
// back that had pages: their number is its third field.
func holdsPages(head []byte) bool {
	pages := head[min(len(head), len(journalMagic)+8):]
	return bytes.HasPrefix(head, []byte(journalMagic)) && len(pages) == 4 && binary.BigEndian.Uint32(pages) > 0
}
