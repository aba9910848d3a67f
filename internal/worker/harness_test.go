package worker

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/internal/sqlite/faultvfs"
	"github.com/skylinedb/skylinedb/wire"
)

// patience bounds every wait of the tests. A test that is right never uses it up.
const patience = time.Minute

// harness is the part of the router that a worker depends on: it starts one
// where there is none and lets it retire.
type harness struct {
	t    testing.TB
	file string
	cfg  Config

	frame int // the largest of a Query, 0 for the usual

	mu   sync.Mutex
	w    *Worker
	last *Snapshot
	gone <-chan struct{}
}

// newHarness serves a database that does not exist yet.
func newHarness(t testing.TB) *harness {
	t.Helper()
	root, err := dbfile.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path, err := root.Resolve("a.db")
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{t: t, file: path.File}
	h.cfg = Config{
		Path: path, Synchronous: sqlite.SyncNormal, ForeignKeys: true, groupTime: time.Hour,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Retire: h.retire,
	}
	t.Cleanup(h.stop)
	return h
}

// onFailingDisk puts the database on a disk that can be made to fail.
func (h *harness) onFailingDisk() *faultvfs.Disk {
	h.t.Helper()
	disk := faultvfs.Register(h.t, filepath.Dir(h.file))
	h.cfg.vfs, h.cfg.disk = disk.Name(), disk
	return disk
}

// serving is newHarness with a database that has a table t(a UNIQUE).
func serving(t *testing.T) *harness {
	t.Helper()
	h := newHarness(t)
	h.ok(batchOf(`CREATE TABLE t(a UNIQUE)`))
	return h
}

func (h *harness) retire(w *Worker, _ bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w.QueueDepth() > 0 || h.w != w {
		return false
	}
	h.remove()
	return true
}

func (h *harness) remove() {
	h.last, h.gone, h.w = h.w.Snapshot(), h.w.Done(), nil
}

// submit queues a request, for a new worker if need be.
func (h *harness) submit(req *wire.Request) *Call {
	h.t.Helper()
	return h.submitCall(NewCall(req, 100, time.Now()))
}

// submitLate is submit for a request whose time has passed on its way.
func (h *harness) submitLate(req *wire.Request) *Call {
	h.t.Helper()
	return h.submitCall(NewCall(req, 100, time.Now().Add(-req.Timeout)))
}

func (h *harness) submitCall(c *Call) *Call {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.w == nil {
		h.start(h.gone)
	}
	if !h.w.Submit(c) {
		h.t.Fatal("the queue is full")
	}
	return c
}

func (h *harness) start(prev <-chan struct{}) {
	cfg := h.cfg
	cfg.Last = h.last
	h.w = Start(cfg, prev)
}

// hold starts a worker that takes nothing from its queue before release, so
// that what is submitted until then waits when it does.
func (h *harness) hold() (release func()) {
	h.t.Helper()
	h.stop()
	prev := make(chan struct{})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.start(prev)
	return func() { close(prev) }
}

// stop ends the worker as a shutdown does, and waits.
func (h *harness) stop() {
	h.mu.Lock()
	if h.w != nil {
		h.w.Stop()
		h.remove()
	}
	gone := h.gone
	h.mu.Unlock()
	if gone != nil {
		h.wait(gone)
	}
}

func (h *harness) wait(done <-chan struct{}) {
	h.t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		h.t.Fatal("nothing happens")
	}
}

// forget makes the next worker the first of a daemon.
func (h *harness) forget() {
	h.stop()
	h.last = nil
}

func (h *harness) reply(c *Call) *wire.Reply {
	h.t.Helper()
	select {
	case r := <-c.Reply():
		return r
	case <-time.After(patience):
		h.t.Fatalf("%s is not answered", c.Req.Type)
		return nil
	}
}

func (h *harness) do(req *wire.Request) *wire.Reply {
	h.t.Helper()
	return h.reply(h.submit(req))
}

// ok is do for a request that must succeed.
func (h *harness) ok(req *wire.Request) *wire.Reply {
	h.t.Helper()
	r := h.do(req)
	if err := r.Err(); err != nil {
		h.t.Fatalf("%s: %v", req.Type, err)
	}
	return r
}

