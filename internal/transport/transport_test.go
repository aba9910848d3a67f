package transport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skylinedb/skylinedb/internal/childtest"
	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/internal/transport"
)

// The environment variables that turn the test binary into a process of a
// test: the name of what it does, and the socket.
const (
	roleEnv   = "TRANSPORT_TEST_ROLE"
	socketEnv = "TRANSPORT_TEST_SOCKET"
)

// roles are what such a process can do. Each says one line on stdout.
var roles = map[string]func(socket string){
	"listen":  roleListen,
	"dial":    roleDial,
	"connect": roleConnect,
}

func TestMain(m *testing.M) {
	role := roles[os.Getenv(roleEnv)]
	if role == nil {
		goleak.VerifyTestMain(m, ostest.Library()) // exits
	}
	role(os.Getenv(socketEnv))
	io.Copy(io.Discard, os.Stdin) // until the test is done with it
}

// roleListen listens as the daemon does and never accepts.
func roleListen(socket string) {
	_, err := transport.Listen(socket)
	fmt.Println("listen:", err)
}

// roleDial connects as a client does.
func roleDial(socket string) {
	_, err := transport.Dial(context.Background(), socket)
	fmt.Println("dial:", err)
}

// roleConnect connects without asking who listens, and says what comes back.
func roleConnect(socket string) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		fmt.Println("connect:", err)
		return
	}
	n, err := conn.Read(make([]byte, 1))
	fmt.Println("read:", n, err)
}

// startRole runs a role in a process of its own. prepare, if not nil, may
// change the command before it starts.
func startRole(t *testing.T, role, socket string, prepare func(*exec.Cmd)) *childtest.Child {
	t.Helper()
	return childtest.Start(t, prepare, roleEnv+"="+role, socketEnv+"="+socket)
}

func mustListen(t *testing.T, socket string) *transport.Listener {
	t.Helper()
	l, err := transport.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func mustDial(t *testing.T, socket string) net.Conn {
	t.Helper()
	conn, err := transport.Dial(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// mustConnect returns the two ends of a connection.
func mustConnect(t *testing.T, l *transport.Listener, socket string) (server, client net.Conn) {
	t.Helper()
	client = mustDial(t, socket)
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server, client
}

func TestBothWays(t *testing.T) {
	socket := testSocket(t)
	l := mustListen(t, socket)
	server, client := mustConnect(t, l, socket)
	for name, ends := range map[string][2]net.Conn{"request": {client, server}, "reply": {server, client}} {
		sent := bytes.Repeat([]byte(name), 1<<17) // more than any buffer on the way
		done := make(chan error, 1)
		go func() {
			_, err := ends[0].Write(sent)
			done <- err
		}()
		got := make([]byte, len(sent))
		if _, err := io.ReadFull(ends[1], got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := <-done; err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(got, sent) {
			t.Fatalf("%s: arrived changed", name)
		}
	}
	if got := l.Addr().String(); got != socket {
		t.Errorf("address %q, want %q", got, socket)
	}
}

func TestHangUpIsEndOfFile(t *testing.T) {
	socket := testSocket(t)
	l := mustListen(t, socket)
	server, client := mustConnect(t, l, socket)
	if _, err := server.Write([]byte("last")); err != nil {
		t.Fatal(err)
	}
	server.Close()
	if got, err := io.ReadAll(client); err != nil || string(got) != "last" {
		t.Errorf("the client read %q, %v", got, err)
	}
	server, client = mustConnect(t, l, socket)
	client.Close()
	if n, err := server.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the server read %d, %v, want EOF", n, err)
	}
}

// The peer is known, and whether it has gone altogether or still listens.
func TestPeer(t *testing.T) {
	socket := testSocket(t)
	l := mustListen(t, socket)
	server, client := mustConnect(t, l, socket)
	if pid := transport.PeerPID(server); pid != os.Getpid() {
		t.Errorf("the client is process %d, want %d", pid, os.Getpid())
	}
	if half, ok := client.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if transport.HungUp(server) {
			t.Error("a client that has shut down its sending side has hung up")
		}
	}
	client.Close()
	if !transport.HungUp(server) {
		t.Error("a client that has closed its connection has not hung up")
	}
	server.Close()
	transport.HungUp(server) // it does no harm
	if pid := transport.PeerPID(server); pid != 0 {
		t.Errorf("the peer of a closed connection is process %d", pid)
	}
}

func TestConnDeadlineAndClose(t *testing.T) {
	socket := testSocket(t)
	l := mustListen(t, socket)
	server, client := mustConnect(t, l, socket)
	for name, conn := range map[string]net.Conn{"server": server, "client": client} {
		if err := conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err := conn.Read(make([]byte, 1))
		var timeout net.Error
		if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%s: read after the deadline: %v", name, err)
		}
		if err := conn.SetReadDeadline(time.Time{}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for name, conn := range map[string]net.Conn{"server": server, "client": client} {
		done := make(chan error)
		go func() {
			_, err := conn.Read(make([]byte, 1))
			done <- err
		}()
		conn.Close()
		// Whichever end goes second may see the first one's hang-up.
		if err := <-done; !errors.Is(err, net.ErrClosed) && err != io.EOF {
			t.Errorf("%s: read during Close: %v", name, err)
		}
		if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: write after Close: %v, want net.ErrClosed", name, err)
		}
	}
}

func TestManyClients(t *testing.T) {
	socket := testSocket(t)
	l := mustListen(t, socket)
	const clients, rounds = 20, 20
	var wg sync.WaitGroup
	wg.Go(func() {
		for range clients * rounds {
			conn, err := l.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			wg.Go(func() {
				defer conn.Close()
				io.Copy(conn, conn)
			})
		}
	})
	for range clients {
		wg.Go(func() {
			for range rounds {
				if err := echo(t.Context(), socket); err != nil {
					t.Error(err)
					l.Close() // or Accept waits for the rounds that are missing
					return
				}
			}
		})
	}
	wg.Wait()
}

func echo(ctx context.Context, socket string) error {
	conn, err := transport.Dial(ctx, socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("ping")); err != nil {
		return err
	}
	_, err = io.ReadFull(conn, make([]byte, 4))
	return err
}

func TestCloseWakesAccept(t *testing.T) {
	l := mustListen(t, testSocket(t))
	done := make(chan error)
	go func() {
		_, err := l.Accept()
		done <- err
	}()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept during Close: %v, want net.ErrClosed", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v, want net.ErrClosed", err)
	}
	if err := l.SetDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("SetDeadline after Close: %v, want net.ErrClosed", err)
	}
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Close after Close: %v, want net.ErrClosed", err)
	}
	if err := l.Unlink(); err != nil {
		t.Errorf("Unlink after Close: %v", err)
	}
}

