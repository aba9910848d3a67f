package dbfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

// FuzzLog reads any bytes as a log, a database and an index. Reading fails for
// nothing but a disk, ends, and takes a log for folded only if applying it
// changes no byte of the database: by a plain account of the frames, and by
// SQLite itself. Logs are read as they are, or with their checksums made
// right, since nothing else would get past the first of them.
func FuzzLog(f *testing.F) {
	for _, seed := range logSeeds(f) {
		f.Add(seed.log, seed.db, seed.index, seed.sum)
	}
	f.Fuzz(func(t *testing.T, log, db, index []byte, sum bool) {
		if sum {
			log = summed(log)
		}
		checkLogReader(t, log)
		checkIndex(t, index, log)
		file := bytes.NewReader(db)
		if _, _, err := databasePageSize(file); err != nil {
			t.Fatalf("databasePageSize = %v, want no error without a disk", err)
		}
		folded, err := isFolded(bytes.NewReader(log), file, file.Size())
		if err != nil {
			t.Fatalf("isFolded = %v, want no error without a disk", err)
		}
		if want := foldedPlainly(log, db); folded != want {
			t.Fatalf("isFolded = %v, and applying the frames says %v", folded, want)
		}
		if folded {
			checkWithSQLite(t, log, db)
		}
	})
}