// fails is do for a request that must fail with the code.
func (h *harness) fails(req *wire.Request, want wire.Code) *wire.Reply {
	h.t.Helper()
	r := h.do(req)
	if r.Code != want {
		h.t.Fatalf("%s: %s, want %s", req.Type, show(r), want)
	}
	return r
}

func (h *harness) command(typ wire.Type) *wire.Reply {
	h.t.Helper()
	return h.do(&wire.Request{Type: typ})
}

// state returns what Ping tells, as "state rev".
func (h *harness) state() string {
	h.t.Helper()
	r := h.ok(&wire.Request{Type: wire.TypePing})
	return fmt.Sprintf("%s %d", r.State, *r.Rev)
}

func (h *harness) epoch() string {
	h.t.Helper()
	return *h.ok(&wire.Request{Type: wire.TypePing}).Epoch
}

// query reads the file from outside.
func (h *harness) query(sql string) string {
	h.t.Helper()
	o := openReader(h.t, h.file)
	defer o.close()
	return o.query(sql)
}

func (h *harness) wantQuery(sql, want string) {
	h.t.Helper()
	if got := h.query(sql); got != want {
		h.t.Errorf("%s: %q, want %q", sql, got, want)
	}
}

// outside opens a second connection, of another program.
func (h *harness) outside() *outside {
	h.t.Helper()
	return openOutside(h.t, h.file)
}

// hash returns the hash of the file, which no connection may be open to.
func (h *harness) hash() string {
	h.t.Helper()
	content, err := os.ReadFile(h.file)
	if err != nil {
		h.t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// sideFiles returns the files beside the database.
func (h *harness) sideFiles() (names []string) {
	h.t.Helper()
	entries, err := os.ReadDir(filepath.Dir(h.file))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(h.file) {
			names = append(names, e.Name()[len(filepath.Base(h.file)):])
		}
	}
	return names
}

// groups returns the number of commits so far.
func (h *harness) groups() int64 {
	h.t.Helper()
	h.ok(&wire.Request{Type: wire.TypePing})
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.w == nil {
		return h.last.groups
	}
	return h.w.Snapshot().groups
}

// eventually waits for a condition that another goroutine makes true.
func (h *harness) eventually(what string, cond func() bool) {
	h.t.Helper()
	for end := time.Now().Add(patience); !cond(); runtime.Gosched() {
		if time.Now().After(end) {
			h.t.Fatalf("never: %s", what)
		}
	}
}

// batchOf is a batch of statements without parameters.
func batchOf(stmts ...string) *wire.Request {
	req := &wire.Request{Type: wire.TypeExecBatch, Tx: wire.TxAtomic}
	for _, sql := range stmts {
		req.Stmts = append(req.Stmts, wire.Stmt{SQL: sql})
	}
	return req
}

// noneOf is a batch whose statements commit by themselves.
func noneOf(stmts ...string) *wire.Request {
	req := batchOf(stmts...)
	req.Tx = wire.TxNone
	return req
}

func withID(id string, req *wire.Request) *wire.Request {
	req.RequestID = id
	return req
}

func expecting(rev int64, req *wire.Request) *wire.Request {
	req.ExpectRev = &rev
	return req
}

func within(d time.Duration, req *wire.Request) *wire.Request {
	req.Timeout = d
	return req
}

func forgetting(req *wire.Request, ids ...string) *wire.Request {
	req.Forget = ids
	return req
}

// show writes the outcome of a batch: "ok rev rows", or the code with what
// belongs to it.
func show(r *wire.Reply) string {
	s := r.Status
	if r.Status != "ok" {
		s = string(r.Code)
		if r.SQLiteCode != "" {
			s += " " + r.SQLiteCode
		}
		if r.StatementIndex != nil {
			s += fmt.Sprintf(" at %d", *r.StatementIndex)
		}
	}
	if r.Rev != nil {
		s += fmt.Sprintf(" rev %d", *r.Rev)
	}
	if r.RowsAffected != nil {
		s += fmt.Sprintf(" rows %d", *r.RowsAffected)
	}
	if r.Replayed {
		s += " replayed"
	}
	return s
}
