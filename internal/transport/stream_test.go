package transport_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/transport"
)

// connected returns the two ends of a connection.
func connected(t *testing.T) (daemon, client net.Conn) {
	t.Helper()
	socket := testSocket(t)
	return mustConnect(t, mustListen(t, socket), socket)
}

// received reads with Receive until it fails, and returns what came.
func received(conn net.Conn, room int) ([]byte, error) {
	var all []byte
	buf := make([]byte, room)
	err := transport.Receive(conn, func() []byte { return buf }, func(n int) bool {
		all = append(all, buf[:n]...)
		return true
	})
	return all, err
}

// What was sent before the end arrives, and then the end, also where both are
// there before the first look, and where what was sent fills the room.
func TestReceiveToTheEnd(t *testing.T) {
	for _, room := range []int{1, 5, 10, 4096} {
		daemon, client := connected(t)
		if _, err := client.Write([]byte("0123456789")); err != nil {
			t.Fatal(err)
		}
		client.Close()
		if all, err := received(daemon, room); string(all) != "0123456789" || err != io.EOF {
			t.Errorf("room for %d: %q, %v, want all and then the end", room, all, err)
		}
	}
}

func TestReceiveStops(t *testing.T) {
	daemon, client := connected(t)
	if _, err := client.Write([]byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4)
	one := func() (n int) {
		err := transport.Receive(daemon, func() []byte { return buf }, func(got int) bool {
			n += got
			return got == 0
		})
		if err != nil {
			t.Error(err)
		}
		return n
	}
	if a, b, c := one(), one(), one(); a+b+c != 10 || a > 4 || b > 4 {
		t.Errorf("it received %d, %d and %d bytes in a room of 4, of 10", a, b, c)
	}
}

func TestReceiveWaits(t *testing.T) {
	daemon, client := connected(t)
	daemon.SetReadDeadline(time.Now().Add(time.Millisecond))
	if all, err := received(daemon, 10); !errors.Is(err, os.ErrDeadlineExceeded) || len(all) > 0 {
		t.Errorf("%q, %v, want that the deadline has passed", all, err)
	}
	daemon.SetReadDeadline(time.Time{})
	arrived := make(chan []byte)
	go func() {
		defer close(arrived)
		buf := make([]byte, 10)
		transport.Receive(daemon, func() []byte { return buf }, func(n int) bool {
			if n > 0 {
				arrived <- bytes.Clone(buf[:n])
			}
			return true
		})
	}()
	for _, word := range []string{"one", "two"} {
		if _, err := client.Write([]byte(word)); err != nil {
			t.Fatal(err)
		}
		if got := <-arrived; string(got) != word {
			t.Errorf("%q arrived, want %q", got, word)
		}
	}
	transport.HangUp(daemon)
	if more, ok := <-arrived; ok {
		t.Errorf("%q arrived after the end", more)
	}
	if n, err := client.Read(make([]byte, 1)); err == nil {
		t.Errorf("the client read %d bytes, want the end", n)
	}
}

// Send takes what the client's buffer takes, never waits, and says so when the
// client is gone.
func TestSend(t *testing.T) {
	daemon, client := connected(t)
	s := transport.NewSender(daemon)
	piece := bytes.Repeat([]byte("x"), 64<<10)
	sent := 0
	for {
		n, err := s.Send(piece)
		if err != nil {
			t.Fatal(err)
		}
		sent += n
		if n < len(piece) {
			break
		}
	}
	if (sent == 0) != (runtime.GOOS == "windows") {
		t.Errorf("%d bytes were sent at once", sent)
	}
	if _, err := io.ReadFull(client, make([]byte, sent)); err != nil {
		t.Error(err)
	}
	client.Close()
	if n, err := s.Send(piece); (err == nil) != (runtime.GOOS == "windows") {
		t.Errorf("%d bytes were sent to nobody, %v", n, err)
	}
}
