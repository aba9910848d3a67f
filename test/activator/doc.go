// Package activator starts the daemon as systemd does by the units that are
// installed with it: it holds the socket, passes it on to the daemon when a
// client comes, waits for its word that it is ready, and starts the next one for
// the next client. Where there is a systemd the units can be tried with it; this
// is the same protocol on any Linux.
//
// Source: https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html,
// https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
package activator
