package dbfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// The places of fields on page 1.
// Source: https://sqlite.org/fileformat2.html#the_database_header.
const (
	databaseMagic   = "SQLite format 3\x00"
	dbHeaderSize    = 100
	pageSizeAt      = 16 // 2 bytes; 1 stands for 65536
	writeVersionAt  = 18 // 1 byte, then 1 byte of the read version: 2 means WAL
	reservedAt      = 20 // 4 bytes that are fixed with the file
	changeCounterAt = 24
	schemaCookieAt  = 40
	autoVacuumAt    = 52 // not zero if page 1 can change by moving pages
)

// readPageOne returns page 1 of a database file, or why the file cannot have a
// log.
func readPageOne(file string) (page []byte, why string, err error) {
	head, err := readHead(file, dbHeaderSize)
	if err != nil && !isAbsent(err) {
		return nil, "", err
	}
	if len(head) == 0 {
		return nil, "there is no file, or it is empty", nil
	}
	if len(head) < dbHeaderSize || string(head[:len(databaseMagic)]) != databaseMagic {
		return nil, "that file is not a database", nil
	}
	size := int(binary.BigEndian.Uint16(head[pageSizeAt:]))
	if size == 1 {
		size = 65536
	}
	// The switch to WAL mode is written to the file before the first log.
	if !validPageSize(size) || head[writeVersionAt] != 2 || head[writeVersionAt+1] != 2 {
		return nil, "that file does not use a log", nil
	}
	page, err = readHead(file, size)
	if err == nil && len(page) < size {
		return nil, "that file is cut off", nil
	}
	return page, "", err
}

// compareLog reports whether the log beside a file proves to be written on it.
// The file's page 1 is pageOne, and it was last written at modTime.
func compareLog(file string, pageOne []byte, modTime int64) (proven bool, err error) {
	log, err := os.OpenFile(file+logSuffix, os.O_RDONLY|openNoFollow, 0)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	db, err := os.OpenFile(file, os.O_RDONLY|openNoFollow, 0)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	info, err := log.Stat()
	if err != nil {
		return false, err
	}
	base, err := db.Stat()
	if err != nil {
		return false, err
	}
	c := comparison{pageOne: pageOne, db: db, length: base.Size(), younger: info.ModTime().UnixNano() >= modTime}
	return c.prove(log)
}

// comparison looks for a proof that a log was written on a database.
type comparison struct {
	pageOne []byte
	db      io.ReaderAt
	length  int64 // of the file in bytes
	younger bool  // the log is not older than the file

	pages map[uint32]pageSeen
	// commit counts the commits so far, the one that a frame belongs to
	// included; folded is the last with the file's page 1 in it, or 0.
	commit, folded int
	size           uint32 // of the database in pages after the last commit
	page           []byte // a page of the file
}

// pageSeen tells how the frames of one page compare with the file's.
type pageSeen struct {
	first  int  // the commit of its first frame
	any    bool // one of the frames is the file's page
	latest bool // the last one is
}

// prove reads a log from its start, once for the place of the last commit and
// once to compare the frames up to there.
func (c *comparison) prove(log io.ReadSeeker) (bool, error) {
	frames, err := committedFrames(log)
	if err != nil || frames == 0 {
		return false, err
	}
	if _, err := log.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	r, ok, err := newLogReader(log)
	if err != nil || !ok || r.head.pageSize != len(c.pageOne) {
		return false, err
	}
	c.pages, c.page, c.commit = map[uint32]pageSeen{}, make([]byte, len(c.pageOne)), 1
	for range frames {
		f, ok, err := r.next()
		if err != nil || !ok { // another program shortened the log just now
			return false, err
		}
		if _, seen := c.pages[1]; f.page == 1 && !seen && c.younger && follows(c.pageOne, f.image) {
			return true, nil
		}
		if err := c.add(f); err != nil {
			return false, err
		}
	}
	return c.isFolded(), nil
}

// add compares a committed frame with the file.
func (c *comparison) add(f frame) error {
	n, err := c.db.ReadAt(c.page, (int64(f.page)-1)*int64(len(c.page)))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	equal := n == len(c.page) && bytes.Equal(c.page, f.image)
	seen, known := c.pages[f.page]
	if !known {
		seen.first = c.commit
	}
	seen.any, seen.latest = seen.any || equal, equal
	c.pages[f.page] = seen
	if equal && f.page == 1 {
		c.folded = c.commit
	}
	if f.commit != 0 {
		c.size = f.commit
		c.commit++
	}
	return nil
}

// isFolded reports whether a checkpoint put the log into the file: all of it,
// or every page up to a commit with page 1. A checkpoint leaves pages behind the
// database's end out, and cuts the file there once it has put all of it in.
func (c *comparison) isFolded() bool {
	whole := c.length == int64(c.size)*int64(len(c.page))
	part := c.folded > 0
	for number, seen := range c.pages {
		if number > c.size {
			continue
		}
		whole = whole && seen.latest
		part = part && (seen.any || seen.first > c.folded)
	}
	return whole || part
}

// committedFrames returns the number of frames up to a log's last commit.
func committedFrames(log io.Reader) (committed int, err error) {
	r, ok, err := newLogReader(log)
	if err != nil || !ok {
		return 0, err
	}
	for n := 1; ; n++ {
		f, ok, err := r.next()
		if err != nil || !ok {
			return committed, err
		}
		if f.commit != 0 {
			committed = n
		}
	}
}

// follows reports whether image can be the first page 1 that was written to a
// log on a file whose page 1 is base. Both have the same size.
func follows(base, image []byte) bool {
	word := func(page []byte, at int) uint32 { return binary.BigEndian.Uint32(page[at:]) }
	if !bytes.Equal(image[:writeVersionAt], base[:writeVersionAt]) ||
		!bytes.Equal(image[reservedAt:changeCounterAt], base[reservedAt:changeCounterAt]) {
		return false
	}
	if word(image, changeCounterAt) != word(base, changeCounterAt)+1 {
		return false
	}
	if word(image, schemaCookieAt) != word(base, schemaCookieAt) {
		return true
	}
	return word(base, autoVacuumAt) != 0 || bytes.Equal(image[dbHeaderSize:], base[dbHeaderSize:])
}
