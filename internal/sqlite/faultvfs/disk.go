package faultvfs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ncruces/go-sqlite3/vfs"
)

// Disk is a folder whose disk fails on demand and forgets what was not synced.
// Its methods may be called from any goroutine.
type Disk struct {
	dir  string
	name string
	real vfs.VFS

	mu   sync.Mutex // guards what follows
	ops  int64
	cut  bool  // the power is off
	at   int64 // the operation at which it goes off, 0 for none
	plan Plan
	namespace
}

// registered makes the names differ, which are the process's.
var registered atomic.Int64

// Register makes a disk of what the folder dir holds now, which is durable and
// fails nothing yet. SQLite finds it by its name until the test ends.
func Register(t testing.TB, dir string) *Disk {
	t.Helper()
	d := &Disk{dir: dir, name: fmt.Sprintf("fault%d", registered.Add(1)), real: vfs.Find("")}
	if err := d.load(dir); err != nil {
		t.Fatal(err)
	}
	vfs.Register(d.name, d)
	t.Cleanup(func() { vfs.Unregister(d.name) })
	return d
}

// Name returns the name under which connections find the disk.
func (d *Disk) Name() string { return d.name }

// Fail makes the plan decide from now on; nil fails nothing.
func (d *Disk) Fail(plan Plan) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.plan = plan
}

// CutPowerAt cuts the power before the n-th operation from now on.
func (d *Disk) CutPowerAt(n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = d.ops + n
}

// CutPower makes all later operations fail and do nothing.
func (d *Disk) CutPower() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut = true
}

// Restore ends a power failure. It must not be called before all who used the
// disk have closed their files: the folder then holds what is left. The index in
// shared memory is no content and stays as it is.
func (d *Disk) Restore(r *rand.Rand, loss Loss) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := map[string][]byte{}
	for name, n := range d.namespace.after(r, loss) {
		left[name] = n.after(r, loss)
	}
	for name := range d.live {
		if _, ok := left[name]; !ok {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	for name, content := range left {
		// What has not changed keeps the time of its last change.
		if now, err := os.ReadFile(name); err == nil && bytes.Equal(now, content) {
			continue
		}
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return err
		}
	}
	d.cut, d.at, d.plan = false, 0, nil
	return d.load(d.dir)
}

// step counts an operation and returns its failure. With the power off it
// fails whatever the plan says. It is called with mu held.
func (d *Disk) step(kind Kind, path string) error {
	op := Op{kind, path, d.ops}
	d.ops++
	d.cut = d.cut || d.at > 0 && d.ops >= d.at
	if d.cut {
		return EIO
	}
	if d.plan == nil {
		return nil
	}
	return d.plan(op)
}
