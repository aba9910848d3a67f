package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/wire"
)

// echo gives each frame back that comes over the socket, until standard input
// ends: what a round trip costs when the server has nothing to do.
func echo(socket string) error {
	l, err := transport.Listen(socket)
	if err != nil {
		return err
	}
	fmt.Println("listening")
	var wg sync.WaitGroup
	wg.Go(func() {
		io.Copy(io.Discard, os.Stdin)
		l.Close()
	})
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			break
		}
		if err != nil {
			return err
		}
		wg.Go(func() {
			defer conn.Close()
			giveBack(conn)
		})
	}
	wg.Wait()
	return nil
}

// giveBack serves one connection until its client hangs up.
func giveBack(conn net.Conn) {
	r := bufio.NewReader(conn)
	var frame []byte
	for {
		head, err := r.Peek(wire.HeaderSize)
		if err != nil {
			return
		}
		n := wire.HeaderSize + int(binary.LittleEndian.Uint32(head))
		frame = append(frame[:0], make([]byte, n)...)
		if _, err := io.ReadFull(r, frame); err != nil {
			return
		}
		if _, err := conn.Write(frame); err != nil {
			return
		}
	}
}
