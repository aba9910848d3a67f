package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", historyName)
	h, err := openHistoryAt(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"SELECT 1;", "SELECT 1;", " ", "SELECT 2;"} {
		h.Add(line)
	}
	h.close()
	if h, err = openHistoryAt(path); err != nil {
		t.Fatal(err)
	}
	if h.Len() != 2 || h.At(0) != "SELECT 2;" || h.At(1) != "SELECT 1;" {
		t.Errorf("got %q", h.lines)
	}
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	for i := range 2 * historyKept {
		h.Add(fmt.Sprint(i))
	}
	h.close()
	h, err = openHistoryAt(path)
	if err != nil || h.Len() != historyKept || h.At(0) != fmt.Sprint(2*historyKept-1) {
		t.Errorf("got %d lines, %v", h.Len(), err)
	}
	h.close()
	if h, err = openHistoryAt(path); err != nil || h.Len() != historyKept {
		t.Errorf("got %d lines, %v, of a file that was made shorter", h.Len(), err)
	}
	h.close()
}
