package client

import (
	"errors"
	"fmt"
	"iter"

	"github.com/skylinedb/skylinedb/wire"
)

// Rows are the rows of a Query on their way. They are not safe for concurrent
// use. Read them with All, or give them up with Close: until then the daemon
// keeps a snapshot for them.
type Rows struct {
	columns, types []string

	lane  *lane
	id    []byte // of the request
	stop  func() bool
	owner rowsOwner
	next  *wire.Reply // a frame that was read and not yet given out
	last  *wire.Reply // the last frame, once it has come
	ended bool        // the lane is no longer ours
	err   error       // why there are no more rows
}

// rowsOwner has the lane that the rows come on.
type rowsOwner interface {
	// complete takes the lane back after the last frame, or an error in its
	// place; inTime is false where the end of the context has spoilt it.
	complete(l *lane, inTime bool, err error)
	// broken takes back a lane that is lost, and returns the error for the
	// caller.
	broken(l *lane, err error) error
	// abandon takes back a lane on which more frames of the rows are to come.
	abandon(r *Rows) error
}

// newRows returns the rows of which a is the first frame.
func newRows(a answer, owner rowsOwner) *Rows {
	r := &Rows{columns: a.Columns, types: a.Types, lane: a.lane, id: a.id, stop: a.stop, owner: owner}
	r.take(a.Reply)
	return r
}

// Columns returns the names of the columns.
func (r *Rows) Columns() []string { return r.columns }

// Types returns the declared types of the columns, "" where one has none.
func (r *Rows) Types() []string { return r.types }

// All yields each row as it comes; a [Row] is good until the next. It blocks
// while the daemon makes more. An error is the last that it yields. When the
// loop ends, also by break, the rows are closed; they can be read once.
func (r *Rows) All() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		defer r.Close() // fails only where nobody would read on
		for {
			frame, err := r.frame()
			if err != nil {
				yield(nil, err)
				return
			}
			if frame == nil {
				return
			}
			err = frame.Rows.Each(func(values []wire.Value) error {
				if !yield(values, nil) {
					return errStop
				}
				return nil
			})
			if errors.Is(err, errStop) {
				return
			}
			if err != nil {
				yield(nil, r.malformed(err))
				return
			}
		}
	}
}

var errStop = errors.New("stop")

// frame returns the next frame, nil after the last.
func (r *Rows) frame() (*wire.Reply, error) {
	if r.next == nil && r.err == nil && r.last == nil {
		reply, err := r.lane.receive(r.id)
		if err != nil {
			r.lose(err)
		} else {
			r.take(reply)
		}
	}
	frame := r.next
	r.next = nil
	if frame == nil {
		return nil, r.err
	}
	return frame, nil
}

// take looks at a frame that has come.
func (r *Rows) take(reply *wire.Reply) {
	err := reply.Err()
	if err == nil {
		r.next = reply
	}
	if err == nil && reply.More {
		return
	}
	r.err, r.ended = err, true
	if err == nil {
		r.last = reply
	}
	r.owner.complete(r.lane, r.stop(), err)
}

// lose notes the loss of the lane.
func (r *Rows) lose(err error) {
	r.stop()
	r.ended = true
	r.err = r.owner.broken(r.lane, err)
}

// malformed ends rows that do not follow the protocol.
func (r *Rows) malformed(err error) error {
	err = wire.Errorf(wire.CodeUnavailable, "The daemon sent a row that this program cannot read: %w.", &phrase{err})
	if !r.ended {
		r.lose(err)
	}
	r.next, r.last, r.err = nil, nil, err
	return err
}

// Close ends the query, if it has not ended, and gives up the rows that were
// not read. A second Close does nothing. An error means that the transaction
// which the query is part of is lost.
func (r *Rows) Close() error {
	if r.next != nil {
		r.next, r.last = nil, nil
	}
	if r.err == nil && r.last == nil {
		r.err = wire.Errorf(wire.CodeInvalidRequest, "The rows are closed: query again.")
	}
	if r.ended {
		return nil
	}
	r.ended = true
	return r.owner.abandon(r)
}

// Rev returns the revision of the database that the rows are of, and 0 before
// they have been read to the end.
func (r *Rows) Rev() int64 {
	if r.last == nil {
		return 0
	}
	return value(r.last.Rev)
}

// Epoch returns the id of the file that Rev belongs to, and "" before the rows
// have been read to the end.
func (r *Rows) Epoch() string {
	if r.last == nil {
		return ""
	}
	return value(r.last.Epoch)
}

// Truncated reports whether there were more rows than Limit: known when the
// rows have been read to the end.
func (r *Rows) Truncated() bool { return r.last != nil && r.last.Truncated }

// Row is one row, a value for each column. A Text or a Blob is part of what the
// row came in and is good until the next row.
type Row []wire.Value

// Scan copies the row's values to what dest point to, one for each column. It
// takes pointers to integers, floats, strings, []byte, bool, any (int64,
// float64, string, []byte or nil), [wire.Value], and to pointers to these, for
// what may be NULL; a nil dest skips its column. It fails where a value would
// not be what it was. What has a method Scan(any) error, as [sql.NullString]
// has, does it its own way.
//
// [sql.NullString]: https://pkg.go.dev/database/sql#NullString
func (r Row) Scan(dest ...any) error {
	if len(dest) != len(r) {
		return fmt.Errorf("scan a row: it has %d columns and there are %d destinations", len(r), len(dest))
	}
	for i, d := range dest {
		if err := scan(d, r[i]); err != nil {
			return fmt.Errorf("scan column %d: %w", i, err)
		}
	}
	return nil
}
