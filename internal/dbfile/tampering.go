package dbfile

import "strings"

// Tampering is what somebody did, past SQLite, to the files of a database
// that is open: a set of the values below.
type Tampering uint8

// Replaced and Moved speak of what lies at the path: another file, or none.
// The others speak of the files that the connection has open.
const (
	FileReplaced    Tampering = 1 << iota
	FileOverwritten           // nobody's checkpoint was it
	LogMoved
	LogDamaged // it lacks the last commit: cut off, or written over
	IndexMoved
	IndexDamaged // cut off, or written over
)

// Has reports whether all or some of other is in t.
func (t Tampering) Has(other Tampering) bool { return t&other != 0 }

// String writes it as part of a sentence.
func (t Tampering) String() string {
	var parts []string
	for i, part := range []string{
		"the file was replaced or removed",
		"the file was written over or cut off",
		`"-wal" was replaced or removed`,
		`"-wal" was written over or cut off`,
		`"-shm" was replaced or removed`,
		`"-shm" was written over or cut off`,
	} {
		if t.Has(1 << i) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}
