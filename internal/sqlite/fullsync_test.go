package sqlite

import (
	"slices"
	"testing"

	"github.com/ncruces/go-sqlite3/vfs"
)

// syncs is a file layer that notes how the files of a database are synced.
type syncs struct {
	vfs.VFSFilename
	flags []vfs.SyncFlag
}

func (s *syncs) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := s.VFSFilename.OpenFilename(name, flags)
	if err != nil {
		return nil, 0, err
	}
	return &syncedFile{f, s}, flags, nil
}

type syncedFile struct {
	vfs.File
	noted *syncs
}

func (f *syncedFile) Sync(flags vfs.SyncFlag) error {
	f.noted.flags = append(f.noted.flags, flags)
	return f.File.Sync(flags)
}

func (f *syncedFile) SharedMemory() vfs.SharedMemory {
	return f.File.(vfs.FileSharedMemory).SharedMemory()
}

// Where a plain sync leaves data in the disk's own memory, as on macOS, a
// commit that is to be durable and every checkpoint ask for more.
func TestFullSync(t *testing.T) {
	noted := &syncs{VFSFilename: vfs.Find("").(vfs.VFSFilename)}
	vfs.Register("syncs", noted)
	defer vfs.Unregister("syncs")
	c := openFile(t, tempFile(t), Options{Create: true, VFS: "syncs"})
	if err := c.EnableWAL(t.Context()); err != nil {
		t.Fatal(err)
	}
	exec(t, c, `CREATE TABLE t(a)`)
	for _, level := range []Synchronous{SyncNormal, SyncFull, SyncNormal, SyncFull} {
		if err := c.SetSynchronous(level); err != nil {
			t.Fatal(err)
		}
		exec(t, c, `INSERT INTO t VALUES(0)`) // begins the log anew, which belongs to the checkpoint before
		noted.flags = nil
		exec(t, c, `INSERT INTO t VALUES(1)`)
		if durable := slices.Contains(noted.flags, vfs.SYNC_FULL); durable != (level == SyncFull) {
			t.Errorf("with %s a commit syncs %v", level, noted.flags)
		}
		noted.flags = nil
		exec(t, c, `PRAGMA wal_checkpoint(PASSIVE)`)
		if len(noted.flags) == 0 || slices.ContainsFunc(noted.flags, func(f vfs.SyncFlag) bool { return f&vfs.SYNC_FULL != vfs.SYNC_FULL }) {
			t.Errorf("with %s a checkpoint syncs %v", level, noted.flags)
		}
	}
}
