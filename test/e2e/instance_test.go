package e2e

import (
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// A second daemon on one socket ends with a sentence, and the first goes on.
func TestSecondDaemon(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	status, says := harness.RunToEnd(t, harness.Config{Socket: d.Socket, Dir: d.Dir})
	if status != 1 || !strings.Contains(says, "another daemon instance is already running") {
		t.Errorf("got status %d and %q", status, says)
	}
	c.OK(harness.Batch("a.db", insertT(1, 1)))
	d.Dial().OK(harness.Command(wire.TypePing, ""))
}
