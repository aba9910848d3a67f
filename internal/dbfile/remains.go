package dbfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Remains is what a damaged log is good for.
type Remains int

// Usable is a log that SQLite can take up to its last whole commit; the file
// has nothing that is newer. Stale is one that would put older pages, or
// another database's, before those in the file; [CheckLog] knows whether it
// would. Torn says that the file itself holds parts of commits whose other
// parts were in the log alone.
const (
	Usable Remains = iota
	Stale
	Torn
)

// Remains says what the log that the connection has open is good for.
func (p *Footprint) Remains() Remains {
	s := p.latest()
	left := uint32(0)
	l, ok, err := newLogReader(p.readLog())
	ours := err == nil && ok && l.head.salts == s.salts
	if ours {
		if frames, _, err := lastCommit(p.readLog()); err == nil {
			left = uint32(frames)
		}
	}
	inFile := max(s.backfilled, s.attempted)
	switch {
	case ours && left >= inFile:
		return Usable
	case left < inFile && s.backfilled < s.lastFrame:
		return Torn
	}
	return Stale
}

// latest returns what the index says of the log, or what it said last.
func (p *Footprint) latest() indexState {
	if now, ok := readIndexState(p.handles.Index); ok && now.salts == p.known.salts {
		return now
	}
	return p.known
}

func (p *Footprint) readLog() io.Reader {
	return io.NewSectionReader(p.handles.Log, 0, 1<<62)
}

// LogSaved reports whether the log holds nothing that the file does not.
func (p *Footprint) LogSaved() bool {
	if n, _ := p.handles.Log.ReadAt(make([]byte, 1), 0); n == 0 {
		return true
	}
	s := p.latest()
	return s.lastFrame == 0 || s.backfilled == s.lastFrame
}

// PutLogBack writes the log that the connection has open, and that was removed,
// to its path again, where whoever opens the database next finds it. It returns
// when it is durable. Where another log with content lies by now it fails. The
// error is a [*wire.Error] with CodeIOError or CodeDiskFull.
func (p *Footprint) PutLogBack(disk Disk) error {
	path := p.path + logSuffix
	if info, err := os.Lstat(path); err == nil && info.Size() == 0 {
		if err := removeSideFile(disk, path); err != nil {
			return err
		}
	}
	if err := p.copyLog(disk, path); err != nil {
		return ioError(err, "put the log %q back, which was removed while it was in use", path)
	}
	return SyncDir(disk, filepath.Dir(path))
}

func (p *Footprint) copyLog(disk Disk, path string) (err error) {
	f, err := disk.Create(path)
	if err != nil {
		return err
	}
	if _, err = io.Copy(f, p.readLog()); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = disk.Remove(path) // half a log is none, and the whole one is still open
	}
	return err
}
