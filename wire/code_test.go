package wire

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestErrorCode(t *testing.T) {
	ours := Errorf(CodeQueueFull, "The queue is full.")
	for _, c := range []struct {
		err  error
		want Code
	}{
		{nil, ""},
		{ours, CodeQueueFull},
		{fmt.Errorf("exec: %w", ours), CodeQueueFull},
		{errors.Join(io.EOF, ours), CodeQueueFull},
		{io.EOF, CodeInternal},
	} {
		if got := ErrorCode(c.err); got != c.want {
			t.Errorf("ErrorCode(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

func TestErrorf(t *testing.T) {
	err := Errorf(CodeIOError, "read %q: %w", "a.db", io.ErrUnexpectedEOF)
	if got, want := err.Error(), `IO_ERROR: read "a.db": unexpected EOF`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
	if err.Retryable || !Errorf(CodeShuttingDown, "later").Retryable {
		t.Error("Retryable is not that of the code")
	}
}

func TestAsErrorHidesForeignText(t *testing.T) {
	err := AsError(io.EOF)
	if err.Code != CodeInternal || !errors.Is(err, io.EOF) || err.Message == io.EOF.Error() {
		t.Errorf("got %+v", err)
	}
	ours := Errorf(CodeTimeout, "m")
	if AsError(fmt.Errorf("x: %w", ours)) != ours {
		t.Error("an Error of ours is not found in its chain")
	}
}
