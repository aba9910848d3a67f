//go:build !linux

package daemon

import "github.com/skylinedb/skylinedb/internal/transport"

// inherited returns nil: only systemd passes sockets on.
func inherited(string) (func() (*transport.Listener, error), error) { return nil, nil }

// tellManager has nobody to tell.
func tellManager() error { return nil }
