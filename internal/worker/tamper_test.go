//go:build unix

package worker

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/wire"
)

// victim is a database that is open in the worker and has a few rows, all of
// them acknowledged.
type victim struct {
	*harness
	log   logged
	epoch string
	sizes []int64 // of the log, after each row; the third begins it anew
	past  []byte  // the file, when it was complete with the first row
}

// logged is what a worker writes into its log.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// The rows of a victim, and the batches that each has one of.
const victimRows = 5

// newVictim makes one whose last three rows are in the log alone or, as the
// others, in the file alone.
func newVictim(t *testing.T, inLog bool) *victim {
	t.Helper()
	v := &victim{harness: newHarness(t)}
	v.cfg.Log = slog.New(slog.NewTextHandler(&v.log, nil))
	v.cfg.logStays = time.Hour
	v.ok(batchOf(`CREATE TABLE t(a UNIQUE)`))
	for i := range victimRows {
		if i == 1 || i == 2 {
			v.emptyLog()
		}
		if i == 1 {
			v.past = v.read("")
		}
		v.ok(numbered(i))
		v.sizes = append(v.sizes, int64(len(v.read("-wal"))))
	}
	if !inLog {
		v.emptyLog()
	}
	v.epoch = v.harness.epoch()
	return v
}

// emptyLog moves the log into the file while the worker has it open.
func (v *victim) emptyLog() {
	v.t.Helper()
	o := v.outside()
	defer o.close()
	if got := o.query(`PRAGMA wal_checkpoint(TRUNCATE)`); got != "0|0|0" {
		v.t.Fatalf("the log is not empty: %s", got)
	}
	v.ok(batchOf(`SELECT 1`)) // and the worker sees it
}

// wantBlocked asks for a batch that must wait for another process, and says so.
func (v *victim) wantBlocked() {
	v.t.Helper()
	r := v.fails(numbered(victimRows), wire.CodeIOError)
	if !*r.Retryable || !strings.Contains(r.Message, "another process still has it open") {
		v.t.Errorf("%q, retryable %v", r.Message, *r.Retryable)
	}
}

// wantHealed checks that the next batch goes on from the first rows of those
// that were acknowledged, and what the log says of the others.
func (v *victim) wantHealed(rows int) {
	v.t.Helper()
	const of = victimRows
	r := v.ok(numbered(of))
	if want := int64(rows + 2); *r.Rev != want {
		v.t.Errorf("rev %d, want %d", *r.Rev, want)
	}
	if same := v.harness.epoch() == v.epoch; same != (rows == of) {
		v.t.Errorf("the epoch is still the same: %v; there were %d rows, now %d", same, of, rows)
	}
	if lost := strings.Contains(v.log.String(), "level=ERROR"); lost != (rows < of) {
		v.t.Errorf("errors in the log: %v\n%s", lost, v.log.String())
	}
	want := strings.Split("0,1,2,3,4", ",")[:rows]
	v.wantQuery(`SELECT group_concat(a) FROM (SELECT a FROM t ORDER BY a)`, strings.Join(append(want, "5"), ","))
	v.wantQuery(`PRAGMA integrity_check`, "ok")
	v.stop()
	if got := v.sideFiles(); len(got) > 0 {
		v.t.Errorf("beside the file: %q", got)
	}
}

// noticed checks that the worker has seen what was done.
func (v *victim) noticed(t dbfile.Tampering) {
	v.t.Helper()
	if !strings.Contains(v.log.String(), strings.ReplaceAll(t.String(), `"`, `\"`)) {
		v.t.Errorf("the log does not say that %s:\n%s", t, v.log.String())
	}
}

// wantUntold checks that the worker has seen nothing of the kind.
func (v *victim) wantUntold() {
	v.t.Helper()
	for _, sign := range []string{"tampered", "without being closed", "level=ERROR"} {
		if strings.Contains(v.log.String(), sign) {
			v.t.Errorf("the log has %q:\n%s", sign, v.log.String())
		}
	}
}