func TestAcceptDeadline(t *testing.T) {
	socket := testSocket(t)
	l := mustListen(t, socket)
	deadline := func(d time.Time) {
		t.Helper()
		if err := l.SetDeadline(d); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []time.Duration{-time.Second, time.Millisecond} {
		deadline(time.Now().Add(d))
		if _, err := l.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("deadline in %v: %v, want os.ErrDeadlineExceeded", d, err)
		}
	}
	deadline(time.Now().Add(time.Hour))
	done := make(chan error)
	go func() {
		_, err := l.Accept()
		done <- err
	}()
	deadline(time.Now().Add(-time.Second)) // wakes it if it waits already
	if err := <-done; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("deadline during Accept: %v, want os.ErrDeadlineExceeded", err)
	}
	deadline(time.Time{})
	mustConnect(t, l, socket)
}

// The end of a daemon: nobody new comes, and who came is served.
func TestUnlinkThenDrain(t *testing.T) {
	socket := testSocket(t)
	l := mustListen(t, socket)
	client := mustDial(t, socket)
	for range 2 {
		if err := l.Unlink(); err != nil {
			t.Fatal(err)
		}
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatalf("the client that had come: %v", err)
	}
	defer server.Close()
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(server, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := l.SetDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the last client: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	client.Close()
	server.Close()
	if _, err := transport.Dial(t.Context(), socket); !transport.IsNotRunning(err) {
		t.Errorf("after Close: %v, want one that IsNotRunning", err)
	}
}

func TestNobodyListens(t *testing.T) {
	socket := testSocket(t)
	if _, err := transport.Dial(t.Context(), socket); !transport.IsNotRunning(err) {
		t.Errorf("no socket: %v, want one that IsNotRunning", err)
	}
	if err := mustListen(t, socket).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := transport.Dial(t.Context(), socket); !transport.IsNotRunning(err) {
		t.Errorf("after Close: %v, want one that IsNotRunning", err)
	}
	if transport.IsNotRunning(nil) || transport.IsNotRunning(transport.ErrForeign) || transport.IsNotRunning(context.Canceled) {
		t.Error("IsNotRunning of another error")
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	socket := testSocket(t)
	mustListen(t, socket)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := transport.Dial(ctx, socket)
	if !errors.Is(err, context.Canceled) || transport.IsNotRunning(err) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestListenAfterKill(t *testing.T) {
	socket := testSocket(t)
	child := startRole(t, "listen", socket, nil)
	if child.Said != "listen: <nil>" {
		t.Fatal(child.Said)
	}
	conn := mustDial(t, socket) // of another process, yet of our user
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait() // its error is the kill
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("read of a killed daemon: %d, %v", n, err)
	}
	conn.Close()
	if _, err := transport.Dial(t.Context(), socket); !transport.IsNotRunning(err) {
		t.Errorf("dial after the kill: %v, want one that IsNotRunning", err)
	}
	l := mustListen(t, socket)
	mustConnect(t, l, socket)
}
