package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/skylinedb/skylinedb/bench/internal/load"
	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/wire"
)

// patience is how long a reply may take before a measurement is given up.
const patience = 2 * time.Minute

// replyOK is how the body of each reply begins that tells a success and has no id.
var replyOK = []byte(`{"status":"ok"`)

// bareWriter is the leanest client that there can be: its frame was made
// before, and of the reply it looks at the status alone. So what it measures
// is the daemon.
type bareWriter struct {
	conn  net.Conn
	r     *bufio.Reader
	frame []byte
	good  []byte // how the body of a good reply begins
}

func newBareWriter(job load.Job) (*bareWriter, error) {
	frame, err := batchFrame(job)
	if err != nil {
		return nil, err
	}
	return dialBare(job.Socket, frame, replyOK)
}

func dialBare(socket string, frame, good []byte) (*bareWriter, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := transport.Dial(ctx, socket)
	if err != nil {
		return nil, err
	}
	return &bareWriter{conn, bufio.NewReader(conn), frame, good}, nil
}

// batchFrame returns the frame of the batch that job writes again and again.
func batchFrame(job load.Job) ([]byte, error) {
	params, err := wire.NewParams(job.ID, job.RowText())
	if err != nil {
		return nil, err
	}
	req := &wire.Request{Type: wire.TypeExecBatch, DB: job.DB, HasDB: true, Sync: wire.Sync(job.Sync)}
	for range job.Rows() {
		req.Stmts = append(req.Stmts, wire.Stmt{SQL: load.InsertRow, Params: params})
	}
	if job.Keep > 0 {
		keep, err := wire.NewParams(job.Keep)
		if err != nil {
			return nil, err
		}
		req.Stmts = append(req.Stmts, wire.Stmt{SQL: load.KeepRows, Params: keep})
	}
	return appendFrame(nil, req)
}

func appendFrame(dst []byte, req *wire.Request) ([]byte, error) {
	return wire.AppendFrame(dst, func(b []byte) ([]byte, error) { return wire.AppendRequest(b, req), nil })
}

// Write implements [load.Writer].
func (w *bareWriter) Write() error {
	if _, err := w.conn.Write(w.frame); err != nil {
		return err
	}
	return w.reply()
}

// send writes the frame, which is n frames, and awaits their replies.
func (w *bareWriter) send(n int) error {
	if _, err := w.conn.Write(w.frame); err != nil {
		return err
	}
	for range n {
		if err := w.reply(); err != nil {
			return err
		}
	}
	return nil
}

// reply awaits one reply.
func (w *bareWriter) reply() error {
	head, err := w.r.Peek(wire.HeaderSize)
	if err != nil {
		return err
	}
	n := int(binary.LittleEndian.Uint32(head))
	if _, err := w.r.Discard(wire.HeaderSize); err != nil {
		return err
	}
	body, err := w.r.Peek(min(n, w.r.Size()))
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(body, w.good) {
		err = fmt.Errorf("the reply is %.300s", body)
	}
	_, discard := w.r.Discard(n)
	return errors.Join(err, discard)
}

// Close implements [load.Writer].
func (w *bareWriter) Close() error { return w.conn.Close() }

// bareOnce connects for each batch, and hangs up.
type bareOnce struct {
	socket string
	frame  []byte
}

func newBareOnce(job load.Job) (*bareOnce, error) {
	frame, err := batchFrame(job)
	return &bareOnce{job.Socket, frame}, err
}

// Write implements [load.Writer].
func (o *bareOnce) Write() error {
	w, err := dialBare(o.socket, o.frame, replyOK)
	if err != nil {
		return err
	}
	return errors.Join(w.Write(), w.Close())
}

// Close implements [load.Writer].
func (o *bareOnce) Close() error { return nil }
