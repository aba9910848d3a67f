package dbfile

// leastRoom is how many bytes a file system must have to count as one with
// room: a commit of a few pages needs less.
const leastRoom = 64 << 10

// DiskFull reports whether the file system that holds a folder has no room
// left for an ordinary user: fewer than 64 KiB. SQLite's library gives some
// failures of a full disk as I/O errors, without the system's number of the
// error; this is the way to tell them from those of a broken disk, right after
// the failure.
//
// It is false where the system cannot tell. It opens no file and is safe at
// any time. A user's quota counts on Windows only.
func DiskFull(dir string) bool {
	bytes, known := roomFor(dir)
	return known && bytes < leastRoom
}
