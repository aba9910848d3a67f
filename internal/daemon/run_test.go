package daemon

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skylinedb/skylinedb/internal/config"
	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/internal/oslock"
	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/wire"
)

// settings returns those of a daemon with a directory and a socket of its own.
func settings(t *testing.T) config.Config {
	t.Helper()
	cfg, err := config.Load(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	cfg.Dir, cfg.Socket = t.TempDir(), fakedaemon.Socket(t)
	return cfg
}

// request sends a request to a daemon as soon as it listens.
func request(t *testing.T, socket, body string) *wire.Reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	nc, err := transport.Dial(ctx, socket)
	for err != nil && transport.IsNotRunning(err) && ctx.Err() == nil {
		nc, err = transport.Dial(ctx, socket)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(time.Minute))
	frame, err := wire.AppendFrame(nil, func(b []byte) ([]byte, error) { return append(b, body...), nil })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Write(frame); err != nil {
		t.Fatal(err)
	}
	if frame, err = wire.ReadFrame(nc, wire.DefaultMaxFrame); err != nil {
		t.Fatal(err)
	}
	reply, err := wire.ParseReply(frame)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// wantNothing checks what a daemon leaves when it has ended.
func wantNothing(t *testing.T, cfg config.Config, before goleak.Option) {
	t.Helper()
	if _, err := os.Lstat(cfg.Socket); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
	if logs, err := filepath.Glob(filepath.Join(cfg.Dir, "*-wal")); err != nil || len(logs) != 0 {
		t.Errorf("logs are still there: %v, %v", logs, err)
	}
	lock, err := oslock.Instance(cfg.Socket)
	if err == nil {
		err = lock.Unlock()
	}
	if err != nil {
		t.Errorf("the instance lock is still held: %v", err)
	}
	goleak.VerifyNone(t, before, ostest.Library())
}

// A daemon that was asked to end, after it has served, leaves nothing but the
// databases.
func TestShutdownLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	cfg := settings(t)
	var log bytes.Buffer
	ended := make(chan error, 1)
	go func() { ended <- Run(cfg, &log) }()
	for _, body := range []string{`{"type":"ExecBatch","db":"a.db","stmts":[{"sql":"CREATE TABLE t(a)"}]}`, `{"type":"Shutdown"}`} {
		if err := request(t, cfg.Socket, body).Err(); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
	if err := <-ended; err != nil || !strings.Contains(log.String(), "msg=ended") {
		t.Errorf("the daemon ended with %v, and its log is\n%s", err, log.String())
	}
	wantNothing(t, cfg, before)
}

// The same goes for one that nobody needs.
func TestIdleEndLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	cfg := settings(t)
	cfg.RouterIdle = time.Millisecond
	var log bytes.Buffer
	if err := Run(cfg, &log); err != nil || !strings.Contains(log.String(), "idle: ending") {
		t.Errorf("the daemon ended with %v, and its log is\n%s", err, log.String())
	}
	wantNothing(t, cfg, before)
}

// And for one that cannot begin, because another one runs or because there is
// no such directory.
func TestFailedStartLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	cfg := settings(t)
	var log bytes.Buffer
	first := make(chan error, 1)
	go func() { first <- Run(cfg, &log) }()
	request(t, cfg.Socket, `{"type":"Ping"}`)
	if err := Run(cfg, &bytes.Buffer{}); !errors.Is(err, errRunning) {
		t.Errorf("a second daemon ended with %v, want %v", err, errRunning)
	}
	if err := request(t, cfg.Socket, `{"type":"Shutdown"}`).Err(); err != nil {
		t.Error(err)
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
	lost := cfg
	lost.Dir = filepath.Join(cfg.Dir, "none")
	if err := Run(lost, &bytes.Buffer{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a directory the daemon ended with %v", err)
	}
	wantNothing(t, cfg, before)
}

// Signals are let go with the daemon.
func TestSignalsAreLetGo(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := catchSignals()
	s.ch <- os.Interrupt
	<-s.ctx.Done()
	s.stop()
	if s.ctx.Err() != context.Canceled {
		t.Errorf("the context ended with %v", s.ctx.Err())
	}
	goleak.VerifyNone(t, before, ostest.Library())
}
