"""The plain client: what the protocol offers, with retries and auto-start."""

from __future__ import annotations

import itertools
import os
import threading
import uuid
import weakref
from types import TracebackType
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Type

from . import autostart as starter
from .batch import MAX_FORGET, Answered, Result, StmtLike, result_of, stmts_field
from .conn import PROTOCOL, Conn, Reply, dial
from .errors import DataError, OperationalError, ProgrammingError, from_reply, phrase, unavailable
from .retry import Answer, Call, Refused, passing
from .rows import Rows
from .settings import resolve
from .subscription import Subscription
from .transaction import Transaction
from .transport import NotRunning, Passing
from .values import Params, encode_params, to_json

DEFAULT_DB = "data.db"
_MAX_IDLE = 8  # connections that wait for their next use

_clients: "weakref.WeakSet[Client]" = weakref.WeakSet()


class Client:
    """Talks to one daemon. Any number of threads may share it.

    It does not connect before the first call, which starts a daemon where
    none runs. Every call is retried while the daemon is away, for patience
    seconds of trouble; batches and commits carry a request id, so that they
    are executed once.
    """

    def __init__(
        self, dir: Optional[str] = None, socket: Optional[str] = None, autostart: bool = True, *,
        daemon: Optional[str] = None, max_frame: Optional[int] = None, patience: float = 60.0,
        daemon_args: Sequence[str] = (), daemon_env: Optional[Mapping[str, str]] = None,
    ):
        """dir must be the one that the daemon serves, if it is given here or
        in SKYLINEDB_DIR; socket, autostart, daemon (the program) and max_frame
        come from SKYLINEDB_SOCKET, _AUTOSTART, _DAEMON and _MAX_FRAME where
        they are left out. daemon_args and daemon_env are for a daemon that
        this client starts.
        """
        self._set = resolve(dir, socket, autostart, daemon, max_frame, patience, daemon_args, daemon_env)
        self._numbers = itertools.count(1)
        self._dir, self._pinned = self._set.directory, self._set.pinned
        self._reset()
        _clients.add(self)

    def _reset(self) -> None:
        """Begins without connections, also after a fork."""
        self._lock = threading.Lock()
        self._idle: List[Conn] = []
        self._closed = False
        self._answered = Answered()

    def close(self) -> None:
        """Ends the connections that nobody uses. The daemon goes on."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for conn in idle:
            conn.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def __del__(self) -> None:
        for conn in getattr(self, "_idle", ()):
            conn.close()

    # Writing.

    def exec(self, db: Optional[str], sql: str, params: Params = None, **options: Any) -> Result:
        """Executes one statement as a batch of its own; see exec_batch."""
        return self.exec_batch(db, [(sql, params)], **options)

    def exec_batch(
        self, db: Optional[str], stmts: Iterable[StmtLike], *, tx: str = "atomic", results: bool = False,
        sync: Optional[str] = None, timeout_ms: Optional[int] = None, expect_rev: Optional[int] = None,
        request_id: Optional[str] = None, forget: Sequence[str] = (),
    ) -> Result:
        """Executes statements as one batch, exactly once.

        The options are those of ExecBatch in docs/protocol.md. Without a
        request_id the client makes one, which protects the batch within this
        call; with one of its own a program can ask again later.

        The code UNAVAILABLE means that it is not known whether the batch was
        executed; every other that nothing was, but for tx="none", where the
        exception's reply says what was.
        """
        fields: Dict[str, Any] = {
            "type": "ExecBatch", "db": _named(db), "stmts": stmts_field(stmts),
            "sync": sync, "timeout_ms": timeout_ms, "expect_rev": expect_rev,
        }
        if tx != "atomic":
            fields["tx"] = tx
        if results:
            fields["results"] = True
        return result_of(self._once_only(fields, request_id, forget))

    def transaction(
        self, db: Optional[str] = None, *, idle_ms: Optional[int] = None, lease_ms: Optional[int] = None,
        timeout_ms: Optional[int] = None, sync: Optional[str] = None, expect_rev: Optional[int] = None,
    ) -> Transaction:
        """Begins a transaction, for a with statement: it commits at its end
        and rolls back on an exception. The options are those of Begin.
        """
        name = _named(db)
        fields = {
            "type": "Begin", "db": name, "idle_ms": idle_ms, "lease_ms": lease_ms,
            "timeout_ms": timeout_ms, "sync": sync, "expect_rev": expect_rev,
        }
        answer = self._exchange(fields)
        return Transaction(self, answer.conn, name, answer.reply)

    # Reading.

    def query(
        self, db: Optional[str], sql: str, params: Params = None, *, limit: Optional[int] = None,
        min_rev: Optional[int] = None, timeout_ms: Optional[int] = None,
    ) -> Rows:
        """Reads rows as they come, from one snapshot."""
        fields = {
            "type": "Query", "db": _named(db), "sql": sql, "params": encode_params(params),
            "limit": limit, "min_rev": min_rev, "timeout_ms": timeout_ms,
        }
        answer = self._exchange(fields)
        return Rows(answer.conn, answer.number, answer.reply, self._give, False)

    def subscribe(self, db: Optional[str] = None, rev: Optional[int] = None, epoch: Optional[str] = None) -> Subscription:
        """Tells what happens to a database, or to all for None.

        It holds when this returns. With the rev and epoch that the program
        knows, the first event says if there were commits since.
        """
        return Subscription(self, db, rev, epoch)

    # The daemon and maintenance. These return the fields of the reply.

    def ping(self, db: Optional[str] = None) -> Reply:
        """Asks for a sign of life, or for the state of a database."""
        return self._call({"type": "Ping", "db": db})

    def prepare(self, db: Optional[str] = None) -> Reply:
        """Empties the log into the file and refuses writes from then on."""
        return self._call({"type": "PrepareForMaintenance", "db": _named(db)})

    def close_database(self, db: Optional[str] = None, require_exclusive: bool = False) -> Reply:
        """Lets go of the file until reopen; it may be replaced then."""
        return self._call({"type": "CloseDatabase", "db": _named(db), "require_exclusive": require_exclusive})

    def reopen(self, db: Optional[str] = None) -> Reply:
        """Lets the database be written again."""
        return self._call({"type": "ReopenDatabase", "db": _named(db)})

    def status(self) -> Reply:
        """Tells of the daemon's work and of each of its databases."""
        return self._call({"type": "Status"})

    def shutdown(self) -> None:
        """Ends the daemon, and returns when it has hung up. It starts none."""
        try:
            conn = self._dial()
        except Passing as error:
            raise unavailable(f"The daemon is not running: {phrase(error)}.") from error
        try:
            number, body = self._body({"type": "Shutdown"})
            reply = conn.exchange(body, number)
            if reply["status"] == "error" and reply["code"] != "SHUTTING_DOWN":
                raise from_reply(reply)
            conn.drain()
        except OSError as error:
            raise unavailable(f"The connection was lost before the daemon confirmed its end: {phrase(error)}.") from error
        finally:
            conn.close()

    # What the parts of the package use.

    def _call(self, fields: Dict[str, Any]) -> Reply:
        answer = self._exchange(fields)
        self._give(answer.conn)
        return {name: value for name, value in answer.reply.items() if name not in ("id", "status")}

    def _once_only(self, fields: Dict[str, Any], request_id: Optional[str], forget: Sequence[str] = (), conn: Optional[Conn] = None) -> Reply:
        """Sends a batch or a Commit with a request id, and keeps the books of
        what the daemon may forget.
        """
        db = fields["db"]
        carried = self._answered.take(db, MAX_FORGET - len(forget))
        own = request_id or uuid.uuid4().hex
        fields = {**fields, "request_id": own, "forget": [*forget, *carried] or None}
        try:
            answer = self._exchange(fields, True, conn)
        except BaseException as error:
            self._answered.add(db, carried)  # the forgetting was rolled back with the batch
            if not carried or conn is not None or getattr(error, "code", "") != "FRAME_TOO_LARGE":
                raise
            # What the client adds must not make a batch too large.
            answer = self._exchange({**fields, "forget": list(forget) or None}, True)
        self._give(answer.conn)
        if request_id is None and answer.copies == 1:
            self._answered.add(db, [own])
        return answer.reply

    def _commit(self, conn: Conn, db: str, tx: str) -> Reply:
        """Commits the transaction of conn, which is the client's again."""
        return self._once_only({"type": "Commit", "db": db, "tx": tx}, None, conn=conn)

    def _subscribe_once(self, fields: Dict[str, Any]) -> Answer:
        """Subscribes on a new connection, without starting a daemon."""
        conn = self._dial()
        try:
            number, body = self._body(fields)
            reply = conn.exchange(body, number)
            if reply["status"] == "error":
                raise passing(reply) or from_reply(reply)
        except BaseException:
            conn.close()
            raise
        return Answer(reply, conn, number, 1)

    def _exchange(self, fields: Dict[str, Any], batch: bool = False, conn: Optional[Conn] = None) -> Answer:
        """Sends one request until a reply settles it, at first on conn, if any."""
        try:
            number, body = self._body(fields)
        except BaseException:
            if conn is not None:
                conn.close()
            raise
        try:
            return Call(self._set.socket, self._set.patience, batch).run(number, body, self._take, conn)
        except Refused as refused:
            self._give(refused.conn, refused.error.code != "FRAME_TOO_LARGE")
            raise refused.error from None

    def _body(self, fields: Mapping[str, Any]) -> Tuple[int, bytes]:
        """Encodes a request. Fields that are None are left out."""
        number = next(self._numbers)
        body = to_json({"id": number, **{name: value for name, value in fields.items() if value is not None}})
        if len(body) > self._set.max_frame:
            raise DataError(f"The request has {len(body)} bytes and the limit is {self._set.max_frame}: send less at once.", "FRAME_TOO_LARGE")
        return number, body

    # Connections.

    def _take(self) -> Conn:
        """Returns a connection that nobody else uses."""
        while True:
            with self._lock:
                if self._closed:
                    raise ProgrammingError("The client is closed.")
                conn = self._idle.pop() if self._idle else None
            if conn is None:
                return self._reach()
            if conn.usable():
                return conn
            conn.close()

    def _give(self, conn: Conn, keep: bool = True) -> None:
        """Takes a connection back, in step and without a transaction."""
        with self._lock:
            if keep and not self._closed and len(self._idle) < _MAX_IDLE:
                self._idle.append(conn)
                return
        conn.close()

    def _reach(self) -> Conn:
        """Connects to the daemon that runs, or starts one where it may."""
        try:
            return self._dial()
        except NotRunning:
            if not self._set.autostart:
                raise
        with self._lock:
            directory = self._dir
        return starter.start(self._set, directory, self._dial)

    def _dial(self) -> Conn:
        conn = dial(self._set.socket, self._set.max_frame)
        try:
            self._check(conn.greet())
        except BaseException:
            conn.close()
            raise
        return conn

    def _check(self, pong: Reply) -> None:
        """Compares what the daemon says of itself with what is needed.

        The first daemon's directory binds the client: with one that serves
        another, a batch that is asked again would go to another file.
        """
        if pong["status"] == "error":
            raise passing(pong) or from_reply(pong)
        socket = self._set.socket
        if pong.get("protocol") != PROTOCOL:
            raise unavailable(f'The daemon at "{socket}" speaks protocol {pong.get("protocol")} and this program protocol {PROTOCOL}: use the same version of both.')
        serves = pong.get("dir", "")
        with self._lock:
            if not self._pinned:
                self._dir, self._pinned = serves, True
                return
            wanted = self._dir
        if not _same_dir(wanted, serves):
            raise OperationalError(
                f'The daemon at "{socket}" serves "{serves}" and not "{wanted}": stop it, or use another socket for this directory.', "DIR_MISMATCH")


def _named(db: Optional[str]) -> str:
    return DEFAULT_DB if db is None else db


def _same_dir(a: str, b: str) -> bool:
    try:
        return a == b or os.path.samefile(a, b)
    except OSError:
        return False


def _after_fork() -> None:
    for client in list(_clients):
        idle = client._idle
        client._reset()
        for conn in idle:
            conn.close()  # the parent's stay open


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
