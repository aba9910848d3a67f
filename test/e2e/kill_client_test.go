package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// mute is a process that opens connections, sends each of the bodies that it
// is given on one of its own, says so, and reads nothing. A frame announces
// more bytes than its body has, by a number that comes before them.
func mute(args []string, stdin io.Reader, stdout io.Writer) error {
	socket, bodies := args[0], args[2:]
	missing, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	var conns []net.Conn // open until the end
	for _, body := range bodies {
		nc, err := transport.Dial(context.Background(), socket)
		if err != nil {
			return err
		}
		conns = append(conns, nc)
		if _, err := nc.Write(append(header(uint32(len(body)+missing)), body...)); err != nil {
			return err
		}
	}
	fmt.Fprintln(stdout, "sent")
	_, err = io.Copy(io.Discard, stdin)
	for _, nc := range conns {
		nc.Close()
	}
	return err
}

// sendAndDie starts such a process and kills it when it has sent.
func sendAndDie(t *testing.T, d *harness.Daemon, missing int, bodies ...string) {
	t.Helper()
	p := harness.StartRole(t, "mute", append([]string{d.Socket, strconv.Itoa(missing)}, bodies...)...)
	if line := p.Line(); line != "sent" {
		t.Fatalf("a client says %q: %s", line, p.Output())
	}
	p.Kill()
	p.Wait()
}

// A client that is killed within its frames leaves nothing: they are not
// executed, and the room that they were given is there for others.
func TestClientKilledWithinFrame(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	whole := harness.Batch("a.db", insertT(1, 1))
	half := whole[:len(whole)/2]
	var small, large []string
	for range 40 { // more large frames than there is room for
		small, large = append(small, half), append(large, half)
	}
	for range 2 {
		sendAndDie(t, d, len(whole)-len(half), small...)
		sendAndDie(t, d, wire.DefaultMaxFrame-len(half), large...)
		harness.Await(t, "the connections are gone", func() bool { return c.Status().Connections == 1 })
		c.OK(harness.Batch("a.db", `INSERT INTO t VALUES('`+strings.Repeat("x", 1<<20)+`', 1)`))
	}
	wantCount(t, d, "a.db", 2)
}

// A client that is killed before its replies come has its batches executed at
// most once: whoever sends them again learns what became of them.
func TestClientKilledBeforeReply(t *testing.T) {
	t.Parallel()
	const rounds, each = 5, 20
	d, c := withT(t, harness.Config{}, "a.db")
	replayed := 0
	for round := range rounds {
		var bodies []string
		for n := range each {
			bodies = append(bodies, numbered(fmt.Sprint(round), n))
		}
		sendAndDie(t, d, 0, bodies...)
		for _, body := range bodies {
			if c.OK(body).Replayed {
				replayed++
			}
		}
	}
	harness.Await(t, "the connections are gone", func() bool { return c.Status().Connections == 1 })
	wantCount(t, d, "a.db", rounds*each)
	t.Logf("%d of %d batches were executed before they were sent again", replayed, rounds*each)
}

// The same while its batches wait for a lock: they are executed all the same.
func TestClientKilledInQueue(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db", "b.db")
	holder := holdLock(t, d, "a.db")
	waiting := blocked(t, d, "a.db")
	sendAndDie(t, d, 0, numbered("x", 1), numbered("x", 2))
	c.OK(harness.Batch("b.db", insertT(1, 1)))
	holder.Exec(`ROLLBACK`)
	all := int64(1 + len(waiting) + 2) // with the table's
	harness.Await(t, "the batches are executed", func() bool { return c.Database("a.db").Batches == all })
	for n := range 2 {
		if !c.OK(numbered("x", n+1)).Replayed {
			t.Error("a batch that was executed is executed again")
		}
	}
}
