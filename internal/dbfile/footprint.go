package dbfile

import (
	"bytes"
	"io"
	"io/fs"
	"time"
)

// Handle is one of a database's files as a connection has it open, whatever
// lies at its path by now.
type Handle interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// Handles are the files that a connection has open: its database and, in WAL
// mode, the log and the index of that. Any of them may be nil.
type Handles struct{ File, Log, Index Handle }

// Footprint is how the files of a connection looked when SQLite had touched
// them last. SQLite itself does not look again: it would go on writing into a
// log that was removed, behind the end of one that was cut off, and beside
// pages of a file that it remembers and that are others by now.
//
// What other connections do is told apart by the index in shared memory, which
// each of them keeps up to date before it writes to the file.
//
// Nothing is opened: what is not at the path is read through the connection's
// own handles.
type Footprint struct {
	path    string
	handles Handles
	watched bool // all three are there, on a system where they can be tampered with
	log     Identity
	index   Identity
	known   indexState
	before  indexState // the one before known, zero for none: what went into the log since stands behind it

	file    Identity
	page    int64     // see TakeFootprint
	content []byte    // of file, see readContent
	seen    time.Time // when content was compared with the file
	scratch []byte
}

// How far apart two changes of a file are certain to have different times: on
// the coarsest file system, and on any but old ones (FAT, HFS+, ext3). A file
// that was changed less long ago is compared by its content as well, each time
// or, once its time would tell on any but those, now and then.
const (
	sameTime   = 2 * time.Second
	sameTick   = 20 * time.Millisecond
	nowAndThen = 10 * time.Millisecond
)

// TakeFootprint notes how the files of a connection to the database file are
// now. Page is the number of a page, counted from 1, that differs between any
// two states of the database; 0 if there is none.
func TakeFootprint(file string, h Handles, page int64) *Footprint {
	p := &Footprint{path: file, handles: h, page: page}
	var known bool
	if p.file, known = identifyHandle(h.File, file); !known {
		p.file, _, _ = Identify(file) // one that cannot be seen equals no other
		return p
	}
	var log, index bool
	p.log, log = identifyHandle(h.Log, file+logSuffix)
	p.index, index = identifyHandle(h.Index, file+indexSuffix)
	if tamperable && log && index {
		p.known, _ = readIndexState(h.Index)
		p.watched = p.note(p.known)
	}
	return p
}

// identifyHandle returns the identity of a file that is open.
func identifyHandle(h Handle, path string) (Identity, bool) {
	if h == nil {
		return Identity{}, false
	}
	info, err := h.Stat()
	if err != nil {
		return Identity{}, false
	}
	id, err := identityOf(info, path)
	return id, err == nil
}

// Check says what was done to the files since the last Check that found
// nothing, or Committed. Now is the identity of the file at the path, zero if
// there is none. It takes a few microseconds.
func (p *Footprint) Check(now Identity) Tampering {
	if p == nil {
		return 0
	}
	t, index := p.look(now)
	// Another process may be writing at this moment. It tells the index before
	// it changes log or file, so that what is wrong beside an index which has
	// not moved on is wrong.
	for range 100 {
		if !t.Has(FileOverwritten | LogDamaged | IndexDamaged) {
			break
		}
		before, indexBefore := t, index
		if t, index = p.look(now); t == before && index == indexBefore {
			break
		}
	}
	return t
}

// look is Check at one moment. It returns what the index said, too.
func (p *Footprint) look(now Identity) (t Tampering, index indexState) {
	if !now.SameFile(p.file) {
		t = FileReplaced
	}
	if !p.watched {
		return t, indexState{}
	}
	side, index, ok := p.checkSideFiles()
	if t |= side; t == 0 && !ok { // it is being written, or SQLite is going to make it anew
		return 0, index
	}
	// An index of other commits explains nothing where the log has lost ours.
	ok = ok && !side.Has(IndexDamaged) && (!side.Has(LogDamaged) || index.salts == p.known.salts)
	if !t.Has(FileReplaced) && !p.fileIsKnown(now, index, ok) {
		t |= FileOverwritten
	}
	if t == 0 {
		p.follow(index)
	}
	return t, index
}

// follow notes what the index says now, which is well.
func (p *Footprint) follow(index indexState) {
	if index.salts != p.known.salts || index.lastFrame != p.known.lastFrame {
		p.before = p.known
	}
	p.known = index
}

