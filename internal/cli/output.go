package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// output is where an invocation says what came of it.
type output struct {
	stdout, stderr io.Writer
	json           bool
	err            error // the first failure to write
}

// reply prints a success: the reply itself as JSON, or what text prints.
func (o *output) reply(r *wire.Reply, text func()) error {
	if !o.json {
		text()
		return nil
	}
	o.object(r)
	return nil
}

// object prints r as one line of JSON, without the id, which is the client's.
func (o *output) object(r *wire.Reply) {
	bare := *r
	bare.ID = nil
	e := json.NewEncoder(o.stdout)
	e.SetEscapeHTML(false)
	o.note(e.Encode(&bare))
}

// done prints a line about something that was done.
func (o *output) done(format string, args ...any) { o.line("✓ "+format, args...) }

// warn prints a line about something that the user should look at.
func (o *output) warn(format string, args ...any) { o.line("! "+format, args...) }

func (o *output) line(format string, args ...any) {
	_, err := fmt.Fprintf(o.stdout, format+"\n", args...)
	o.note(err)
}

func (o *output) note(err error) {
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("write the output: %w", err)
	}
}

// failed reports a command that did not succeed.
func (o *output) failed(err error) {
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		e = &wire.Error{Code: wire.CodeIOError, Message: err.Error(), Cause: err}
	}
	if o.json {
		o.object(wire.Failure(e))
		return
	}
	message := e.Message
	if errors.Is(err, client.ErrNotRunning) {
		message = "daemon is not running"
	}
	o.complain(message)
	for _, line := range details(e) {
		fmt.Fprintf(o.stderr, "  %s\n", line)
	}
}

// details tells what a failure has beside its message.
func details(e *wire.Error) (lines []string) {
	var where []string
	if e.StatementIndex != nil {
		where = append(where, fmt.Sprintf("statement %d", *e.StatementIndex+1))
	}
	if e.SQLiteCode != "" {
		where = append(where, e.SQLiteCode)
	}
	if len(where) > 0 {
		lines = append(lines, strings.Join(where, ", "))
	}
	if e.RowsAffected != nil && e.Rev != nil {
		lines = append(lines, fmt.Sprintf("committed before it: %s, rev %d", rows(*e.RowsAffected), *e.Rev))
	}
	return lines
}

// misused reports wrong arguments for the command at path.
func (o *output) misused(path string, err error) {
	if o.json {
		o.object(wire.Failure(wire.Errorf(wire.CodeInvalidRequest, "%w", err)))
		return
	}
	o.complain(err.Error())
	fmt.Fprintf(o.stderr, "Run \"%s --help\" for its usage.\n", path)
}

// complain ignores what goes wrong with stderr: there is no place left to say so.
func (o *output) complain(message string) { fmt.Fprintf(o.stderr, "✗ Error: %s\n", message) }

// rows returns "1 row affected", "2 rows affected".
func rows(n int64) string { return count(n, "row") + " affected" }

// count returns "1 thing", "2 things".
func count(n int64, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
