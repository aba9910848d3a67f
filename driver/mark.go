package driver

import (
	"context"
	"sync"
	"time"

	"github.com/skylinedb/skylinedb/reader"
)

// maxWait is how long a read waits for the last write to appear. It can be
// read when the daemon has answered; if it cannot, then because an older copy
// of the file was put in its place.
const maxWait = time.Second

// mark is the rev that reads must see: that of the last write.
type mark struct {
	mu    sync.Mutex
	rev   int64
	epoch string // "" for no mark
}

// note moves the mark up to a write's rev.
func (m *mark) note(rev int64, epoch string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if epoch != "" && (epoch != m.epoch || rev > m.rev) {
		m.rev, m.epoch = rev, epoch
	}
}

func (m *mark) get() (rev int64, epoch string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rev, m.epoch
}

// drop takes the mark away if it is still the one that was looked at: its file
// is no more.
func (m *mark) drop(rev int64, epoch string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rev == rev && m.epoch == epoch {
		m.epoch = ""
	}
}

// clear takes any mark away: another file is there.
func (m *mark) clear() { m.drop(m.get()) }

// snapshot takes a snapshot that has all that was written before.
func (c *connector) snapshot(ctx context.Context) (*reader.Conn, error) {
	rev, epoch := c.mark.get()
	snap, err := c.reader.Begin(ctx)
	if err != nil {
		return nil, err
	}
	if got, of := snap.Rev(); epoch == "" || of == epoch && got >= rev {
		return snap, nil
	}
	snap.End()
	wait, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	if err := c.reader.WaitRev(wait, rev, epoch); err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		c.mark.drop(rev, epoch)
	}
	return c.reader.Begin(ctx)
}