// checkSideFiles looks at the log and its index. It returns what the index
// says, if that is something.
func (p *Footprint) checkSideFiles() (t Tampering, index indexState, ok bool) {
	logSize, logMoved := lookFor(p.log, p.path+logSuffix, p.handles.Log)
	indexSize, indexMoved := lookFor(p.index, p.path+indexSuffix, p.handles.Index)
	if logMoved {
		t |= LogMoved
	}
	if indexMoved {
		t |= IndexMoved
	}
	holds := func(s indexState) bool { return logSize >= s.logSize() && s.isLastIn(p.handles.Log) }
	index, ok = readIndexState(p.handles.Index)
	short := indexSize < p.known.indexSize() || ok && indexSize < index.indexSize()
	if ok && p.before.salts == index.salts && !p.before.isLastIn(p.handles.Log) {
		t |= LogDamaged // it was cut off, and written on behind the hole
	}
	switch {
	case !short && (!ok || holds(index)):
	case !holds(p.known):
		t |= LogDamaged
		if short {
			t |= IndexDamaged
		}
	default: // the log has all that is ours
		t |= IndexDamaged
	}
	return t, index, ok
}

// lookFor returns the size of a side file that is open, and whether it has
// moved away from its path.
func lookFor(id Identity, path string, h Handle) (size int64, moved bool) {
	now, err := identifyLink(path)
	if err == nil && now.SameFile(id) {
		return now.Size, false
	}
	moved = err == nil || isAbsent(err)
	info, err := h.Stat()
	if err != nil {
		return 0, moved
	}
	return info.Size(), moved
}

// fileIsKnown reports whether the database file is as it was noted, or as
// somebody's checkpoint has made it, which it notes then.
func (p *Footprint) fileIsKnown(now Identity, index indexState, ok bool) bool {
	if now.Unchanged(p.file) && p.comparedWell(time.Now()) {
		return true
	}
	if ok && (index.checkpointing() || index.salts != p.known.salts ||
		index.attempted != p.known.attempted || index.backfilled != p.known.backfilled) {
		return p.note(index)
	}
	seen := time.Now()
	p.scratch = p.readContent(p.scratch[:0])
	if now.Size != p.file.Size || pageSizeIn(p.scratch) == 0 || !bytes.Equal(p.scratch, p.content) {
		return false
	}
	p.file, p.seen = now, seen
	return true
}

// comparedWell reports whether the content was compared so long after the file's
// last change, or so short a time ago, that a change since would show in its time.
func (p *Footprint) comparedWell(now time.Time) bool {
	after := time.Duration(p.seen.UnixNano() - p.file.ModTime)
	return after > sameTime || after > sameTick && now.Sub(p.seen) < nowAndThen
}

// note notes the file as it is, after what index says was done to it. It
// changes nothing and returns false if that is not the database any more.
func (p *Footprint) note(index indexState) bool {
	seen := time.Now()
	file, ok := identifyHandle(p.handles.File, p.path)
	if !ok {
		return false
	}
	p.scratch = p.readContent(p.scratch[:0])
	size := pageSizeIn(p.scratch)
	if size == 0 || p.content != nil && size != pageSizeIn(p.content) {
		return false
	}
	p.follow(index)
	p.file, p.seen = file, seen
	p.content, p.scratch = p.scratch, p.content
	return true
}

// readContent appends the database's header and the page that tells its states
// apart, as they are in the file, and less where that ends before.
func (p *Footprint) readContent(b []byte) []byte {
	b = appendPart(b, p.handles.File, 0, dbHeaderSize)
	if size := pageSizeIn(b); p.page > 0 && size > 0 {
		b = appendPart(b, p.handles.File, (p.page-1)*int64(size), size)
	}
	return b
}

// appendPart appends n bytes of a file from a place on, fewer if it ends.
func appendPart(b []byte, f io.ReaderAt, at int64, n int) []byte {
	end := len(b)
	b = append(b, make([]byte, n)...)
	got, _ := f.ReadAt(b[end:], at)
	return b[:end+got]
}

// Committed notes a commit of the connection itself, before which no other
// connection has written. A checkpoint of another one may have run meanwhile.
func (p *Footprint) Committed() {
	if p == nil || !p.watched {
		return
	}
	index, ok := readIndexState(p.handles.Index)
	if !ok {
		return
	}
	restarted := index.salts != p.known.salts && p.known.lastFrame > 0 // all of it was in the file
	if restarted || index.checkpointing() || index.attempted != p.known.attempted || index.backfilled != p.known.backfilled {
		p.note(index)
		return
	}
	p.follow(index)
}
