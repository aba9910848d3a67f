package dbfile

import (
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

// Another file's log lies beside the closed one, and a reader comes by: SQLite
// makes an index of that log for it. That proves nothing.
func TestCheckLogWithTheIndexOfAPassingReader(t *testing.T) {
	other := rowsOnly(t)
	file := beside(t, made(t, createT, fillT), other)
	closed := unchanged(t, file)
	writer(t, file, "SELECT count(*) FROM sqlite_schema")
	if head, ok, err := readLogHeader(file + logSuffix); err != nil || !ok || head.pageSize == 0 {
		t.Fatalf("the log: %v, %v", ok, err)
	}
	if err := CheckLog(file, closed, identify(t, file)); wire.ErrorCode(err) != wire.CodeStaleWAL {
		t.Errorf("CheckLog = %v, want %s", err, wire.CodeStaleWAL)
	}
}
