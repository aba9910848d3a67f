package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// HeaderSize is the length of a frame's header in bytes.
const HeaderSize = 4

// DefaultMaxFrame is the largest body of a frame unless set otherwise, in bytes.
const DefaultMaxFrame = 16 << 20

// firstChunk is what ReadBody allocates before a byte has arrived: an
// announced length alone must cost the receiver nothing.
const firstChunk = 64 << 10

// ReadHeader reads a frame's header and returns the length of its body.
// It returns io.EOF only where the stream ends between two frames and
// io.ErrUnexpectedEOF where it ends within the header.
func ReadHeader(r io.Reader) (uint32, error) {
	var h [HeaderSize]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(h[:]), nil
}

// ReadBody reads n bytes, the body of a frame. Its memory grows with what has
// arrived, so that a length announced and never sent costs nothing. The
// caller has compared n with its limit.
func ReadBody(r io.Reader, n int) ([]byte, error) {
	body := make([]byte, min(n, firstChunk))
	read := 0
	for {
		m, err := io.ReadFull(r, body[read:])
		read += m
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if read == n {
			return body, nil
		}
		grown := make([]byte, min(n, 2*len(body)))
		copy(grown, body)
		body = grown
	}
}

// ReadFrame reads one frame whose body is at most limit bytes. A longer one
// gives an [Error] with CodeFrameTooLarge and leaves the body unread.
func ReadFrame(r io.Reader, limit int) ([]byte, error) {
	n, err := ReadHeader(r)
	if err != nil {
		return nil, err
	}
	if int64(n) > int64(limit) {
		return nil, FrameTooLarge(n, limit)
	}
	return ReadBody(r, int(n))
}

// FrameTooLarge is the error for a frame of n bytes where limit are allowed.
func FrameTooLarge(n uint32, limit int) *Error {
	return Errorf(CodeFrameTooLarge, "The message has %d bytes and the limit is %d: send a smaller batch, or start the daemon with a larger --max-frame.", n, limit)
}

// AppendFrame appends the frame that body fills in, which appends its bytes
// to the slice it is given. It fails where body fails or where the body is
// longer than a header can say.
func AppendFrame(dst []byte, body func([]byte) ([]byte, error)) ([]byte, error) {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	out, err := body(dst)
	if err != nil {
		return nil, err
	}
	n := len(out) - start - HeaderSize
	if int64(n) > int64(^uint32(0)) {
		return nil, fmt.Errorf("frame of %d bytes: longer than its header can say", n)
	}
	binary.LittleEndian.PutUint32(out[start:], uint32(n))
	return out, nil
}
