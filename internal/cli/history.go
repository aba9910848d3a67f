package cli

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/skylinedb/skylinedb/internal/config"
)

const (
	historyName = "shell_history"
	// historyKept is how many lines a shell remembers. A file of twice as many
	// is made shorter when a shell begins.
	historyKept = 1000
)

// history keeps the lines that were typed, in memory and in a file that only
// its user can read: statements may hold what is nobody else's business. What
// goes wrong with the file costs the history and nothing else.
type history struct {
	lines []string
	file  *os.File // nil for none
}

// openHistory reads the history in the user's state directory.
func openHistory() (*history, error) {
	dir, err := config.StateDir()
	if err != nil {
		return &history{}, err
	}
	return openHistoryAt(filepath.Join(dir, historyName))
}

func openHistoryAt(path string) (*history, error) {
	h := &history{}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return h, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return h, err
	}
	h.file = file
	if err := file.Chmod(0o600); err != nil {
		return h, err
	}
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		h.lines = append(h.lines, scanner.Text())
	}
	if len(h.lines) > 2*historyKept {
		h.keep()
		err = h.rewrite()
	}
	h.keep()
	return h, err
}

func (h *history) keep() { h.lines = h.lines[max(0, len(h.lines)-historyKept):] }

func (h *history) rewrite() error {
	if err := h.file.Truncate(0); err != nil {
		return err
	}
	_, err := fmt.Fprintln(h.file, strings.Join(h.lines, "\n"))
	return err
}

// Add remembers a line, unless it is empty or the same as the last.
func (h *history) Add(line string) {
	n := len(h.lines)
	if strings.TrimSpace(line) == "" || n > 0 && h.lines[n-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	h.keep()
	if h.file != nil {
		_, _ = fmt.Fprintln(h.file, line)
	}
}

// Len returns the number of lines.
func (h *history) Len() int { return len(h.lines) }

// At returns a line, 0 being the last.
func (h *history) At(i int) string { return h.lines[len(h.lines)-1-i] }

func (h *history) close() {
	if h.file != nil {
		_ = h.file.Close() // each line was written when it was typed
	}
}
