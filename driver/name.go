package driver

import (
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// defaultReaders is the number of reads at a time: more than a reader's own
// default, because a sql.DB bounds its connections itself, and a program that
// queries while it has Rows open needs two of them.
const defaultReaders = 64

// source is what a data source name says.
type source struct {
	db          string
	client      client.Options
	sync        wire.Sync
	idle, lease time.Duration
	readers     int
	events      bool
}

// options set what each option of a name means.
var options = map[string]func(*source, string) error{
	"dir":       func(c *source, s string) error { c.client.Dir = s; return nil },
	"socket":    func(c *source, s string) error { c.client.Socket = s; return nil },
	"daemon":    func(c *source, s string) error { c.client.Daemon = s; return nil },
	"autostart": func(c *source, s string) error { return flag(s, func(b bool) { c.client.NoAutostart = !b }) },
	"events":    func(c *source, s string) error { return flag(s, func(b bool) { c.events = b }) },
	"idle":      func(c *source, s string) error { return duration(s, &c.idle) },
	"lease":     func(c *source, s string) error { return duration(s, &c.lease) },
	"sync": func(c *source, s string) error {
		c.sync = wire.Sync(s)
		if c.sync != wire.SyncFull && c.sync != wire.SyncNormal {
			return fmt.Errorf("it must be %s or %s", wire.SyncFull, wire.SyncNormal)
		}
		return nil
	},
	"readers": func(c *source, s string) (err error) {
		c.readers, err = strconv.Atoi(s)
		if err != nil || c.readers < 1 {
			return fmt.Errorf("it must be a number from 1 on")
		}
		return nil
	},
}

func flag(s string, set func(bool)) error {
	b, err := strconv.ParseBool(s)
	if err != nil {
		return fmt.Errorf("it must be 1 or 0")
	}
	set(b)
	return nil
}

func duration(s string, to *time.Duration) (err error) {
	if *to, err = time.ParseDuration(s); err != nil || *to <= 0 {
		return fmt.Errorf("it must be a time such as 10s")
	}
	return nil
}

// parseName reads a data source name: the database's, and options.
func parseName(name string) (source, error) {
	cfg := source{readers: defaultReaders, events: true}
	db, query, _ := strings.Cut(name, "?")
	if db == "" {
		db = wire.DefaultDB
	}
	if db == ":memory:" || strings.HasPrefix(db, "file:") || !filepath.IsLocal(filepath.FromSlash(db)) {
		return source{}, wire.Errorf(wire.CodeInvalidDatabaseName, "%q is no database of the daemon's directory: give its path there, and the directory as in %q.", db, "app.db?dir=/path")
	}
	cfg.db = db
	values, err := url.ParseQuery(query)
	if err != nil {
		return source{}, wire.Errorf(wire.CodeInvalidRequest, "The options of the data source name %q are malformed: %w.", name, err)
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		set := options[key]
		if set == nil {
			known := strings.Join(slices.Sorted(maps.Keys(options)), ", ")
			return source{}, wire.Errorf(wire.CodeInvalidRequest, "There is no option %q in a data source name: those are %s.", key, known)
		}
		if err := set(&cfg, values.Get(key)); err != nil {
			return source{}, wire.Errorf(wire.CodeInvalidRequest, "The option %s=%s of the data source name: %w.", key, values.Get(key), err)
		}
	}
	return cfg, nil
}
