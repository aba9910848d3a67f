package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// lineReader gives a shell its lines, without the line's end. The error is
// io.EOF after the last, and errInterrupted where Ctrl-C ended a line.
type lineReader interface {
	readLine(prompt string) (string, error)
	close()
}

// pipeLines reads lines of what is no terminal.
type pipeLines struct {
	in    *input
	r     *bufio.Reader
	limit int // of a line
}

func newPipeLines(in *input, limit int) *pipeLines {
	return &pipeLines{in, bufio.NewReaderSize(in, 1<<16), limit}
}

func (l *pipeLines) readLine(string) (string, error) {
	line, err := boundedLine(l.r, l.limit)
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	return string(bytes.TrimSuffix(line, []byte{'\n'})), err
}

func (l *pipeLines) close() { l.in.close() }

// boundedLine reads up to and with the next line feed, which the last line may
// lack; then the error is io.EOF. The line is the caller's.
func boundedLine(r *bufio.Reader, limit int) (line []byte, err error) {
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > limit {
			return nil, fmt.Errorf("it is longer than %d bytes, which is what --max-frame allows", limit)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
