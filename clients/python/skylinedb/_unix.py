"""Linux and macOS: Unix sockets, files that are locked, sessions."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import stat
import struct
import sys
from typing import Any, Dict, Optional

assert sys.platform != "win32"  # which type checkers understand as well

from .errors import Error, InterfaceError, phrase, unavailable
from .transport import NotRunning, Passing

DEFAULT_SOCKET = "/tmp/skylinedb-v1.sock"

#: How a daemon is started that neither a terminal's end nor Ctrl-C reaches.
DETACHED: Dict[str, Any] = {"start_new_session": True}


def socket_path(text: str) -> str:
    """Returns the path of a socket, the same from whatever directory."""
    path = os.path.abspath(text)
    limit = 103 if sys.platform == "darwin" else 107
    size = len(os.fsencode(path))
    if size > limit:
        raise InterfaceError(f'The socket\'s path "{path}" is too long: it has {size} bytes, and the system allows {limit}; choose a shorter one.')
    return path


def state_dir() -> str:
    """Returns the folder for the logs of daemons that clients start."""
    state = os.environ.get("XDG_STATE_HOME", "")
    if sys.platform != "darwin" and os.path.isabs(state):
        return os.path.join(state, "skylinedb")
    home = os.environ.get("HOME", "")
    if not os.path.isabs(home):
        raise OSError("no place for the daemon's log: set HOME to a folder")
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Logs", "skylinedb")
    return os.path.join(home, ".local", "state", "skylinedb")


def find_program(name: str) -> Optional[str]:
    """Returns the path of a program that is named by a path or is in PATH."""
    return shutil.which(name)


def was_killed(status: int, said: str) -> bool:
    """Tells whether a daemon did not end for a reason of its own."""
    return status < 0


def put_aside(log: str) -> None:
    """Makes the log the old one."""
    os.replace(log, log + ".old")


def open_to_append(path: str) -> int:
    """Opens a file of the user's own, which it makes. No link is followed."""
    return os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


class SocketTransport:
    """A connected socket; see Transport."""

    def __init__(self, sock: socket.socket):
        self._sock = sock

    def sendall(self, data: bytes) -> None:
        self._sock.sendall(data)

    def recv(self, size: int) -> bytes:
        return self._sock.recv(size)

    def settimeout(self, seconds: Optional[float]) -> None:
        self._sock.settimeout(seconds)

    def silent(self) -> bool:
        try:
            self._sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False  # the end, or what nobody asked for

    def interrupt(self) -> None:
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended already

    def close(self) -> None:
        self._sock.close()


def connect(path: str, timeout: float) -> SocketTransport:
    """Connects to whoever listens, if it is a process of our own user. The
    time-out is that of the transport as well."""
    try:
        _check_file(path, os.lstat(path))
    except FileNotFoundError as error:
        raise NotRunning(f'nobody listens on "{path}"') from error
    except OSError as error:
        raise unavailable(f'The socket "{path}" cannot be looked at: {phrase(error)}.') from error
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        _connect(sock, path)
        _check_peer(sock, path)
    except BaseException:
        sock.close()
        raise
    return SocketTransport(sock)


def _connect(sock: socket.socket, path: str) -> None:
    try:
        sock.connect(path)
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NotRunning(f'nobody listens on "{path}"') from error
    except PermissionError as error:
        raise unavailable(f'The socket "{path}" may not be used: {phrase(error)}.') from error
    except OSError as error:  # its queue is full, or it ended meanwhile
        raise Passing(f'connect to "{path}": {phrase(error)}') from error


def _check_file(path: str, info: os.stat_result) -> None:
    if not stat.S_ISSOCK(info.st_mode):
        raise unavailable(f'"{path}" is not a socket: remove it or choose another.')
    if info.st_uid != os.geteuid():
        raise _foreign(path, info.st_uid)


def _check_peer(sock: socket.socket, path: str) -> None:
    """Looks at the process behind the socket.

    The file may have been replaced since it was looked at, and its owner is
    not always who listens.
    """
    try:
        uid = _peer_uid(sock)
    except OSError as error:
        raise Passing(f'ask who listens on "{path}": {phrase(error)}') from error
    if uid is not None and uid != os.geteuid():
        raise _foreign(path, uid)


def _peer_uid(sock: socket.socket) -> Optional[int]:
    if sys.platform.startswith("linux"):
        return int(struct.unpack("iII", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1])
    if sys.platform == "darwin":
        # SOL_LOCAL and LOCAL_PEERCRED, which gives a struct xucred.
        return int(struct.unpack_from("II", sock.getsockopt(0, 1, 76))[1])
    return None


def _foreign(path: str, uid: int) -> Error:
    return unavailable(f'The socket "{path}" belongs to user {uid} and not to user {os.geteuid()}, who runs this program: choose another.')


class _FileLock:
    """A locked file; see StartLock."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor

    def release(self) -> None:
        # Unlocked before it is closed: a child process between fork and exec
        # has a copy of the descriptor.
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)


def try_start_lock(socket: str) -> Optional[_FileLock]:
    """Takes the socket's start lock, or returns None if it is taken.

    Its file is never removed by us. One that somebody else removed is another
    file than that of the same name, so both are compared.
    """
    path = socket + ".start.lock"
    while True:
        # O_NONBLOCK keeps the open from waiting on a FIFO in the file's place.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
        try:
            mine = os.fstat(descriptor)
            _check_lock_file(path, mine)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(mine, os.lstat(path)):
                return _FileLock(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except FileNotFoundError:
            pass  # removed meanwhile: the next one
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _check_lock_file(path: str, info: os.stat_result) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise OSError(f'lock file "{path}" is not a regular file; remove it')
    if info.st_uid != os.geteuid():
        raise OSError(f'lock file "{path}" belongs to user {info.st_uid} and not to user {os.geteuid()}, who runs this program; choose another socket')
