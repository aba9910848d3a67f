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
	databaseMagic  = "SQLite format 3\x00"
	dbHeaderSize   = 100
	pageSizeAt     = 16 // 2 bytes; 1 stands for 65536
	writeVersionAt = 18 // 1 byte, then 1 byte of the read version: 2 means WAL
)

// whyEmpty is the reason for refusing a log that belongs to nothing.
const whyEmpty = "there is no database file, or it is empty"

// whyNotFolded says why the log beside a file, whose pages have pageSize bytes,
// may change what the file shows; it is empty if the log changes nothing.
func whyNotFolded(file string, pageSize int) (why string, err error) {
	db, err := os.OpenFile(file, os.O_RDONLY|openNoFollow, 0)
	if isAbsent(err) {
		return whyEmpty, nil
	}
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	log, err := os.OpenFile(file+logSuffix, os.O_RDONLY|openNoFollow, 0)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	size, why, err := databasePageSize(db)
	if err != nil || why != "" {
		return why, err
	}
	if size != pageSize {
		return "its pages have another size", nil
	}
	info, err := db.Stat()
	if err != nil {
		return "", err
	}
	if folded, err := isFolded(log, db, info.Size()); err != nil || folded {
		return "", err
	}
	return "nothing shows that it was written on that file", nil
}

// databasePageSize returns the size of a database's pages, or why it cannot
// have a log.
func databasePageSize(db io.ReaderAt) (size int, why string, err error) {
	head := make([]byte, dbHeaderSize)
	n, err := db.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, "", err
	}
	if size = pageSizeIn(head[:n]); size == 0 {
		return 0, "that file is not a database", nil
	}
	// The switch to WAL mode is written to the file before the first log.
	if head[writeVersionAt] != 2 || head[writeVersionAt+1] != 2 {
		return 0, "that file does not use a log", nil
	}
	return size, "", nil
}

// UsesLog reports whether a database file is in WAL mode. Only while the daemon
// has no connection to the file.
func UsesLog(file string) bool {
	head, err := readPart(file, 0, dbHeaderSize)
	return err == nil && len(head) == dbHeaderSize && head[writeVersionAt] == 2
}

// pageSizeIn returns the page size that a database's header tells, 0 if it is
// no such header.
func pageSizeIn(head []byte) int {
	if len(head) < dbHeaderSize || string(head[:len(databaseMagic)]) != databaseMagic {
		return 0
	}
	size := int(binary.BigEndian.Uint16(head[pageSizeAt:]))
	if size == 1 { // 65536 does not fit
		size = 65536
	}
	if !validPageSize(size) {
		return 0
	}
	return size
}

// isFolded reports whether a log has a commit, and a database file of length
// bytes shows its last one already. A checkpoint leaves pages behind the
// database's end out, and cuts the file there once it has put all of it in.
func isFolded(log io.ReadSeeker, db io.ReaderAt, length int64) (bool, error) {
	frames, pages, err := lastCommit(log)
	if err != nil || frames == 0 {
		return false, err
	}
	if _, err := log.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	r, ok, err := newLogReader(log)
	if err != nil || !ok || length != int64(pages)*int64(r.head.pageSize) {
		return false, err
	}
	differ := map[uint32]bool{} // the pages whose latest frame is not the file's
	page := make([]byte, r.head.pageSize)
	for range frames {
		f, ok, err := r.next()
		if err != nil || !ok { // another program shortened the log just now
			return false, err
		}
		if f.page > pages {
			continue
		}
		n, err := db.ReadAt(page, int64(f.page-1)*int64(len(page)))
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		if n == len(page) && bytes.Equal(page, f.image) {
			delete(differ, f.page)
		} else {
			differ[f.page] = true
		}
	}
	return len(differ) == 0, nil
}

// lastCommit returns the number of frames up to a log's last commit, and the
// size of the database in pages after it.
func lastCommit(log io.Reader) (frames int, pages uint32, err error) {
	r, ok, err := newLogReader(log)
	if err != nil || !ok {
		return 0, 0, err
	}
	for n := 1; ; n++ {
		f, ok, err := r.next()
		if err != nil || !ok {
			return frames, pages, err
		}
		if f.commit != 0 {
			frames, pages = n, f.commit
		}
	}
}
