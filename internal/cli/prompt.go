package cli

import (
	"errors"
	"io"

	"golang.org/x/term"
)

// promptLines reads lines from a terminal, with editing and a history. Between
// lines the terminal is as it was: Ctrl-C is a signal then, for the statement
// that runs.
type promptLines struct {
	in       *input
	keys     *keys
	fd       int
	out      io.Writer
	terminal *term.Terminal
}

func newPromptLines(in *input, fd int, out io.Writer, h *history) *promptLines {
	k := &keys{in: in}
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{k, out}, "")
	t.History = h
	return &promptLines{in, k, fd, out, t}
}

func (l *promptLines) readLine(prompt string) (string, error) {
	old, err := term.MakeRaw(l.fd)
	if err != nil {
		return "", err
	}
	defer term.Restore(l.fd, old) // what could be done about a failure?
	if width, height, err := term.GetSize(l.fd); err == nil && width > 0 {
		_ = l.terminal.SetSize(width, height) // never fails without a line
	}
	l.terminal.SetPrompt(prompt)
	line, err := l.terminal.ReadLine()
	switch {
	case l.keys.interrupted:
		l.keys.interrupted = false
		return "", errInterrupted
	case errors.Is(err, term.ErrPasteIndicator):
		err = nil
	case err == io.EOF:
		_, _ = io.WriteString(l.out, "\r\n")
	}
	return line, err
}

func (l *promptLines) close() { l.in.close() }

// keys passes on what is typed, and Ctrl-C as the keys that empty the line and
// end it: to package term it were the end of the input.
type keys struct {
	in          *input
	interrupted bool
}

// clearLine is Ctrl-E, Ctrl-U and Enter.
const clearLine = "\x05\x15\r"

// Read is that of [io.Reader].
func (k *keys) Read(p []byte) (int, error) {
	const ctrlC = 3
	if len(p) < len(clearLine) {
		return k.in.Read(p)
	}
	// One key at a time, so that what stands behind a Ctrl-C is read later.
	n, err := k.in.Read(p[:1])
	if n == 1 && p[0] == ctrlC {
		k.interrupted = true
		return copy(p, clearLine), err
	}
	return n, err
}
