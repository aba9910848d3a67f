package router

import (
	"encoding/binary"
	"net"
	"sync"

	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/wire"
)

// inboxSize is how many bytes of requests are read at once.
const inboxSize = 16 << 10

// inboxes are for requests that have arrived: a connection that stands idle
// has none, but on Windows, where it waits with the buffer in hand.
var inboxes = sync.Pool{New: func() any { return new([inboxSize]byte) }}

// inbox is what has arrived from a client and was not looked at yet. It belongs
// to the connection's reader.
type inbox struct {
	nc       net.Conn
	buf      *[inboxSize]byte // nil while nothing is there
	from, to int
}

// receive takes what arrives and calls look each time, until that returns false
// or nothing comes any more, which is an error.
func (in *inbox) receive(look func() bool) error {
	return transport.Receive(in.nc, in.room, func(n int) bool {
		in.to += n
		more := look()
		in.tidy()
		return more
	})
}

// room returns the room for what arrives. There is some: the reader does not
// receive while there is a frame in it that does not fit.
func (in *inbox) room() []byte {
	if in.buf == nil {
		in.buf = inboxes.Get().(*[inboxSize]byte)
	}
	return in.buf[in.to:]
}

// tidy gives the buffer back if nothing is in it.
func (in *inbox) tidy() {
	if in.from < in.to || in.buf == nil {
		return
	}
	inboxes.Put(in.buf)
	in.buf, in.from, in.to = nil, 0, 0
}

// buffered returns the number of bytes that have arrived.
func (in *inbox) buffered() int { return in.to - in.from }

// whole returns the body of the next frame if all of it has arrived.
func (in *inbox) whole() (body []byte, ok bool) {
	if in.buffered() < wire.HeaderSize {
		return nil, false
	}
	b := in.buf[in.from:in.to]
	n := binary.LittleEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-wire.HeaderSize) {
		return nil, false
	}
	return b[wire.HeaderSize : wire.HeaderSize+int(n)], true
}

// take removes a frame that whole has returned, whose bytes may be others' then.
func (in *inbox) take(body []byte) {
	in.from += wire.HeaderSize + len(body)
	in.tidy()
}

// Read implements [io.Reader] for frames that arrive in pieces.
func (in *inbox) Read(p []byte) (int, error) {
	if in.buffered() == 0 {
		return in.nc.Read(p)
	}
	n := copy(p, in.buf[in.from:in.to])
	in.from += n
	in.tidy()
	return n, nil
}
