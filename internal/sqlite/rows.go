package sqlite

import (
	"math"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/wire"
)

// Rows collects the rows of a statement as the protocol sends them.
type Rows struct {
	Columns []string
	Types   []string // declared types, "" for none
	Count   int64
	// Limit is the number of bytes of JSON that the rows may have until Take; a
	// row beyond it fails with CodeResultTooLarge.
	Limit int
	// Before and After, if any, are called before each row is added and after
	// it, and Full where a row does not fit beside those before it: it must
	// take the text. After may. Their error ends the statement.
	Before, After, Full func() error

	text []byte // "[" and the rows, with commas between them
}

// Size returns the number of bytes that are collected.
func (r *Rows) Size() int { return len(r.text) }

// Take returns the JSON text of the rows that were collected, nil for a
// statement that returns none, and begins anew with the buffer given.
func (r *Rows) Take(buf []byte) []byte {
	text := r.text
	r.text = buf[:0]
	if len(text) == 0 {
		if r.Columns == nil {
			return nil
		}
		text = append(text, '[')
	}
	return append(text, ']')
}

// reset forgets the rows of an earlier statement of the same text.
func (r *Rows) reset() { r.Columns, r.Types, r.Count, r.text = nil, nil, 0, r.text[:0] }

// fetch runs st to its end and collects its rows. A statement without columns
// leaves those of an earlier one as they are.
func (r *Rows) fetch(st *sqlite3.Stmt) error {
	if st.ColumnCount() == 0 {
		return st.Exec()
	}
	for st.Step() {
		if r.Columns == nil {
			r.head(st)
		}
		var err error
		if r.Before != nil {
			err = r.Before()
		}
		if err == nil {
			err = r.add(st, len(r.Columns))
		}
		if err == nil && r.After != nil {
			err = r.After()
		}
		if err != nil {
			st.Reset() // which repeats the statement's own last error
			return err
		}
	}
	err := st.Err() // also where Step has done nothing, since its time was over
	if r.Columns == nil && err == nil {
		r.head(st)
	}
	if reset := st.Reset(); err == nil {
		err = reset
	}
	return err
}

// head notes the columns of st. It is done after the first step, which may
// have compiled the statement anew: * stands for more columns than before.
func (r *Rows) head(st *sqlite3.Stmt) {
	n := st.ColumnCount()
	r.Columns, r.Types = make([]string, n), make([]string, n)
	for i := range n {
		r.Columns[i], r.Types[i] = st.ColumnName(i), st.ColumnDeclType(i)
	}
}

// add appends the row that st stands on.
func (r *Rows) add(st *sqlite3.Stmt, n int) error {
	fits := r.append(st, n)
	if !fits && len(r.text) > 0 && r.Full != nil {
		if err := r.Full(); err != nil {
			return err
		}
		fits = r.append(st, n)
	}
	if !fits {
		return r.tooLarge()
	}
	r.Count++
	return nil
}

// append appends the row if there is room for it.
func (r *Rows) append(st *sqlite3.Stmt, n int) (fits bool) {
	begin := byte(',')
	if len(r.text) == 0 {
		begin = '['
	}
	text := append(r.text, begin, '[')
	for i := range n {
		if i > 0 {
			text = append(text, ',')
		}
		v := column(st, i)
		if len(text)+wire.EncodedSize(v) >= r.limit() {
			return false
		}
		text = wire.AppendValue(text, v)
	}
	text = append(text, ']')
	if len(text) >= r.limit() {
		return false
	}
	r.text = text
	return true
}

func (r *Rows) limit() int {
	if r.Limit == 0 {
		return math.MaxInt
	}
	return r.Limit
}

func (r *Rows) tooLarge() error {
	return wire.Errorf(wire.CodeResultTooLarge, "The rows have more than %d bytes of JSON, the limit: ask for fewer or for shorter ones.", r.Limit)
}

// column returns column i of the row that st stands on. Its bytes are good
// until the next step.
func column(st *sqlite3.Stmt, i int) wire.Value {
	switch st.ColumnType(i) {
	case sqlite3.INTEGER:
		return wire.Value{Kind: wire.Integer, Int: st.ColumnInt64(i)}
	case sqlite3.FLOAT:
		return wire.Value{Kind: wire.Real, Float: st.ColumnFloat(i)}
	case sqlite3.TEXT:
		return wire.Value{Kind: wire.Text, Bytes: st.ColumnRawText(i)}
	case sqlite3.BLOB:
		return wire.Value{Kind: wire.Blob, Bytes: st.ColumnRawBlob(i)}
	}
	return wire.Value{}
}
