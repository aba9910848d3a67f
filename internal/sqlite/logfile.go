package sqlite

import (
	"sync"

	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// joinedLogs is a file layer that writes each frame of a log at once, where SQLite
// writes the header and the page by themselves. Everything else is the layer's
// that it stands on.
//
// Source: https://sqlite.org/walformat.html#the_wal_file_format
type joinedLogs struct{ name string }

// joined returns the name of a layer that stands on the one of that name.
func joined(name string) string {
	l := &joinedLogs{name}
	vfs.Register("log-"+name, l)
	return "log-" + name
}

func (l *joinedLogs) base() vfs.VFS { return vfs.Find(l.name) }

// Open implements [vfs.VFS].
func (l *joinedLogs) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	return vfsutil.WrapOpen(l.base(), name, flags)
}

// OpenFilename implements [vfs.VFSFilename].
func (l *joinedLogs) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := vfsutil.WrapOpenFilename(l.base(), name, flags)
	if err == nil && flags&vfs.OPEN_WAL != 0 {
		f = &logFile{File: f}
	}
	return f, flags, err
}

// Delete implements [vfs.VFS].
func (l *joinedLogs) Delete(name string, syncDir bool) error { return l.base().Delete(name, syncDir) }

// Access implements [vfs.VFS].
func (l *joinedLogs) Access(name string, flags vfs.AccessFlag) (bool, error) {
	return l.base().Access(name, flags)
}

// FullPathname implements [vfs.VFS].
func (l *joinedLogs) FullPathname(name string) (string, error) { return l.base().FullPathname(name) }

// frameHeaderSize is the size of what stands before each page in a log.
const frameHeaderSize = 24

// frames are buffers for a frame on its way into a log: a database that is not
// written has none.
var frames = sync.Pool{New: func() any { return new([]byte) }}

// logFile is a log. It holds the header of a new frame until the page is there,
// which SQLite writes next: walWriteOneFrame in wal.c. Nothing is held beyond
// that. Frames of a transaction that is rolled back must not be written later,
// over those that another process has committed there; and a write that fails
// must fail as one, for SQLite does not expect a full disk when it reads.
type logFile struct {
	vfs.File
	header [frameHeaderSize]byte
	at     int64 // where it belongs
	held   bool  // it is held

	next   int64 // where the frames end that were written
	unsent span  // what was written since the last sync or writeback
}

// span is a part of a file.
type span struct{ from, to int64 }

// Unwrap implements [vfs.FileUnwrap].
func (f *logFile) Unwrap() vfs.File { return f.File }

// WriteAt implements [vfs.File]. A header in front of the frames that were written
// is not a new one's: SQLite writes it again, without a page, where a page of
// the transaction was written twice (walRewriteChecksums in wal.c).
func (f *logFile) WriteAt(p []byte, off int64) (int, error) {
	if f.held && off == f.at+frameHeaderSize {
		return f.writeFrame(p)
	}
	if err := f.flush(); err != nil {
		return 0, err
	}
	if off == 0 { // the log begins anew
		f.next = 0
	}
	if len(p) == frameHeaderSize && off >= f.next && off > 0 {
		f.at, f.held = off, true
		return copy(f.header[:], p), nil
	}
	return f.File.WriteAt(p, off)
}

// writeFrame writes the header that is held and its page.
func (f *logFile) writeFrame(page []byte) (int, error) {
	f.held = false
	b := frames.Get().(*[]byte)
	defer frames.Put(b)
	*b = append(append((*b)[:0], f.header[:]...), page...)
	if _, err := f.File.WriteAt(*b, f.at); err != nil {
		return 0, err
	}
	f.next = f.at + int64(len(*b))
	f.sendBack(f.at, f.next)
	return len(page), nil
}

// flush writes a header that is held and has no page. SQLite never asks for that.
func (f *logFile) flush() error {
	if !f.held {
		return nil
	}
	f.held = false
	_, err := f.File.WriteAt(f.header[:], f.at)
	return err
}

// writebackSize is how much of a log may wait in memory for the disk, in bytes,
// before the system is told to begin with it. Without that a checkpoint, which
// syncs the log first, makes all who write wait for megabytes at once.
const writebackSize = 256 << 10

// sendBack notes what was written, and has it sent to the disk if it is much.
func (f *logFile) sendBack(from, to int64) {
	u := &f.unsent
	if u.to != from { // the log began anew
		u.from = from
	}
	if u.to = to; to-u.from >= writebackSize {
		startWriteback(real(f.File), u.from, to-u.from)
		u.from = to
	}
}

// ReadAt implements [vfs.File].
func (f *logFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.flush(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

// Truncate implements [vfs.File].
func (f *logFile) Truncate(size int64) error {
	if err := f.flush(); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

// Sync implements [vfs.File].
func (f *logFile) Sync(flags vfs.SyncFlag) error {
	if err := f.flush(); err != nil {
		return err
	}
	f.unsent.from = f.unsent.to
	return f.File.Sync(flags)
}

// Size implements [vfs.File].
func (f *logFile) Size() (int64, error) {
	if err := f.flush(); err != nil {
		return 0, err
	}
	return f.File.Size()
}
