package router

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skylinedb/skylinedb/internal/transport"
)

// accepted is what one Accept returns.
type accepted struct {
	nc  net.Conn
	err error
}

// scripted is a listener whose Accept returns what it is told, and in the end
// that it is closed.
type scripted struct {
	net.Listener
	script []accepted
}

func (s *scripted) Accept() (net.Conn, error) {
	if len(s.script) == 0 {
		return nil, net.ErrClosed
	}
	next := s.script[0]
	s.script = s.script[1:]
	return next.nc, next.err
}

// failing returns n failures.
func failing(n int, err error) (script []accepted) {
	for range n {
		script = append(script, accepted{err: err})
	}
	return script
}

// acceptAll runs the accept loop over a script and returns its log.
func acceptAll(t *testing.T, script []accepted) (log string, served int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		r := New(Config{MaxFrame: 1 << 20, Log: slog.New(slog.NewTextHandler(&text, nil))})
		r.accept(&scripted{script: script})
		served = len(r.connections())
		r.closeConns()
		log = text.String()
	})
	return log, served
}

// While the system gives no connections, the log has one line per second that
// tells how often that was, at a level that asks for attention and not for a
// repair of the daemon. Who waits is served afterwards.
func TestAcceptFailures(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	const seconds = 20
	perSecond := int(time.Second / (100 * time.Millisecond))
	script := append(failing(seconds*perSecond, syscall.EMFILE), accepted{nc: server})
	log, served := acceptAll(t, script)
	lines := strings.Count(log, "\n")
	if lines != strings.Count(log, "level=WARN") || lines < seconds || lines > seconds+1 {
		t.Errorf("%d failures in %d seconds, and %d lines:\n%s", len(script)-1, seconds, lines, log)
	}
	if !strings.Contains(log, syscall.EMFILE.Error()) || !strings.Contains(log, "times=10") {
		t.Errorf("the log does not say what happens and how often:\n%s", log)
	}
	if served != 1 {
		t.Errorf("%d connections are served, want the one that came in the end", served)
	}
}

// Other users can knock as often as they like: they fill no log, and none of
// them is left out of the count.
func TestStrangersFillNoLog(t *testing.T) {
	log, _ := acceptAll(t, failing(1000, transport.ErrPeer))
	if lines := strings.Count(log, "\n"); lines != 2 || !strings.Contains(log, "times=1\n") || !strings.Contains(log, "times=999\n") {
		t.Errorf("1000 strangers at once, and the log says:\n%s", log)
	}
}
