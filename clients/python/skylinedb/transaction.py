"""A transaction over several requests."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Dict, Iterable, Optional, Type

from .batch import Result, StmtLike, result_of, stmts_field
from .conn import Conn, Reply
from .errors import Error, ProgrammingError, expired, from_reply, phrase
from .rows import Rows
from .values import Params, encode_params

if TYPE_CHECKING:
    from .client import Client


class Transaction:
    """Holds the writer of its database until commit, rollback or the end of
    its lease; meanwhile all other writers wait. One thread at a time uses it.

    A request that fails is undone alone, and the transaction goes on. After
    the lease the next request raises OperationalError with the code
    TX_EXPIRED: everything was rolled back.
    """

    def __init__(self, client: "Client", conn: Conn, db: str, begun: Reply):
        self.db = db
        self.id: str = begun["tx"]
        #: The database's when the transaction began; the new ones after commit.
        self.rev: Optional[int] = begun.get("rev")
        self.epoch: Optional[str] = begun.get("epoch")
        #: The lease: how long it may wait for a request, and last in all.
        self.idle_ms: Optional[int] = begun.get("idle_ms")
        self.lease_ms: Optional[int] = begun.get("lease_ms")
        self._client = client
        self._conn: Optional[Conn] = conn  # None once the transaction is over
        self._settled = False  # by commit() or rollback(), and not by itself

    @property
    def open(self) -> bool:
        """Nothing is known of an end. The lease may be over all the same."""
        return self._conn is not None

    def exec(self, sql: str, params: Params = None, *, results: bool = False, timeout_ms: Optional[int] = None) -> Result:
        """Executes one statement; see exec_batch."""
        return self.exec_batch([(sql, params)], results=results, timeout_ms=timeout_ms)

    def exec_batch(self, stmts: Iterable[StmtLike], *, results: bool = False, timeout_ms: Optional[int] = None) -> Result:
        """Executes statements: all, or none of them if one fails.

        SAVEPOINT, RELEASE and ROLLBACK TO are allowed, each alone.
        """
        fields = {"type": "ExecBatch", "stmts": stmts_field(stmts), "timeout_ms": timeout_ms}
        if results:
            fields["results"] = True
        reply, _ = self._ask(fields)
        return result_of(reply)

    def query(self, sql: str, params: Params = None, *, limit: Optional[int] = None, timeout_ms: Optional[int] = None) -> Rows:
        """Reads what the transaction sees, its own changes included.

        The next request of the transaction reads the rest into memory first.
        """
        fields = {"type": "Query", "sql": sql, "params": encode_params(params), "limit": limit, "timeout_ms": timeout_ms}
        reply, number = self._ask(fields)
        return Rows(self._use(), number, reply, lambda conn: None, True)

    def commit(self) -> None:
        """Commits, exactly once: a reply that is lost is asked for again.

        Raises OperationalError with the code TX_EXPIRED if nothing of the
        transaction was committed. Whatever it raises, the transaction is over.
        """
        conn = self._use()
        self._conn, self._settled = None, True
        reply = self._client._commit(conn, self.db, self.id)
        self.rev, self.epoch = reply.get("rev", self.rev), reply.get("epoch", self.epoch)

    def rollback(self) -> None:
        """Undoes everything. It does nothing where the transaction is over."""
        self._settled = True
        if self._conn is None:
            return
        try:
            self._ask({"type": "Rollback"})
        except Error as error:
            if error.code != "TX_EXPIRED":
                # Hanging up rolls back as well.
                self._end(keep=False)
                return
        self._end(keep=True)

    def __enter__(self) -> "Transaction":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        if kind is not None:
            self.rollback()
        elif self._conn is not None:
            self.commit()
        elif not self._settled:  # whoever saw it end has not told
            raise expired("The transaction has ended before the end of its block: nothing of it was committed.")

    def __del__(self) -> None:
        # One that was forgotten must not hold the writer for its whole lease.
        conn = getattr(self, "_conn", None)
        if conn is not None:
            conn.close()

    def _use(self) -> Conn:
        if self._conn is None:
            raise ProgrammingError("The transaction is over: begin anew.")
        return self._conn

    def _ask(self, fields: Dict[str, Any]) -> "tuple[Reply, int]":
        """Sends one request of the transaction and returns the reply's first frame."""
        conn = self._use()
        number, body = self._client._body({**fields, "db": self.db, "tx": self.id})
        try:
            reply = conn.exchange(body, number)
        except OSError as error:
            self._end(keep=False)
            raise expired(f"The connection to the daemon was lost ({phrase(error)}), and with it the transaction: nothing of it was committed.") from error
        except BaseException:
            self._end(keep=False)  # a reply that nobody reads may follow
            raise
        if reply["status"] == "error":
            raise self._failure(reply)
        return reply, number

    def _failure(self, reply: Reply) -> Error:
        error = from_reply(reply)
        if error.code == "SHUTTING_DOWN":
            self._end(keep=False)
            return expired("The daemon is ending, and the transaction was rolled back: nothing of it was committed.")
        if error.code in ("TX_EXPIRED", "FRAME_TOO_LARGE"):
            self._end(keep=error.code == "TX_EXPIRED")  # the other ends the connection
        return error

    def _end(self, keep: bool) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            self._client._give(conn, keep)
