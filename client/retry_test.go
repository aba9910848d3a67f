package client

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/wire"
)

// faulty is a store whose n-th answers are spoilt.
func faulty(t *testing.T, spoil func(n int64, s *fakedaemon.Store, r *wire.Request) *wire.Reply) (*fakedaemon.Store, *fakedaemon.Daemon, *Client) {
	t.Helper()
	s := fakedaemon.NewStore(t.TempDir())
	var n atomic.Int64
	d := fakedaemon.Start(t, func(r *wire.Request) *wire.Reply { return spoil(n.Add(1), s, r) })
	return s, d, open(t, d.Socket)
}

// A batch whose connection is lost, before or after it was executed, is sent
// again with its id and executed once.
func TestRetryAfterLoss(t *testing.T) {
	for name, executed := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			s, d, c := faulty(t, func(n int64, s *fakedaemon.Store, r *wire.Request) *wire.Reply {
				if n > 2 {
					return s.Handle(r)
				}
				if executed {
					s.Handle(r)
				}
				return nil
			})
			res, err := c.Exec(bg(t), "", SQL("a"))
			check(t, err, res, Result{Rev: 1, RowsAffected: 1, LastInsertRowID: 1, Replayed: executed})
			check(t, nil, s.Executed(wire.DefaultDB), []string{"a"})
			got := d.Requests()
			check(t, nil, len(got), 3)
			for _, r := range got {
				if r.RequestID == "" || r.RequestID != got[0].RequestID {
					t.Errorf("request id %q, want %q as at first", r.RequestID, got[0].RequestID)
				}
			}
		})
	}
}

// A daemon that is full or ending is asked again; every other code is final.
func TestRetryCodes(t *testing.T) {
	for _, code := range []wire.Code{wire.CodeQueueFull, wire.CodeShuttingDown} {
		_, d, c := faulty(t, func(n int64, s *fakedaemon.Store, r *wire.Request) *wire.Reply {
			if n <= 3 {
				return wire.Failure(wire.Errorf(code, "Not now."))
			}
			return s.Handle(r)
		})
		_, err := c.Exec(bg(t), "", SQL("a"))
		check(t, err, len(d.Requests()), 4)
	}
	for _, code := range []wire.Code{wire.CodeTimeout, wire.CodeDatabaseClosed, wire.CodeCheckpointBusy, wire.CodeInternal} {
		_, d, c := faulty(t, func(int64, *fakedaemon.Store, *wire.Request) *wire.Reply {
			return wire.Failure(wire.Errorf(code, "No."))
		})
		_, err := c.Exec(bg(t), "", SQL("a"))
		wantCode(t, err, code)
		check(t, nil, len(d.Requests()), 1)
	}
}

// After a lost reply only an answer that comes after a look for the record of
// the batch says that it was not executed. Another says nothing of the copy
// that was sent before, and may be all there is to learn.
func TestRetryCodesAfterLoss(t *testing.T) {
	unsettled, settled := wire.CodeUnavailable, wire.Code("")
	for code, want := range map[wire.Code]wire.Code{
		wire.CodeTimeout: unsettled, wire.CodeDatabaseClosed: unsettled, wire.CodeDatabasePreparing: unsettled,
		wire.CodeInternal: unsettled, wire.CodeStaleWAL: unsettled,
		wire.CodeSQLError: settled, wire.CodeRevMismatch: settled, wire.CodeForbiddenStatement: settled, wire.CodeRequestIDReused: settled,
	} {
		_, d, c := faulty(t, func(n int64, s *fakedaemon.Store, r *wire.Request) *wire.Reply {
			if n == 1 {
				s.Handle(r) // and its reply is lost
				return nil
			}
			return wire.Failure(wire.Errorf(code, "Not that one."))
		})
		_, err := c.Exec(bg(t), "", SQL("a"))
		if want == settled {
			want = code
		}
		if wantCode(t, err, want); !strings.Contains(err.Error(), "Not that one") {
			t.Errorf("%s: %v, which does not tell what the daemon said", code, err)
		}
		check(t, nil, len(d.Requests()), 2)
	}
	_, _, c := faulty(t, func(n int64, s *fakedaemon.Store, r *wire.Request) *wire.Reply {
		if n == 1 {
			return nil
		}
		return wire.Failure(wire.Errorf(wire.CodeDatabaseClosed, "Closed."))
	})
	_, err := c.PrepareForMaintenance(bg(t), "") // to ask twice for the same state is as good as once
	wantCode(t, err, wire.CodeDatabaseClosed)
}

// A call waits for a daemon that comes later.
func TestRetryUntilDaemon(t *testing.T) {
	socket, s := fakedaemon.Socket(t), fakedaemon.NewStore(t.TempDir())
	c := open(t, socket)
	done := make(chan error)
	go func() {
		_, err := c.Exec(bg(t), "", SQL("a"))
		done <- err
	}()
	for !c.waits() {
		runtime.Gosched() // let the other goroutine run
	}
	fakedaemon.StartAt(t, socket, t.TempDir(), s.Handle)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// waits reports whether a call has begun to look for a daemon.
func (c *Client) waits() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.connecting != nil
}

// Trouble that does not end ends the call: with the context, and without one
// when the client's patience is used up.
func TestRetryEnds(t *testing.T) {
	_, _, c := faulty(t, func(int64, *fakedaemon.Store, *wire.Request) *wire.Reply { return nil })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := c.Exec(ctx, "", SQL("a"))
	if wantCode(t, err, wire.CodeUnavailable); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the cause context.DeadlineExceeded", err)
	}
	c.timing.retryFor = 20 * time.Millisecond
	_, err = c.Exec(t.Context(), "", SQL("a"))
	wantCode(t, err, wire.CodeUnavailable)
	_, err = open(t, fakedaemon.Socket(t)).Ping(ctx)
	wantCode(t, err, wire.CodeUnavailable)
}

// Who listens and says nothing, or nothing sensible, is no daemon.
func TestHandshake(t *testing.T) {
	tests := map[string]struct {
		says []byte
		want wire.Code
	}{
		"silence":      {nil, wire.CodeUnavailable},
		"another tune": {[]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), wire.CodeUnavailable},
		"not a reply":  {framed(t, `{}`), wire.CodeUnavailable},
		"protocol 2":   {framed(t, `{"status":"ok","protocol":2}`), wire.CodeUnavailable},
		"an error":     {framed(t, `{"status":"error","code":"IO_ERROR"}`), wire.CodeIOError},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := open(t, raw(t, func(nc net.Conn) {
				_, _ = nc.Write(test.says)
				_, _ = io.Copy(io.Discard, nc)
			}))
			if test.says == nil {
				c.timing.handshake, c.timing.retryFor = 10*time.Millisecond, 20*time.Millisecond
			}
			_, err := c.Ping(context.Background())
			wantCode(t, err, test.want)
			t.Log(err)
		})
	}
}
