package dbfile

import (
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
