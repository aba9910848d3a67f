package router

import (
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/internal/worker"
	"github.com/skylinedb/skylinedb/wire"
)

// A worker opens its file when the last one has let it go and another one has
// made room, in whichever order these come, and not before.
func TestWorkerWaitsForFileAndRoom(t *testing.T) {
	for _, tt := range []struct {
		name  string
		waits []string
	}{
		{"nothing", nil},
		{"its last worker", []string{"gone"}},
		{"room", []string{"room"}},
		{"both, room last", []string{"gone", "room"}},
		{"both, its last worker last", []string{"room", "gone"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { checkHandover(t, tt.waits) })
		})
	}
}

// checkHandover lets what a worker waits for happen in that order.
func checkHandover(t *testing.T, waits []string) {
	root, err := dbfile.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path, err := root.Resolve("a.db")
	if err != nil {
		t.Fatal(err)
	}
	r := New(Config{Root: root, MaxFrame: 1 << 20, Synchronous: sqlite.SyncNormal, Log: slog.New(slog.DiscardHandler)})
	defer r.cancel()
	chans := map[string]chan struct{}{}
	for _, name := range waits {
		chans[name] = make(chan struct{})
	}
	r.mu.Lock()
	e := r.entryFor(path)
	if ch := chans["gone"]; ch != nil {
		e.gone = ch
	}
	r.spawn(e, chans["room"])
	call := worker.NewCall(batch("a.db", createT), 0, time.Now())
	err = r.submitTo(e, "a.db", call)
	r.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range waits {
		synctest.Wait()
		if _, err := os.Stat(path.File); !os.IsNotExist(err) {
			t.Errorf("the file was opened before %q: %v", name, err)
		}
		close(chans[name])
	}
	if reply := <-call.Reply(); reply.Status != wire.OK().Status {
		t.Errorf("the batch failed: %v", reply.Err())
	}
	e.answered()
	r.stopWorkers()
}
