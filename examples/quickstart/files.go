package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// contents is what a direct read of the file sees.
type contents struct {
	stars, rev int64
	epoch      string
}

// readDirectly reads the file past the daemon, as any program with SQLite may.
func readDirectly(file string) (contents, error) {
	var c contents
	db, err := sqlite3.OpenFlags("file:"+file+"?mode=ro", sqlite3.OPEN_READONLY|sqlite3.OPEN_URI)
	if err != nil {
		return c, err
	}
	defer db.Close()
	st, _, err := db.Prepare(`SELECT (SELECT count(*) FROM stars), rev, epoch FROM _skylinedb_state`)
	if err != nil {
		return c, err
	}
	defer st.Close()
	if st.Step() {
		c.stars, c.rev, c.epoch = st.ColumnInt64(0), st.ColumnInt64(1), st.ColumnText(2)
	}
	return c, st.Err()
}

// replaceFile is what a sync service does: prepare, close, replace, reopen.
func replaceFile(ctx context.Context, c *client.Client, dir string) error {
	step("A sync service replaces galaxy.db while users.db goes on")
	file := filepath.Join(dir, "galaxy.db")
	if _, err := c.PrepareForMaintenance(ctx, "galaxy.db"); err != nil {
		return err
	}
	prepared, err := hash(file)
	if err != nil {
		return err
	}
	seen("prepared: the log is empty and the file's hash is stable, %x…", prepared[:4])
	closed, err := c.CloseDatabase(ctx, "galaxy.db", false)
	if err != nil {
		return err
	}
	seen("closed: no handle or lock is held (another process still has the file open: %v)", closed.ReadersRemain)
	_, err = c.Exec(ctx, "galaxy.db", client.SQL(`DELETE FROM stars`))
	if code := client.ErrorCode(err); code != wire.CodeDatabaseClosed {
		return fmt.Errorf("a write to the closed database gave %q", code)
	}
	seen("a write to it is refused: %v", err)
	if _, err := c.Exec(ctx, "users.db", client.SQL(`CREATE TABLE users(name TEXT)`), client.SQL(`INSERT INTO users VALUES('Ada')`)); err != nil {
		return err
	}
	seen("users.db takes writes meanwhile")
	if err := download(file); err != nil {
		return err
	}
	reopened, err := c.ReopenDatabase(ctx, "galaxy.db")
	if err != nil {
		return err
	}
	r, err := c.Exec(ctx, "galaxy.db", client.SQL(`INSERT INTO stars(name) VALUES('Vega')`))
	if err != nil {
		return err
	}
	now, err := readDirectly(file)
	if err != nil {
		return err
	}
	seen("reopened at rev %d with a new epoch; after one more write %d stars at rev %d", reopened.Rev, now.stars, r.Rev)
	if now.stars != 2 || now.epoch != reopened.Epoch {
		return fmt.Errorf("the new file has %d stars in epoch %s instead of 2 in %s", now.stars, now.epoch, reopened.Epoch)
	}
	return nil
}

// download puts another file in the place of the database, as a sync service
// does: written beside it and renamed over it.
func download(file string) error {
	incoming := file + ".incoming"
	db, err := sqlite3.Open(incoming)
	if err != nil {
		return err
	}
	err = db.Exec(`CREATE TABLE stars(id INTEGER PRIMARY KEY, name TEXT, seen_by INTEGER); INSERT INTO stars(name) VALUES('Rigel')`)
	if e := db.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(incoming, file)
}

func hash(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return h.Sum(nil), err
}
