"""One request, sent until a reply settles it."""

from __future__ import annotations

import time
from typing import Callable, NamedTuple, Optional

from .autostart import pauses
from .conn import Conn, Reply
from .errors import Error, from_reply, phrase, unavailable
from .transport import Passing

# Failures after which it is known that no earlier copy of the batch was
# executed: they come after the daemon has looked for the request's record.
# Any other may come without that look.
_DECIDING = ("SQL_ERROR", "FORBIDDEN_STATEMENT", "REV_MISMATCH", "REQUEST_ID_REUSED", "TX_EXPIRED")


class Answer(NamedTuple):
    """A success: the first frame of the reply, and where it came from."""

    reply: Reply
    conn: Conn  # the caller's now
    number: int  # the request's id
    copies: int  # how often it was sent


class Call:
    """One call of a program."""

    def __init__(self, socket: str, patience: float, batch: bool):
        self._socket = socket
        self._patience = patience
        self._left = patience  # seconds of trouble
        self._pauses = pauses()
        self._batch = batch  # an earlier copy may have been executed
        self._lost = 0  # copies sent to connections that were lost

    def run(self, number: int, body: bytes, take: Callable[[], Conn], conn: Optional[Conn] = None) -> Answer:
        """Sends body until it is answered. It begins with conn, if any."""
        while True:
            conn = conn or self._connect(take)
            try:
                reply = conn.exchange(body, number)
            except OSError as error:
                conn.close()
                conn = None
                self._lost += 1
                self._pause(error)
                continue
            except BaseException:
                conn.close()
                raise
            if reply["status"] == "ok":
                return Answer(reply, conn, number, self._lost + 1)
            conn = self._refused(conn, reply)

    def _connect(self, take: Callable[[], Conn]) -> Conn:
        while True:
            begun = time.monotonic()
            try:
                return take()
            except Passing as error:
                self._left -= time.monotonic() - begun
                self._pause(error)

    def _refused(self, conn: Conn, reply: Reply) -> Optional[Conn]:
        """Raises what is for the caller. For what passes it waits, and returns
        the connection if the next try may have it."""
        trouble = passing(reply)
        if trouble is None:
            raise Refused(self._verdict(from_reply(reply)), conn)
        if reply["code"] == "SHUTTING_DOWN":
            conn.close()
            self._pause(trouble)
            return None
        try:
            self._pause(trouble)
        except Error as error:
            raise Refused(error, conn) from error
        return conn

    def _verdict(self, error: Error) -> Error:
        if self._lost and self._batch and error.code not in _DECIDING:
            return unavailable(
                "The daemon may or may not have executed the batch: the reply to it was lost, "
                f"and asked again it said: {phrase(error)}.")
        return error

    def _pause(self, error: BaseException) -> None:
        """Waits before the next try, or gives up."""
        if self._left <= 0:
            doubt = "; it may or may not have been executed" if self._lost else ""
            raise unavailable(
                f'The daemon at "{self._socket}" could not serve the request for {self._patience:g} seconds: '
                f"{phrase(error)}{doubt}.") from error
        pause = next(self._pauses)
        self._left -= pause
        time.sleep(pause)


class Refused(Exception):
    """Carries a failure to where the connection is put back."""

    def __init__(self, error: Error, conn: Conn):
        super().__init__(error)
        self.error = error
        self.conn = conn


def passing(reply: Reply) -> Optional[Passing]:
    """Returns the trouble that a failure tells, if it says "not now".

    A disk that failed in a way that leaves it open whether the batch was
    executed is one of these: asking again finds out.
    """
    code = reply["code"]
    if code in ("SHUTTING_DOWN", "QUEUE_FULL") or code == "IO_ERROR" and reply.get("retryable"):
        return Passing(reply.get("message", code))
    return None
