package hostile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
	"github.com/skylinedb/skylinedb/wire"
)

// attacker sends inputs to a daemon and checks what comes back.
type attacker struct {
	source
	t    *testing.T
	d    *harness.Daemon
	main *link // frames go there; whatever is in them, it stays
	db   account
}

// account is what the attacker knows of his database's rev. Nobody else writes
// to it.
type account struct {
	rev    int64
	epoch  string
	unseen int64 // batches that may have been executed, or may still be, whose replies nobody read
}

// link is a connection with its replies.
type link struct {
	*harness.Conn
	r *bufio.Reader
}

func newAttacker(t *testing.T, d *harness.Daemon, db string, seed, n uint64) *attacker {
	t.Helper()
	a := &attacker{t: t, d: d, source: source{r: rand.New(rand.NewPCG(seed, n)), db: db}}
	setup := d.Dial()
	defer setup.Close()
	a.account(setup.OK(harness.Batch(db, gateSetup...)))
	a.main = a.dial()
	return a
}

// dial returns a new connection, nil where the daemon is gone.
func (a *attacker) dial() *link {
	c, err := harness.Dial(a.t, a.d.Socket)
	if err != nil {
		a.violation("cannot connect: %v", err)
		return nil
	}
	return &link{c, bufio.NewReader(c)}
}

func (a *attacker) violation(format string, args ...any) {
	a.t.Helper()
	tally.Violation(a.t, tally.Other, a.source.db+": "+format, args...)
}

// attack sends n inputs, or fewer where it finds something.
func (a *attacker) attack(n int) {
	for sent := 0; sent < n && a.main != nil && !a.t.Failed(); {
		step := a.window
		switch a.r.IntN(12) {
		case 0:
			step = a.stream
		case 1:
			step = a.hangUp
		}
		inputs := step()
		sent += inputs
		tally.Add(tally.Inputs, int64(inputs))
	}
}

// window sends some frames at once and reads as many replies.
func (a *attacker) window() int {
	bodies := a.bodies()
	_ = a.main.SetDeadline(time.Now().Add(harness.Patience))
	if err := a.main.Send(bodies...); err != nil {
		a.violation("send %q: %v", bodies, err)
	}
	for i, body := range bodies {
		if err := a.reply([]byte(body)); err != nil {
			a.violation("no reply to %q, number %d of %q: %v", body, i, bodies, err)
			break
		}
	}
	return len(bodies)
}

// reply reads and checks the frames of a reply.
func (a *attacker) reply(body []byte) error {
	for {
		text, err := wire.ReadFrame(a.main.r, wire.DefaultMaxFrame)
		if err != nil {
			return err
		}
		if reply := a.check(body, text); reply == nil || !reply.More {
			return nil
		}
	}
}

func (a *attacker) bodies() (bodies []string) {
	for range 1 + a.r.IntN(12) {
		bodies = append(bodies, string(a.body()))
	}
	return bodies
}

// hangUp sends some frames and hangs up, before or after the first replies.
func (a *attacker) hangUp() int {
	c := a.dial()
	if c == nil {
		return 0
	}
	defer c.Close()
	bodies := a.bodies()
	a.db.unseen += int64(len(bodies))
	if c.Send(bodies...) != nil {
		a.violation("send %q", bodies)
	}
	for range a.r.IntN(len(bodies) + 1) {
		text, err := wire.ReadFrame(c.r, wire.DefaultMaxFrame)
		if err != nil {
			a.violation("the replies to %q end with %v", bodies, err)
			break
		}
		a.shape(text)
	}
	return len(bodies)
}

// stream sends bytes that are no frames, or not whole ones. What comes back
// is frames all the same, until the daemon ends the connection.
func (a *attacker) stream() int {
	c := a.dial()
	if c == nil {
		return 0
	}
	defer c.Close()
	b := a.source.stream()
	a.db.unseen += int64(bytes.Count(b, []byte("stmts")))
	_, err := c.Write(b) // it fails where the daemon has had enough
	half, ok := c.Conn.Conn.(interface{ CloseWrite() error })
	if err != nil || !ok || half.CloseWrite() != nil || a.r.IntN(4) == 0 {
		return 1
	}
	for {
		text, err := wire.ReadFrame(c.r, wire.DefaultMaxFrame)
		switch {
		case err == nil:
			a.shape(text)
			continue
		case err == io.ErrUnexpectedEOF || errors.Is(err, os.ErrDeadlineExceeded) || wire.ErrorCode(err) == wire.CodeFrameTooLarge:
			a.violation("the replies to %q end with %v", b, err)
		case err != io.EOF && !isReset(err):
			a.violation("the replies to %q end with %v", b, err)
		}
		return 1
	}
}

