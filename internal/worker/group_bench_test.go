package worker

import (
	"fmt"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// BenchmarkGroup measures a batch of one row, of so many that are submitted at
// once, without a router and without a sync.
func BenchmarkGroup(b *testing.B) {
	for _, size := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			h := newHarness(b)
			h.submit(benchRequest(b, `CREATE TABLE t(a INTEGER, b TEXT)`, ``))
			req := benchRequest(b, `INSERT INTO t VALUES(?, ?)`, `7, "a row of about a hundred bytes, as an application's log or settings have them, and then some more"`)
			group := make([]*Call, size)
			for i := 0; i < b.N; i += size {
				for j := range group {
					group[j] = h.submitCall(NewCall(req, 200, time.Time{}))
				}
				for _, c := range group {
					if r := <-c.Reply(); r.Status != "ok" {
						b.Fatal(r.Err())
					}
				}
			}
		})
	}
}

func benchRequest(b *testing.B, sql, params string) *wire.Request {
	req, err := wire.ParseRequest(fmt.Appendf(nil, `{"type":"ExecBatch","stmts":[{"sql":%q,"params":[%s]}]}`, sql, params))
	if err != nil {
		b.Fatal(err)
	}
	return req
}
