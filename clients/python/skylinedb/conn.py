"""One connection to the daemon: frames, and who is at the other end."""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
import weakref
from typing import Any, Callable, Dict, Optional, Protocol

from .errors import DataError, Error, ProgrammingError, phrase, unavailable
from .settings import DEFAULT_MAX_FRAME
from .values import from_json, to_json

PROTOCOL = 1
HANDSHAKE = 10.0  # seconds for the first reply
_DRAIN = 5.0  # seconds for a reply that may still come after a failed write
_CHUNK = 1 << 16

Reply = Dict[str, Any]


class Passing(Exception):
    """Trouble that may be gone at the next try. It never reaches the program."""


class NotRunning(Passing):
    """Nobody listens on the socket."""


class Stream(Protocol):
    """A reply of several frames that has not been read to its end."""

    def buffer(self) -> None:
        """Reads the rest into memory. What goes wrong is kept for later."""


class Conn:
    """A connection. One thread at a time uses it.

    Every method that reads or writes raises OSError when the connection is
    lost; after that, as after any other exception, it must be closed.
    """

    def __init__(self, sock: socket.socket, limit: int):
        self._sock = sock
        self._limit = limit
        self._read = bytearray()
        self._pid = os.getpid()
        self._stream: Optional[Callable[[], Optional[Stream]]] = None
        self._stream_number = 0

    def send(self, body: bytes) -> None:
        """Writes one frame."""
        if self._pid != os.getpid():
            raise ProgrammingError("This connection was made before a fork and belongs to the parent: make one in the child.")
        self._sock.sendall(struct.pack("<I", len(body)) + body)

    def receive(self) -> Reply:
        """Reads one frame."""
        (length,) = struct.unpack("<I", self._take(4))
        if length > self._limit:
            raise DataError(f"The daemon sent a message of {length} bytes, and this client takes {self._limit}: raise max_frame.", "RESULT_TOO_LARGE")
        reply = from_json(self._take(length))
        if reply is None:
            raise ConnectionError("what came is not a reply")
        return reply

    def exchange(self, body: bytes, number: int) -> Reply:
        """Sends a request and returns the first frame of its reply.

        A stream that is still open comes first on the wire, so it is read to
        its end before.
        """
        self._end_stream()
        try:
            self.send(body)
        except OSError:
            # A daemon that refuses a frame answers before it hangs up.
            self._sock.settimeout(_DRAIN)
            reply = self.receive()
            if reply["status"] != "error":
                raise
            return reply
        return self.reply_to(number)

    def reply_to(self, number: int) -> Reply:
        """Reads one frame that belongs to the request of that id."""
        reply = self.receive()
        if reply.get("id", number) != number:
            raise ConnectionError("a reply came that belongs to another request")
        return reply

    def begin_stream(self, stream: Stream, number: int) -> None:
        """Tells that the rest of a reply will be read by stream, as long as
        somebody refers to it."""
        self._stream, self._stream_number = weakref.ref(stream), number

    def stream_ended(self) -> None:
        self._stream = None

    def _end_stream(self) -> None:
        if self._stream is None:
            return
        stream = self._stream()
        if stream is not None:
            stream.buffer()
        else:
            self.cancel()

    def cancel(self) -> None:
        """Stops the stream and keeps the connection.

        About 64 KiB are on their way; they come before the Cancel's reply.
        """
        query, number = self._stream_number, -self._stream_number  # no request has such an id
        self._stream = None
        self.send(to_json({"type": "Cancel", "id": number, "target": query}))
        while self.reply_to(query).get("more"):
            pass
        self.reply_to(number)

    def usable(self) -> bool:
        """Tells whether the other end is still there, and silent, as it should be."""
        if self._read or self._stream is not None:
            return False
        try:
            self._sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False  # the end, or what nobody asked for

    def greet(self) -> Reply:
        """Asks who listens. The answer must come in good time."""
        try:
            self.send(to_json({"type": "Ping"}))
            reply = self.receive()
            self._sock.settimeout(None)
        except DataError as error:
            raise unavailable("What listens on the socket is not a SkylineDB daemon: choose another socket.") from error
        except OSError as error:
            raise Passing(f"the daemon did not answer the first Ping: {phrase(error)}") from error
        return reply

    def daemon_pid(self) -> Optional[int]:
        """Asks for the daemon's process. The connection is closed if it fails."""
        try:
            self._sock.settimeout(HANDSHAKE)
            self.send(to_json({"type": "Status"}))
            pid = self.receive().get("pid")
            self._sock.settimeout(None)
        except (DataError, OSError) as error:
            self.close()
            raise Passing(f"the daemon did not answer the first Status: {phrase(error)}") from error
        return pid

    def interrupt(self) -> None:
        """Ends a receive of another thread."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended already

    def drain(self) -> None:
        """Waits until the daemon hangs up."""
        try:
            while self._sock.recv(_CHUNK):
                pass
        except OSError:
            pass  # whatever the end looks like on this system

    def close(self) -> None:
        self._stream = None
        self._sock.close()

    def _take(self, size: int) -> bytes:
        # The buffer grows with what arrives, not with what was announced.
        while len(self._read) < size:
            part = self._sock.recv(_CHUNK if size <= _CHUNK else 1 << 20)
            if not part:
                raise ConnectionResetError("the daemon closed the connection")
            self._read += part
        taken = bytes(self._read[:size])
        del self._read[:size]
        return taken


def dial(path: str, max_frame: int) -> Conn:
    """Connects to whoever listens, if it is a process of our own user."""
    try:
        _check_file(path, os.lstat(path))
    except FileNotFoundError as error:
        raise NotRunning(f'nobody listens on "{path}"') from error
    except OSError as error:
        raise unavailable(f'The socket "{path}" cannot be looked at: {phrase(error)}.') from error
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(HANDSHAKE)
        _connect(sock, path)
        _check_peer(sock, path)
    except BaseException:
        sock.close()
        raise
    return Conn(sock, max(max_frame, DEFAULT_MAX_FRAME))


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
        return struct.unpack("iII", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
    if sys.platform == "darwin":
        # SOL_LOCAL and LOCAL_PEERCRED, which gives a struct xucred.
        return struct.unpack_from("II", sock.getsockopt(0, 1, 76))[1]
    return None


def _foreign(path: str, uid: int) -> Error:
    return unavailable(f'The socket "{path}" belongs to user {uid} and not to user {os.geteuid()}, who runs this program: choose another.')
