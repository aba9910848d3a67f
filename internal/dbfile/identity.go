package dbfile

import (
	"io/fs"
	"os"
)

// Identity tells one file from another and from its own earlier content. The
// zero value stands for no file, or an unknown one, and equals no other.
type Identity struct {
	// Device and Inode are the volume's serial number and the file's index
	// on Windows.
	Device uint64 `json:"device"`
	Inode  uint64 `json:"inode"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// ModTime is in nanoseconds since 1970.
	ModTime int64 `json:"mtime_ns"`
}

// Identify returns the identity of file and whether it exists; the identity
// of a missing file is zero. It is safe while the file is open elsewhere in
// the process: on Unix it opens nothing, and Windows keeps locks by handle. The
// error is a [*wire.Error] with CodeIOError.
func Identify(file string) (id Identity, exists bool, err error) {
	info, err := os.Stat(file)
	if isAbsent(err) {
		return Identity{}, false, nil
	}
	if err != nil {
		return Identity{}, false, ioError(err, "look at %q", file)
	}
	if id, err = identityOf(info, file); err != nil {
		return Identity{}, false, ioError(err, "look at %q", file)
	}
	return id, true, nil
}

// identityOf returns the identity of the file at path, of which info tells.
func identityOf(info fs.FileInfo, path string) (Identity, error) {
	device, inode, _, err := fileNumbers(info, path)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Device: device, Inode: inode, Size: info.Size(), ModTime: info.ModTime().UnixNano()}, nil
}

// SameFile reports whether both are one file, whatever was written to it in
// between. A file that replaced another is not the same file, even with equal
// content.
func (id Identity) SameFile(other Identity) bool {
	return id != Identity{} && id.Device == other.Device && id.Inode == other.Inode
}

// Unchanged reports whether both are one file with one size and one time of
// its last change.
func (id Identity) Unchanged(other Identity) bool {
	return id != Identity{} && id == other
}
