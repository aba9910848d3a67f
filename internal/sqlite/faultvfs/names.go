package faultvfs

import (
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/skylinedb/skylinedb/internal/dbfile"
)

// namespace is the names in the folder: those that are, those that are
// durable, and what was done to them since, in order. A journaling file
// system makes names durable in that order.
type namespace struct {
	live    map[string]*inode
	durable map[string]*inode
	pending []rename
}

// rename gives a file a name. An empty from is a new file, an empty to a
// removal.
type rename struct {
	from, to string
	file     *inode
}

func (n *namespace) load(dir string) error {
	*n = namespace{live: map[string]*inode{}, durable: map[string]*inode{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if strings.HasSuffix(path, "-shm") {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n.live[path] = &inode{durable: content}
	}
	n.durable = maps.Clone(n.live)
	return nil
}

// change does r to the live names.
func (n *namespace) change(r rename) {
	n.pending = append(n.pending, r)
	r.apply(n.live)
}

func (r rename) apply(names map[string]*inode) {
	delete(names, r.from)
	if r.to != "" {
		names[r.to] = r.file
	}
}

// sync makes all names durable.
func (n *namespace) sync() { n.durable, n.pending = maps.Clone(n.live), nil }

// after returns the names that a disk can have after a power failure.
func (n *namespace) after(r *rand.Rand, loss Loss) map[string]*inode {
	kept := map[Loss]int{LoseAll: 0, LoseNone: len(n.pending), LoseSome: r.IntN(len(n.pending) + 1)}[loss]
	names := maps.Clone(n.durable)
	for _, change := range n.pending[:kept] {
		change.apply(names)
	}
	return names
}

// file returns the file of a name, a new one if need be.
func (n *namespace) file(path string) *inode {
	if n.live[path] == nil {
		n.change(rename{to: path, file: &inode{}})
	}
	return n.live[path]
}

// Create implements [dbfile.Disk].
func (d *Disk) Create(path string) (dbfile.DiskFile, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(Create, path); err != nil {
		return nil, err
	}
	f, err := dbfile.OS{}.Create(path)
	if err != nil {
		return nil, err
	}
	return &marker{f, d, path, d.file(path)}, nil
}

// Rename implements [dbfile.Disk].
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(Rename, to); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	d.change(rename{from, to, d.live[from]})
	return nil
}

// Remove implements [dbfile.Disk].
func (d *Disk) Remove(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(Remove, path); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	d.change(rename{from: path})
	return nil
}

// SyncDir implements [dbfile.Disk].
func (d *Disk) SyncDir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(SyncDir, dir); err != nil {
		return err
	}
	d.namespace.sync()
	return nil
}

// marker is a file that package dbfile writes, from its start on.
type marker struct {
	dbfile.DiskFile
	d    *Disk
	path string
	n    *inode
}

func (m *marker) Write(p []byte) (int, error) {
	m.d.mu.Lock()
	defer m.d.mu.Unlock()
	fault := m.d.step(Write, m.path)
	p, err := shortened(p, fault)
	if errors.Is(err, io.ErrShortWrite) {
		err = ENOSPC
	}
	if p == nil {
		return 0, err
	}
	m.n.write(p, 0)
	n, failed := m.DiskFile.Write(p)
	if err == nil {
		err = failed
	}
	return n, err
}

func (m *marker) Sync() error {
	m.d.mu.Lock()
	defer m.d.mu.Unlock()
	err := m.d.step(Sync, m.path)
	if err == nil {
		m.n.sync()
	}
	return err
}
