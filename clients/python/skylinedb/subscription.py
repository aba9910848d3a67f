"""The stream of what happens to a database."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple, Type

from .autostart import pauses
from .conn import Conn, Reply
from .errors import from_reply
from .retry import Answer, passing
from .transport import Passing

if TYPE_CHECKING:
    from .client import Client


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    A commit says that everything up to rev is committed; one event may stand
    for many. Where missed is true, anything may have changed, and tables are
    empty. Maintenance says in change what became of the database.
    """

    event: str  # "commit" or "maintenance"
    db: Optional[str]  # None where it may be any
    rev: Optional[int] = None
    epoch: Optional[str] = None
    tables: Tuple[str, ...] = ()
    missed: bool = False
    change: Optional[str] = None  # "preparing", "closed", "reopened", "replaced"


class Subscription:
    """An iterator over events, which ends with close and not before.

    One thread iterates; any thread may close. When the daemon ends, it waits
    for the next one and tells what was missed meanwhile; it starts none, for
    who writes does so.
    """

    def __init__(self, client: "Client", db: Optional[str], rev: Optional[int], epoch: Optional[str]):
        self.db = db
        #: What the program knows of: the last event's, for one database.
        self.rev = rev
        self.epoch = epoch
        #: The database's state when the daemon was last asked.
        self.state: Optional[str] = None
        self._client = client
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._conn: Optional[Conn] = None
        self._number = 0
        self._pending: Optional[Event] = None
        self._receiving = False
        self._begin(client._exchange(self._fields()))

    def __iter__(self) -> "Subscription":
        return self

    def __next__(self) -> Event:
        while not self._closed.is_set():
            if self._pending is not None:
                pending, self._pending = self._pending, None
                return pending
            conn = self._conn
            if conn is None:
                self._reconnect()
                continue
            event = self._receive(conn)
            if event is not None:
                return event
        raise StopIteration

    def close(self) -> None:
        """Ends the subscription, and the iteration that waits in another thread."""
        self._closed.set()
        with self._lock:
            if self._conn is not None and self._receiving:
                self._conn.interrupt()  # and who receives closes it
                return
        self._drop()

    def __enter__(self) -> "Subscription":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def __del__(self) -> None:
        conn = getattr(self, "_conn", None)
        if conn is not None:
            conn.close()

    def _fields(self) -> Dict[str, Any]:
        fields: Dict[str, Any] = {"type": "Subscribe", "db": self.db}
        if self.db is not None and self.rev is not None:
            fields.update(rev=self.rev, epoch=self.epoch)
        return fields

    def _begin(self, answer: Answer) -> None:
        first = answer.reply
        with self._lock:
            self._conn, self._number = answer.conn, answer.number
        self.state = first.get("state")
        if self.rev is None:
            # From here on: what comes before is not missed.
            self.rev, self.epoch = first.get("rev"), first.get("epoch")
        if self._closed.is_set():
            self._drop()

    def _receive(self, conn: Conn) -> Optional[Event]:
        """Waits for one frame. None says that the connection has ended."""
        try:
            frame = self._frame(conn)
        except OSError:
            self._drop()
            return None
        except BaseException:
            self._drop()
            raise
        if frame["status"] == "error":
            self._drop()
            if passing(frame):
                return None
            raise from_reply(frame)
        return self._event(frame) if "event" in frame else None

    def _frame(self, conn: Conn) -> Reply:
        with self._lock:
            self._receiving = not self._closed.is_set()
        if not self._receiving:
            raise ConnectionError("the subscription is closed")
        try:
            return conn.reply_to(self._number)
        finally:
            with self._lock:
                self._receiving = False

    def _event(self, frame: Reply) -> Event:
        event = Event(
            frame["event"], frame.get("db", self.db), frame.get("rev"), frame.get("epoch"),
            tuple(frame.get("tables") or ()), bool(frame.get("missed")), frame.get("change"),
        )
        if self.db is not None:
            self.rev, self.epoch = frame.get("rev", self.rev), frame.get("epoch", self.epoch)
        return event

    def _reconnect(self) -> None:
        """Waits for a daemon, without an end but that of the subscription."""
        for pause in pauses():
            try:
                self._begin(self._client._subscribe_once(self._fields()))
            except (Passing, OSError):
                if self._closed.wait(pause):
                    return
                continue
            break
        if self.db is None:
            # Nobody can say what became of all the databases meanwhile.
            self._pending = Event("commit", None, missed=True)

    def _drop(self) -> None:
        with self._lock:
            conn, self._conn = self._conn, None
        if conn is not None:
            conn.close()
