package dbfile

import "encoding/binary"

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
// be read names nothing. It opens "-shm" and the log: only while the daemon has
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
