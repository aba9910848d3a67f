package client

import (
	"context"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/wire"
)

// beDaemon, when set, makes the test binary a fake daemon: the one that tests
// of the auto-start start.
const beDaemon = "SKYLINEDB_TEST_BE_DAEMON"

func TestMain(m *testing.M) {
	if os.Getenv(beDaemon) != "" {
		os.Exit(fakedaemon.Main(os.Args[1:], os.Stderr))
	}
	// The settings of whoever runs the tests are not the tests' own.
	for _, name := range []string{"SOCKET", "DIR", "AUTOSTART", "DAEMON", "MAX_FRAME"} {
		os.Unsetenv("SKYLINEDB_" + name)
	}
	// Alone among the client's goroutines the one that waits for a daemon which
	// this program started outlives its client, as child.go says.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/skylinedb/skylinedb/client.startChild.func1"), ostest.Library())
}

// bg returns a context that lasts as long as the test and its cleanup may.
func bg(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// open returns a client of the daemon at socket that starts none.
func open(t *testing.T, socket string) *Client {
	t.Helper()
	return openWith(t, Options{Socket: socket, NoAutostart: true})
}

func openWith(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	c.timing.backoff, c.timing.backoffMax = time.Millisecond, 20*time.Millisecond
	return c
}

// store starts a fake daemon that behaves, and returns a client of it.
func store(t *testing.T) (*fakedaemon.Store, *fakedaemon.Daemon, *Client) {
	t.Helper()
	s := fakedaemon.NewStore(t.TempDir())
	d := fakedaemon.StartServer(t, s.Serve)
	return s, d, open(t, d.Socket)
}

// served starts a fake daemon of its own kind, and returns a client of it.
func served(t *testing.T, serve fakedaemon.Server) (*fakedaemon.Daemon, *Client) {
	t.Helper()
	d := fakedaemon.StartServer(t, serve)
	return d, open(t, d.Socket)
}

// frames returns a server that answers each request with these frames.
func frames(replies ...*wire.Reply) fakedaemon.Server {
	return func(c *fakedaemon.Call) bool {
		for _, r := range replies {
			if r == nil || !c.Send(r) {
				return false
			}
		}
		return true
	}
}

// write executes statements, so that there is something to see.
func write(t *testing.T, c *Client, db string, sqls ...string) Result {
	t.Helper()
	var stmts []Stmt
	for _, sql := range sqls {
		stmts = append(stmts, SQL(sql))
	}
	res, err := c.Exec(bg(t), db, stmts...)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// lanes returns how many lanes are open and how many of them idle.
func (c *Client) lanesNow() [2]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return [2]int{len(c.lanes), len(c.idle)}
}

// raw serves every connection to a socket of its own by serve.
func raw(t *testing.T, serve func(net.Conn)) (socket string) {
	t.Helper()
	socket = fakedaemon.Socket(t)
	ln, err := transport.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer nc.Close()
				serve(nc)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		wg.Wait()
	})
	return socket
}

// framed returns the frame with that body.
func framed(t *testing.T, body string) []byte {
	t.Helper()
	frame, err := wire.AppendFrame(nil, func(b []byte) ([]byte, error) { return append(b, body...), nil })
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func check[T any](t *testing.T, err error, got, want T) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func wantCode(t *testing.T, err error, want wire.Code) {
	t.Helper()
	if got := ErrorCode(err); got != want {
		t.Fatalf("got the error %v with code %q, want code %q", err, got, want)
	}
}
