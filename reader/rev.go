package reader

import (
	"context"
	"errors"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// glance is how often the rev is looked at while it is waited for, where no
// event tells of commits.
const glance = 20 * time.Millisecond

// WaitRev waits until the file has at least that rev, so that what was written
// with it can be read. A rev that a write's reply told can be read at once.
//
// A file with another epoch, or with none, has no such rev: it has replaced
// the one that was written, or is an older copy of it, and WaitRev fails with
// CodeRevMismatch. If ctx ends first its error is in the chain.
func (r *Reader) WaitRev(ctx context.Context, rev int64, epoch string) error {
	for {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		var got int64
		var of string
		err := r.Read(ctx, func(c *Conn) error {
			got, of = c.Rev()
			return nil
		})
		switch {
		case err != nil:
			return err
		case of != epoch:
			return wire.Errorf(wire.CodeRevMismatch, "The rev %d is of a file with the epoch %q, and the present one has %q: it was replaced.", rev, epoch, of)
		case got >= rev:
			return nil
		}
		err = r.pause(ctx, changed, glance)
		switch {
		case errors.Is(err, ErrClosed):
			return closedError()
		case err != nil:
			return wire.Errorf(wire.CodeTimeout, "The file has rev %d, and %d was waited for: %w.", got, rev, err)
		}
	}
}
