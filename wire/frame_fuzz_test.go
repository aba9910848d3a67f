package wire

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"testing"
)

// FuzzFrame reads a stream of frames to its end. What is read is what stands
// there, a byte more is never taken, nor room for what has not arrived, and
// the error says how the stream ended.
func FuzzFrame(f *testing.F) {
	for _, seed := range frameSeeds() {
		f.Add(seed.stream, seed.limit)
	}
	f.Fuzz(func(t *testing.T, stream []byte, limit uint32) {
		bound := int(min(limit, 1<<30))
		source := bytes.NewReader(stream)
		w := &watchedReader{r: source}
		rest := stream
		for {
			body, err := ReadFrame(w, bound)
			if w.ahead > firstChunk {
				t.Fatalf("the reader was offered %d bytes more than it had given", w.ahead)
			}
			if err != nil {
				checkFrameError(t, rest, bound, body, err)
				return
			}
			if len(body) > bound {
				t.Fatalf("a body of %d bytes, limit %d", len(body), bound)
			}
			again := frame(t, body)
			if !bytes.HasPrefix(rest, again) {
				t.Fatalf("%q reads as %q", rest, body)
			}
			rest = rest[len(again):]
			if source.Len() != len(rest) {
				t.Fatalf("%d bytes are left behind a frame, want %d", source.Len(), len(rest))
			}
			w.given = 0
		}
	})
}

// checkFrameError checks the error of a stream that goes on with rest.
func checkFrameError(t *testing.T, rest []byte, limit int, body []byte, err error) {
	t.Helper()
	want := io.ErrUnexpectedEOF
	switch {
	case len(rest) == 0:
		want = io.EOF
	case len(rest) >= HeaderSize && int64(binary.LittleEndian.Uint32(rest)) > int64(limit):
		if ErrorCode(err) != CodeFrameTooLarge || body != nil {
			t.Fatalf("%q: %v, want %s", rest, err, CodeFrameTooLarge)
		}
		return
	}
	if err != want || body != nil {
		t.Fatalf("%q: a body of %d bytes and %v, want %v", rest, len(body), err, want)
	}
}

type frameSeed struct {
	stream []byte
	limit  uint32
}

func frameSeeds() []frameSeed {
	header := func(n uint32, body ...byte) []byte { return append(binary.LittleEndian.AppendUint32(nil, n), body...) }
	ping := header(15, []byte(`{"type":"Ping"}`)...)
	seeds := []frameSeed{
		{[]byte{}, 0},
		{[]byte{0}, 4}, {[]byte{0, 0, 0}, 4}, {header(0), 0}, {slices.Repeat(header(0), 5), 1},
		{header(2, '{', '}'), 2}, {header(2, '{', '}'), 1}, {header(2, '{'), 2}, {header(2, '{', '}', 0), 2},
		{header(1<<32 - 1), 1<<32 - 1}, {header(1<<32-1, 1), 1<<32 - 1}, {header(1 << 31), 1 << 30}, {header(1<<31 - 1), 0},
		{[]byte{0, 0, 0, 15}, 100},              // a header in the other byte order
		{[]byte(`{"type":"Ping"}` + "\n"), 100}, // no header at all
		{[]byte("GET / HTTP/1.1\r\n\r\n"), DefaultMaxFrame},
		{[]byte{0x16, 3, 1, 2, 0}, DefaultMaxFrame}, // TLS
		{ping, DefaultMaxFrame}, {slices.Concat(ping, ping), 15}, {slices.Concat(ping, ping[:3]), 15}, {slices.Concat(ping, ping[:7]), 14},
		{slices.Concat(header(0), ping, header(1<<32-1)), 15},
	}
	for _, n := range []int{firstChunk - 1, firstChunk, firstChunk + 1, 2 * firstChunk, 2*firstChunk + 1} {
		body := make([]byte, n)
		seeds = append(seeds, frameSeed{header(uint32(n), body...), 1 << 20}, frameSeed{header(uint32(n), body[:n-1]...), 1 << 20})
	}
	return seeds
}
