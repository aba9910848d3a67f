package worker

import (
	"os"
	"testing"

	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/wire"
)

// A closed file is replaced by a link to another database, which would then
// have two names and two logs. The name was resolved long before.
func TestReopenRefusesLinks(t *testing.T) {
	for name, link := range map[string]func(from, to string) error{"hard": os.Link, "symbolic": ostest.TrySymlink} {
		t.Run(name, func(t *testing.T) {
			h, other := serving(t), serving(t)
			h.ok(&wire.Request{Type: wire.TypeCloseDatabase})
			if err := os.Remove(h.file); err != nil {
				t.Fatal(err)
			}
			if err := link(other.file, h.file); err != nil {
				t.Skipf("no such links here: %v", err)
			}
			for range 2 {
				h.fails(&wire.Request{Type: wire.TypeReopenDatabase}, wire.CodeInvalidDatabaseName)
			}
			ostest.Remove(t, h.file)
			h.ok(&wire.Request{Type: wire.TypeReopenDatabase})
			h.ok(batchOf(`CREATE TABLE u(a)`))
			other.wantQuery(`SELECT count(*) FROM sqlite_schema WHERE name = 'u'`, "0")
		})
	}
}
