package faultvfs

import (
	"io"

	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// Open implements [vfs.VFS].
func (d *Disk) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	return vfsutil.WrapOpen(d.real, name, flags)
}

// OpenFilename implements [vfs.VFSFilename]. Files without a name are SQLite's
// own for a time; nothing of them outlives a connection.
func (d *Disk) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if name == nil {
		return vfsutil.WrapOpenFilename(d.real, name, flags)
	}
	if err := d.step(Open, name.String()); err != nil {
		return nil, flags, sqliteCode(Open, err)
	}
	f, flags, err := vfsutil.WrapOpenFilename(d.real, name, flags)
	if err != nil {
		return nil, flags, err
	}
	const syncsFolder = vfs.OPEN_MAIN_JOURNAL | vfs.OPEN_SUPER_JOURNAL | vfs.OPEN_WAL
	return &file{
		File: f, d: d, path: name.String(), n: d.file(name.String()), mapsLeft: 2,
		syncsFolder: flags&vfs.OPEN_CREATE != 0 && flags&syncsFolder != 0,
	}, flags, nil
}

// Delete implements [vfs.VFS].
func (d *Disk) Delete(name string, syncDir bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(Remove, name); err != nil {
		return sqliteCode(Remove, err)
	}
	if err := d.real.Delete(name, false); err != nil {
		return err
	}
	d.change(rename{from: name})
	if syncDir {
		d.namespace.sync()
	}
	return nil
}

// Access implements [vfs.VFS].
func (d *Disk) Access(name string, flags vfs.AccessFlag) (bool, error) {
	return d.real.Access(name, flags)
}

// FullPathname implements [vfs.VFS].
func (d *Disk) FullPathname(name string) (string, error) { return d.real.FullPathname(name) }

// file is a database, a log or a journal. What it does not name of SQLite's
// file layer is the real one's.
type file struct {
	vfs.File
	d           *Disk
	path        string
	n           *inode
	syncsFolder bool // its first sync does, as SQLite's own layer has it
	mapsLeft    int  // uses of the index that the plan is asked about
}

// Unwrap implements [vfs.FileUnwrap].
func (f *file) Unwrap() vfs.File { return f.File }

// ReadAt implements [vfs.File].
func (f *file) ReadAt(p []byte, at int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.step(Read, f.path); err != nil {
		return 0, sqliteCode(Read, err)
	}
	return f.File.ReadAt(p, at)
}

// WriteAt implements [vfs.File].
func (f *file) WriteAt(p []byte, at int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	p, fault := shortened(p, f.d.step(Write, f.path))
	if p == nil {
		return 0, sqliteCode(Write, fault)
	}
	f.n.write(p, at)
	n, err := f.File.WriteAt(p, at)
	if err == nil && fault != nil {
		err = sqliteCode(Write, fault)
	}
	return n, err
}

// Truncate implements [vfs.File].
func (f *file) Truncate(size int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.step(Truncate, f.path); err != nil {
		return sqliteCode(Truncate, err)
	}
	f.n.pending = append(f.n.pending, change{at: size})
	return f.File.Truncate(size)
}

// Sync implements [vfs.File]. The real disk is not synced: what is durable is
// this disk's to say.
func (f *file) Sync(vfs.SyncFlag) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.step(Sync, f.path); err != nil {
		return sqliteCode(Sync, err)
	}
	f.n.sync()
	if f.syncsFolder {
		f.syncsFolder = false
		f.d.namespace.sync()
	}
	return nil
}

// SharedMemory implements [vfs.FileSharedMemory]. Its operations cannot be
// wrapped; one that fails is one on an index that does not exist.
func (f *file) SharedMemory() vfs.SharedMemory {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.mapsLeft > 0 {
		f.mapsLeft--
		if f.d.step(Map, f.path+"-shm") != nil {
			return vfs.NewSharedMemory(f.path+"/-shm", vfs.OPEN_MAIN_DB)
		}
	}
	return vfsutil.WrapSharedMemory(f.File)
}

// LockState implements [vfs.FileLockState].
func (f *file) LockState() vfs.LockLevel { return vfsutil.WrapLockState(f.File) }

// HasMoved implements [vfs.FileHasMoved].
func (f *file) HasMoved() (bool, error) { return vfsutil.WrapHasMoved(f.File) }

// PersistWAL implements [vfs.FilePersistWAL].
func (f *file) PersistWAL() bool { return vfsutil.WrapPersistWAL(f.File) }

// SetPersistWAL implements [vfs.FilePersistWAL].
func (f *file) SetPersistWAL(keep bool) { vfsutil.WrapSetPersistWAL(f.File, keep) }

// PowersafeOverwrite implements [vfs.FilePowersafeOverwrite].
func (f *file) PowersafeOverwrite() bool { return vfsutil.WrapPowersafeOverwrite(f.File) }

// SetPowersafeOverwrite implements [vfs.FilePowersafeOverwrite].
func (f *file) SetPowersafeOverwrite(on bool) { vfsutil.WrapSetPowersafeOverwrite(f.File, on) }

// shortened returns how much of a write is done, nil for nothing, and the
// failure that it ends with.
func shortened(p []byte, fault error) ([]byte, error) {
	switch fault {
	case nil:
		return p, nil
	case ErrShort:
		return p[:len(p)/2], io.ErrShortWrite
	}
	return nil, fault
}

// write notes a write.
func (n *inode) write(p []byte, at int64) {
	n.pending = append(n.pending, change{at, append(make([]byte, 0, len(p)), p...)})
}
