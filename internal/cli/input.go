package cli

import (
	"context"
	"errors"
	"io"
	"os"
)

// input is standard input, or a file, for a reader that can be called away: a
// Read ends with the context and, where there are interrupts, with one of
// them. What comes later is kept for the next Read.
type input struct {
	ctx        context.Context
	interrupts <-chan os.Signal // nil for none

	ask     chan int
	got     chan chunkRead
	waiting bool   // asked, and not got
	rest    []byte // read and not given out
	err     error
}

type chunkRead struct {
	data []byte
	err  error
}

// errInterrupted: somebody pressed Ctrl-C.
var errInterrupted = errors.New("interrupted")

// newInput reads src until close. The goroutine reads only when it is asked: a
// terminal's keys are for whoever reads next.
func newInput(ctx context.Context, src io.Reader, interrupts <-chan os.Signal) *input {
	in := &input{ctx: ctx, interrupts: interrupts, ask: make(chan int, 1), got: make(chan chunkRead, 1)}
	go func() {
		for n := range in.ask {
			buf := make([]byte, n)
			n, err := src.Read(buf)
			in.got <- chunkRead{buf[:n], err}
		}
	}()
	return in
}

// close lets the goroutine end with the Read that it may be in.
func (in *input) close() { close(in.ask) }

// Read is that of [io.Reader].
func (in *input) Read(p []byte) (int, error) {
	if len(in.rest) == 0 && in.err == nil {
		if !in.waiting {
			in.ask <- max(len(p), 1)
			in.waiting = true
		}
		select {
		case r := <-in.got:
			in.waiting = false
			in.rest, in.err = r.data, r.err
		case <-in.ctx.Done():
			return 0, context.Cause(in.ctx)
		case <-in.interrupts:
			return 0, errInterrupted
		}
	}
	n := copy(p, in.rest)
	in.rest = in.rest[n:]
	if n == 0 {
		return 0, in.err
	}
	return n, nil
}
