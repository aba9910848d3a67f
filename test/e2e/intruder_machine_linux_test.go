package e2e

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
)

// siege is a daemon that serves its own user while another one tries to get
// in.
type siege struct {
	d      *harness.Daemon
	i      *intruder
	own    string // a folder of the intruder's
	folder string // of the socket
}

// Whatever another user tries, in whatever order, he gets no reply and no
// hand on the daemon's files; and the daemon's own user notices nothing.
func TestIntruders(t *testing.T) {
	t.Parallel()
	s := &siege{i: startIntruder(t), folder: publicDir(t, 0o755), own: publicDir(t, 0o777)}
	var c *harness.Conn
	s.d, c = withT(t, harness.Config{Socket: filepath.Join(s.folder, "s")}, "a.db")
	counted := make([]int64, 2) // the batches of each client
	var done atomic.Bool
	var wg sync.WaitGroup
	defer wg.Wait()
	defer done.Store(true)
	for name := range counted {
		c.OK(harness.Batch("a.db", insertT(name, 0)))
		g := harness.OpenClient(t, client.Options{Socket: s.d.Socket, Dir: s.d.Dir, NoAutostart: true})
		wg.Go(func() {
			for ; !done.Load(); counted[name]++ {
				if _, err := g.Exec(t.Context(), "a.db", client.SQL(`UPDATE t SET n = n + 1 WHERE client = ?`, name)); err != nil {
					t.Errorf("client %d: %v", name, err)
					return
				}
			}
		})
	}
	for seed := range tally.Rounds(10) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			s.i.t = t
			s.round(t, rand.New(rand.NewPCG(seed, 0)))
		})
	}
	done.Store(true)
	wg.Wait()
	s.i.t = t
	s.check(counted)
}

// check compares the database with what its own user did, and looks for the
// daemon's warnings.
func (s *siege) check(counted []int64) {
	t := s.i.t
	reader := harness.Open(t, s.d.File("a.db"), "ro")
	if got, want := reader.Text(`SELECT group_concat(client || ':' || n, ' ' ORDER BY client) FROM t`), fmt.Sprintf("0:%d 1:%d", counted[0], counted[1]); got != want {
		tally.Violation(t, tally.Other, "the database has %q, want %q", got, want)
	}
	if err := os.Chmod(s.d.Socket, 0o666); err != nil {
		t.Fatal(err)
	}
	s.i.knock(attempt{Way: "ping", Path: s.d.Socket})
	harness.Await(t, "the daemon warns", func() bool { return strings.Contains(s.d.Log(), turnedAway) })
}

// round opens the doors as far as chance wants, so that it is the daemon that
// keeps the intruder out, and lets him try this and that.
func (s *siege) round(t *testing.T, rng *rand.Rand) {
	doors := []struct {
		path  string
		modes []fs.FileMode
	}{
		{s.d.Socket, []fs.FileMode{0o600, 0o606, 0o666, 0o777}},
		{s.folder, []fs.FileMode{0o755, 0o777 | fs.ModeSticky}},
	}
	for _, door := range doors {
		if err := os.Chmod(door.path, door.modes[rng.IntN(len(door.modes))]); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		if rng.IntN(2) == 0 {
			s.knock(rng)
		} else {
			s.reach(rng)
		}
	}
}

// knock tries to get a reply: the way may lead to the daemon, who says nothing.
func (s *siege) knock(rng *rand.Rand) {
	all := []string{"ping", "batches", "shutdown", "silence", "storm", "link", "hardlink", "process"}
	way := all[rng.IntN(len(all))]
	s.i.knock(attempt{Way: way, Path: s.d.Socket, At: filepath.Join(s.own, "way"), PID: s.d.PID()})
}

// reach tries what the system forbids: to open or to move what is the
// daemon's.
func (s *siege) reach(rng *rand.Rand) {
	db := s.d.File("a.db")
	paths := map[string][]string{
		"read":   {s.d.Socket + ".lock", db, db + "-wal", db + "-shm"},
		"write":  {s.d.Socket + ".lock", db, db + "-wal", db + "-shm"},
		"chmod":  {s.d.Socket, s.d.Socket + ".lock", s.d.Dir, db},
		"remove": {s.d.Socket, s.d.Socket + ".lock", db, db + "-wal"},
		"rename": {s.d.Socket, s.d.Socket + ".lock", db},
		"create": {s.d.Socket + ".lock", db + "-journal", s.d.File("new.db")},
		"listen": {s.d.Socket},
		"list":   {s.d.Dir},
	}
	ways := []string{"read", "write", "chmod", "remove", "rename", "create", "listen", "list"}
	way := ways[rng.IntN(len(ways))]
	path := paths[way][rng.IntN(len(paths[way]))]
	s.i.refused(attempt{Way: way, Path: path, At: filepath.Join(s.own, "taken")})
}
