package clients

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

const together = "together.db"

// program is a writer in another language that runs.
type program struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	rows  atomic.Int64 // that it says it has written
	ended chan error
	says  bytes.Buffer // its errors, once it has ended
}

// A Go, a Python and a Node program write to one database, start its daemon
// where there is none, and read their own writes, while the file is replaced
// three times by a newer one and the daemon is killed three times. None sees
// an error but what the protocol allows, and each row is there once.
func TestTogether(t *testing.T) {
	o := harness.Autostart(t)
	c := harness.OpenClient(t, o)
	ctx := t.Context()
	if _, err := c.Exec(ctx, together, client.SQL(`CREATE TABLE rows(who TEXT, n INTEGER, UNIQUE(who, n))`)); err != nil {
		t.Fatal(err)
	}
	programs := []*program{
		startProgram(t, o, "python", python(t), filepath.Join("testdata", "writer.py")),
		startProgram(t, o, "node", harness.Installed(t, "node"), filepath.Join("testdata", "writer.mjs")),
	}
	goes := startGo(t, o)
	progress := func() {
		for _, p := range programs {
			p.await(t, p.rows.Load()+5)
		}
		want := goes.rows.Load() + 5
		harness.Await(t, "the Go client writes", func() bool { return goes.rows.Load() >= want || t.Failed() })
	}
	for n := range 3 {
		progress()
		replace(t, c, filepath.Join(o.Dir, together), n)
		progress()
		s, err := c.Status(ctx)
		if err != nil {
			t.Fatal(err)
		}
		harness.KillProcess(t, s.PID)
	}
	progress()
	for _, p := range programs {
		p.end(t)
		wantRows(t, c, p.name, p.rows.Load())
	}
	goes.end()
	wantRows(t, c, "go", goes.rows.Load())
	wantRows(t, c, "outside", 3)
}

// replace replaces the file by a copy in which another program has written.
func replace(t *testing.T, c *client.Client, file string, n int) {
	t.Helper()
	ctx := t.Context()
	harness.Await(t, "the database is closed", func() bool {
		_, err := c.CloseDatabase(ctx, together, false)
		return err == nil
	})
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(harness.Dir(t), "newer.db")
	if err := os.WriteFile(newer, content, 0o600); err != nil {
		t.Fatal(err)
	}
	outside := harness.Open(t, newer, "rw")
	outside.Exec(fmt.Sprintf(`INSERT INTO rows VALUES('outside', %d)`, n))
	outside.Close()
	if err := os.Rename(newer, file); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ReopenDatabase(ctx, together); err != nil {
		t.Fatal(err)
	}
}

// wantRows checks that somebody's rows are there, each once.
func wantRows(t *testing.T, c *client.Client, who string, want int64) {
	t.Helper()
	rows, err := c.Select(t.Context(), together, `SELECT count(*), count(DISTINCT n), ifnull(max(n), -1) + 1 FROM rows WHERE who = ?`, who)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		if row[0].Int != want || row[1].Int != want || row[2].Int != want {
			t.Errorf("%s has %d rows with %d numbers up to %d, and has written %d", who, row[0].Int, row[1].Int, row[2].Int, want)
		}
	}
}

func startProgram(t *testing.T, o client.Options, name, interpreter, script string) *program {
	t.Helper()
	p := &program{name: name, cmd: exec.Command(interpreter, script), ended: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), "SKYLINEDB_SOCKET="+o.Socket, "SKYLINEDB_DIR="+o.Dir, "SKYLINEDB_DAEMON="+o.Daemon,
		"PYTHONPATH="+filepath.Join("..", "..", "clients", "python"), "PYTHONDONTWRITEBYTECODE=1")
	p.cmd.Stderr = &p.says
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill() })
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if n, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
				p.rows.Store(n)
			}
		}
		p.ended <- p.cmd.Wait()
	}()
	return p
}

// await waits until the program has written so many rows.
func (p *program) await(t *testing.T, want int64) {
	t.Helper()
	harness.Await(t, p.name+" writes", func() bool {
		select {
		case err := <-p.ended:
			t.Fatalf("%s has ended: %v\n%s", p.name, err, p.says.String())
		default:
		}
		return p.rows.Load() >= want
	})
}

// end lets the program finish, and checks that it is content.
func (p *program) end(t *testing.T) {
	t.Helper()
	p.stdin.Close()
	if err := <-p.ended; err != nil {
		t.Fatalf("%s: %v\n%s", p.name, err, p.says.String())
	}
}

// goWriter writes as the programs do.
type goWriter struct {
	rows    atomic.Int64
	stop    context.CancelFunc
	stopped chan struct{}
}

func startGo(t *testing.T, o client.Options) *goWriter {
	t.Helper()
	c := harness.OpenClient(t, o)
	ctx, cancel := context.WithCancel(context.Background())
	w := &goWriter{stop: cancel, stopped: make(chan struct{})}
	t.Cleanup(w.end)
	go func() {
		defer close(w.stopped)
		for ctx.Err() == nil {
			if err := writeRow(context.Background(), c, w.rows.Load()); err != nil {
				t.Errorf("the Go client: %v", err)
				return
			}
			w.rows.Add(1)
		}
	}()
	return w
}

func (w *goWriter) end() {
	w.stop()
	<-w.stopped
}

// passes reports whether the protocol lets a client see err while a database
// is replaced and its daemon is killed.
func passes(err error) bool {
	switch client.ErrorCode(err) {
	case wire.CodeDatabaseClosed, wire.CodeDatabasePreparing, wire.CodeUnavailable, wire.CodeIOError:
		return true
	}
	return false
}

// writeRow writes row n, every fifth in a transaction, and reads it.
func writeRow(ctx context.Context, c *client.Client, n int64) error {
	insert := client.SQL(`INSERT INTO rows VALUES('go', ?)`, n)
	for {
		var err error
		if n%5 == 4 {
			err = c.Update(ctx, together, func(tx *client.Tx) error {
				_, err := tx.Exec(ctx, insert)
				return err
			})
		} else {
			_, err = c.ExecBatch(ctx, client.Batch{DB: together, RequestID: fmt.Sprint("go-", n), Stmts: []client.Stmt{insert}})
		}
		if err != nil && !passes(err) && client.ErrorCode(err) != wire.CodeTxExpired {
			return err
		}
		have, readErr := countOwn(ctx, c)
		for readErr != nil {
			if !passes(readErr) {
				return readErr
			}
			have, readErr = countOwn(ctx, c)
		}
		switch {
		case have == n+1:
			return nil
		case have != n || err == nil:
			return fmt.Errorf("%d rows after row %d, and %v", have, n, err)
		}
	}
}

func countOwn(ctx context.Context, c *client.Client) (n int64, err error) {
	rows, err := c.Select(ctx, together, `SELECT count(*) FROM rows WHERE who = 'go'`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for row, err := range rows.All() {
		if err != nil {
			return 0, err
		}
		n = row[0].Int
	}
	return n, nil
}
