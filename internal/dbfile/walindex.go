package dbfile

import (
	"bytes"
	"encoding/binary"
	"io"
)

// The size of one of the two copies of the header in "-shm", and of the part
// before its checksum.
const (
	indexHeaderSize = 48
	indexSummedSize = 40
)

// indexHeader is what the header of a wal-index ("-shm") says.
// Source: https://sqlite.org/walformat.html#the_wal_index_header.
type indexHeader struct {
	pageSize  int
	lastFrame uint32   // mxFrame: of the last commit
	lastSum   checksum // of that frame
	salts     [8]byte  // copied from the log's header as they are there
}

// parseIndexHeader reads the first bytes of an index; ok is false if SQLite
// would not trust it. It is in the byte order of the machine that wrote it,
// which for a file in use at this path is this one.
func parseIndexHeader(head []byte) (h indexHeader, ok bool) {
	if len(head) < 2*indexHeaderSize {
		return indexHeader{}, false
	}
	head, second := head[:indexHeaderSize], head[indexHeaderSize:2*indexHeaderSize]
	order := binary.NativeEndian
	sum := checksum{}.add(order, head[:indexSummedSize])
	ok = string(head) == string(second) &&
		order.Uint32(head) == logVersion &&
		head[12] != 0 && // isInit
		sum == checksum{order.Uint32(head[40:]), order.Uint32(head[44:])}
	if !ok {
		return indexHeader{}, false
	}
	size := int(order.Uint16(head[14:]))
	if size == 1 { // 65536 does not fit
		size = 65536
	}
	return indexHeader{
		pageSize:  size,
		lastFrame: order.Uint32(head[16:]),
		lastSum:   checksum{order.Uint32(head[24:]), order.Uint32(head[28:])},
		salts:     [8]byte(head[32:40]),
	}, true
}

// indexNames reports whether the index beside file is that of the log beside
// it, whose header is log: it knows of a commit that is in this log, and that
// commit's checksum, which all frames before it go into. An index that cannot
// be read names nothing. indexNames opens "-shm" and the log: only while the daemon has
// no connection to the database.
func indexNames(file string, log logHeader) bool {
	path := file + indexSuffix
	if size, err := sideFileSize(path); err != nil || size == 0 {
		return false
	}
	head, err := readPart(path, 0, 2*indexHeaderSize)
	if err != nil {
		return false
	}
	index, ok := parseIndexHeader(head)
	if !ok || index.lastFrame == 0 || index.salts != log.salts || index.pageSize != log.pageSize {
		return false
	}
	sum, ok := readFrameSum(file+logSuffix, log.pageSize, index.lastFrame)
	return ok && sum == index.lastSum
}

// IndexIsClean reports whether the index beside a database file names no frame
// of a log. Only while the daemon has no connection to the file.
func IndexIsClean(file string) bool {
	head, err := readPart(file+indexSuffix, 0, 2*indexHeaderSize)
	if err != nil {
		return false
	}
	index, ok := parseIndexHeader(head)
	return ok && index.lastFrame == 0
}

// IndexIsOwn reports whether the index beside a database file that has come to
// its place is clean and was made for it: nobody who still has the file open
// that was there before shares it. Only while the daemon has no connection to
// the file.
func IndexIsOwn(file string) bool {
	return IndexIsClean(file) && madeAfterChange(file+indexSuffix, file)
}

// The size of what stands before the frames' numbers in "-shm", and of the
// blocks that it grows by, with the number of frames in the first and in the
// others.
// Source: https://sqlite.org/walformat.html#the_wal_index_file_format.
const (
	indexPreambleSize = 136
	indexBlockSize    = 32768
	indexBlockFrames  = 4096
	indexFirstFrames  = indexBlockFrames - indexPreambleSize/4
)

// indexState is what an index says of its log: the last commit in it, and how
// much of it is in the database file.
type indexState struct {
	indexHeader
	backfilled uint32 // frames that a checkpoint has put into the file
	attempted  uint32 // that one was to put there, noted before it writes
}

// sawLogGrow reports whether the index beside a database file was there when its
// log was empty. One that SQLite has made from a log, because it found none, is
// that of a reader who came by: SQLite makes it for whatever log lies there, and
// notes all frames as ones that a checkpoint may have begun to move.
// Source: walIndexRecover in SQLite's wal.c.
func sawLogGrow(file string) bool {
	head, err := readPart(file+indexSuffix, 0, indexPreambleSize)
	if err != nil {
		return false
	}
	s, ok := readIndexState(bytes.NewReader(head))
	return ok && !s.checkpointing()
}

// readIndexState reads an index; ok is false if SQLite would not trust it, or
// somebody is just writing to it.
func readIndexState(index io.ReaderAt) (s indexState, ok bool) {
	var head [indexPreambleSize]byte
	if n, _ := index.ReadAt(head[:], 0); n < len(head) {
		return indexState{}, false
	}
	s.indexHeader, ok = parseIndexHeader(head[:])
	s.backfilled = binary.NativeEndian.Uint32(head[96:])
	s.attempted = binary.NativeEndian.Uint32(head[128:])
	return s, ok
}

// checkpointing reports whether a checkpoint runs, or one was broken off.
func (s indexState) checkpointing() bool { return s.backfilled < s.attempted }

// indexSize returns the size that the index has at the least.
func (s indexState) indexSize() int64 {
	blocks := int64(1)
	if s.lastFrame > indexFirstFrames {
		blocks += (int64(s.lastFrame) - indexFirstFrames + indexBlockFrames - 1) / indexBlockFrames
	}
	return blocks * indexBlockSize
}

// logSize returns the size that the log has at the least.
func (s indexState) logSize() int64 {
	if s.lastFrame == 0 {
		return 0
	}
	return logHeaderSize + int64(s.lastFrame)*int64(frameHeaderSize+s.pageSize)
}

// isLastIn reports whether the last commit is in the log: its frame goes on
// from all frames before it.
func (s indexState) isLastIn(log io.ReaderAt) bool {
	if s.lastFrame == 0 {
		return true
	}
	var head [frameHeaderSize]byte
	if n, _ := log.ReadAt(head[:], s.logSize()-int64(len(head)+s.pageSize)); n < len(head) {
		return false
	}
	return [8]byte(head[8:16]) == s.salts && frameSum(head[:]) == s.lastSum
}
