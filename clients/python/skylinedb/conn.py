"""One connection to the daemon: frames, and who is at the other end."""

from __future__ import annotations

import os
import struct
import weakref
from typing import Any, Callable, Dict, Optional, Protocol

from . import system
from .errors import DataError, ProgrammingError, phrase, unavailable
from .settings import DEFAULT_MAX_FRAME
from .transport import Passing, Transport
from .values import from_json, to_json

PROTOCOL = 1
HANDSHAKE = 10.0  # seconds for the first reply
_DRAIN = 5.0  # seconds for a reply that may still come after a failed write
_CHUNK = 1 << 16

Reply = Dict[str, Any]


class Stream(Protocol):
    """A reply of several frames that has not been read to its end."""

    def buffer(self) -> None:
        """Reads the rest into memory. What goes wrong is kept for later."""


class Conn:
    """A connection. One thread at a time uses it.

    Every method that reads or writes raises OSError when the connection is
    lost; after that, as after any other exception, it must be closed.
    """

    def __init__(self, transport: Transport, limit: int):
        self._transport = transport
        self._limit = limit
        self._read = bytearray()
        self._pid = os.getpid()
        self._stream: Optional[Callable[[], Optional[Stream]]] = None
        self._stream_number = 0

    def send(self, body: bytes) -> None:
        """Writes one frame."""
        if self._pid != os.getpid():
            raise ProgrammingError("This connection was made before a fork and belongs to the parent: make one in the child.")
        self._transport.sendall(struct.pack("<I", len(body)) + body)

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
            self._transport.settimeout(_DRAIN)
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
        return self._transport.silent()

    def greet(self) -> Reply:
        """Asks who listens. The answer must come in good time."""
        try:
            self.send(to_json({"type": "Ping"}))
            reply = self.receive()
            self._transport.settimeout(None)
        except DataError as error:
            raise unavailable("What listens on the socket is not a SkylineDB daemon: choose another socket.") from error
        except OSError as error:
            raise Passing(f"the daemon did not answer the first Ping: {phrase(error)}") from error
        return reply

    def daemon_pid(self) -> Optional[int]:
        """Asks for the daemon's process. The connection is closed if it fails."""
        try:
            self._transport.settimeout(HANDSHAKE)
            self.send(to_json({"type": "Status"}))
            pid = self.receive().get("pid")
            self._transport.settimeout(None)
        except (DataError, OSError) as error:
            self.close()
            raise Passing(f"the daemon did not answer the first Status: {phrase(error)}") from error
        return pid

    def interrupt(self) -> None:
        """Ends a receive of another thread."""
        self._transport.interrupt()

    def drain(self) -> None:
        """Waits until the daemon hangs up."""
        try:
            while self._transport.recv(_CHUNK):
                pass
        except OSError:
            pass  # whatever the end looks like on this system

    def close(self) -> None:
        self._stream = None
        self._transport.close()

    def _take(self, size: int) -> bytes:
        # The buffer grows with what arrives, not with what was announced.
        while len(self._read) < size:
            part = self._transport.recv(_CHUNK if size <= _CHUNK else 1 << 20)
            if not part:
                raise ConnectionResetError("the daemon closed the connection")
            self._read += part
        taken = bytes(self._read[:size])
        del self._read[:size]
        return taken


def dial(path: str, max_frame: int) -> Conn:
    """Connects to whoever listens, if it is a process of our own user."""
    return Conn(system.connect(path, HANDSHAKE), max(max_frame, DEFAULT_MAX_FRAME))
