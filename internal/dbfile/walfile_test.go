package dbfile

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// swapChecksums rewrites a log as a machine of the other byte order would
// have written it.
func swapChecksums(t *testing.T, path string) {
	t.Helper()
	content := read(t, path)
	head, ok := parseLogHeader(content)
	if !ok {
		t.Fatal("no valid header")
	}
	content[3] ^= 1
	order := binary.ByteOrder(binary.BigEndian)
	if head.order == order {
		order = binary.LittleEndian
	}
	put := func(at int, sum checksum) {
		binary.BigEndian.PutUint32(content[at:], sum[0])
		binary.BigEndian.PutUint32(content[at+4:], sum[1])
	}
	sum := checksum{}.add(order, content[:24])
	put(24, sum)
	for at := logHeaderSize; at < len(content); at += frameHeaderSize + head.pageSize {
		image := content[at+frameHeaderSize : at+frameHeaderSize+head.pageSize]
		sum = sum.add(order, content[at:at+8]).add(order, image)
		put(at+16, sum)
	}
	write(t, path, content)
}

func FuzzLog(f *testing.F) {
	file := folded(f) // a small one
	log, db, index := read(f, file+logSuffix), read(f, file), read(f, file+indexSuffix)
	f.Add(log, db, index[:2*indexHeaderSize])
	f.Add(log[:len(log)-1], db, index[:50])
	f.Add(log[:logHeaderSize], db[:512], []byte{})
	f.Add([]byte{}, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, log, db, index []byte) {
		file := bytes.NewReader(db)
		if _, err := isFolded(bytes.NewReader(log), file, file.Size()); err != nil {
			t.Errorf("isFolded = %v, want no error without a disk", err)
		}
		if _, _, err := databasePageSize(file); err != nil {
			t.Errorf("databasePageSize = %v, want no error without a disk", err)
		}
		if h, ok := parseIndexHeader(index); ok && len(index) < 2*indexHeaderSize {
			t.Errorf("parseIndexHeader = %+v of %d bytes, want refused", h, len(index))
		}
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
	})
}
