package dbfile

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// MarkerSuffix is what the name of a database's maintenance marker adds to
// that of the database. No database may have a name that ends so.
const MarkerSuffix = "-skylinedb"

// tempSuffix ends the name under which a marker is written.
const tempSuffix = MarkerSuffix + ".tmp"

// markerVersion is the version of the marker's format.
const markerVersion = 1

// maxMarker bounds the size of a marker in bytes; ours have less than 1 KiB.
const maxMarker = 64 << 10

// State is where a database is in its maintenance.
type State string

// The states. Open is normal work; a database that is open has no marker.
// From Preparing on no write is accepted; with Closed the daemon has no
// handle on the file.
const (
	Open      State = "open"
	Preparing State = "preparing"
	Closed    State = "closed"
)

// Marker is the record of a maintenance, kept beside the database so that it
// outlives the worker, the daemon and a power failure.
type Marker struct {
	State State `json:"state"`
	// Identity is that of the database file when the state was entered,
	// after the daemon's last write to it.
	Identity Identity `json:"identity"`
	// Existed tells whether there was a database file then.
	Existed bool `json:"existed"`
	// Rev and Epoch are the database's then.
	Rev   int64  `json:"rev"`
	Epoch string `json:"epoch"`
	// Since is when the state was entered.
	Since time.Time `json:"since"`
	// Damaged says that the marker could not be understood, and that all
	// but its State is unknown. It is not stored.
	Damaged bool `json:"-"`
}

// storedMarker is a marker as it is in the file.
type storedMarker struct {
	Version int `json:"version"`
	Marker
}

// ReadMarker returns the marker of a database file and whether there is one;
// without one the State is Open.
//
// A marker that cannot be understood, by its form or its version, counts as
// Closed, with Damaged set and Existed with an unknown identity, so that no
// file is the one that was closed: whoever closed the database must find it
// closed until it is reopened. An error is a [*wire.Error] with CodeIOError,
// and then nothing is known. ReadMarker opens the marker only, and no link.
func ReadMarker(file string) (Marker, bool, error) {
	path := file + MarkerSuffix
	text, err := readMarkerFile(path)
	if isAbsent(err) {
		return Marker{State: Open}, false, nil
	}
	if err != nil {
		return Marker{}, false, ioError(err, "read the maintenance marker %q", path)
	}
	var stored storedMarker
	if len(text) > maxMarker || json.Unmarshal(text, &stored) != nil || !stored.valid() {
		return Marker{State: Closed, Existed: true, Damaged: true}, true, nil
	}
	return stored.Marker, true, nil
}

func (m storedMarker) valid() bool {
	return m.Version == markerVersion && (m.State == Open || m.State == Preparing || m.State == Closed)
}

// readMarkerFile returns the content of a marker, and one byte more than
// maxMarker at most.
func readMarkerFile(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // opening a FIFO would wait for its writer
		return nil, errNotRegular
	}
	f, err := openPatiently(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close() // nothing was written
	return io.ReadAll(io.LimitReader(f, maxMarker+1))
}

var errNotRegular = errors.New("it is not a regular file")

// WriteMarker stores the marker of a database file and returns when it is
// durable. It replaces the earlier one as a whole: after an error or a crash
// the old or the new one is there, never a mixture. The error is a
// [*wire.Error] with CodeDiskFull or CodeIOError.
func WriteMarker(disk Disk, file string, m Marker) error {
	text, err := json.MarshalIndent(storedMarker{Version: markerVersion, Marker: m}, "", "  ")
	if err != nil { // a Since beyond the year 9999
		return wire.Errorf(wire.CodeInternal, "The maintenance marker of %q cannot be encoded: %w.", file, err)
	}
	path, temp := file+MarkerSuffix, file+tempSuffix
	if err := writeDurably(disk, temp, append(text, '\n')); err != nil {
		_ = disk.Remove(temp) // the first error tells more; a leftover is replaced
		return ioError(err, "write the maintenance marker %q", temp)
	}
	if err := renameDurably(disk, temp, path); err != nil {
		_ = disk.Remove(temp) // likewise
		return ioError(err, "put the maintenance marker %q in place", path)
	}
	return nil
}

// writeDurably writes a new file. What a crash left under that name goes; a
// link that somebody put there is not followed.
func writeDurably(disk Disk, path string, content []byte) (err error) {
	f, err := disk.Create(path)
	if errors.Is(err, fs.ErrExist) {
		if err := disk.Remove(path); err != nil && !isAbsent(err) {
			return err
		}
		f, err = disk.Create(path)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Sync()
}

// renameDurably renames a file within its folder.
func renameDurably(disk Disk, from, to string) error {
	if err := disk.Rename(from, to); err != nil {
		return err
	}
	return disk.SyncDir(filepath.Dir(to))
}

// RemoveMarker removes the marker of a database file, and what a crash left of
// one, and returns when that is durable. That there is none is fine. The error
// is a [*wire.Error] with CodeIOError; the marker may be there or not then.
func RemoveMarker(disk Disk, file string) error {
	for _, path := range []string{file + MarkerSuffix, file + tempSuffix} {
		if err := disk.Remove(path); err != nil && !isAbsent(err) {
			return ioError(err, "remove the maintenance marker %q", path)
		}
	}
	dir := filepath.Dir(file)
	if _, err := os.Lstat(dir); isAbsent(err) {
		return nil
	}
	return SyncDir(disk, dir)
}
