//go:build unix

package replace

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/test/harness"
)

// outside is another process, which opens files past the daemon, one at a
// time. It is for one goroutine at a time.
type outside struct{ p *harness.Process }

// order is what such a process is told, and answer what it says to that.
type order struct {
	Op   string // open, exec, look, check or close
	Path string
	Mode string // of open: ro, rw or rwc
	SQL  string // of exec
}

type answer struct {
	Err  string
	Hot  bool // a journal must be rolled back, and a reader may not
	View view
}

// errHot says that only who may write can open the file, since somebody was
// killed while it had a rollback journal.
var errHot = errors.New("a hot journal")

func startOutside(t testing.TB) *outside { return &outside{harness.StartRole(t, "outside")} }

func (o *outside) do(what order) (view, error) {
	text, err := json.Marshal(what)
	if err != nil {
		return view{}, err
	}
	o.p.Tell("%s", text)
	line, ok := o.p.Next()
	if !ok {
		return view{}, fmt.Errorf("the process ended: %s", o.p.Output())
	}
	var a answer
	if err := json.Unmarshal([]byte(line), &a); err != nil {
		return view{}, err
	}
	switch {
	case a.Hot:
		return a.View, fmt.Errorf("%w: %s: %s", errHot, what.Op, a.Err)
	case a.Err != "":
		return a.View, errors.New(what.Op + ": " + a.Err)
	}
	return a.View, nil
}

// open opens a file; a file that is open already is closed before. SQLite
// looks at it with the first statement.
func (o *outside) open(path, mode string) error {
	_, err := o.do(order{Op: "open", Path: path, Mode: mode})
	return err
}

func (o *outside) exec(sql string) error {
	_, err := o.do(order{Op: "exec", SQL: sql})
	return err
}

func (o *outside) look() (view, error) { return o.do(order{Op: "look"}) }

func (o *outside) close() error {
	_, err := o.do(order{Op: "close"})
	return err
}

// kill ends the process as kill -9 does, and waits for that.
func (o *outside) kill() {
	o.p.Kill()
	o.p.Wait()
}

// beOutside is the role of such a process.
func beOutside(_ []string, stdin io.Reader, stdout io.Writer) error {
	lines, out := bufio.NewScanner(stdin), json.NewEncoder(stdout)
	lines.Buffer(nil, 16<<20)
	var db *sqlite3.Conn
	for lines.Scan() {
		var what order
		if err := json.Unmarshal(lines.Bytes(), &what); err != nil {
			return err
		}
		var a answer
		var err error
		if db, a.View, err = obey(db, what); err != nil {
			a.Err, a.Hot = err.Error(), errors.Is(err, sqlite3.READONLY_ROLLBACK)
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
	_, _, err := obey(db, order{Op: "close"})
	return err
}

// obey carries out an order and returns the connection that is open then.
func obey(db *sqlite3.Conn, what order) (*sqlite3.Conn, view, error) {
	switch what.Op {
	case "open", "close":
		var err error
		if db != nil {
			err = db.Close()
		}
		if what.Op == "close" || err != nil {
			return nil, view{}, err
		}
		db, err = openFile(what.Path, what.Mode)
		return db, view{}, err
	}
	if db == nil {
		return nil, view{}, errors.New("nothing is open")
	}
	switch what.Op {
	case "exec":
		return db, view{}, db.Exec(what.SQL)
	}
	v, err := look(db)
	return db, v, err
}

// openFile opens a file as programs beside the daemon do.
func openFile(path, mode string) (*sqlite3.Conn, error) {
	name := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "mode=" + mode}
	db, err := sqlite3.OpenFlags(name.String(), sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE|sqlite3.OPEN_URI)
	if err != nil {
		return nil, err
	}
	return db, db.BusyTimeout(harness.Patience)
}

// integrity runs SQLite's integrity check.
func integrity(db *sqlite3.Conn) error {
	says := ""
	err := each(db, `PRAGMA integrity_check(3)`, func(r *sqlite3.Stmt) { says += r.ColumnText(0) + "\n" })
	if err == nil && says != "ok\n" {
		err = fmt.Errorf("integrity_check says %q", says)
	}
	return err
}
