package router

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// padded returns the frame of a batch, with white space up to n bytes.
func padded(t *testing.T, sql string, n int) []byte {
	t.Helper()
	frame, err := wire.AppendFrame(nil, func(b []byte) ([]byte, error) {
		b = wire.AppendRequest(b, batch("a", sql))
		return append(b, bytes.Repeat([]byte(" "), n-len(b))...), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// Frames that fill the inbox to the byte, and more of them than may be unanswered,
// are all answered.
func TestPipelineThatFillsTheInbox(t *testing.T) {
	s := serve(t, nil)
	p := s.dial()
	p.ok(batch("a", createT))
	const size, n = 128, 2 * inboxSize / 128
	var frames []byte
	for i := range n {
		frames = append(frames, padded(t, fmt.Sprintf(`INSERT INTO t VALUES(1,%d)`, i), size)...)
	}
	s.conns.Go(func() { p.Write(frames) })
	for i := range n {
		r, err := p.receive()
		if err == nil {
			err = r.Err()
		}
		if err != nil {
			t.Fatalf("reply %d of %d: %v", i, n, err)
		}
	}
}

// A client is answered after a pause that is longer than a reply may take.
func TestReplyAfterAWriteDeadline(t *testing.T) {
	s := serve(t, nil)
	p := s.dial()
	p.ok(batch("a", createT))
	p.ok(&wire.Request{Type: wire.TypePing}) // written by one who waits, and so within a time
	for _, c := range s.connections() {
		c.nc.SetWriteDeadline(time.Now().Add(-time.Second)) // which has passed
	}
	p.ok(batch("a", insertT(1, 1)))
}

// What requests take of the budget for results they give back as soon as they
// are answered, also while their client's next one waits for room.
func TestAnsweredRequestsGiveRoomForResults(t *testing.T) {
	s := serve(t, func(r *Router) { r.results.free = 3 * wire.MaxResults })
	var reqs []*wire.Request
	for range 5 {
		b := batch("../outside", `SELECT 1`)
		b.Results = true
		reqs = append(reqs, b)
	}
	p := s.dial()
	if err := p.send(reqs...); err != nil {
		t.Fatal(err)
	}
	for i := range reqs {
		if _, err := p.receive(); err != nil {
			t.Fatalf("reply %d: %v", i, err)
		}
	}
}

// Pipelines of all kinds of requests, cut into pieces anywhere, are answered in
// order and wholly, and leave nothing behind.
func TestRandomPipelines(t *testing.T) {
	s := serve(t, nil)
	s.dial().ok(batch("a", createT))
	s.dial().ok(batch("b", createT))
	var wg sync.WaitGroup
	for n := range 4 {
		p := s.dial()
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), 7))
			const rounds = 4
			for round := range rounds {
				if err := p.pipeline(r, round == rounds-1 && n%2 == 0); err != nil {
					t.Errorf("client %d, round %d: %v", n, round, err)
					return
				}
			}
		})
	}
	wg.Wait()
	for _, c := range s.connections() {
		if own := c.account.taken(); own != 0 {
			t.Errorf("%d bytes of an allowance were not given back", own)
		}
	}
	if s.budget.free != sharedBytes || s.results.free != sharedBytes {
		t.Errorf("of %d bytes %d are free for requests and %d for results", sharedBytes, s.budget.free, s.results.free)
	}
}

// taken returns how much of the allowance is taken.
func (a *account) taken() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.own
}

// pipeline sends some requests in pieces, and reads their replies. After the
// last it shuts its sending side down, and waits for the end.
func (p *peer) pipeline(r *rand.Rand, last bool) error {
	if _, ok := p.Conn.(*net.UnixConn); !ok {
		last = false // a pipe has no sending side
	}
	n := 1 + r.IntN(200)
	var frames []byte
	for id := range n {
		req := randomRequest(r, id)
		var err error
		frames, err = wire.AppendFrame(frames, func(b []byte) ([]byte, error) { return wire.AppendRequest(b, req), nil })
		if err != nil {
			return err
		}
	}
	sent := make(chan error, 1)
	pieces := rand.New(rand.NewPCG(r.Uint64(), 0))
	go func() { sent <- p.sendInPieces(pieces, frames, last) }()
	for id := 0; id < n; {
		reply, err := p.receive()
		if err != nil {
			return fmt.Errorf("reply %d of %d: %w", id, n, err)
		}
		if string(reply.ID) != fmt.Sprint(id) {
			return fmt.Errorf("reply %s, want %d", reply.ID, id)
		}
		if !reply.More {
			id++
		}
	}
	if err := <-sent; err != nil {
		return err
	}
	if last {
		if reply, err := p.receive(); err == nil {
			return fmt.Errorf("one more reply, %s", reply.ID)
		}
	}
	return nil
}

func (p *peer) sendInPieces(r *rand.Rand, frames []byte, last bool) error {
	for len(frames) > 0 {
		n := min(len(frames), 1+r.IntN(40_000))
		if r.IntN(3) == 0 {
			n = min(len(frames), 1+r.IntN(9))
		}
		if _, err := p.Write(frames[:n]); err != nil {
			return err
		}
		frames = frames[n:]
	}
	if last {
		return p.Conn.(*net.UnixConn).CloseWrite()
	}
	return nil
}

func randomRequest(r *rand.Rand, id int) *wire.Request {
	db := "ab"[r.IntN(2):][:1]
	req := batch(db, insertT(id, r.IntN(100)))
	switch r.IntN(8) {
	case 0:
		req = &wire.Request{Type: wire.TypePing}
	case 1:
		req = &wire.Request{Type: wire.TypeQuery, DB: db, HasDB: true, SQL: `SELECT 1`}
	case 2:
		req = batch(db, `INSERT INTO nothing VALUES(1)`)
	case 3:
		req = batch(db, `SELECT '`+strings.Repeat("x", r.IntN(90_000))+`'`)
	case 4:
		req = batch(db, `WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i < 3000) SELECT i FROM n`)
		req.Results = true
	case 5:
		req = &wire.Request{Type: wire.TypeCancel, Target: fmt.Append(nil, id-1-r.IntN(3))}
	case 6:
		req.Timeout = time.Duration(1+r.IntN(20)) * time.Millisecond
	}
	req.ID = fmt.Append(nil, id)
	return req
}
