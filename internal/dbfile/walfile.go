package dbfile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// The sizes of a log's parts in bytes, and what its header starts with: the
// last bit of the magic number tells the byte order of the checksums, all
// else is big-endian.
const (
	logHeaderSize   = 32
	frameHeaderSize = 24
	logMagic        = 0x377f0682
	logVersion      = 3007000
)

// logHeader is what the header of a write-ahead log says.
// Source: https://sqlite.org/fileformat2.html#walformat.
type logHeader struct {
	order    binary.ByteOrder // of the words that the checksums are made of
	pageSize int
	salts    [8]byte // as they are in the file; a restarted log has others
	sum      checksum
}

// parseLogHeader reads a log's first bytes; ok is false if SQLite would not
// use the log.
func parseLogHeader(head []byte) (h logHeader, ok bool) {
	if len(head) < logHeaderSize {
		return logHeader{}, false
	}
	word := func(i int) uint32 { return binary.BigEndian.Uint32(head[i:]) }
	switch word(0) {
	case logMagic:
		h.order = binary.LittleEndian
	case logMagic | 1:
		h.order = binary.BigEndian
	default:
		return logHeader{}, false
	}
	h.pageSize = int(word(8))
	h.salts = [8]byte(head[16:24])
	h.sum = checksum{}.add(h.order, head[:24])
	ok = word(4) == logVersion && validPageSize(h.pageSize) && h.sum == checksum{word(24), word(28)}
	return h, ok
}

// readLogHeader reads the header of the log at path. It opens the log: only
// while the daemon has no connection to the database.
func readLogHeader(path string) (logHeader, bool, error) {
	head, err := readPart(path, 0, logHeaderSize)
	if err != nil {
		return logHeader{}, false, ioError(err, "read the log %q", path)
	}
	h, ok := parseLogHeader(head)
	return h, ok, nil
}

// readFrameSum returns the checksum that the log at path has for one of its
// frames, counted from 1; ok is false if the log has no such frame. It opens
// the log, like readLogHeader.
func readFrameSum(path string, pageSize int, number uint32) (sum checksum, ok bool) {
	at := logHeaderSize + int64(number-1)*int64(frameHeaderSize+pageSize)
	head, err := readPart(path, at, frameHeaderSize)
	if err != nil || len(head) < frameHeaderSize {
		return checksum{}, false
	}
	return frameSum(head), true
}

// frameSum returns the checksum in a frame's header.
func frameSum(head []byte) checksum {
	return checksum{binary.BigEndian.Uint32(head[16:]), binary.BigEndian.Uint32(head[20:])}
}

// validPageSize reports whether n is a power of two from 512 to 65536.
func validPageSize(n int) bool {
	return n >= 512 && n <= 65536 && n&(n-1) == 0
}

// checksum is the running checksum of a log: each frame continues that of
// the frame before, from the header on.
// Source: https://sqlite.org/fileformat2.html#checksum_algorithm.
type checksum [2]uint32

// add returns the checksum continued over data, whose length is a multiple of
// eight.
func (s checksum) add(order binary.ByteOrder, data []byte) checksum {
	for ; len(data) >= 8; data = data[8:] {
		s[0] += order.Uint32(data) + s[1]
		s[1] += order.Uint32(data[4:]) + s[0]
	}
	return s
}

// frame is one page in a log.
type frame struct {
	page   uint32
	commit uint32 // the database's size in pages, 0 but on the last frame of a transaction
	image  []byte // valid until the next call
}

// logReader reads the frames of a log, one page of memory at a time.
type logReader struct {
	r    *bufio.Reader
	head logHeader
	sum  checksum
	buf  []byte
}

// newLogReader reads a log from its first byte; ok is false if it has no valid
// header.
func newLogReader(r io.Reader) (l *logReader, ok bool, err error) {
	head := make([]byte, logHeaderSize)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, false, endOfLog(err)
	}
	h, ok := parseLogHeader(head)
	if !ok {
		return nil, false, nil
	}
	size := frameHeaderSize + h.pageSize
	return &logReader{r: bufio.NewReaderSize(r, size), head: h, sum: h.sum, buf: make([]byte, size)}, true, nil
}

// next returns the next valid frame. It is the caller's part to use frames
// only up to the last commit. After the last valid frame ok is false: what
// follows is of an earlier use of the file, or was never written whole.
func (l *logReader) next() (f frame, ok bool, err error) {
	if _, err := io.ReadFull(l.r, l.buf); err != nil {
		return frame{}, false, endOfLog(err)
	}
	head, image := l.buf[:frameHeaderSize], l.buf[frameHeaderSize:]
	sum := l.sum.add(l.head.order, head[:8]).add(l.head.order, image)
	page := binary.BigEndian.Uint32(head)
	if page == 0 || [8]byte(head[8:16]) != l.head.salts || sum != frameSum(head) {
		return frame{}, false, nil
	}
	l.sum = sum
	return frame{page: page, commit: binary.BigEndian.Uint32(head[4:]), image: image}, true, nil
}

// endOfLog returns nil for the errors by which a log merely ends.
func endOfLog(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