// isReset reports whether the daemon closed a connection that it had not read
// to its end.
func isReset(err error) bool {
	_, ok := errors.AsType[*net.OpError](err)
	return ok
}

// check checks a reply to a request whose frame was whole.
func (a *attacker) check(body, text []byte) *wire.Reply {
	a.t.Helper()
	reply := a.shape(text)
	if reply == nil {
		return nil
	}
	req, _ := wire.ParseRequest(body)
	var want bytes.Buffer
	if req.ID != nil {
		if err := json.Compact(&want, req.ID); err != nil {
			a.t.Fatal(err)
		}
	}
	if got := string(reply.ID); !sameJSON(got, want.String()) {
		a.violation("%q has the id %q, and its reply %q", body, want.String(), got)
	}
	if req.Type == wire.TypeExecBatch && req.DB == a.source.db && reply.Rev != nil && !reply.Replayed {
		a.account(reply)
	}
	return reply
}

// sameJSON compares two ids, which may be written with other escapes.
func sameJSON(a, b string) bool {
	if a == b {
		return true
	}
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && fmt.Sprint(x) == fmt.Sprint(y)
}

// account notes the rev in a reply: one step for the batch at the most, and
// one for each of those that nobody saw the end of.
func (a *attacker) account(reply *wire.Reply) {
	a.t.Helper()
	rev := *reply.Rev
	if rev < a.db.rev || rev > a.db.rev+1+a.db.unseen {
		tally.Violation(a.t, tally.LetIn, "%s: rev %d after %d, with %d batches unseen", a.source.db, rev, a.db.rev, a.db.unseen)
	}
	a.db.unseen -= max(0, rev-a.db.rev-1)
	a.db.rev = rev
	if reply.Epoch == nil {
		return // of REV_MISMATCH
	}
	if a.db.epoch != "" && *reply.Epoch != a.db.epoch {
		tally.Violation(a.t, tally.LetIn, "%s: the epoch was %s and is %s", a.source.db, a.db.epoch, *reply.Epoch)
	}
	a.db.epoch = *reply.Epoch
}

// shape checks that a reply has the form that every reply has, and returns it,
// nil where it has not.
func (a *attacker) shape(text []byte) *wire.Reply {
	a.t.Helper()
	var fields map[string]json.RawMessage
	reply, err := wire.ParseReply(text)
	if err != nil || json.Unmarshal(text, &fields) != nil {
		a.violation("the reply %q: %v", text, err)
		return nil
	}
	failed := reply.Status == "error"
	if failed != (reply.Message != "" && reply.Retryable != nil && known[reply.Code]) || failed != (reply.Code != "") {
		a.violation("the reply %s", text)
		return nil
	}
	if failed && strings.ContainsAny(reply.Message, "\x00\n") && reply.SQLiteCode == "" {
		a.violation("the reply's message %q is not one line", reply.Message)
	}
	return reply
}

// known are the codes that these inputs may be answered with. None of them is
// a defect of the daemon's own, nor of its disk.
var known = map[wire.Code]bool{
	wire.CodeInvalidRequest: true, wire.CodeUnknownType: true, wire.CodeFrameTooLarge: true, wire.CodeInvalidDatabaseName: true, wire.CodeDatabasePreparing: true, wire.CodeDatabaseClosed: true,
	wire.CodeSQLError: true, wire.CodeForbiddenStatement: true, wire.CodeTimeout: true, wire.CodeRevMismatch: true, wire.CodeRequestIDReused: true, wire.CodeIOError: true, // a folder that is not there
	wire.CodeTxExpired: true, wire.CodeCancelled: true, wire.CodeResultTooLarge: true, wire.CodeNoDatabase: true,
}
