package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/skylinedb/skylinedb/internal/config"
	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/oslock"
	"github.com/skylinedb/skylinedb/internal/router"
	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/internal/transport"
)

// errRunning is what a second daemon on one socket says.
var errRunning = errors.New("another daemon instance is already running")

// Times of taking the instance lock from a daemon that is just ending.
const (
	lockTime  = 10 * time.Second
	lockRetry = 20 * time.Millisecond
)

// Run serves until a signal, a Shutdown request or idleness ends it, and
// writes its log to logs. When it returns all that was accepted is finished,
// every database is closed, the socket is gone, unless systemd holds it, and
// the lock is free.
func Run(cfg config.Config, logs io.Writer) error {
	signals := catchSignals()
	defer signals.stop()
	return serve(signals.ctx, cfg, logs, tellManager)
}

// serve is Run until ctx ends. It calls ready when it listens.
func serve(ctx context.Context, cfg config.Config, logs io.Writer, ready func() error) error {
	log := newLog(cfg, logs)
	if err := sqlite.CheckVersion(); err != nil {
		return err
	}
	socket, err := absolute(cfg.Socket)
	if err != nil {
		return err
	}
	root, err := dbfile.OpenRoot(cfg.Dir, socket, socket+".lock", socket+".start.lock")
	if err != nil {
		return err
	}
	listen, err := inherited(socket)
	if err != nil {
		return err
	}
	answers := isAnswered
	if listen == nil {
		listen = func() (*transport.Listener, error) { return transport.Listen(socket) }
	} else {
		answers = func(context.Context, string) bool { return false } // whoever is asked there is us
	}
	lock, err := takeInstance(ctx, socket, answers)
	if err != nil {
		return err
	}
	defer lock.Unlock()
	warnOfOpenFolders(log, root.Dir(), socket)
	var mem memory
	r := router.New(router.Config{
		Root: root, Socket: socket, Version: config.Version, MaxFrame: cfg.MaxFrame,
		Synchronous: synchronous(cfg), ForeignKeys: cfg.ForeignKeys,
		WorkerIdle: cfg.WorkerIdle, RouterIdle: cfg.RouterIdle, Log: log,
		Rest: mem.giveBack,
		Listen: func() (*transport.Listener, error) {
			l, err := listen()
			if err == nil {
				log.Info("listening", "socket", socket, "dir", root.Dir(), "pid", os.Getpid(), "version", config.Version)
				if err := ready(); err != nil {
					log.Warn("the service manager is not told", "error", err)
				}
			}
			return l, err
		},
	})
	defer context.AfterFunc(ctx, func() {
		log.Info("signal: ending")
		r.Shutdown()
	})()
	if err := r.Run(); err != nil {
		return err
	}
	log.Info("ended")
	return nil
}

func synchronous(cfg config.Config) sqlite.Synchronous {
	if cfg.Synchronous == "full" {
		return sqlite.SyncFull
	}
	return sqlite.SyncNormal
}

// takeInstance takes the lock that makes this the only daemon on socket. It
// waits for one that holds the lock and does not answer: that one is ending.
func takeInstance(ctx context.Context, socket string, answers func(context.Context, string) bool) (*oslock.Lock, error) {
	end := time.Now().Add(lockTime)
	for {
		lock, err := oslock.Instance(socket)
		if err == nil {
			return lock, nil
		}
		if !errors.Is(err, oslock.ErrLocked) {
			return nil, fmt.Errorf("take the instance lock: %w", err)
		}
		if answers(ctx, socket) || time.Now().After(end) {
			return nil, errRunning
		}
		select {
		case <-time.After(lockRetry):
		case <-ctx.Done():
			return nil, errRunning
		}
	}
}

// isAnswered reports whether a daemon, or anybody else, answers on the socket.
func isAnswered(ctx context.Context, socket string) bool {
	conn, err := transport.Dial(ctx, socket)
	if err == nil {
		conn.Close()
	}
	return err == nil || !transport.IsNotRunning(err)
}
