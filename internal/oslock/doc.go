// Package oslock provides locks that the operating system drops when their
// holder dies, however it dies. Two of them make the daemon single:
//
//   - the instance lock ([Instance]) belongs to the one daemon of a socket for
//     as long as that process lives; whoever holds it may replace the socket;
//   - the start lock ([Start]) belongs to the one client that is starting that
//     daemon, so that twenty clients at once start one.
//
// # Unix
//
// A lock is flock(2) on a file beside the socket. The rules that make it sound:
//
//   - The file is never unlinked. A process that had opened it just before
//     would lock a file without a name, and the next one a new file of the
//     same name: two holders. For the same reason TryLock looks, once it has
//     the lock, whether the file still has its name, and starts over if not.
//   - The lock belongs to the open file description, not to the process as
//     with fcntl(2): two TryLocks in one process exclude each other, and
//     closing another descriptor of the file does not drop it.
//   - The descriptor is closed on exec: a child process never holds the lock on.
//   - Only a regular file of our own user will do. In a folder like /tmp
//     another user could put a symbolic link or a file of theirs in its place.
//
// A program that cleans /tmp can still take the file away from under its
// holder. The lock cannot notice that; package transport refuses to replace a
// socket on which somebody answers, for this very case.
//
// # Windows
//
// The locks of a pipe are named mutexes, see [TryLockName]; [TryLock] locks a
// file with LockFileEx.
package oslock
