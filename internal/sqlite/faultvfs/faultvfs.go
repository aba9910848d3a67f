// Package faultvfs is a file layer for tests: the real one, with a disk that
// fails on demand. Only tests import it.
package faultvfs

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// VFS is a file layer whose disk can be made to fail. Connections that name it
// use it; its methods may be called from any goroutine.
type VFS struct {
	vfs.VFS
	name string

	mu         sync.Mutex // guards what follows
	skip, fail int        // of the syncs of logs to come
}

// registered makes the names differ, which are the process's.
var registered atomic.Int64

// Register makes a file layer that fails nothing yet, until the test ends.
func Register(t testing.TB) *VFS {
	t.Helper()
	v := &VFS{VFS: vfs.Find(""), name: fmt.Sprintf("fault%d", registered.Add(1))}
	vfs.Register(v.name, v)
	t.Cleanup(func() { vfs.Unregister(v.name) })
	return v
}

// Name returns the name under which connections find the layer.
func (v *VFS) Name() string { return v.name }

// FailLogSyncs makes n syncs of a write-ahead log fail, once so many more have
// succeeded. It returns how many failures of an earlier call are left out.
func (v *VFS) FailLogSyncs(skip, n int) (left int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	left, v.skip, v.fail = max(v.fail, 0), skip, n
	return left
}

// failsNow reports whether the sync that is due fails.
func (v *VFS) failsNow() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.skip > 0 {
		v.skip--
		return false
	}
	v.fail--
	return v.fail >= 0
}

// Open implements [vfs.VFS].
func (v *VFS) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	return vfsutil.WrapOpen(v.VFS, name, flags)
}

// OpenFilename implements [vfs.VFSFilename]. Only logs are wrapped: the file
// itself keeps all that the real layer knows of it, its index in shared memory
// for one.
func (v *VFS) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := vfsutil.WrapOpenFilename(v.VFS, name, flags)
	if err == nil && flags&vfs.OPEN_WAL != 0 {
		f = &log{f, v}
	}
	return f, flags, err
}

// log is a write-ahead log.
type log struct {
	vfs.File
	v *VFS
}

// Sync implements [vfs.File].
func (l *log) Sync(flags vfs.SyncFlag) error {
	if l.v.failsNow() {
		return sqlite3.IOERR_FSYNC
	}
	return l.File.Sync(flags)
}