// checkLogReader reads a log to its end.
func checkLogReader(t *testing.T, log []byte) {
	t.Helper()
	r, ok, err := newLogReader(bytes.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	for frames := 0; ok; frames++ {
		if frames > len(log)/(frameHeaderSize+512) {
			t.Fatalf("%d frames in %d bytes", frames, len(log))
		}
		if _, ok, err = r.next(); err != nil {
			t.Fatal(err)
		}
	}
}

// checkIndex reads an index beside a log.
func checkIndex(t *testing.T, index, log []byte) {
	t.Helper()
	if h, ok := parseIndexHeader(index); ok && len(index) < 2*indexHeaderSize {
		t.Fatalf("parseIndexHeader = %+v of %d bytes, want refused", h, len(index))
	}
	s, ok := readIndexState(bytes.NewReader(index))
	if ok && len(index) < indexPreambleSize {
		t.Fatalf("readIndexState = %+v of %d bytes, want refused", s, len(index))
	}
	// Whether the whole of the last frame is there is for the log's size to say.
	if s.isLastIn(bytes.NewReader(log)) && s.lastFrame != 0 && s.logSize()-int64(s.pageSize) > int64(len(log)) {
		t.Fatalf("%+v is found in a log of %d bytes", s, len(log))
	}
}

// foldedPlainly applies the frames of a log, up to its last commit, to a copy
// of the database and says whether that is a commit that changes nothing.
func foldedPlainly(log, db []byte) bool {
	r, ok, err := newLogReader(bytes.NewReader(log))
	if err != nil || !ok {
		return false
	}
	committed := false
	result, size := bytes.Clone(db), r.head.pageSize
	next := bytes.Clone(result)
	for {
		f, ok, err := r.next()
		if err != nil || !ok {
			return committed && bytes.Equal(result, db)
		}
		if at := int64(f.page-1) * int64(size); at+int64(size) <= int64(len(next)) {
			copy(next[at:], f.image)
		}
		if f.commit != 0 {
			committed, result = true, bytes.Clone(next)
			if int64(f.commit)*int64(size) != int64(len(db)) {
				result = nil // the file would be longer or shorter
			}
		}
	}
}

// checkWithSQLite lets SQLite apply a log that changes nothing.
func checkWithSQLite(t *testing.T, log, db []byte) {
	t.Helper()
	if size, why, _ := databasePageSize(bytes.NewReader(db)); why != "" || size == 0 {
		return // it would not look at the log
	}
	path := filepath.Join(t.TempDir(), "a.db")
	write(t, path, db)
	write(t, path+logSuffix, log)
	conn := writer(t, path)
	// Whatever it makes of a damaged database, it may not write to it.
	_ = conn.Exec(`SELECT count(*) FROM sqlite_schema; PRAGMA wal_checkpoint(TRUNCATE)`)
	if after := read(t, path); !bytes.Equal(after, db) {
		t.Fatalf("a log that is folded changed the database, from %d bytes to %d", len(db), len(after))
	}
}

// summed returns a log with the checksums, and the salts, that belong to it.
func summed(log []byte) []byte {
	if len(log) < logHeaderSize {
		return log
	}
	log = bytes.Clone(log)
	order := binary.ByteOrder(binary.LittleEndian)
	if log[3]&1 != 0 {
		order = binary.BigEndian
	}
	put := func(at int, sum checksum) {
		binary.BigEndian.PutUint32(log[at:], sum[0])
		binary.BigEndian.PutUint32(log[at+4:], sum[1])
	}
	sum := checksum{}.add(order, log[:24])
	put(24, sum)
	size := int(binary.BigEndian.Uint32(log[8:]))
	if !validPageSize(size) {
		return log
	}
	for at := logHeaderSize; at+frameHeaderSize+size <= len(log); at += frameHeaderSize + size {
		copy(log[at+8:at+16], log[16:24])
		sum = sum.add(order, log[at:at+8]).add(order, log[at+frameHeaderSize:at+frameHeaderSize+size])
		put(at+16, sum)
	}
	return log
}

type logSeed struct {
	log, db, index []byte
	sum            bool
}

func logSeeds(f *testing.F) (seeds []logSeed) {
	states := []logSeed{}
	for _, size := range []int{512, 1024} {
		for _, sql := range [][]string{
			{"UPDATE t SET x = 2", "PRAGMA wal_checkpoint(PASSIVE)"}, // folded
			{"UPDATE t SET x = 2"},
			{"UPDATE t SET x = 2", "PRAGMA wal_checkpoint(PASSIVE)", "UPDATE t SET x = 3"},
			{"UPDATE t SET x = 2", "UPDATE t SET x = 1"},
			{"INSERT INTO t VALUES(2, zeroblob(3000))", "PRAGMA wal_checkpoint(PASSIVE)"},
			{"INSERT INTO t VALUES(2, zeroblob(3000))", "DELETE FROM t", "VACUUM", "PRAGMA wal_checkpoint(PASSIVE)"},
		} {
			states = append(states, logState(f, size, sql))
		}
	}
	for _, s := range states {
		log := s.log
		seeds = append(seeds, s, logSeed{log, s.db, s.index, true})
		for _, n := range []int{0, 31, logHeaderSize, logHeaderSize + frameHeaderSize, len(log) - 1} {
			seeds = append(seeds, logSeed{log[:min(n, len(log))], s.db, s.index[:min(n, len(s.index))], n%2 == 0})
		}
		for _, at := range []int{3, 8, 11, 16, 35, 39, 40, len(log) - 1} { // the order, the page size, the salts, a page's number, the commit
			broken := bytes.Clone(log)
			broken[at] ^= 1
			seeds = append(seeds, logSeed{broken, s.db, s.index, true})
		}
		seeds = append(seeds, logSeed{slices.Concat(log, log[logHeaderSize:]), s.db, s.index, true}, logSeed{log, s.db[:len(s.db)/2], s.index, true})
	}
	return append(seeds, logSeed{[]byte{}, []byte{}, []byte{}, false}, logSeed{make([]byte, 64), make([]byte, 1024), make([]byte, 200), true})
}

// logState returns the files of a database in use after the statements.
func logState(f *testing.F, pageSize int, sql []string) logSeed {
	f.Helper()
	file := filepath.Join(f.TempDir(), "a.db")
	writer(f, file, append([]string{fmt.Sprintf("PRAGMA page_size=%d", pageSize), "PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0",
		"CREATE TABLE t(id INTEGER PRIMARY KEY, x)", "INSERT INTO t VALUES (1, 1)", "PRAGMA wal_checkpoint(TRUNCATE)"}, sql...)...)
	copied := snapshot(f, file)
	return logSeed{read(f, copied+logSuffix), read(f, copied), read(f, copied+indexSuffix)[:indexPreambleSize], false}
}
