package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func frame(t *testing.T, body []byte) []byte {
	t.Helper()
	out, err := AppendFrame(nil, func(dst []byte) ([]byte, error) { return append(dst, body...), nil })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFrameRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, firstChunk - 1, firstChunk, firstChunk + 1, 5*firstChunk + 7} {
		body := bytes.Repeat([]byte("x"), n)
		stream := frame(t, body)
		if got := binary.LittleEndian.Uint32(stream); int(got) != n {
			t.Errorf("header says %d, want %d", got, n)
		}
		stream = append(stream, frame(t, []byte("next"))...)
		r := iotest.HalfReader(bytes.NewReader(stream))
		for _, want := range [][]byte{body, []byte("next")} {
			got, err := ReadFrame(r, max(n, 4))
			if err != nil {
				t.Fatalf("%d bytes: %v", n, err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%d bytes: read %d others", n, len(got))
			}
		}
		if _, err := ReadFrame(r, n); err != io.EOF {
			t.Errorf("at the end: %v, want io.EOF", err)
		}
	}
}

func TestReadFrameEndsEarly(t *testing.T) {
	whole := frame(t, []byte("body"))
	for n := range whole {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if _, err := ReadFrame(bytes.NewReader(whole[:n]), 100); err != want {
			t.Errorf("after %d bytes: %v, want %v", n, err, want)
		}
	}
	broken := errors.New("broken")
	r := io.MultiReader(bytes.NewReader(whole[:6]), iotest.ErrReader(broken))
	if _, err := ReadFrame(r, 100); err != broken {
		t.Errorf("got %v, want the reader's error", err)
	}
}

func TestReadFrameTooLarge(t *testing.T) {
	stream := bytes.NewReader(frame(t, []byte("12345")))
	_, err := ReadFrame(stream, 4)
	if ErrorCode(err) != CodeFrameTooLarge {
		t.Errorf("got %v, want %s", err, CodeFrameTooLarge)
	}
	if stream.Len() != 5 {
		t.Errorf("%d bytes of the body are left, want all 5", stream.Len())
	}
	if _, err := ReadFrame(bytes.NewReader([]byte{0xff, 0xff, 0xff, 0xff}), DefaultMaxFrame); ErrorCode(err) != CodeFrameTooLarge {
		t.Errorf("got %v, want %s", err, CodeFrameTooLarge)
	}
}

func TestAppendFrame(t *testing.T) {
	out, err := AppendFrame([]byte("before"), func(dst []byte) ([]byte, error) { return append(dst, "ab"...), nil })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("before\x02\x00\x00\x00ab", string(out)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	broken := errors.New("broken")
	if _, err := AppendFrame(nil, func([]byte) ([]byte, error) { return nil, broken }); err != broken {
		t.Errorf("got %v, want the body's error", err)
	}
}

// watchedReader notes how far the room it was offered went beyond the bytes it
// had given: room for what was announced and has not arrived.
type watchedReader struct {
	r     io.Reader
	given int
	ahead int
}

func (w *watchedReader) Read(p []byte) (int, error) {
	w.ahead = max(w.ahead, len(p)-w.given)
	n, err := w.r.Read(p)
	w.given += n
	return n, err
}