func (v *victim) remove(suffixes ...string) {
	v.t.Helper()
	for _, suffix := range suffixes {
		if err := os.Remove(v.file + suffix); err != nil {
			v.t.Fatal(err)
		}
	}
}

func (v *victim) write(suffix string, content []byte) {
	v.t.Helper()
	if err := os.WriteFile(v.file+suffix, content, 0o600); err != nil {
		v.t.Fatal(err)
	}
}

func (v *victim) read(suffix string) []byte {
	v.t.Helper()
	content, err := os.ReadFile(v.file + suffix)
	if err != nil {
		v.t.Fatal(err)
	}
	return content
}

func (v *victim) truncate(suffix string, size int64) {
	v.t.Helper()
	if err := os.Truncate(v.file+suffix, size); err != nil {
		v.t.Fatal(err)
	}
}

// noise is of no format.
func noise(n int) []byte { return bytes.Repeat([]byte{0xA7, 0x31, 0x5c}, n/3+1)[:n] }

// What is done to log and index that takes nothing from the log.
var sideFileTampering = []struct {
	name string
	do   func(v *victim)
	is   dbfile.Tampering
}{
	{"log removed", func(v *victim) { v.remove("-wal") }, dbfile.LogMoved},
	{"log replaced by an empty one", func(v *victim) { v.remove("-wal"); v.write("-wal", nil) }, dbfile.LogMoved},
	{"log moved away", func(v *victim) {
		if err := os.Rename(v.file+"-wal", filepath.Join(v.t.TempDir(), "moved")); err != nil {
			v.t.Fatal(err)
		}
	}, dbfile.LogMoved},
	{"index removed", func(v *victim) { v.remove("-shm") }, dbfile.IndexMoved},
	{"index replaced", func(v *victim) { v.remove("-shm"); v.write("-shm", make([]byte, 32768)) }, dbfile.IndexMoved},
	{"both removed", func(v *victim) { v.remove("-wal", "-shm") }, dbfile.LogMoved | dbfile.IndexMoved},
	{"index cut off", func(v *victim) { v.truncate("-shm", 0) }, dbfile.IndexDamaged},
	{"index cut off in its middle", func(v *victim) { v.truncate("-shm", 4096) }, dbfile.IndexDamaged},
	{"log removed and index cut off", func(v *victim) { v.remove("-wal"); v.truncate("-shm", 0) }, dbfile.LogMoved | dbfile.IndexDamaged},
}

// Nothing is lost, and the next batch finds the database whole.
func TestSideFilesTamperedWith(t *testing.T) {
	for _, tt := range sideFileTampering {
		for _, inLog := range []bool{true, false} {
			t.Run(name(tt.name, "rows in the log", inLog), func(t *testing.T) {
				t.Parallel()
				v := newVictim(t, inLog)
				tt.do(v)
				v.wantHealed(victimRows)
				v.noticed(tt.is)
			})
			// Nobody asks for anything before the worker ends.
			t.Run(name(tt.name, "at the end, rows in the log", inLog), func(t *testing.T) {
				t.Parallel()
				v := newVictim(t, inLog)
				tt.do(v)
				v.forget()
				v.noticed(tt.is)
				v.wantHealed(victimRows)
			})
		}
	}
}

// A database is watched from the first batch on, whose tables and log are new.
func TestNewDatabaseTamperedWith(t *testing.T) {
	for _, tt := range sideFileTampering {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := &victim{harness: newHarness(t)}
			v.cfg.Log = slog.New(slog.NewTextHandler(&v.log, nil))
			v.ok(batchOf(`CREATE TABLE t(a UNIQUE)`, `INSERT INTO t VALUES(0)`))
			tt.do(v)
			v.ok(numbered(1))
			v.noticed(tt.is)
			v.wantQuery(`SELECT group_concat(a) FROM t`, "0,1")
		})
	}
}

