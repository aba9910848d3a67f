"""The rows of a Query, as they come."""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import Any, Callable, Deque, Optional, Tuple, Type

from .conn import Conn, Reply
from .errors import Error, InterfaceError, expired, from_reply, phrase, unavailable

Row = Tuple[Any, ...]


class Rows:
    """An iterator over the rows of a query. One thread at a time uses it.

    The daemon makes rows only as fast as they are taken. Who takes none for
    ten seconds loses the snapshot (SNAPSHOT_TOO_LONG). Close it, or use it in
    a with statement, to stop early.
    """

    def __init__(self, conn: Conn, number: int, first: Reply, release: Callable[[Conn], None], in_transaction: bool):
        #: The names and the declared types of the columns, "" for no type.
        self.columns: Tuple[str, ...] = tuple(first.get("columns") or ())
        self.types: Tuple[str, ...] = tuple(first.get("types") or ())
        #: Of the snapshot, known when the last row has come; None before.
        self.rev: Optional[int] = None
        self.epoch: Optional[str] = None
        self.row_count: Optional[int] = None
        #: There were more rows than limit.
        self.truncated = False
        self._conn: Optional[Conn] = conn  # None once the last frame has come
        self._number = number
        self._release = release
        self._in_transaction = in_transaction
        self._rows: Deque[Any] = deque()
        self._failure: Optional[BaseException] = None
        self._closed = False
        if in_transaction:
            conn.begin_stream(self, number)  # the next request has to wait for its end
        self._add(first)

    def __iter__(self) -> "Rows":
        return self

    def __next__(self) -> Row:
        while not self._rows:
            if self._closed:
                raise InterfaceError("The rows are closed.")
            if self._conn is not None:
                self._receive()
            elif self._failure is not None:
                raise self._failure
            else:
                raise StopIteration
        return tuple(self._rows.popleft())

    def buffer(self) -> None:
        """Reads the rest into memory, which frees the snapshot.

        What goes wrong is told by the iteration, in its place.
        """
        while self._conn is not None:
            self._receive()

    def close(self) -> None:
        """Stops the query. What has come and was not taken is dropped."""
        self._closed = True
        self._rows.clear()
        conn, self._conn = self._conn, None
        if conn is None:
            return
        if not self._in_transaction:
            conn.close()  # hanging up ends a query
            return
        try:
            conn.cancel()
        except (OSError, Error):
            conn.close()  # and the next request of the transaction tells
        except BaseException:
            conn.close()
            raise

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def __del__(self) -> None:
        # In a transaction the connection is not ours to end.
        conn = getattr(self, "_conn", None)
        if conn is not None and not self._in_transaction:
            conn.close()

    def _receive(self) -> None:
        """Takes one more frame. A failure is kept for the iteration."""
        conn = self._conn
        assert conn is not None
        try:
            frame = conn.reply_to(self._number)
        except OSError as error:
            self._lost(self._loss(error))
        except BaseException as error:
            self._lost(error)
            raise
        else:
            self._add(frame)

    def _loss(self, error: OSError) -> Error:
        if self._in_transaction:
            return expired(f"The connection to the daemon was lost ({phrase(error)}), and with it the transaction: nothing of it was committed.")
        return unavailable(f"The connection was lost before the last row had come: {phrase(error)}; ask again.")

    def _lost(self, failure: BaseException) -> None:
        self._failure = failure
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.close()

    def _add(self, frame: Reply) -> None:
        if frame["status"] == "error":
            self._failure = from_reply(frame)
        self._rows.extend(frame.get("rows") or ())
        if not frame.get("more"):
            self._finish(frame)

    def _finish(self, last: Reply) -> None:
        self.rev, self.epoch = last.get("rev"), last.get("epoch")
        self.row_count = last.get("row_count")
        self.truncated = bool(last.get("truncated"))
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.stream_ended()
            self._release(conn)
