package transport_test

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/internal/transport"
)

var pipes atomic.Int64

// testSocket returns the path of a pipe that no other test uses; pipe names
// are one space for the whole machine.
func testSocket(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf(`\\.\pipe\skylinedb-test-%d-%d`, os.Getpid(), pipes.Add(1))
}

func TestPathsThatCannotBe(t *testing.T) {
	for path, says := range map[string]string{
		"": "must be", `C:\s`: "must be", `\\.\pipe\`: "must be", `\\other\pipe\s`: "must be",
		`\\.\pipe\` + strings.Repeat("s", 250): "too long",
	} {
		_, listenErr := transport.Listen(path)
		_, dialErr := transport.Dial(t.Context(), path)
		for deed, err := range map[string]error{"listen": listenErr, "dial": dialErr} {
			if err == nil || !strings.Contains(err.Error(), says) || transport.IsNotRunning(err) {
				t.Errorf("%s %q: %v, want an error that says %q", deed, path, err, says)
			}
		}
	}
}
