package client

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/wire"
)

// Close ends what is in flight on lanes: a call of a transaction, a Commit, the
// wait for rows and for events, and the opening of a lane.
func TestCloseLanes(t *testing.T) {
	for name, test := range map[string]struct {
		held wire.Type
		call func(context.Context, *Client, *Tx) error
		want wire.Code
	}{
		"exec": {wire.TypeExecBatch, func(ctx context.Context, _ *Client, tx *Tx) error {
			_, err := tx.Exec(ctx, SQL("x"))
			return err
		}, wire.CodeTxExpired},
		"commit": {wire.TypeCommit, func(ctx context.Context, _ *Client, tx *Tx) error {
			_, err := tx.Commit(ctx)
			return err
		}, wire.CodeUnavailable},
		"query": {wire.TypeQuery, func(ctx context.Context, c *Client, _ *Tx) error {
			_, err := c.Select(ctx, "", "x")
			return err
		}, wire.CodeUnavailable},
		"subscribe": {wire.TypeSubscribe, func(ctx context.Context, c *Client, _ *Tx) (err error) {
			for _, err = range c.Subscribe(ctx, SubscribeOptions{}) {
			}
			return err
		}, wire.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s := fakedaemon.NewStore(t.TempDir())
			d, c := served(t, func(call *fakedaemon.Call) bool {
				if call.Type != test.held {
					return s.Serve(call)
				}
				<-call.Ended
				return false
			})
			tx := begin(t, c)
			failed := make(chan error)
			go func() { failed <- test.call(bg(t), c, tx) }()
			d.Await(2)
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			err := <-failed
			if wantCode(t, err, test.want); !errors.Is(err, ErrClosed) {
				t.Errorf("got %v, want the cause ErrClosed", err)
			}
			check(t, nil, c.lanesNow(), [2]int{0, 0})
		})
	}
	t.Run("opening", func(t *testing.T) {
		greeted := make(chan struct{}, 1)
		c := open(t, raw(t, func(nc net.Conn) { // somebody who never answers
			_, _ = wire.ReadFrame(nc, wire.DefaultMaxFrame)
			greeted <- struct{}{}
			_, _ = io.Copy(io.Discard, nc)
		}))
		failed := make(chan error)
		go func() {
			_, err := c.Select(bg(t), "", "x")
			failed <- err
		}()
		<-greeted
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		err := <-failed
		if wantCode(t, err, wire.CodeUnavailable); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want the cause ErrClosed", err)
		}
	})
}

// Where the context has ended before it, Commit is not sent, and nothing was
// committed for certain.
func TestCommitTooLate(t *testing.T) {
	_, d, c := store(t)
	tx := begin(t, c)
	ctx, cancel := context.WithCancel(bg(t))
	cancel()
	_, err := tx.Commit(ctx)
	if wantCode(t, err, wire.CodeTxExpired); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cause context.Canceled", err)
	}
	check(t, nil, len(d.Requests()), 1)
}
