// Package transport carries connections between the clients and the daemon of
// one user: a Unix socket, or a named pipe on Windows. It knows nothing of what
// is said on them.
//
// It owns the socket file, from [Listen] to [Listener.Unlink], and one rule:
// only our own user gets through. The rule is kept on both sides, and by more
// than the file's mode, because the default socket lies in /tmp, where every
// user may create files:
//
//   - The daemon's side. The socket never admits a connection before its mode
//     is 0600, and of those who connect Accept hands out only the ones whose
//     effective user id, as the kernel reports it, is ours. On Windows the
//     pipe's security descriptor admits our user and the system account.
//   - The client's side. [Dial] refuses a socket that is not our own user's
//     before it connects, and a listener that is not our own user's process
//     before it returns, so nothing is ever sent to a stranger.
//
// [Listen] may be called only by the holder of the instance lock (package
// oslock): what looks like a stale socket is then really one. Only a socket of
// our own on which nobody answers is ever removed; a symbolic link, a regular
// file, another user's socket stay as they are and Listen fails.
//
// The file unix.go holds the Unix side, with what differs between Linux and
// Darwin in bind_*.go and peer_*.go. On Windows pipe_windows.go holds the
// listener, dial_windows.go the client, conn_windows.go the connections of
// both and peer_windows.go what makes a pipe our own.
package transport
