// Package dbfile knows a database's files from outside SQLite: what a name
// means, which file lies there, what may lie beside it, and whether the
// database is closed for maintenance.
//
// The path through the files:
//
//   - name.go: [Root.Resolve] turns the name in a request into one real file
//     below the root ([Path]), or refuses it; rules.go has the rules for the
//     text, walk.go follows it on disk, key.go makes the key by which two
//     names of one file are recognised (casefold_*.go: does a folder ignore
//     case?).
//   - identity.go: which file is it? Close writes the answer down and Reopen
//     compares.
//   - marker.go: the durable record that a database is being prepared or is
//     closed; sync_*.go makes it survive a power failure.
//   - inuse.go: does another process have the file open? alone_*.go does
//     something while none has; birth_*.go: which file is the older one?
//   - checklog.go: may SQLite open the file beside the log and the journal that
//     lie there? compare.go tells whether the log would change anything, and
//     walfile.go reads it; walindex.go reads the header of "-shm".
//   - sidefiles.go: what is left of "-wal" and "-shm" of a file that was
//     replaced.
//   - footprint.go: has somebody tampered with the files of an open database?
//     tampering.go names what was done; remains.go knows what a damaged log is
//     still good for, and puts back one that was removed.
//   - diskfull.go: is there room on the disk?
//
// # Invariants
//
//   - No database file and none of its side files is opened here while the
//     daemon has a connection to it: with POSIX locks the close of any
//     descriptor drops every lock of the process on that file. What opens one
//     says "only while the daemon has no connection"; everything else uses
//     stat, or reads through SQLite's own handles. See
//     https://sqlite.org/howtocorrupt.html, section 2.2.
//   - A log or journal with content is never removed, whatever it belongs to.
//   - A closed database is opened beside a log only if that is certain to show
//     no row of another file and to lose none.
//   - A closed database stays closed: a marker that cannot be understood counts
//     as closed.
//   - A Path never lies outside the root, at the moment when it was resolved.
//   - No database file is ever changed here.
//
// # Caveats
//
//   - A footprint sees what was done before it is looked at, not what is done
//     while SQLite works, nor a change in the middle of a file that leaves its
//     size, its header and the page of the daemon's state as they were. On
//     Windows, where files that are open cannot be removed, it sees only that
//     another file lies at the path.
//   - Between Resolve and the open that follows, somebody who may write to
//     the folders can exchange them. That is the user's own account: the socket
//     admits nobody else.
//   - Nothing in "-shm" tells which file it is for. Who puts a log together
//     with the "-shm" that saw it grow beside a closed file that has not changed
//     is taken at his word that both were written there.
//   - Linux tells for ext4, f2fs, bcachefs, tmpfs, vfat and exfat whether a
//     folder ignores case. All other file systems count as case-sensitive
//     there, so on one that is not (an NTFS or SMB mount, ZFS with
//     casesensitivity=insensitive) two spellings of a name are two databases to
//     the daemon. SQLite's locks still keep the file whole.
//   - Where case is ignored, a file that is on disk under a name with letters
//     that full Unicode folding maps to several ASCII letters (a ligature, ß) is
//     not recognised under that ASCII spelling.
package dbfile
