package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sys/windows/svc"

	"github.com/skylinedb/skylinedb/internal/config"
	"github.com/skylinedb/skylinedb/internal/logfile"
)

// service is the daemon under Windows' service manager, which starts it and
// asks it to stop.
//
// Source: https://learn.microsoft.com/en-us/windows/win32/services/services
type service struct {
	cfg config.Config
}

// stopTime is what the service manager is told that a stop may take.
const stopTime = time.Minute

// runService serves until the service manager wants it to stop. It fails where
// no service manager has started this program.
func runService(name string, cfg config.Config) error {
	if err := svc.Run(name, &service{cfg}); err != nil {
		return fmt.Errorf("run as the service %s, which only the service manager can start: %w", name, err)
	}
	return nil
}

// Execute implements [svc.Handler].
func (s *service) Execute(_ []string, requests <-chan svc.ChangeRequest, statuses chan<- svc.Status) (specific bool, status uint32) {
	statuses <- svc.Status{State: svc.StartPending}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ready, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() { ended <- s.serve(ctx, ready) }()
	for {
		select {
		case <-ready:
			statuses <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown | svc.AcceptPreShutdown}
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				statuses <- r.CurrentStatus
			case svc.Stop, svc.Shutdown, svc.PreShutdown:
				statuses <- svc.Status{State: svc.StopPending, WaitHint: uint32(stopTime.Milliseconds())}
				stop()
			}
		case err := <-ended:
			if err != nil {
				return true, exitFailure
			}
			return false, exitOK
		}
	}
}

// serve serves until ctx ends, with its log in the file that a daemon on this
// socket has which a client started.
func (s *service) serve(ctx context.Context, ready chan<- struct{}) error {
	path, err := logfile.Path(s.cfg.Socket)
	if err != nil {
		return err
	}
	log, err := logfile.Open(path)
	if err != nil {
		return err
	}
	defer log.Close()
	err = serve(ctx, s.cfg, log, func() error {
		select {
		case ready <- struct{}{}:
		default: // it is told once; an idle end that was called off listens again
		}
		return nil
	})
	if err != nil {
		newLog(s.cfg, log).Error("the service cannot go on", slog.Any("error", err))
	}
	return err
}
