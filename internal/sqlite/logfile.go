package sqlite

import (
	"encoding/binary"
	"sync"

	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// joinedLogs is a file layer that writes the frames of a commit to the log at
// once, where SQLite writes each header and each page by themselves. Everything
// else is the layer's that it stands on.
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

// maxJoined bounds the frames that are held, in bytes: a commit may have many.
const maxJoined = 256 << 10

// frameBuffers are for frames on their way into a log: a database that is not
// written has none.
var frameBuffers = sync.Pool{New: func() any { return new([]byte) }}

// logFile is a log. It holds the header of a frame until its page is there, which
// SQLite writes next (walWriteOneFrame in wal.c). Within a COMMIT, which writes
// nothing but its frames, it holds these until the last, which has the commit in
// its header: then they are written, or have failed, before SQLite tells anyone.
//
// Outside of one nothing else is held. Frames that go into the log before a
// commit, because the cache is full, may be rolled back, and must not be written
// later, over those that another process has committed in their place; nor may
// the disk turn out to be full when SQLite reads.
type logFile struct {
	vfs.File
	held    *[]byte // frames, perhaps without the last one's page; nil for none
	at      int64   // where they belong
	next    int64   // where the frames end that were written or are held
	inFrame bool    // a header is held last
	last    bool    // of the commit's last frame
	commits bool    // a COMMIT runs

	unsent span // what was written since the last sync or writeback
}

// span is a part of a file.
type span struct{ from, to int64 }

// Unwrap implements [vfs.FileUnwrap].
func (f *logFile) Unwrap() vfs.File { return f.File }

// commit runs a COMMIT. What it holds after a failure belongs to no transaction.
func (f *logFile) commit(run func() error) error {
	f.commits = true
	err := run()
	f.commits = false
	if err == nil {
		return f.flush() // there is nothing
	}
	f.drop()
	return err
}

// WriteAt implements [vfs.File].
func (f *logFile) WriteAt(p []byte, off int64) (int, error) {
	if f.held != nil && off != f.at+int64(len(*f.held)) {
		if err := f.flush(); err != nil {
			return 0, err
		}
	}
	switch {
	case f.inFrame:
		return f.page(p, off)
	case f.isNewHeader(p, off):
		f.hold(p, off)
		f.inFrame, f.last = true, binary.BigEndian.Uint32(p[4:]) != 0
		return len(p), nil
	}
	if err := f.flush(); err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, off)
}

// isNewHeader reports whether p is the header of a new frame. One in front of the
// frames that were written is not: SQLite writes it again, without a page, where
// a page of the transaction was written twice (walRewriteChecksums in wal.c).
func (f *logFile) isNewHeader(p []byte, off int64) bool {
	if off == 0 { // the log begins anew, with a header of its own
		f.next = 0
		return false
	}
	return len(p) == frameHeaderSize && off >= f.next
}

// page takes the page of the header that is held last.
func (f *logFile) page(p []byte, off int64) (int, error) {
	f.hold(p, off)
	f.inFrame = false
	if !f.commits || f.last || len(*f.held) > maxJoined {
		if err := f.flush(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// hold keeps a piece that belongs behind those that are held.
func (f *logFile) hold(p []byte, off int64) {
	if f.held == nil {
		f.held, f.at = frameBuffers.Get().(*[]byte), off
	}
	*f.held = append(*f.held, p...)
	f.next = off + int64(len(p))
}

// flush writes what is held. Where that fails it is gone, as the transaction is.
func (f *logFile) flush() error {
	if f.held == nil {
		return nil
	}
	if _, err := f.File.WriteAt(*f.held, f.at); err != nil {
		f.drop()
		return err
	}
	f.sendBack(f.at, f.next)
	f.free()
	return nil
}

// drop forgets what is held.
func (f *logFile) drop() {
	if f.held != nil {
		f.next = f.at
		f.free()
	}
}

func (f *logFile) free() {
	*f.held = (*f.held)[:0]
	frameBuffers.Put(f.held)
	f.held, f.inFrame = nil, false
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

// Close implements [io.Closer]. What is held was not committed.
func (f *logFile) Close() error {
	f.drop()
	return f.File.Close()
}
