package dbfile

// The bytes that SQLite locks in a database file: the pending byte, the
// reserved byte and the shared range. A connection to a database in WAL mode
// holds a shared lock there for as long as it lives.
// https://sqlite.org/src/file/src/os.h, "#define PENDING_BYTE"
const (
	pendingByte = 0x40000000
	lockedBytes = 2 + 510
)