// Who has had the database open since before uses the files that are gone: he
// keeps his view, nobody writes before he lets go, and nothing is lost meanwhile
// even if the daemon is.
func TestSideFilesTamperedWithBesideAReader(t *testing.T) {
	for _, tt := range sideFileTampering {
		for _, inLog := range []bool{true, false} {
			for _, snapshot := range []bool{true, false} {
				t.Run(name(tt.name, "rows in the log", inLog, "snapshot", snapshot), func(t *testing.T) {
					t.Parallel()
					if snapshot && tt.is.Has(dbfile.IndexDamaged) {
						t.Skip("the reader would fault")
					}
					v := newVictim(t, inLog)
					reader := openReader(t, v.file)
					rows := reader.query(`SELECT count(*) FROM t`)
					if snapshot {
						reader.hold()
					}
					tt.do(v)
					v.wantBlocked()
					v.noticed(tt.is)
					if snapshot {
						if got := reader.query(`SELECT count(*) FROM t`); got != rows {
							t.Errorf("the reader sees %s rows, want %s", got, rows)
						}
					}
					v.stop() // and the next worker knows
					v.wantBlocked()
					reader.close()
					v.wantHealed(victimRows)
				})
			}
		}
	}
}

// As before while the database is prepared: Reopen waits for him.
func TestIndexRemovedWhilePrepared(t *testing.T) {
	v := newVictim(t, false)
	reader := openReader(t, v.file)
	reader.query(`SELECT count(*) FROM t`)
	v.wantOutcome(prepare, "checkpointed ok")
	v.remove("-shm")
	v.wantOutcome(reopen, "READERS_REMAIN")
	if got := v.do(numbered(victimRows)); got.Code != wire.CodeDatabasePreparing {
		t.Errorf("a batch: %s", show(got))
	}
	reader.close()
	v.wantOutcome(reopen, "reopened ok")
	v.wantHealed(victimRows)
}

// Another log takes the place of the one that is in use.
func TestLogReplacedByAStrangeOne(t *testing.T) {
	for _, inLog := range []bool{true, false} {
		v := newVictim(t, inLog)
		strange := makeLog(t)
		v.remove("-wal")
		v.write("-wal", strange)
		for range 2 {
			v.fails(numbered(victimRows), wire.CodeStaleWAL)
			v.stop()
		}
		v.noticed(dbfile.LogMoved)
		if !bytes.Equal(v.read("-wal"), strange) {
			t.Error("the log at the path has changed")
		}
		v.remove("-wal")
		v.wantHealed(victimRows)
	}
}

// As before, while a reader keeps what is in the lost log from being moved
// into the file: the connection holds on to it.
func TestLogReplacedByAStrangeOneBesideAReader(t *testing.T) {
	v := newVictim(t, false)
	reader := openReader(t, v.file)
	release := reader.hold()
	v.ok(batchOf(`INSERT INTO t VALUES('in the log')`))
	v.remove("-wal")
	v.write("-wal", makeLog(t))
	for range 2 {
		r := v.fails(numbered(victimRows), wire.CodeIOError)
		if !*r.Retryable || !strings.Contains(r.Message, "let them finish") {
			t.Errorf("%q, retryable %v", r.Message, *r.Retryable)
		}
	}
	release()
	reader.close()
	v.fails(numbered(victimRows), wire.CodeStaleWAL)
	v.remove("-wal")
	v.ok(batchOf(`DELETE FROM t WHERE a = 'in the log'`))
	if got := v.harness.epoch(); got != v.epoch {
		t.Errorf("the epoch is another:\n%s", v.log.String())
	}
	v.wantQuery(`SELECT group_concat(a) FROM (SELECT a FROM t ORDER BY a)`, "0,1,2,3,4")
	v.wantQuery(`SELECT rev FROM _skylinedb_state`, "8")
}

// name makes the name of a test of what it tries.
func name(parts ...any) string { return strings.TrimSpace(fmt.Sprintln(parts...)) }
