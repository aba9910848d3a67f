package e2e

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// header returns the header of a frame of n bytes.
func header(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }

// A frame above the limit is answered, and then the connection ends.
func TestFrameTooLarge(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{Flags: []string{"--max-frame=64KiB"}})
	for _, n := range []uint32{64<<10 + 1, 1 << 31, 1<<32 - 1} {
		c := d.Dial()
		c.OK(harness.Command(wire.TypePing, ""))
		if _, err := c.Write(header(n)); err != nil {
			t.Fatal(err)
		}
		harness.WantCode(t, c.Reply(), wire.CodeFrameTooLarge)
		c.WantEnd()
	}
	body := rawBatch(`[{"sql":"SELECT 1"}]`)
	for len(body) < 64<<10 {
		body += " "
	}
	d.Dial().OK(body)
}

// The reply to a frame of 4 GiB arrives although the client goes on sending,
// and then the connection ends for the client too.
func TestFrameTooLargeGoesOn(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	c := d.Dial()
	sender := make(chan error)
	go func() {
		_, err := c.Write(header(1<<32 - 1))
		for chunk := make([]byte, 1<<20); err == nil; {
			_, err = c.Write(chunk)
		}
		sender <- err
	}()
	harness.WantCode(t, c.Reply(), wire.CodeFrameTooLarge)
	c.WantEnd()
	other := d.Dial()
	other.OK(harness.Batch("a.db", createT))
	t.Logf("the sender was stopped: %v", <-sender)
	harness.Await(t, "the connection is gone", func() bool { return other.Status().Connections == 1 })
}

// Clients that begin more large frames than there is room for, and stop, hold
// up no large frame that comes whole.
func TestStalledLargeFrames(t *testing.T) {
	t.Parallel()
	const stalled = 30
	d, c := withT(t, harness.Config{}, "a.db")
	part := append(header(16<<20), make([]byte, 15<<20)...)
	var wg sync.WaitGroup
	defer wg.Wait()
	var conns []*harness.Conn
	for range stalled {
		s := d.Dial()
		defer s.Close() // before the others are waited for
		conns = append(conns, s)
		wg.Go(func() { _, _ = s.Write(part) }) // fails where the daemon ends the connection
	}
	harness.Await(t, "all have connected", func() bool { return c.Status().Connections == stalled+1 })
	c.OK(harness.Batch("a.db", fmt.Sprintf(`INSERT INTO t VALUES('%s', 1)`, strings.Repeat("x", 1<<20))))
	harness.Await(t, "those that were in the way have lost their connections", func() bool { return c.Status().Connections < stalled+1 })
	for _, s := range conns {
		s.Close()
	}
	harness.Await(t, "all connections are gone", func() bool { return c.Status().Connections == 1 })
	wantCount(t, d, "a.db", 1)
}

// A client that hangs up within a frame leaves nothing behind.
func TestHalfFrame(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	frame := harness.Frame(harness.Batch("a.db", insertT(1, 1)))
	for _, n := range []int{0, 1, 3, 4, 5, len(frame) / 2, len(frame) - 1} {
		half := d.Dial()
		if _, err := half.Write(frame[:n]); err != nil {
			t.Fatal(err)
		}
		half.Close()
		c.OK(harness.Command(wire.TypePing, ""))
	}
	large := d.Dial()
	if _, err := large.Write(append(header(16<<20), make([]byte, 1<<20)...)); err != nil {
		t.Fatal(err)
	}
	large.Close()
	harness.Await(t, "the connections are gone", func() bool { return c.Status().Connections == 1 })
	wantCount(t, d, "a.db", 0)
}

// A client that hangs up before its replies come has its batches executed.
func TestHangUpBeforeReply(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	impatient := d.Dial()
	var bodies []string
	for n := range 20 {
		bodies = append(bodies, harness.Batch("a.db", insertT(1, n)))
	}
	if err := impatient.Send(bodies...); err != nil {
		t.Fatal(err)
	}
	impatient.Close()
	harness.Await(t, "the batches are executed", func() bool { return c.Database("a.db").Batches == 21 })
	wantCount(t, d, "a.db", 20)
}

// A client that sends its frame byte by byte delays nobody.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	slow := d.Dial()
	frame := harness.Frame(harness.Batch("a.db", insertT(1, 0)))
	for i := range frame {
		if _, err := slow.Write(frame[i : i+1]); err != nil {
			t.Fatal(err)
		}
		c.OK(harness.Batch("a.db", insertT(2, i)))
	}
	if err := slow.Reply().Err(); err != nil {
		t.Error(err)
	}
	wantCount(t, d, "a.db", len(frame)+1)
}

// A client that sends and never reads is stuck by itself.
func TestClientThatNeverReads(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	mute := d.Dial()
	// The id comes back: these replies fill every buffer on their way.
	body := harness.With(harness.Batch("a.db", insertT(1, 0)), "id", string(make([]byte, 200<<10)))
	sent, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; mute.Send(body) == nil; n++ {
			if n == 16 {
				close(sent)
			}
		}
	}()
	<-sent
	for n := range 100 {
		c.OK(harness.Batch("a.db", insertT(2, n)))
	}
	c.OK(harness.Batch("b.db", createT))
	mute.Close()
	<-ended
	harness.Await(t, "the connection is gone", func() bool { return c.Status().Connections == 1 })
}
