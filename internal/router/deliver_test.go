package router

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/worker"
	"github.com/skylinedb/skylinedb/wire"
)

// unread returns a connection that no reader serves, and its client's end.
func unread(t *testing.T) (c *conn, client net.Conn) {
	t.Helper()
	r := newTestRouter(t)
	client, server := net.Pipe()
	client.SetDeadline(time.Now().Add(time.Minute))
	t.Cleanup(func() { server.Close() })
	return newConn(r, server), client
}

// oweBatch makes a request that a worker has, and returns its call.
func (c *conn) oweBatch(id int) *worker.Call {
	p := &pending{id: fmt.Append(nil, id)}
	call := c.newCall(p, &wire.Request{Type: wire.TypeExecBatch}, 0)
	e := &entry{}
	e.owed.Add(1)
	p.ownedBy(call, e)
	c.owe(p)
	return call
}

// wantReplies reads the replies to requests with those ids.
func wantReplies(t *testing.T, client net.Conn, ids ...int) {
	t.Helper()
	for _, id := range ids {
		body, err := wire.ReadFrame(client, wire.DefaultMaxFrame)
		if err != nil {
			t.Fatalf("reply %d: %v", id, err)
		}
		r, err := wire.ParseReply(body)
		if err != nil || string(r.ID) != fmt.Sprint(id) {
			t.Fatalf("got %s, %v, want the reply %d", body, err, id)
		}
	}
}

// Workers answer in any order, at the same moment, and beside what others than
// workers answer; the client gets the replies in the order of its requests.
func TestRepliesAreInOrder(t *testing.T) {
	const n = 40
	c, client := unread(t)
	var calls []*worker.Call
	var ids []int
	for id := range n {
		ids = append(ids, id)
		if id%7 == 3 {
			c.owe(&pending{id: fmt.Append(nil, id), ask: wire.OK})
			continue
		}
		calls = append(calls, c.oweBatch(id))
	}
	for i := range calls {
		c.r.conns.Go(calls[len(calls)-1-i].Expire)
	}
	c.deliver()
	wantReplies(t, client, ids...)
}

// A reply that is not the oldest waits for those before it.
func TestReplyWaitsForItsTurn(t *testing.T) {
	c, client := unread(t)
	first, second := c.oweBatch(1), c.oweBatch(2)
	second.Expire()
	if owed := len(c.first()); owed != 2 {
		t.Errorf("%d replies are owed, want both", owed)
	}
	first.Expire()
	wantReplies(t, client, 1, 2)
}

// A panic in the writing ends the connection and nothing else: who has made the
// reply ready goes on.
func TestPanicInDelivery(t *testing.T) {
	c, client := unread(t)
	c.owe(&pending{ask: func() *wire.Reply { panic("a test") }})
	c.owe(&pending{reply: wire.OK()})
	c.deliver()
	wantEnd(t, client)
	c.r.conns.Wait()
	if owed := len(c.first()); owed != 0 {
		t.Errorf("%d replies are owed to nobody", owed)
	}
}
